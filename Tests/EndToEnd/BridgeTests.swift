import Foundation
import LauncherServers
import Platform
import Testing

/// The queue of a real Slurm is stretched with nodes whose machines a program of the site makes.
@Suite(.enabled(if: SlurmCluster.isInstalled)) struct BridgeTests {
    /// A machine is a slurmd with the name that it is told; what there is stands in a folder, so that nothing is lost when
    /// the bridge ends.
    private static let launcher = #"""
        import json, os, signal, subprocess, sys

        base, arguments = os.environ["MACHINES"], os.environ["SLURMD"].split()
        verb, request = sys.argv[1], json.load(sys.stdin)

        def path(name, file):
            return os.path.join(base, name, file)

        def read(name, file):
            with open(path(name, file)) as text:
                return text.read()

        def runs(name):
            try:
                with open("/proc/%s/stat" % read(name, "pid")) as stat:
                    return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
            except OSError:
                return False

        with open(os.path.join(base, "..", "calls"), "a") as calls:
            calls.write("%s %s\n" % (verb, json.dumps(request, sort_keys=True)))
        if verb == "launch":
            host = request["node"]["name"]
            name = "m%d" % request["launch"]
            os.mkdir(os.path.join(base, name))
            environment = dict(os.environ, SLURM_CONF=os.environ["CONFIGURATION"])
            with open(path(name, "log"), "w") as log:
                process = subprocess.Popen(["slurmd", "-D", "-N", host] + arguments, stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log, start_new_session=True, env=environment)
            for file, text in (("host", host), ("launch", str(request["launch"])), ("pid", str(process.pid))):
                with open(path(name, file), "w") as output:
                    output.write(text)
        if verb == "release":
            for name in request["names"]:
                if runs(name):
                    os.kill(int(read(name, "pid")), signal.SIGTERM)
        print(json.dumps({"allocations": [
            {"name": name, "launch": int(read(name, "launch")), "host": read(name, "host"),
             "state": "running" if runs(name) else "completed"} for name in sorted(os.listdir(base))]}))
        """#

    private struct Bridge {
        let folder: ScratchFolder
        let slurm: SlurmCluster
        /// More arguments of slurmd.
        var slurmd = ""
        var options: [String] = []
        /// Stand-ins for ssh and sudo, which say what they were given and do it here.
        private var tools: String { folder.path + "/tools" }

        func prepare(_ nodes: String) throws {
            try FileManager.default.createDirectory(
                atPath: folder.path + "/machines", withIntermediateDirectories: true)
            _ = try folder.write("launcher.py", BridgeTests.launcher)
            try FileManager.default.createDirectory(atPath: tools, withIntermediateDirectories: true)
            // A login shell would have the machine's own PATH again.
            for (name, work) in [
                (
                    "ssh",
                    #"for last; do :; done; export SLURM_CONF='\#(slurm.configuration)'; [ "$last" = 'sh -ls' ] && exec sh -s"#
                ),
                ("sudo", #"shift; exec "$@""#),
            ] {
                let text = "#!/bin/sh\necho \"$0 $*\" >>\(folder.path)/tools/calls\n\(work)\n"
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o755], ofItemAtPath: try folder.write("tools/" + name, text))
            }
            _ = try folder.write("hosts.json", nodes)
            _ = try folder.write(
                "env",
                """
                VC_NAME=hybridcloud
                QUEUE_NAME=stretch
                CLEANUP_NODE_WAIT_TIME=3
                VCP_ACCESSKEY='secret of $ome'
                MACHINES=\(folder.path)/machines
                SLURMD="\(slurmd)"
                CONFIGURATION=\(slurm.configuration)
                """)
        }

        private var arguments: [String] {
            [
                "bridge", "--environment-file", folder.path + "/env", "--hosts", folder.path + "/hosts.json",
                "--interval", "1", "--log-level", "info",
            ] + options
        }
        private var launcher: [String] { ["python3", folder.path + "/launcher.py"] }

        func run(_ more: String..., launcher: [String]? = nil) async throws -> CommandResult {
            let child = try await start(more, launcher: launcher)
            let status = try await child.waitForExit(within: .seconds(60))
            return CommandResult(status: status, output: child.output, errors: child.errors)
        }

        func start(_ more: [String] = [], launcher: [String]? = nil) async throws -> ChildProcess {
            try await ChildProcess.start(
                Programs.coordinator, arguments + more + ["--"] + (launcher ?? self.launcher),
                environment: Programs.environment(
                    home: folder.path,
                    [
                        "SLURM_CONF": slurm.configuration,
                        "PATH": tools + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? ""),
                    ]),
                folder: folder.path, files: "\(folder.path)/bridge-\(UUID().uuidString.prefix(4))", input: nil
            )
        }

        func nodes() async throws -> String {
            try await blocking { [slurm] in
                try slurm.run("sinfo", "--noheader", "--partition=stretch", "--Node", "--format=%N %t")
            }
        }

        func queue() async throws -> String {
            try await blocking { [slurm] in
                try slurm.run("squeue", "--noheader", "--partition=stretch", "--format=%i %t %r")
            }
        }

        var machines: Int {
            let names =
                (try? FileManager.default.contentsOfDirectory(atPath: folder.path + "/machines")) ?? []
            return names.count { name in
                let process = readText("\(folder.path)/machines/\(name)/pid").trimmed
                return !process.isEmpty && ProcessTable.all().contains { "\($0)" == process }
            }
        }
    }

    private func withBridge(
        _ slurm: SlurmCluster, _ change: (inout Bridge) -> Void = { _ in }, nodes: String,
        _ body: (Bridge) async throws -> Void
    ) async throws {
        try await ScratchFolder.with { folder in
            var bridge = Bridge(folder: folder, slurm: slurm)
            change(&bridge)
            try bridge.prepare(nodes)
            do { try await body(bridge) } catch {
                Issue.record("\(error)\n\(readText(folder.path + "/calls"))")
            }
            try await Leftovers.kill(in: folder.path)
        }
    }

    @Test(
        "Jobs that wait bring nodes up, which run them, are drained and go; a restart takes up what is there")
    func stretch() async throws {
        let slurm = try await blocking { try SlurmCluster(nodes: 1, absent: ["b1", "b2"]) }
        try await withBridge(slurm, nodes: #"{"127.0.0.1": "b1", "127.0.0.2": "b2"}"#) { bridge in
            let idle = try await bridge.run("--dry-run")
            #expect(idle.status == 0 && idle.output.contains("nothing would be done"), "\(idle)")
            try await blocking {
                try slurm.run(
                    "sbatch", "--partition=stretch", "--array=1-3", "--output=/dev/null", "--wrap=sleep 2")
                try slurm.run(
                    "sbatch", "--partition=stretch", "--begin=now+1hour", "--output=/dev/null", "--wrap=true")
            }
            // The controller says only after a moment why a job waits.
            let dry = try await eventually("it is said what waits, and why") {
                let dry = try await bridge.run("--dry-run")
                return dry.output.contains("3 jobs wait for 3 nodes")
                    && dry.output.contains("1 for BeginTime")
                    ? dry : nil
            }
            #expect(dry.output.contains("would make a machine for b1") && bridge.machines == 0, "\(dry)")

            let first = try await bridge.start()
            try await eventually("two machines run") { bridge.machines == 2 }
            // What the first one has made, the next one knows.
            try await first.killNow()
            let second = try await bridge.start()
            try await eventually("all jobs but the one that waits for its time have run") {
                let queue = try await bridge.queue()
                return queue.split(separator: "\n").allSatisfy { $0.contains("BeginTime") }
            }
            try await eventually("the idle machines are gone") { bridge.machines == 0 }
            try await eventually("their nodes are drained") {
                let nodes = try await bridge.nodes()
                return nodes.contains("b1 drain") && nodes.contains("b2 drain")
            }
            second.signal(SIGTERM)
            #expect(try await second.waitForExit() == 0, "\(second.errors)")
            let calls = readText(bridge.folder.path + "/calls")
            #expect(calls.split(separator: "\n").count { $0.hasPrefix("launch") } == 2, "\(calls)")
            #expect(calls.contains(#""node": {"address": "127.0.0.2", "name": "b2"}"#), "\(calls)")
            for text in [first.errors, second.errors, calls] { #expect(!text.contains("secret of")) }
        }
    }

    @Test("A node registers itself in a partition that has none, and is deleted when its machine is gone")
    func dynamic() async throws {
        let slurm = try await blocking { try SlurmCluster(nodes: 1, isDynamic: true) }
        try await withBridge(
            slurm,
            {
                $0.slurmd = "-Z --conf Feature=burst"
                $0.options = ["--dynamic", "--login", "alice@head", "--login-config", "/etc/alice", "--sudo"]
            }, nodes: "hosts: { d1: {} }"
        ) { bridge in
            _ = try await blocking {
                try slurm.run("sbatch", "--partition=stretch", "--output=/dev/null", "--wrap=sleep 1")
            }
            let child = try await bridge.start()
            try await eventually("the node is there") { try await bridge.nodes().contains("d1") }
            try await eventually("the job has run") { try await bridge.queue().isEmpty }
            try await eventually("Slurm does not know the node any more") {
                try await !bridge.nodes().contains("d1")
            }
            #expect(bridge.machines == 0)
            let calls = readText(bridge.folder.path + "/tools/calls")
            #expect(calls.contains("ssh -F /etc/alice -T"), "\(calls)")
            #expect(calls.contains("-- alice@head sh -ls") && !calls.contains("squeue"), "\(calls)")
            #expect(calls.contains("sudo -n scontrol delete nodename=d1"), "\(calls)")
            child.signal(SIGTERM)
            #expect(try await child.waitForExit() == 0, "\(child.errors)")
        }
    }

    @Test("A bridge that cannot see the queue, or cannot be understood, says so and takes nothing away")
    func faults() async throws {
        let slurm = try await blocking { try SlurmCluster(nodes: 1, absent: ["b1"]) }
        try await withBridge(slurm, nodes: "hosts: { b1: {} }") { bridge in
            for (options, message) in [
                (["--programs", "/nowhere"], "no program '/nowhere/squeue'"),
                (["--queue", "a b"], "the queue is one word"),
                (["--keep", "2"], "keep is between 0 and the number of names"),
                (["--environment-file", "/nowhere"], "no environment file '/nowhere'"),
            ] {
                var wrong = bridge
                wrong.options += options
                let result = try await wrong.run()
                #expect(result.status == 1 && result.errors.contains(message), "\(options): \(result)")
            }
            let missing = try await bridge.run(launcher: ["/nowhere/cloud"])
            #expect(missing.status == 1 && missing.errors.contains("/nowhere/cloud"), "\(missing)")
            for (options, message) in [
                (["--queue", "strech", "--dry-run"], "no partition 'strech'"),
                (
                    ["--hosts", try bridge.folder.write("twice", #"{"10.0.0.1": "b1", "10.0.0.2": "b1"}"#)],
                    "b1"
                ),
                (
                    ["--hosts", try bridge.folder.write("more", "hosts: { b9: {} }"), "--dry-run"],
                    "does not know b9"
                ),
            ] {
                var wrong = bridge
                wrong.options += options
                let result = try await wrong.run()
                #expect(result.status == 1 && result.errors.contains(message), "\(options): \(result)")
            }
        }
    }
}
