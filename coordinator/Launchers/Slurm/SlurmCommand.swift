package import CoordinatorCore

/// Commands of Slurm as a process is started with them. Nothing secret stands in any of them.
package struct SlurmCommand: Sendable, Hashable {
    /// "sbatch"
    package var tool: String
    package var arguments: [String]

    package init(_ tool: String, _ arguments: [String]) {
        self.tool = tool
        self.arguments = arguments
    }

    /// The job of a launch; its script is read from standard input, and the token from the command's own environment.
    ///
    /// An array also for one node: then all allocations have names of one form, and Slurm starts each as soon as there is
    /// room for it. `--export` names one variable and no value, so it is in no argument; of what is around the coordinator
    /// nothing else goes along, and the job gets the user's login environment.
    package static func submit(
        _ order: LaunchOrder, _ scope: LaunchScope, _ options: SlurmOptions
    ) -> SlurmCommand {
        var arguments = [
            "--parsable", "--job-name=\(scope.name(of: order.launch))",
            "--array=0-\(max(1, order.count) - 1)",
            "--nodes=1", "--ntasks=1", "--no-requeue", "--export=\(SlurmScript.tokenVariable)", "--chdir=/",
            "--output=/dev/null", "--signal=B:TERM@\(SlurmScript.noticeSeconds)",
        ]
        func add(_ name: String, _ value: String?) {
            if let value { arguments.append("--\(name)=\(value)") }
        }
        add("partition", options.partition)
        add("account", options.account)
        add("qos", options.qos)
        add("gres", options.gres)
        add("constraint", options.constraint)
        add("cpus-per-task", options.cpusPerTask.map { String($0) })
        add("mem", options.memory)
        add("time", [options.timeLimit, order.lifetime].compactMap { $0 }.min().map { minutes($0) })
        if options.isExclusive { arguments.append("--exclusive") }
        return SlurmCommand("sbatch", arguments + options.arguments)
    }

    /// Whole minutes, Slurm's own unit, never more than was said.
    private static func minutes(_ duration: Duration) -> String {
        String(max(1, duration.components.seconds / 60))
    }

    /// All own jobs that the controller remembers, a line each task, ended ones included (for MinJobAge, 300 s). The
    /// reason stands last, as it alone may have any sign in it.
    package static let look = SlurmCommand(
        "squeue", ["--me", "--noheader", "--array", "--states=all", "--format=%i|%T|%N|%j|%r"])

    /// What has ended in the last day, where there is accounting.
    package static let account = SlurmCommand(
        "sacct",
        [
            "--allocations", "--noheader", "--parsable2", "--starttime=now-1days",
            "--format=JobID,State,ExitCode,NodeList,JobName",
        ])

    package static func cancel(_ allocations: [String]) -> SlurmCommand {
        SlurmCommand("scancel", ["--quiet"] + allocations)
    }

    /// The same, by the path of its program.
    package func inFolder(_ folder: String?) -> SlurmCommand {
        folder.map { SlurmCommand($0 + "/" + tool, arguments) } ?? self
    }
}
