/// A state of a Slurm job, however it is written: "PD", "PENDING", and "COMPLETI", where a column has cut it.
package struct SlurmJobState: Sendable, Hashable {
    /// "PENDING"
    package let name: String
    package let phase: QueuedJob.Phase

    private struct Known {
        let code: String
        let name: String
        let phase: QueuedJob.Phase
    }

    private static let all = [
        Known(code: "PD", name: "PENDING", phase: .waiting),
        Known(code: "R", name: "RUNNING", phase: .active),
        Known(code: "CF", name: "CONFIGURING", phase: .active),
        Known(code: "CG", name: "COMPLETING", phase: .active),
        Known(code: "S", name: "SUSPENDED", phase: .active),
        Known(code: "ST", name: "STOPPED", phase: .active),
        Known(code: "SI", name: "SIGNALING", phase: .active),
        Known(code: "SO", name: "STAGE_OUT", phase: .active),
        Known(code: "RS", name: "RESIZING", phase: .active),
        Known(code: "RQ", name: "REQUEUED", phase: .waiting),
        Known(code: "RF", name: "REQUEUE_FED", phase: .waiting),
        Known(code: "RH", name: "REQUEUE_HOLD", phase: .waiting),
        Known(code: "RD", name: "RESV_DEL_HOLD", phase: .waiting),
        Known(code: "SE", name: "SPECIAL_EXIT", phase: .waiting),
        Known(code: "CD", name: "COMPLETED", phase: .over),
        Known(code: "CA", name: "CANCELLED", phase: .over),
        Known(code: "F", name: "FAILED", phase: .over), Known(code: "TO", name: "TIMEOUT", phase: .over),
        Known(code: "NF", name: "NODE_FAIL", phase: .over),
        Known(code: "PR", name: "PREEMPTED", phase: .over),
        Known(code: "BF", name: "BOOT_FAIL", phase: .over),
        Known(code: "DL", name: "DEADLINE", phase: .over),
        Known(code: "OOM", name: "OUT_OF_MEMORY", phase: .over),
        Known(code: "RV", name: "REVOKED", phase: .over),
    ]

    /// Shorter beginnings are left to words of other meaning.
    private static let cutLength = 7

    /// nil for what is no state.
    package init?(parsing text: some StringProtocol) {
        // sacct: "CANCELLED by 1000".
        let word = text.prefix { !$0.isWhitespace }
        let exact = Self.all.first { $0.code == word || $0.name == word }
        guard
            let known = exact
                ?? (word.count >= Self.cutLength ? Self.all.first { $0.name.hasPrefix(word) } : nil)
        else { return nil }
        name = known.name
        phase = known.phase
    }

    /// A job that is held waits for somebody to let it go, whatever its reason is.
    var isHeld: Bool { name == "REQUEUE_HOLD" || name == "RESV_DEL_HOLD" || name == "SPECIAL_EXIT" }
}
