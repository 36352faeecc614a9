import APITypes
package import YAMLSections

/// The tasks' payloads, kept as their bytes end to end: ten million short ones cost little more than their text.
package struct PayloadList: Sendable, Hashable {
    /// Of one payload in UTF-8: 1 MiB.
    package static let payloadBytes = JobLimits.payloadBytes
    /// Of a file of payloads.
    package static let fileBytes = 4 << 30

    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    /// Lines left out because there was nothing in them.
    package private(set) var emptyLines = 0

    package init() {}

    package init(_ payloads: some Sequence<String>) {
        for payload in payloads { append(payload.utf8) }
    }

    package var count: Int { ends.count }
    package var isEmpty: Bool { ends.isEmpty }

    package subscript(position: Int) -> String {
        let start = position == 0 ? 0 : ends[position - 1]
        return String(decoding: bytes[start..<ends[position]], as: UTF8.self)
    }

    mutating func append(_ payload: some Sequence<UInt8>) {
        bytes.append(contentsOf: payload)
        ends.append(bytes.count)
    }

    /// The next payloads from `start` that together fit one request; at least one.
    ///
    /// - Parameter maximumBytes: of their JSON.
    package func chunk(from start: Int, maximumCount: Int, maximumBytes: Int) -> [String] {
        var result: [String] = []
        var used = 0
        for position in start..<min(count, start + maximumCount) {
            used += encodedBytes(at: position)
            if used > maximumBytes, !result.isEmpty { break }
            result.append(self[position])
        }
        return result
    }

    /// Of the payload's JSON at most, with quotes and a comma.
    private func encodedBytes(at position: Int) -> Int {
        let start = position == 0 ? 0 : ends[position - 1]
        return bytes[start..<ends[position]].reduce(3) { size, byte in
            switch byte {
            case 0..<0x20, 0x7F: size + 6
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): size + 2
            default: size + 1
            }
        }
    }

    // MARK: - Reading

    /// Everything the source has, checked to the end.
    ///
    /// - Throws: with every line that is wrong (the first hundred).
    package static func load(_ source: TaskSource) throws(FileError) -> PayloadList {
        switch source {
        case .none: return PayloadList()
        case .list(let payloads): return try checked(payloads)
        case .lines(let path):
            return try lines(of: try InputFile.read(path, limitBytes: fileBytes), file: path)
        case .json(let path):
            return try JSONArrayScanner.payloads(
                of: try InputFile.read(path, limitBytes: fileBytes), file: path)
        case .standardInput:
            return try lines(of: try InputFile.read("-", limitBytes: fileBytes), file: "standard input")
        }
    }

    /// One payload a line. A line's end (LF or CR LF) is not part of it; a line with nothing in it is left out and
    /// counted.
    ///
    /// - Throws: with every line that is no UTF-8, has a zero byte or is longer than a payload may be.
    package static func lines(of bytes: [UInt8], file: String) throws(FileError) -> PayloadList {
        var result = PayloadList()
        var faults: [Fault] = []
        var number = 0
        var start = 0
        while start < bytes.count, faults.count < 100 {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            var line = bytes[start..<end]
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            number += 1
            start = end + 1
            if line.isEmpty {
                result.emptyLines += 1
            } else if let reason = fault(of: line) {
                faults.append(Fault(file: file, line: number, message: reason))
            } else {
                result.append(line)
            }
        }
        guard faults.isEmpty else { throw FileError(faults) }
        return result
    }

    private static func checked(_ payloads: [String]) throws(FileError) -> PayloadList {
        for (position, payload) in payloads.enumerated() {
            if let reason = fault(of: Array(payload.utf8)[...]) {
                throw FileError([Fault(file: "tasks.list[\(position)]", message: reason)])
            }
        }
        return PayloadList(payloads)
    }

    /// Why this is no payload; nil where it is one.
    static func fault(of payload: ArraySlice<UInt8>) -> String? {
        if payload.count > payloadBytes {
            return
                "a task's text is at most \(payloadBytes >> 20) MiB, and this one has \(payload.count) bytes"
        }
        if payload.contains(0) { return "a task's text cannot have a zero byte" }
        if UTF8Check.firstFault(in: payload) != nil { return "this line is not UTF-8 text" }
        return nil
    }
}
