import ClusterTypes
import Platform

/// Reads a log that may be growing and rotating meanwhile, see `OutputLog`.
final class LogReader {
    private let path: String
    /// The next byte of the stream to be read; nil at the beginning.
    private var position: Int64?
    /// Only so many of the newest bytes.
    private let tailBytes: Int64?
    private var part: Part?

    /// One open file of the log.
    private final class Part {
        let file: Descriptor
        let status: FileStatus
        /// Where it begins in the stream.
        let start: Int64
        let headerBytes: Int

        /// nil when there is no such file, or nothing in it yet.
        init?(_ path: String) {
            guard let file = try? Descriptor.openForReading(path), let status = FileStatus(of: file),
                let first = try? file.read(at: 0, limitBytes: LogHeader.byteCount), !first.isEmpty
            else { return nil }
            (start, headerBytes) = LogHeader.parse(first[...])
            self.file = file
            self.status = status
        }

        var end: Int64 {
            start + (FileStatus(of: file)?.sizeBytes ?? 0) - Int64(headerBytes)
        }

        func read(at position: Int64, limitBytes: Int) throws(SystemError) -> [UInt8] {
            try file.read(at: max(0, position - start) + Int64(headerBytes), limitBytes: limitBytes)
        }
    }

    init(path: String, tailBytes: Int64?) {
        self.path = path
        self.tailBytes = tailBytes
    }

    /// The next bytes; empty when there are none now.
    func next(limitBytes: Int) throws(SystemError) -> [UInt8] {
        // Rarely more than two rounds: the log was rotated while it was read.
        for _ in 0..<4 {
            var note: [UInt8] = []
            if part == nil {
                guard let found = find() else { return [] }
                part = found.part
                note = found.note
            }
            guard let part, let start = position else { return [] }
            var bytes = try part.read(at: start, limitBytes: limitBytes - note.count)
            if bytes.isEmpty {
                if isNewest(part) { return note }
                // It was renamed by now; what was written just before that is still to be read.
                bytes = try part.read(at: start, limitBytes: limitBytes - note.count)
                if bytes.isEmpty { self.part = nil }
            }
            position = start + Int64(bytes.count)
            if !bytes.isEmpty || !note.isEmpty { return note + bytes }
        }
        return []
    }

    private func isNewest(_ part: Part) -> Bool {
        guard let status = FileStatus(of: path) else { return true }
        return status.inode == part.status.inode && status.device == part.status.device
    }

    /// The part in which to go on, and a line about what is missing before it.
    private func find() -> (part: Part, note: [UInt8])? {
        let current = Part(path)
        let older = Part(SlotFiles.older(path))
        guard let newest = current ?? older else { return nil }
        let oldest = older.map { $0.start <= newest.start ? $0 : newest } ?? newest
        guard let wanted = position else {
            let start = tailBytes.map { max(oldest.start, newest.end - max(0, $0)) } ?? oldest.start
            position = start
            let isCut = tailBytes == nil && start > 0
            return (
                start >= newest.start ? newest : oldest,
                isCut ? Self.note("the first \(start) bytes were dropped") : []
            )
        }
        if newest.start <= wanted { return (newest, []) }
        if oldest.start <= wanted, wanted < oldest.end { return (oldest, []) }
        let next = oldest.start > wanted ? oldest : newest
        position = next.start
        return (next, Self.note("\(next.start - wanted) bytes were dropped here"))
    }

    private static func note(_ text: String) -> [UInt8] { Array("[mortise: \(text)]\n".utf8) }
}
