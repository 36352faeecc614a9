import TextForms

/// What a command of Torque or PBS Pro says when it did not do what it was asked for.
package struct TorqueFailure: Sendable, Hashable {
    /// A stable word: "unknown_job", "unavailable"; "unknown_error" for what is not known here.
    package let code: String
    /// The line that says it, in the command's own words.
    package let line: String

    private static let tools = [
        "qstat", "qsub", "qdel", "qmgr", "qalter", "qhold", "qrls", "pbsnodes", "pbs_iff",
    ]

    private static let complaints = Complaints([
        ("unknown_job", ["unknown job id", "job has finished"]), ("unknown_queue", ["unknown queue"]),
        ("unknown_node", ["unknown node"]),
        (
            "unavailable",
            [
                "cannot connect to server", "connection refused", "cannot connect to default server",
                "no default server", "end of file", "communication failure", "unknown/illegal server",
                "unknown server", "cannot resolve",
            ]
        ),
        ("timeout", ["timed out", "timeout"]),
        (
            "insufficient_permissions",
            ["unauthorized request", "permission denied", "access to queue is denied"]
        ),
        ("authentication", ["bad uid", "invalid credential", "unable to authenticate"]),
        ("policy_limit", ["violates queue", "would exceed", "exceeds queue", "maximum number of jobs"]),
        ("config_not_available", ["job rejected by all possible destinations", "cannot satisfy"]),
        ("invalid_resource", ["unknown resource", "illegal attribute", "unknown attribute"]),
        ("unsupported_option", ["invalid option", "usage:"]),
        ("tool_missing", ["command not found", "not found", "no such file or directory"]),
    ])

    /// - Returns: nil where no line is a complaint.
    package init?(parsing text: String) {
        let lines = Scan.lines(text).filter { line in
            Self.tools.contains { line.hasPrefix($0 + ":") || line.contains(": \($0): ") }
        }
        guard let first = lines.first else { return nil }
        let said = lines.first { Self.complaints.code(of: $0) != nil } ?? first
        code = Self.complaints.code(of: said) ?? "unknown_error"
        line = String(Scan.trimmed(said).prefix(300))
    }
}
