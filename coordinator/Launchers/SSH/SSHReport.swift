import ClusterTypes
import CoordinatorCore

/// What a script has said on one host.
struct SSHReport: Sendable, Hashable {
    /// The words of each line.
    private let lines: [[Substring]]

    /// - Returns: nil: it is not whole.
    init?(_ output: [UInt8]) {
        let lines = String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline)
        guard let first = lines.firstIndex(of: Substring(SSHScript.beginning)),
            let last = lines.lastIndex(of: Substring(SSHScript.end)), first < last
        else { return nil }
        self.lines = lines[(first + 1)..<last].map { $0.split(separator: " ", maxSplits: 3) }
    }

    /// As `uname -m` says.
    var machine: String? { value(of: "machine") }

    /// The SHA-256 of the agent's program that is there.
    var program: String? { value(of: "program") }

    /// What was not done, and why.
    var failure: String? {
        lines.first { $0.first == "failed" }.map { $0.dropFirst().joined(separator: " ") }
    }

    /// Those of `words`, by what stands in front of them.
    func names(_ word: String) -> [String] {
        lines.compactMap { $0.count > 1 && $0[0] == word ? String($0[1]) : nil }
    }

    private func value(of word: String) -> String? { names(word).first }

    /// Nothing runs there, and a launch may be tried again.
    static let brokenReason = "its start was broken off"

    /// What is or was on this host of the pool; folders of other pools are passed over.
    func allocations(_ host: SSHHost, _ scope: LaunchScope) -> [Allocation] {
        lines.compactMap { words in
            guard words.count > 1, let launch = Self.launch(of: words[1], on: host, scope) else { return nil }
            var allocation = Allocation(
                name: String(words[1]), launch: launch, state: .failed, host: host.name)
            switch words[0] {
            case "starting": allocation.state = .waiting
            case "running": allocation.state = .running
            case "ended":
                let code = words.count > 2 ? words[2] : ""
                if code == "0" {
                    allocation.state = .completed
                } else {
                    let last = words.count > 3 ? ": " + words[3] : ""
                    allocation.reason = ForeignText(masking: []).beginning(
                        of: "the agent ended with \(code)\(last)", limit: ForeignText.reasonCharacters)
                }
            case "gone":
                allocation.reason = "the agent is gone: it was killed, or the machine was started again"
            case "broken": allocation.reason = Self.brokenReason
            default: return nil
            }
            return allocation
        }
    }

    /// `mortise-1f3a9c20-cloud-12-node-07`.
    static func name(_ launch: LaunchID, on host: SSHHost, _ scope: LaunchScope) -> String {
        "\(scope.name(of: launch))-\(host.name)"
    }

    static func launch(of name: Substring, on host: SSHHost, _ scope: LaunchScope) -> LaunchID? {
        let ending = "-\(host.name)"
        guard name.hasSuffix(ending) else { return nil }
        return scope.launch(named: name.dropLast(ending.count))
    }
}
