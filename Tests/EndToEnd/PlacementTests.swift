import APITypes
import ClusterTypes
import Foundation
import Testing

/// Where work goes.
@Suite struct PlacementTests {
    @Test("Pools, labels, names and priorities decide where and in which order work runs")
    func constraints() async throws {
        try await TestCluster.run { cluster in
            let token = try await cluster.coordinatorCommand("token", "create", "--pool", "special")
            // Options, the environment and standard input are all ways to give an agent what it needs.
            let file = try cluster.write(cluster.path("special.token"), token.output)
            let maple = try await cluster.start(
                Programs.agent,
                ["run", "--directory", cluster.agentDirectory("maple"), "--no-tools", "--join-file", "-"],
                environment: ["MORTISE_NAME": "maple", "MORTISE_LABELS": "rack=7,fast=yes"], input: file)
            let birch = try await cluster.start(
                Programs.agent, ["run", "--directory", cluster.agentDirectory("birch"), "--no-tools"],
                environment: [
                    "MORTISE_NAME": "birch", "MORTISE_JOIN_TOKEN": readText(try await cluster.joinFile()),
                ])
            for (name, agent) in [("maple", maple), ("birch", birch)] {
                try await cluster.waitForNode(name, .ready)
                #expect(agent.isRunning)
            }
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script("say", ledger.append("$MORTISE_JOB_NAME $MORTISE_NODE"))
            for (name, option) in [
                ("pool", ["--pool", "special"]), ("label", ["--label", "rack=7"]),
                ("node", ["--node", "birch"]),
            ] {
                let result = try await cluster.run(
                    Programs.commandLine,
                    ["run", "--name", name, "--wait"] + option + ["--", "sh", script])
                #expect(result.status == 0, "\(result)")
            }
            #expect(ledger.lines == ["pool maple", "label maple", "node birch"])
            let nowhere = try await cluster.mortise("run", "--label", "rack=8", "--", "true")
            #expect(nowhere.status == 4 && nowhere.errors.contains("2 lack a label"), "\(nowhere)")
            // While nothing can start, the queue is filled; then the highest priority goes first.
            for node in ["birch", "maple"] {
                #expect(try await cluster.mortise("node", "cordon", node).status == 0)
            }
            let cpus = try #require(try await cluster.node("birch")).capacity.resources.milliCPU / 1_000
            var jobs: [JobID] = []
            for priority in ["-5", "0", "7"] {
                jobs.append(
                    try await cluster.submit(
                        "--name", "p\(priority)", "--priority", priority, "--cpus", "\(cpus)", "--", "sh",
                        script))
            }
            #expect(ledger.lines.count == 3)
            #expect(try await cluster.mortise("node", "uncordon", "birch").status == 0)
            for job in jobs { #expect(try await cluster.mortise("job", "wait", "\(job)").status == 0) }
            #expect(ledger.lines.suffix(3) == ["p7 birch", "p0 birch", "p-5 birch"])
        }
    }

    @Test("The slots of a gang find each other, and one that is killed takes the others back with it")
    func gang() async throws {
        try await TestCluster.run { cluster in
            try await cluster.startAgents("birch", "cedar")
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "ring",
                """
                hosts=$(wc -l < "$MORTISE_HOSTFILE")
                \(ledger.append("$RANK of $WORLD_SIZE at $MASTER_ADDR:$MASTER_PORT, $hosts hosts"))
                # The first time the second one is killed, with all that belongs to it.
                if [ "$RANK" = 1 ] && mkdir "\(cluster.path("once"))"; then kill -KILL $PPID; sleep 60; fi
                while [ $(wc -l < "\(cluster.path("ledger"))") -lt 4 ]; do sleep 0.05; done
                """)
            let result = try await cluster.run(
                Programs.commandLine,
                [
                    "run", "--name", "ring", "--gang", "--gang-port", "29601", "--slots", "2", "--constraint",
                    "apart=ring", "--cpus", "0.1", "--wait", "--", "sh", script,
                ])
            #expect(result.status == 0, "\(result)")
            #expect(
                ledger.lines.sorted()
                    == [0, 0, 1, 1].map { "\($0) of 2 at 127.0.0.1:29601, 2 hosts" }, "each started twice")
        }
    }

    @Test("A slot whose node does not admit it says why, and runs once it does")
    func admission() async throws {
        try await TestCluster.run { cluster in
            try await cluster.startAgent("birch")
            let go = cluster.path("go")
            let job = try await cluster.submit(
                "--check", "test -e '\(go)' || { echo no go; false; }", "--check-interval", "1s", "--", "true"
            )
            try await eventually("the slot of job \(job) waits") {
                let list = try await cluster.mortise("slot", "list", "--job", "\(job)", "--format", "json")
                return list.output.contains("waits to be admitted: no go")
            }
            for (subject, number) in [("job", "\(job)"), ("slot", "1")] {
                let reason = try await cluster.mortise("explain", subject, number)
                #expect(reason.output.contains("waits to be admitted: no go"), "\(reason)")
            }
            try Data().write(to: URL(filePath: go))
            #expect(try await cluster.mortise("job", "wait", "\(job)").status == 0)
        }
    }

    @Test("Preemptible work gives way and runs again; a quota holds back the rest, and explain says so")
    func sharing() async throws {
        try await TestCluster.run { cluster in
            try await cluster.startAgent("birch")
            let cpus = try #require(try await cluster.node("birch")).capacity.resources.milliCPU / 1_000
            let idle = try await cluster.submit(
                "--name", "idle", "--preemptible", "--cpus", "\(cpus)", "--", "sleep", "600")
            try await eventually("1 slots of job \(idle) run") {
                try await cluster.job(idle).tasks.running == 1
            }
            let urgent = try await cluster.mortise(
                "run", "--name", "urgent", "--cpus", "1", "--wait", "--", "true")
            #expect(urgent.status == 0, "\(urgent)")
            try await eventually("1 slots of job \(idle) run") {
                try await cluster.job(idle).tasks.running == 1
            }
            #expect(try await cluster.mortise("job", "cancel", "\(idle)").status == 0)

            let made = try await cluster.mortise("virtual-cluster", "set", "v", "--quota", "cpu=1")
            #expect(made.status == 0, "\(made)")
            let never = try await cluster.mortise(
                "run", "--virtual-cluster", "v", "--cpus", "1.5", "--", "true")
            #expect(never.status == 4 && never.errors.contains("could never have a slot"), "\(never)")
            let job = try await cluster.submit(
                "--virtual-cluster", "v", "--slots", "3", "--cpus", "0.5", "--", "sleep", "600")
            try await eventually("2 slots of job \(job) run") {
                try await cluster.job(job).tasks.running == 2
            }
            let reason = try await cluster.mortise("explain", "job", "\(job)")
            #expect(reason.output.contains("1 are beyond a quota"), "\(reason)")
            #expect(reason.output.contains("(quota 1, used 1)"), "\(reason)")
            let stranding = try await cluster.mortise("virtual-cluster", "set", "v", "--quota", "cpu=0")
            #expect(stranding.status == 4 && stranding.errors.contains("job \(job) has 1"), "\(stranding)")
        }
    }

    /// A machine without devices says what its tool says: the rest of the way is the real one.
    private static func fakeTool(_ cluster: TestCluster) throws -> String {
        let folder = cluster.path("tools")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let uuids = ["GPU-11111111-1111-1111-1111-111111111111", "GPU-22222222-2222-2222-2222-222222222222"]
        try cluster.write(
            folder + "/nvidia-smi",
            """
            #!/bin/sh
            case "$1" in --query-gpu=*) ;; *) exit 2 ;; esac
            echo 'index, uuid, pci.bus_id, name, driver_version, memory.total [MiB], memory.used [MiB]'
            echo '0, \(uuids[0]), 00000000:01:00.0, Test GPU A, 550.1, 16384 MiB, 0 MiB'
            echo '1, \(uuids[1]), 00000000:02:00.0, Test GPU A, 550.1, 16384 MiB, 0 MiB'
            """)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: folder + "/nvidia-smi")
        return folder
    }

    @Test("A device is in one slot at a time, or in as many as its shares hold")
    func devices() async throws {
        try await TestCluster.run { cluster in
            let tools = try Self.fakeTool(cluster)
            let path = tools + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
            _ = try await cluster.start(
                Programs.agent, try await cluster.agentArguments("birch").filter { $0 != "--no-tools" },
                environment: ["PATH": path])
            try await cluster.waitForNode("birch", .ready)
            #expect(try await cluster.node("birch")?.capacity.devices.count == 2)
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "gpu",
                """
                \(ledger.append("+ $MORTISE_JOB_NAME $CUDA_VISIBLE_DEVICES"))
                sleep 0.2
                \(ledger.append("- $MORTISE_JOB_NAME $CUDA_VISIBLE_DEVICES"))
                """)
            for (name, gpus, most) in [("whole", "1", 1), ("half", "1:0.5", 2), ("both", "2", 1)] {
                let result = try await cluster.mortise(
                    "run", "--name", name, "--gpus", gpus, "--cpus", "0.1", "--slots", "6", "--wait", "--",
                    "sh",
                    script)
                #expect(result.status == 0, "\(result)")
                var users: [Substring: Int] = [:]
                for line in ledger.lines.map({ $0.split(separator: " ") }) where line[1] == name {
                    #expect(line.count == 3, "a device is visible: \(line)")
                    for device in line.dropFirst(2).joined().split(separator: ",") {
                        users[device, default: 0] += line[0] == "+" ? 1 : -1
                        #expect(users[device, default: 0] <= most, "\(device) in job \(name)")
                    }
                }
                #expect(users.count == 2 && users.values.allSatisfy { $0 == 0 }, "\(name): \(users)")
            }
            let without = try await cluster.mortise(
                "run", "--wait", "--", "sh", "-c", "test -z \"$CUDA_VISIBLE_DEVICES\"")
            #expect(without.status == 0, "a slot without devices sees none")
            let many = try await cluster.mortise("run", "--gpus", "3", "--", "true")
            #expect(many.status == 4 && many.errors.contains("2 devices"), "\(many)")
        }
    }
}
