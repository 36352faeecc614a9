import TextForms

/// What a command of Slurm says when it did not do what it was asked for.
package struct SlurmFailure: Sendable, Hashable {
    /// A stable word: "invalid_partition", "timeout"; "unknown_error" for what is not known here.
    package let code: String
    /// The line that says it, in the command's own words.
    package let line: String

    private static let tools = [
        "sbatch", "salloc", "srun", "squeue", "sinfo", "scontrol", "scancel", "sacct", "sacctmgr", "slurm",
    ]

    private static let complaints = Complaints([
        ("invalid_account", ["invalid account or account/partition"]),
        ("invalid_partition", ["invalid partition"]),
        ("partition_down", ["required partition not available", "partition configuration not available"]),
        (
            "partition_not_permitted",
            ["group not permitted to use this partition", "user's group not permitted"]
        ),
        ("config_not_available", ["node configuration is not available"]),
        ("node_not_available", ["required node not available", "invalid node name"]),
        ("bad_path", ["pathname of a file", "file name too long", "unable to open file"]),
        ("timeout", ["timed out"]),
        ("invalid_qos", ["invalid qos"]),
        (
            "policy_limit",
            [
                "accounting/qos policy", "assocmax", "assocgrp", "qosmax", "qosgrp", "maxsubmitjobs",
                "job violates",
            ]
        ),
        ("too_many_jobs", ["maximum number of jobs", "max job count", "job array size"]),
        ("time_limit_invalid", ["requested time limit", "invalid time limit"]),
        ("invalid_node_count", ["node count specification", "invalid node count"]),
        ("too_many_processors", ["more processors requested", "cpu count"]),
        ("invalid_constraint", ["invalid feature"]),
        ("invalid_gres", ["generic resource (gres)", "invalid gres", "trackable resource (tres)"]),
        ("invalid_memory", ["memory specification"]),
        ("invalid_script", ["batch script", "this does not look like"]),
        ("invalid_array", ["job array specification"]),
        ("reservation_invalid", ["requested reservation"]),
        ("unknown_job", ["invalid job id", "job/step already completing or completed"]),
        ("insufficient_permissions", ["permission denied", "access denied", "not permitted"]),
        (
            "authentication",
            ["authentication", "munge", "invalid user id", "user id", "credential"]
        ),
        (
            "unavailable",
            [
                "unable to contact", "connection refused", "connect failure", "zero bytes were transmitted",
                "transport endpoint", "no route to host", "communication", "connection reset",
                "backup controller", "in standby", "resource temporarily unavailable", "unable to establish",
            ]
        ),
        ("accounting_disabled", ["slurm accounting storage is disabled"]),
        ("unsupported_option", ["unrecognized option", "invalid option", "unrecognized argument"]),
        ("tool_missing", ["command not found", "no such file or directory", "not found"]),
    ])

    /// - Returns: nil where no line is a complaint.
    package init?(parsing text: String) {
        let lines = Scan.lines(text).filter { Self.isError($0) }
        guard let first = lines.first else { return nil }
        // What failed in the end stands last, and sometimes why only before it.
        let said = lines.last { Self.complaints.code(of: $0) != nil } ?? first
        code = Self.complaints.code(of: said) ?? "unknown_error"
        line = String(Scan.trimmed(said).prefix(300))
    }

    /// "sbatch: error: …", "slurm_load_jobs error: …", "bash: squeue: command not found".
    private static func isError(_ line: Substring) -> Bool {
        let line = line.lowercased()
        guard tools.contains(where: { line.contains($0) }) else { return false }
        if line.contains("not found") { return line.contains(":") }
        if line.contains("error:") || line.contains("fatal:") {
            return tools.contains { line.hasPrefix($0) } || line.contains(": error: ")
        }
        // Also by its path, as its options' parser calls it: "/usr/bin/sbatch: unrecognized option".
        let isSaid = tools.contains {
            line.hasPrefix($0 + " ") || line.hasPrefix($0 + ": ") || line.contains("/\($0): ")
        }
        return isSaid && complaints.code(of: line) != nil
    }

    /// What a command says beside its answer: "squeue: warning: …".
    static func isRemark(_ line: some StringProtocol) -> Bool {
        tools.contains { line.hasPrefix($0 + ":") || line.hasPrefix($0 + "_") }
    }
}
