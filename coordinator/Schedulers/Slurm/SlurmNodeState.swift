/// A state of a Slurm node: "idle*", "mixed-", "IDLE+CLOUD+DRAIN", "DOWN*+CLOUD".
package struct SlurmNodeState: Sendable, Hashable {
    /// In capitals and unabridged: "ALLOCATED"; "alloc" of sinfo is the same.
    package let base: String
    /// What stands behind a plus, in capitals.
    package let flags: [String]
    /// Signs behind a word: `*` does not respond, `~` is powered down, `#` powers up, and more.
    package let marks: [Character]

    private static let bases = [
        "ALLOCATED", "BLOCKED", "COMPLETING", "DOWN", "DRAINED", "DRAINING", "DRAIN", "ERROR", "FAIL",
        "FAILING",
        "FUTURE", "IDLE", "INVAL", "MAINT", "MAINTENANCE", "MIXED", "NO_RESPOND", "NOT_RESPONDING", "NPC",
        "PERFCTRS",
        "PLANNED", "POWER_DOWN", "POWERED_DOWN", "POWERING_DOWN", "POWER_UP", "POWERING_UP",
        "REBOOT_ISSUED",
        "REBOOT_REQUESTED", "REBOOT", "RESERVED", "RESUME", "UNDRAIN", "UNKNOWN",
    ]

    /// What sinfo writes in six characters.
    private static func unabridged(_ word: String) -> String {
        switch word {
        case "ALLOC": "ALLOCATED"
        case "COMP": "COMPLETING"
        case "DRNG": "DRAINING"
        case "FAILG": "FAILING"
        case "FUTR": "FUTURE"
        case "MIX": "MIXED"
        case "PLND": "PLANNED"
        case "POW_DN": "POWERING_DOWN"
        case "POW_UP": "POWERING_UP"
        case "RESV": "RESERVED"
        case "UNK", "UNKN": "UNKNOWN"
        case "DRAIN": "DRAINED"
        case "BOOT": "REBOOT_ISSUED"
        default: word
        }
    }

    /// nil for what is no state of a node.
    package init?(parsing text: some StringProtocol) {
        var marks: [Character] = []
        var words: [String] = []
        for part in text.split(separator: "+", omittingEmptySubsequences: true) {
            let word = part.prefix { $0.isLetter || $0 == "_" }
            let rest = part.dropFirst(word.count)
            guard rest.allSatisfy({ "*~#!%$@^-".contains($0) }) else { return nil }
            marks += rest
            words.append(word.uppercased())
        }
        guard let first = words.first, text.last != " " else { return nil }
        let base = Self.unabridged(first)
        guard Self.bases.contains(base) else { return nil }
        self.base = base
        self.flags = Array(words.dropFirst())
        self.marks = marks
    }

    private func has(_ words: String...) -> Bool {
        words.contains(base) || words.contains { flags.contains($0) }
    }

    package var isResponding: Bool { !marks.contains("*") && !has("NOT_RESPONDING", "NO_RESPOND") }
    /// Nothing new is placed on it.
    package var isDraining: Bool { has("DRAIN", "DRAINED", "DRAINING", "FAIL", "FAILING") }
    package var isDown: Bool {
        has("DOWN", "POWERED_DOWN", "POWERING_DOWN", "INVAL", "UNKNOWN") || marks.contains("~")
    }
    /// Jobs hold it, or are only just leaving it.
    package var hasJobs: Bool { has("ALLOCATED", "MIXED", "COMPLETING", "DRAINING", "FAILING") }
    /// It takes jobs now.
    package var isUsable: Bool {
        isResponding && !isDraining && !isDown && has("IDLE", "MIXED", "ALLOCATED", "PLANNED")
    }
}
