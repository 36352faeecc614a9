import Foundation
import Platform
import PostgresServer

/// A real Slurm on this machine: a controller and nodes, with a munge, ports and a directory of its own. It ends with the
/// process that started it, however that ends.
package final class SlurmCluster: Sendable {
    package static let isInstalled = ["slurmctld", "slurmd", "munged", "sbatch", "squeue", "scancel"]
        .allSatisfy {
            program in
            ToolRunner.locate(program, in: ["/usr/sbin", "/sbin"]) != nil
        }

    /// One for all tests of a process.
    package static func shared() throws -> SlurmCluster { try sharedCluster.get() }
    private static let sharedCluster = Result { try SlurmCluster() }

    package let directory: String
    /// In the partition `cloud`.
    package let nodes: [String]
    /// Written by the stand-in for the agent: `12_0.environment`, `12_0.arguments`, and `12_0.end` when TERM came.
    package let seen: String
    /// A stand-in for the agent, which says what it was given and waits for TERM.
    package let agent: String
    package var configuration: String { directory + "/slurm.conf" }
    private let daemons: [LeashedProcess]

    /// - Parameters:
    ///   - nodes: how many there are, `n1` and so on.
    ///   - absent: names of nodes of the partition `stretch` that Slurm knows and nobody has started.
    ///   - isDynamic: nodes with the feature `burst` may register themselves, and are of the partition `stretch`.
    package init(nodes count: Int = 3, absent: [String] = [], isDynamic: Bool = false) throws {
        let nodes = (1...count).map { "n\($0)" }
        self.nodes = nodes
        let name = "mortise-slurm-\(UUID().uuidString.prefix(8))"
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
        self.directory = directory
        seen = directory + "/seen"
        agent = directory + "/agent program"
        for folder in ["", "/munge", "/state", "/seen"] + (nodes + absent).map({ "/spool-\($0)" }) {
            try FileManager.default.createDirectory(
                atPath: directory + folder, withIntermediateDirectories: true)
        }
        try Self.write(agent, Self.agentScript(directory), mode: 0o700)
        let key = (0..<128).map { _ in UInt8.random(in: 0...255) }
        let keyPath = directory + "/munge/key"
        guard
            FileManager.default.createFile(
                atPath: keyPath, contents: Data(key), attributes: [.posixPermissions: 0o600])
        else { throw ServerFailure(message: "cannot write \(keyPath)") }
        let ports = try (nodes + absent).map { ($0, try PostgresServer.freePort()) }
        try Self.write(
            directory + "/slurm.conf",
            Self.configuration(directory, ports, nodes, absent, controller: try PostgresServer.freePort())
                + (isDynamic ? try Self.dynamicNodes() : ""),
            mode: 0o644)

        let munge = directory + "/munge/"
        var daemons: [LeashedProcess] = []
        func start(_ command: [String]) throws {
            let path =
                "PATH=\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"):/usr/sbin:/sbin"
            daemons.append(
                try LeashedProcess(
                    ["/usr/bin/env", "SLURM_CONF=\(directory)/slurm.conf", path] + command,
                    log: directory + "/log", directory: directory))
        }
        try start([
            "munged", "--foreground", "--force", "--num-threads=1", "--key-file=\(keyPath)",
            "--socket=\(munge)socket", "--pid-file=\(munge)pid", "--log-file=\(munge)log",
            "--seed-file=\(munge)seed",
        ])
        try Self.await("munge") { FileManager.default.fileExists(atPath: munge + "socket") }
        try start(["slurmctld", "-D", "-c"])
        for node in nodes { try start(["slurmd", "-D", "-N", node]) }
        self.daemons = daemons
        try Self.await("idle nodes", log: directory + "/log") {
            let lines = try? Self.run(["sinfo", "-h", "-p", "cloud", "-o", "%D %t"], directory)
            return lines == "\(count) idle\n"
        }
    }

    deinit {
        for daemon in daemons.reversed() { daemon.end(with: "kill\n") }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Runs a command of Slurm to its end.
    @discardableResult
    package func run(_ command: String...) throws -> String { try Self.run(command, directory) }

    private static func run(_ command: [String], _ directory: String) throws -> String {
        let result = ToolRunner().run(
            command[0], Array(command.dropFirst()), environment: ["SLURM_CONF=\(directory)/slurm.conf"],
            deadline: .seconds(60))
        guard case .exited(0, let output, _) = result else {
            throw ServerFailure(message: "\(command): \(result)")
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// What the stand-in wrote of an allocation; nil: nothing yet.
    package func wrote(_ allocation: String, _ what: String) -> String? {
        try? String(contentsOfFile: "\(seen)/\(allocation).\(what)", encoding: .utf8)
    }

    /// Ends all jobs, and waits until their nodes are free.
    package func clear() throws {
        try run("scancel", "--quiet", "--me")
        try Self.await("the end of all jobs", log: directory + "/log") {
            (try? run("squeue", "-h")) == ""
                && (try? run("sinfo", "-h", "-p", "cloud", "-o", "%t")) == "idle\n"
        }
    }

    /// Blocks until something is so.
    package static func await(_ what: String, log: String? = nil, _ isSo: () throws -> Bool) throws {
        let end = ContinuousClock.now + .seconds(120)
        while try !isSo() {
            guard ContinuousClock.now < end else {
                let log = log.flatMap { try? String(contentsOfFile: $0, encoding: .utf8) } ?? ""
                throw ServerFailure(message: "waited in vain for \(what)\n\(log.suffix(4_000))")
            }
            usleep(50_000)
        }
    }

    private static func write(_ path: String, _ text: String, mode: Int) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    /// It ends also when its cluster's directory is gone.
    private static func agentScript(_ directory: String) -> String {
        """
        #!/bin/sh
        seen='\(directory)/seen'
        printf '%s\\n' "$@" >"$seen/$MORTISE_ALLOCATION.arguments"
        env >"$seen/$MORTISE_ALLOCATION.new"
        mv "$seen/$MORTISE_ALLOCATION.new" "$seen/$MORTISE_ALLOCATION.environment"
        trap 'echo TERM >"$seen/$MORTISE_ALLOCATION.end"; exit 0' TERM
        while [ -d "$seen" ]; do sleep 0.1; done
        """
    }

    private static func dynamicNodes() throws -> String {
        """
        SlurmdPort=\(try PostgresServer.freePort())
        MaxNodeCount=10
        NodeSet=burst Feature=burst
        PartitionName=stretch Nodes=burst State=UP

        """
    }

    private static func configuration(
        _ directory: String, _ ports: [(node: String, port: Int)], _ nodes: [String], _ absent: [String],
        controller: Int
    ) -> String {
        let host = ProcessInfo.processInfo.hostName.prefix { $0 != "." }
        let user = NSUserName()
        let lines = ports.map {
            "NodeName=\($0.node) NodeHostname=\(host) NodeAddr=127.0.0.1 Port=\($0.port) CPUs=1 RealMemory=500"
        }
        let stretch =
            absent.isEmpty ? "" : "PartitionName=stretch Nodes=\(absent.joined(separator: ",")) State=UP\n"
        return """
            ClusterName=mortise
            SlurmctldHost=\(host)(127.0.0.1)
            SlurmUser=\(user)
            SlurmdUser=\(user)
            SlurmctldPort=\(controller)
            AuthType=auth/munge
            AuthInfo=socket=\(directory)/munge/socket
            CredType=cred/munge
            StateSaveLocation=\(directory)/state
            SlurmdSpoolDir=\(directory)/spool-%n
            SlurmctldPidFile=\(directory)/slurmctld.pid
            SlurmdPidFile=\(directory)/slurmd-%n.pid
            SlurmctldLogFile=\(directory)/slurmctld.log
            SlurmdLogFile=\(directory)/slurmd-%n.log
            ProctrackType=proctrack/linuxproc
            TaskPlugin=task/none
            JobAcctGatherType=jobacct_gather/none
            AccountingStorageType=accounting_storage/none
            SelectType=select/cons_tres
            SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
            SlurmdParameters=config_overrides
            ReturnToService=2
            MpiDefault=none
            KillWait=10
            MailProg=/bin/true
            \(lines.joined(separator: "\n"))
            PartitionName=cloud Nodes=\(nodes.joined(separator: ",")) Default=YES MaxTime=60 State=UP
            PartitionName=closed Nodes=\(nodes.joined(separator: ",")) State=INACTIVE
            \(stretch)

            """
    }
}
