import TextForms

/// What `sbatch` and `salloc` answer to a job that they have taken.
package struct SlurmSubmission: Sendable, Hashable {
    /// "24"
    package let jobID: String
    /// Where it is said, as with `--clusters`.
    package let cluster: String?
    /// `salloc` waits for it still.
    package let isPending: Bool

    /// - Returns: nil where nothing was taken.
    package init?(parsing text: String) {
        var found: (id: String, cluster: String?, isPending: Bool)?
        for line in Scan.lines(text) {
            let words = Scan.words(line)
            let cluster = words.firstIndex(of: "cluster").flatMap { words.dropFirst($0 + 1).first }
            if let id = Self.id(words, after: ["Submitted", "batch", "job"]) {
                found = (id, cluster, false)
            } else if let id = Self.id(words, after: ["Granted", "job", "allocation"]) {
                found = (id, cluster, false)
            } else if found == nil, let id = Self.id(words, after: ["Pending", "job", "allocation"]) {
                found = (id, cluster, true)
            }
        }
        guard let found else { return nil }
        jobID = found.id
        cluster = found.cluster
        isPending = found.isPending
    }

    /// `sbatch --parsable`: "24" or "24;cluster".
    package init?(parsable text: String) {
        let lines = Scan.lines(text).filter { !Scan.trimmed($0).isEmpty && !SlurmFailure.isRemark($0) }
        guard let line = lines.last else { return nil }
        let words = Scan.trimmed(line).split(separator: ";", omittingEmptySubsequences: false)
        guard words.count <= 2, let id = words.first, Self.isNumber(id) else { return nil }
        jobID = String(id)
        cluster = words.count == 2 ? String(words[1]) : nil
        isPending = false
    }

    private static func id(_ words: [String], after lead: [String]) -> String? {
        guard let place = words.firstIndex(of: lead[0]), words.count > place + lead.count,
            words[place..<(place + lead.count)].elementsEqual(lead), isNumber(words[place + lead.count][...])
        else { return nil }
        return words[place + lead.count]
    }

    private static func isNumber(_ text: Substring) -> Bool {
        !text.isEmpty && text.allSatisfy { $0.isASCII && $0.isNumber }
    }
}
