/// Words of schedulers' complaints and the codes that stand for them.
struct Complaints: Sendable {
    struct Known: Sendable {
        let code: String
        /// In lower case.
        let words: String
    }

    let known: [Known]

    init(_ known: [(code: String, words: [String])]) {
        self.known = known.flatMap { entry in entry.words.map { Known(code: entry.code, words: $0) } }
    }

    /// - Returns: nil for words that are not known.
    func code(of line: some StringProtocol) -> String? {
        let line = line.lowercased()
        return known.first { line.contains($0.words) }?.code
    }
}
