import Platform

/// A file that cannot be used, and what to mend.
struct TraceError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A text file, unpacked where its name ends in `.gz`.
enum TraceText {
    private static let limitBytes = 1 << 30

    static func read(_ path: String) throws -> String {
        guard path.hasSuffix(".gz") else {
            guard let bytes = try AtomicFile.read(path, limitBytes: limitBytes) else {
                throw TraceError("\(path): there is no such file.")
            }
            return String(decoding: bytes, as: UTF8.self)
        }
        switch ToolRunner().run("gzip", ["-dc", path], deadline: .seconds(60), outputLimit: limitBytes) {
        case .exited(code: 0, let output, _): return String(decoding: output, as: UTF8.self)
        case .exited(_, _, let errors):
            let reason = String(decoding: errors, as: UTF8.self).split(whereSeparator: \.isNewline).first
            throw TraceError("\(path) cannot be unpacked: \(reason ?? "gzip failed").")
        case .missing: throw TraceError("\(path): unpack it first, there is no gzip here.")
        case .timedOut, .stuck: throw TraceError("\(path): gzip did not end within a minute.")
        case .failed(let errno): throw TraceError("\(path): gzip cannot be started (errno \(errno)).")
        }
    }
}

/// A table with named columns: commas between values, none within, no quotes.
struct TraceTable {
    let path: String
    private let names: [Substring: Int]
    private let lines: [(number: Int, values: [Substring])]

    /// - Throws: where a column of `needed` is missing, or a line has not as many values as there are names.
    init(_ path: String, needed: [String]) throws {
        let text = try TraceText.read(path)
        var lines: [(number: Int, values: [Substring])] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
        where !line.isEmpty {
            lines.append((index + 1, line.split(separator: ",", omittingEmptySubsequences: false)))
        }
        guard let header = lines.first?.values else { throw TraceError("\(path) is empty.") }
        names = Dictionary(zip(header, header.indices)) { first, _ in first }
        for name in needed where names[name[...]] == nil {
            throw TraceError(
                "\(path), line 1: there is no column \(name); needed are \(needed.joined(separator: ", ")).")
        }
        for (number, values) in lines where values.count != header.count {
            throw TraceError("\(path), line \(number): \(values.count) values for \(header.count) columns.")
        }
        self.path = path
        self.lines = Array(lines.dropFirst())
    }

    var rows: [Row] { lines.map { Row(path: path, line: $0.number, values: $0.values, names: names) } }

    struct Row {
        fileprivate let path: String
        let line: Int
        fileprivate let values: [Substring]
        fileprivate let names: [Substring: Int]

        /// Empty where there is no such column.
        subscript(_ column: String) -> String {
            names[column[...]].map { String(values[$0]) } ?? ""
        }

        func number(_ column: String, in range: ClosedRange<Int>) throws -> Int {
            guard let number = Int(self[column]), range.contains(number) else {
                throw TraceError(
                    "\(path), line \(line), column \(column): '\(self[column])' is no whole number "
                        + "from \(range.lowerBound) to \(range.upperBound).")
            }
            return number
        }
    }
}
