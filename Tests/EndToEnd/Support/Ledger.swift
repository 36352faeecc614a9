import Foundation

/// The file to which commands append a line for whatever they do: the only witness that counts executions.
struct Ledger {
    let path: String

    /// Whole lines.
    var lines: [String] {
        let text = readText(path)
        let whole = text.lastIndex(of: "\n").map { text[..<$0] } ?? ""
        return whole.split(separator: "\n").map(String.init)
    }

    /// The words of each line that begins with this one, without it.
    func entries(_ first: String) -> [[String]] {
        lines.map { $0.split(separator: " ").map(String.init) }.filter { $0.first == first }
            .map { Array($0.dropFirst()) }
    }

    func count(of line: String) -> Int { lines.count { $0 == line } }

    /// For a script: appends a line made of these words, in one write.
    func append(_ words: String) -> String { "printf '%s\\n' \"\(words)\" >> '\(path)'" }
}
