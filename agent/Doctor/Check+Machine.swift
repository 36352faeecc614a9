/// A file system and what this user may do on it.
package struct DiskFinding: Hashable, Sendable {
    package var path: String
    package var totalBytes: Int64
    /// Free for a user without privileges.
    package var availableBytes: Int64
    /// 0: the file system has no fixed number.
    package var totalFiles: Int64
    package var availableFiles: Int64
    package var isReadOnly: Bool
    /// Programs in it cannot be started.
    package var isNoExec: Bool
    /// Why a file could not be written; nil: it was, and was removed again.
    package var writeFailure: String?

    package init(
        path: String, totalBytes: Int64, availableBytes: Int64, totalFiles: Int64, availableFiles: Int64,
        isReadOnly: Bool, isNoExec: Bool, writeFailure: String?
    ) {
        self.path = path
        self.totalBytes = totalBytes
        self.availableBytes = availableBytes
        self.totalFiles = totalFiles
        self.availableFiles = availableFiles
        self.isReadOnly = isReadOnly
        self.isNoExec = isNoExec
        self.writeFailure = writeFailure
    }

    /// Below the first there is no room for a slot's files, below the second little for its output.
    private static let needBytes: Int64 = 64 << 20
    private static let noticeBytes: Int64 = 1 << 30
    private static let needFiles: Int64 = 1_000

    package var check: Check {
        let free = "\(availableBytes >> 20) MiB of \(totalBytes >> 20) MiB free"
        if isReadOnly {
            return Check(
                "disk", of: path, .failed, "the file system is read-only",
                mend: "Mount it for writing, or choose another place with --directory.")
        }
        if let writeFailure {
            return Check(
                "disk", of: path, .failed, "nothing can be written here: \(writeFailure)",
                mend: "Let this user write here, or choose another place with --directory.")
        }
        if availableBytes < Self.needBytes {
            return Check("disk", of: path, .failed, free, mend: "Make room, or choose another place.")
        }
        if totalFiles > 0, availableFiles < Self.needFiles {
            return Check(
                "disk", of: path, .failed, "only \(max(0, availableFiles)) more files fit, of \(totalFiles)",
                mend: "Remove files (df -i shows how many there may be), or choose another place.")
        }
        if availableBytes < Self.noticeBytes {
            return Check(
                "disk", of: path, .warning, free, mend: "Make room: the output of jobs is kept here.")
        }
        if isNoExec {
            return Check(
                "disk", of: path, .warning, "\(free), mounted noexec",
                mend:
                    "Jobs that start programs which they have put here fail: mount it without noexec, or choose "
                    + "another place with --directory.")
        }
        return Check("disk", of: path, .ok, free)
    }
}

/// `/proc/self/limits`: what this process may use.
package struct ProcessLimits: Hashable, Sendable {
    package enum Limit: Hashable, Sendable {
        case unlimited
        case number(Int64)

        init?(_ text: Substring) {
            if text == "unlimited" {
                self = .unlimited
            } else if let number = Int64(text), number >= 0 {
                self = .number(number)
            } else {
                return nil
            }
        }

        var text: String {
            switch self {
            case .unlimited: "unlimited"
            case .number(let number): String(number)
            }
        }

        func isBelow(_ least: Int64) -> Bool {
            if case .number(let number) = self { number < least } else { false }
        }
    }

    private struct Row: Hashable {
        var name: String
        var soft: Limit
        var hard: Limit
    }

    private var rows: [Row]

    /// Lines that are not understood are left out.
    package init(parsing text: String) {
        rows = text.split(whereSeparator: \.isNewline).compactMap { line in
            // "Max open files            1024                 4096                 files": a name of words, two limits.
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let first = words.firstIndex(where: { Limit($0) != nil }), first > 0,
                first + 1 < words.count, let soft = Limit(words[first]), let hard = Limit(words[first + 1])
            else { return nil }
            return Row(name: words[..<first].joined(separator: " "), soft: soft, hard: hard)
        }
    }

    package var checks: [Check] {
        [
            check("open files", "Max open files", need: 256, notice: 1_024, option: "n", unit: "LimitNOFILE"),
            check("processes", "Max processes", need: 64, notice: 512, option: "u", unit: "LimitNPROC"),
            check("file size", "Max file size", need: 1 << 20, notice: .max, option: "f", unit: "LimitFSIZE"),
        ]
    }

    private func check(
        _ subject: String, _ name: String, need: Int64, notice: Int64, option: String, unit: String
    ) -> Check {
        guard let row = rows.first(where: { $0.name == name }) else {
            return Check("ulimit", of: subject, .skipped, "the system does not tell")
        }
        let found =
            row.soft == row.hard ? row.soft.text : "\(row.soft.text), may be raised to \(row.hard.text)"
        guard row.soft.isBelow(notice) else { return Check("ulimit", of: subject, .ok, found) }
        return Check(
            "ulimit", of: subject, row.soft.isBelow(need) ? .failed : .warning, found,
            mend: "Raise it before the agent starts: 'ulimit -\(option)', \(unit)= in its systemd unit, or "
                + "/etc/security/limits.conf. Slots inherit it.")
    }
}

extension Check {
    /// - Parameters:
    ///   - limits: "memory", "cpu": what a slot can be held to.
    ///   - reason: why to nothing.
    package static func slotLimits(_ limits: [String], reason: String?) -> Check {
        let advice =
            "Where slots must not take each other's memory, start the agent by systemd with Delegate=yes, or give "
            + "its container a writable cgroup."
        guard let first = limits.first else {
            return Check(
                "cgroup", .warning, "slots run without limits: \(reason ?? "no control group can be made")",
                mend: advice)
        }
        guard limits.contains("memory") else {
            return Check("cgroup", .warning, "slots are held to their \(first) alone", mend: advice)
        }
        return Check("cgroup", .ok, "slots are held to their \(limits.joined(separator: " and "))")
    }

    /// The socket of an agent that runs here.
    package enum AgentFinding: Hashable, Sendable {
        case none
        /// It takes the connection and says nothing.
        case silent
        /// Its own words.
        case answers(String)
    }

    package static func runningAgent(_ finding: AgentFinding, directory: String) -> Check {
        switch finding {
        case .none: return Check("agent", .skipped, "none runs in \(directory)")
        case .silent:
            return Check(
                "agent", .failed, "the agent that runs in \(directory) does not answer",
                mend: "End it and start it again: its slots run on and are found by the next one.")
        case .answers(let words):
            let isConnected = words.hasPrefix("connected")
            return Check(
                "agent", isConnected ? .ok : .warning, words,
                mend: isConnected
                    ? nil
                    : "The agent tries again by itself; the checks of the coordinator's addresses say more.")
        }
    }
}
