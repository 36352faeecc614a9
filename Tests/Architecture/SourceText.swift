/// A Swift source without its comments and string literals: both become spaces, lines stay lines.
///
/// Interpolated code inside of strings goes with them. Regular expression literals are not understood.
struct SourceText {
    let original: [Substring]
    let code: [Substring]

    init(_ source: String) {
        original = source.split(separator: "\n", omittingEmptySubsequences: false)
        var scanner = Scanner(bytes: Array(source.utf8))
        code = scanner.blanked().split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// `LINE: text` of each line of code that matches.
    func lines(matching pattern: some RegexComponent) -> [String] {
        code.indices.filter { code[$0].contains(pattern) }.map { "\($0 + 1): \(original[$0])" }
    }

    private struct Scanner {
        let bytes: [UInt8]
        var position = 0
        var output: [UInt8] = []

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func blanked() -> String {
            while position < bytes.count {
                if starts(with: "//") {
                    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { blank() }
                } else if starts(with: "/*") {
                    blockComment()
                } else if let hashes = rawStringHashes() {
                    string(hashes: hashes)
                } else {
                    output.append(bytes[position])
                    position += 1
                }
            }
            return String(decoding: output, as: UTF8.self)
        }

        private mutating func blank(_ count: Int = 1) {
            for _ in 0..<count where position < bytes.count {
                output.append(bytes[position] == UInt8(ascii: "\n") ? UInt8(ascii: "\n") : UInt8(ascii: " "))
                position += 1
            }
        }

        private func starts(with text: String, at offset: Int = 0) -> Bool {
            bytes[(position + offset)...].starts(with: text.utf8)
        }

        private mutating func blockComment() {
            var depth = 0
            repeat {
                if starts(with: "/*") {
                    depth += 1
                    blank(2)
                } else if starts(with: "*/") {
                    depth -= 1
                    blank(2)
                } else {
                    blank()
                }
            } while depth > 0 && position < bytes.count
        }

        /// How many `#` stand before the quote of a string that begins here; nil where none begins.
        private func rawStringHashes() -> Int? {
            var hashes = 0
            while position + hashes < bytes.count, bytes[position + hashes] == UInt8(ascii: "#") {
                hashes += 1
            }
            let quote = position + hashes
            return quote < bytes.count && bytes[quote] == UInt8(ascii: "\"") ? hashes : nil
        }

        private mutating func string(hashes: Int) {
            let fence = String(repeating: "#", count: hashes)
            let isMultiline = starts(with: "\"\"\"", at: hashes)
            let quote = isMultiline ? "\"\"\"" : "\""
            blank(hashes + quote.utf8.count)
            while position < bytes.count {
                if starts(with: quote + fence) {
                    blank(quote.utf8.count + hashes)
                    return
                }
                // A string of one line ends there at the latest.
                if !isMultiline, bytes[position] == UInt8(ascii: "\n") { return }
                if starts(with: "\\" + fence + "(") {
                    blank(1 + hashes)
                    interpolation()
                } else if starts(with: "\\" + fence) {
                    blank(2 + hashes)
                } else {
                    blank()
                }
            }
        }

        private mutating func interpolation() {
            var depth = 0
            repeat {
                if let hashes = rawStringHashes() {
                    string(hashes: hashes)
                    continue
                }
                if bytes[position] == UInt8(ascii: "(") { depth += 1 }
                if bytes[position] == UInt8(ascii: ")") { depth -= 1 }
                blank()
            } while depth > 0 && position < bytes.count
        }
    }
}
