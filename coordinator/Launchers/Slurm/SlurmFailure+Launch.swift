package import CoordinatorCore
package import CoordinatorSchedulers

extension SlurmFailure {
    /// What it means for a launch.
    package var launchCode: LaunchFailure.Code {
        switch code {
        case "policy_limit", "too_many_jobs": .quota
        case "partition_down", "node_not_available": .noCapacity
        case "timeout", "unavailable", "authentication", "unknown_error": .unavailable
        default: .refused
        }
    }

    /// Nobody knows whether the job was taken.
    package var leavesDoubt: Bool { ["timeout", "unavailable", "unknown_error"].contains(code) }

    /// What its reader can do.
    package var advice: String {
        switch code {
        case "invalid_partition": "'sinfo' shows the partitions; the pool's 'partition' is to be one of them."
        case "invalid_account": "Check the pool's 'account': 'sacctmgr show associations' shows yours."
        case "invalid_qos": "Check the pool's 'qos'."
        case "invalid_constraint", "invalid_gres", "invalid_memory", "config_not_available",
            "too_many_processors":
            "No node of the partition is like that: check the pool's 'gres', 'constraint', 'cpus' and 'memory'."
        case "time_limit_invalid": "Check the pool's 'time': 'scontrol show partition' shows the longest."
        case "partition_not_permitted", "insufficient_permissions":
            "The coordinator's user may not do that there: ask the cluster's administrators."
        case "policy_limit":
            "A limit of the account, the QOS or the user is reached; jobs that end make room."
        case "too_many_jobs", "invalid_array":
            "Slurm takes no more tasks of arrays: MaxArraySize and MaxJobCount of its configuration say how many."
        case "partition_down": "The partition takes no jobs now: 'sinfo' shows its state."
        case "timeout", "unavailable":
            "It is tried again; 'scontrol ping' shows whether the controller answers."
        case "authentication": "Check that munge runs here with the cluster's key."
        case "unsupported_option": "Check the pool's 'arguments'."
        default: ""
        }
    }
}
