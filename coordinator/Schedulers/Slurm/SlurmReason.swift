/// Why a job of Slurm waits, as `squeue` says it.
package enum SlurmReason {
    /// Reasons that a new node ends. Everything else waits for something that no node is: another job, a limit, a time,
    /// a person. What is not known is not counted, or each such job would add nodes up to the pool's end.
    private static let servable = [
        "None", "Resources", "Priority", "NodeDown",
    ]

    /// Of a partition whose nodes register themselves: it has too few of them now, or none.
    private static let servableByDynamicNodes = "PartitionConfig"

    /// - Parameters:
    ///   - reason: without parentheses; nil and "" are a job that has not been looked at yet.
    ///   - isDynamic: new nodes would be more than the partition knows of.
    package static func isServable(_ reason: String?, isDynamic: Bool = false) -> Bool {
        if isDynamic, reason == servableByDynamicNodes { return true }
        guard let reason, !reason.isEmpty else { return true }
        if servable.contains(reason) { return true }
        // "ReqNodeNotAvail, UnavailableNodes:c[1-4]"; with a reservation it is no node that is missing.
        if reason.hasPrefix("ReqNodeNotAvail") { return !reason.lowercased().contains("reserved") }
        // "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions", which Slurm also
        // says of nodes that are only not there yet.
        return reason.replacing("_", with: " ").hasPrefix("Nodes required for job are DOWN")
    }

    /// "(Resources)" and "((ReqNodeNotAvail, UnavailableNodes:n[1-2]))" without their parentheses; nil for hosts.
    static func inParentheses(_ text: some StringProtocol) -> String? {
        guard text.hasPrefix("("), text.hasSuffix(")") else { return nil }
        let inner = text.dropFirst().dropLast()
        return inParentheses(inner) ?? String(inner)
    }

    /// It has the form of a reason: one word that begins with a capital.
    static func isWord(_ text: String) -> Bool {
        guard let first = text.first, first.isUppercase, first.isASCII else { return false }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0 == "_" || $0 == ":") }
            && text.contains { $0.isLowercase }
    }
}
