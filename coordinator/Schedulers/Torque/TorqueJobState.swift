/// A state of a job of Torque or PBS Pro: one letter.
package enum TorqueJobState {
    /// nil for what is no state.
    static func phase(_ letter: some StringProtocol) -> QueuedJob.Phase? {
        switch letter {
        // Q queued, T moving to its queue, W until a time, H held, M moved to another server.
        case "Q", "T", "W", "H": .waiting
        // B has begun some tasks of its array; E is ending, S and U are suspended and keep their nodes.
        case "R", "E", "S", "U", "B": .active
        case "C", "F", "X", "M": .over
        default: nil
        }
    }

    /// Why a job in this state waits, in Slurm's words, so that one rule serves both; nil for one that nodes help.
    static func reason(_ letter: some StringProtocol) -> String? {
        switch letter {
        case "H": "JobHeld"
        case "W": "BeginTime"
        case "T": "Transit"
        default: nil
        }
    }
}
