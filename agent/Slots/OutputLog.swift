import ClusterTypes
import Platform
import ProtocolMessages

/// Writes one stream of a task or command, keeping the newest bytes: a current file and an older one (`.1`), each
/// at most half of the limit. There is no file before the first byte.
///
/// A file that does not begin at the stream's first byte says so in its first line, so that a reader knows where
/// it is, and what was dropped, from the file alone.
final class OutputLog {
    private let files: SlotFiles
    private let task: TaskAttempt?
    private let stream: LogStream
    private let halfBytes: Int
    private var fileBytes = 0
    /// Bytes of the stream so far, written or not.
    private var position: Int64 = 0
    private var descriptor: Int32?
    private var olderBytes = 0
    private(set) var failure: SystemError?
    private var lostBytes = 0

    /// - Parameter files: those of the slot's folder; without a name, of the folder where the process stands.
    init(
        task: TaskAttempt?, stream: LogStream, limitBytes: Int64, files: SlotFiles = SlotFiles(folder: "")
    ) {
        self.files = files
        self.task = task
        self.stream = stream
        halfBytes = max(1 << 10, Int(clamping: limitBytes / 2))
    }

    deinit {
        if let descriptor { _ = Descriptor(owning: descriptor) }
    }

    var path: String { files.log(task, stream) }
    /// Bytes that its files take; 0 where nothing was written.
    var keptBytes: Int { fileBytes + olderBytes }

    /// Never waits for a reader and never fails: when the disk is full, the rest is dropped and `close` says so.
    func append(_ bytes: ArraySlice<UInt8>) {
        guard !bytes.isEmpty else { return }
        if failure != nil {
            lostBytes += bytes.count
            return
        }
        do throws(SystemError) {
            if descriptor == nil { try open() }
            var rest = bytes
            let room = rest.prefix(max(0, halfBytes - fileBytes))
            try write(room)
            rest = rest.dropFirst(room.count)
            let capacity = halfBytes - LogHeader.byteCount
            // What two whole files cannot hold is not written at all.
            if rest.count > 2 * capacity {
                position += Int64(rest.count - 2 * capacity)
                rest = rest.suffix(2 * capacity)
            }
            while !rest.isEmpty {
                try rotate()
                let part = rest.prefix(capacity)
                try write(part)
                rest = rest.dropFirst(part.count)
            }
        } catch {
            failure = error
            lostBytes += bytes.count
        }
    }

    /// Nothing more comes; says what could not be written, if there is room for that by now.
    func close() {
        guard let failure else { return }
        let note = "\n[mortise: up to \(lostBytes) bytes were lost: \(failure)]\n"
        try? write(Array(note.utf8)[...])
    }

    private func write(_ bytes: ArraySlice<UInt8>) throws(SystemError) {
        guard let descriptor else { return }
        var rest = bytes
        while !rest.isEmpty {
            let count = Platform.write(descriptor, rest)
            guard count >= 0 else { throw .last("cannot write '\(path)'") }
            rest = rest.dropFirst(count)
            fileBytes += count
        }
        position += Int64(bytes.count)
    }

    private func open() throws(SystemError) {
        descriptor = try Descriptor.create(path).release()
    }

    private func rotate() throws(SystemError) {
        let path = path
        try Files.move(path, to: SlotFiles.older(path))
        olderBytes = fileBytes
        fileBytes = 0
        if let descriptor { _ = Descriptor(owning: descriptor) }
        descriptor = nil
        try open()
        let start = position
        try write(LogHeader.text(start: start)[...])
        position = start
    }
}

/// Reads one pipe of a command into its log, if it has one.
final class OutputCapture {
    /// What is read after a command's end at most: somebody may hold the pipe open and write for ever.
    private static let drainLimitBytes = 4 << 20
    static let tailBytes = 1 << 10

    private let reader: Descriptor
    let log: OutputLog?
    private let keepsTail: Bool
    private var newest: [UInt8] = []
    private var isAtEnd = false

    init(reader: consuming Descriptor, log: OutputLog?, keepsTail: Bool) {
        self.reader = reader
        self.log = log
        self.keepsTail = keepsTail
    }

    /// What to wait on; nil after the end.
    var descriptor: Int32? { isAtEnd ? nil : reader.number }

    /// Takes what is there, at most one buffer; returns the count.
    @discardableResult
    func take(using buffer: inout [UInt8]) -> Int {
        switch UnixSocket.receive(from: reader, into: &buffer) {
        case .nothing: return 0
        case .end:
            isAtEnd = true
            return 0
        case .bytes(let count):
            log?.append(buffer[..<count])
            if keepsTail { keepTail(buffer[..<count]) }
            return count
        }
    }

    /// Takes all that is there once the command has ended.
    func drain(using buffer: inout [UInt8]) {
        var total = 0
        while !isAtEnd, total < Self.drainLimitBytes {
            let count = take(using: &buffer)
            if count == 0 { return }
            total += count
        }
    }

    private func keepTail(_ bytes: ArraySlice<UInt8>) {
        if bytes.count < Self.tailBytes {
            newest.removeFirst(max(0, newest.count + bytes.count - Self.tailBytes))
            newest += bytes
        } else {
            newest = Array(bytes.suffix(Self.tailBytes))
        }
    }

    /// The end of the stream as text of at most 1 KiB: what is no text is replaced.
    var tail: String { Self.text(newest) }

    static func text(_ bytes: [UInt8]) -> String {
        var text = String(decoding: bytes, as: UTF8.self)
        text.unicodeScalars.replaceSubrange(
            text.unicodeScalars.startIndex...,
            with: text.unicodeScalars.map { scalar in
                let isControl =
                    scalar.value < 0x20 && scalar != "\n" && scalar != "\t" || scalar.value == 0x7F
                return isControl ? "\u{FFFD}" : scalar
            })
        while text.utf8.count > tailBytes { text.removeFirst() }
        while let last = text.last, last.isNewline || last == " " { text.removeLast() }
        return text
    }
}

/// Which logs of tasks make room for newer ones: at most so many files and so many bytes in one slot.
struct TaskLogKeeper {
    static let fileLimit = 10_000
    static let byteLimit = 1 << 30

    private var logs: [(path: String, bytes: Int)] = []
    private var head = 0
    private(set) var totalBytes = 0

    /// - Returns: the logs that have to go, oldest first.
    mutating func add(path: String, bytes: Int) -> [String] {
        logs.append((path, bytes))
        totalBytes += bytes
        var removed: [String] = []
        while logs.count - head > 1, logs.count - head > Self.fileLimit || totalBytes > Self.byteLimit {
            removed.append(logs[head].path)
            totalBytes -= logs[head].bytes
            head += 1
        }
        if head > 1_024, head > logs.count / 2 {
            logs.removeFirst(head)
            head = 0
        }
        return removed
    }
}
