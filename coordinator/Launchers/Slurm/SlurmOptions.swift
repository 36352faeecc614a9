import Platform

/// How nodes of a pool are asked for from Slurm: docs/operating/slurm.md.
package struct SlurmOptions: Sendable, Hashable {
    package var partition: String?
    package var account: String?
    package var qos: String?
    /// As `--gres` takes it: `gpu:a100:4`.
    package var gres: String?
    package var constraint: String?
    /// Of each node; nil: what Slurm gives by itself.
    package var cpusPerTask: Int?
    /// As `--mem` takes it: `16G`.
    package var memory: String?
    /// How long a node may run; nil: as long as the partition allows, or the order's lifetime.
    package var timeLimit: Duration?
    /// Nodes that no other job shares.
    package var isExclusive = false
    /// More arguments of sbatch. They stand behind all others, so that they win.
    package var arguments: [String] = []
    /// The agent's program on the nodes: a path, or a name in the user's PATH there.
    package var agent = "mortise-agent"
    /// Where on a node the agent keeps its state while it runs; variables of the node may stand in it.
    package var stateDirectory = "${TMPDIR:-/tmp}"
    /// A host of the cluster on which Slurm's commands are run through ssh, as ssh takes it; nil: they are run here.
    package var login: String?
    /// Path of ssh's configuration for that; nil: its user's own.
    package var loginConfiguration: String?
    /// Looks at the queue are at least this far apart, as each costs the controller something.
    package var queryInterval = Duration.seconds(10)
    /// For one command of Slurm; ssh included.
    package var timeout = Duration.seconds(60)
    /// The folder of Slurm's commands, where they are not in PATH.
    package var programs: String?
    /// Slurm's configuration, where its commands do not find it by themselves; nil: what SLURM_CONF says here.
    package var configuration: String?

    package init() {}

    /// What is wrong with it, each a clause with the option's name; empty: nothing.
    package func faults() -> [String] {
        var faults: [String] = []
        let words: [(name: String, value: String?)] = [
            ("partition", partition), ("account", account), ("qos", qos), ("gres", gres),
            ("constraint", constraint), ("memory", memory),
        ]
        for (name, value) in words {
            guard let value else { continue }
            if value.isEmpty || !value.unicodeScalars.allSatisfy({ $0.value > 32 && $0.value != 127 }) {
                faults.append("\(name) is one word without blanks")
            }
        }
        if let cpusPerTask, cpusPerTask < 1 { faults.append("cpus is at least 1") }
        if let timeLimit, timeLimit < .seconds(120) {
            faults.append("time is at least 120 s, as an agent is asked to leave 60 s before its end")
        }
        if agent.isEmpty || agent.hasPrefix("-") || !Self.isPlain(agent) {
            faults.append("agent is a path, or the name of a program")
        }
        let isExpansion = stateDirectory.contains("$(")
        if stateDirectory.isEmpty || isExpansion
            || stateDirectory.contains(where: { "\"'`\\\n".contains($0) })
        {
            faults.append("state_directory is a path; variables may stand in it, quotes and commands may not")
        }
        if let login, !LoginShell.isHost(login) {
            faults.append("login is a host as ssh takes it: host, user@host")
        }
        if arguments.contains(where: { $0.contains("\n") || $0.contains("\0") }) {
            faults.append("arguments are without line breaks")
        }
        if let programs, !programs.hasPrefix("/") || !Self.isPlain(programs) {
            faults.append("programs is a path")
        }
        if queryInterval < .zero { faults.append("query_interval is not negative") }
        if timeout < .seconds(1) { faults.append("timeout is at least 1 s") }
        return faults
    }

    private static func isPlain(_ text: String) -> Bool {
        !text.contains { $0.isNewline || $0 == "\0" }
    }
}
