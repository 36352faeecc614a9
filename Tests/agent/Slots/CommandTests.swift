import ClusterTypes
import Foundation
import Platform
import ProtocolMessages
import Testing

@testable import AgentSlots

@Suite("Commands", .timeLimit(.minutes(2)))
struct CommandTests {
    @Test func `a command that succeeds finishes its slot`() async throws {
        let node = try await Node()
        let end = try await node.run(.argv(["/bin/true"]))
        #expect(end.state == .finished)
        #expect(end.exitCode == 0)
        #expect(end.reason == "")
    }

    @Test func `a command that fails ends with its code and the end of its stderr`() async throws {
        let node = try await Node()
        let end = try await node.run(.script("echo out; echo 'it broke' >&2; exit 3"))
        #expect(end.state == .failed)
        #expect(end.exitCode == 3)
        #expect(end.reason == "exit code 3: it broke")
    }

    @Test func `a command that a signal ended has 128 and its number`() async throws {
        let node = try await Node()
        let end = try await node.run(.script("kill -SEGV $$"))
        #expect(end.exitCode == 139)
        #expect(end.reason == "killed by signal 11 (SEGV)")
    }

    @Test func `a program that does not exist is 127`() async throws {
        let node = try await Node()
        let end = try await node.run(.argv(["foo-is-missing"]))
        #expect(end.state == .failed)
        #expect(end.exitCode == 127)
        #expect(end.reason == "cannot run 'foo-is-missing': no such file or directory")
        let second = try await Node().run(.argv(["/nowhere/foo"]))
        #expect(second.exitCode == 127)
        #expect(second.reason == "cannot run '/nowhere/foo': no such file or directory")
    }

    @Test func `a file that cannot be run is 126`() async throws {
        let end = try await Node().run(.argv(["/etc/passwd"]))
        #expect(end.exitCode == 126)
        #expect(end.reason == "cannot run '/etc/passwd': permission denied")
        let folder = try await Node().run(.argv(["/bin/true"])) { $0.directory = "/nowhere" }
        #expect(folder.exitCode == 126)
        #expect(folder.reason == "cannot enter the command's folder '/nowhere': no such file or directory")
        let interpreter = try await Node().run(.script("#!/nowhere/python\nprint()"))
        #expect(interpreter.exitCode == 127)
        #expect(interpreter.reason == "cannot run '/nowhere/python': no such file or directory")
    }

    @Test func `a timeout is 124, also for a command that ignores TERM`() async throws {
        let node = try await Node()
        let end = try await node.run(.script("trap '' TERM; echo started; while :; do sleep 1; done")) {
            $0.timeoutSeconds = 1
            $0.stopGraceSeconds = 1
        }
        #expect(end.state == .failed)
        #expect(end.exitCode == 124)
        #expect(end.reason == "ended after its timeout of 1 s")
        let obedient = try await Node().run(.script("trap 'exit 0' TERM; sleep 60 & wait")) {
            $0.timeoutSeconds = 1
            $0.stopGraceSeconds = 30
        }
        #expect(obedient.exitCode == 124)
    }

    @Test func `whatever a command leaves behind ends with it, in its group or out of it`() async throws {
        let node = try await Node()
        let marker = "MORTISE_TEST_MARKER=\(UInt64.random(in: 0...UInt64.max))"
        let end = try await node.run(
            .script(
                """
                sleep 1000 & sh -c 'sleep 1000 & sleep 1000' &
                setsid sleep 1000 & setsid sh -c 'trap "" TERM HUP; setsid sleep 1000; sleep 1000' &
                while [ $(grep -lz "^\(marker)$" /proc/[0-9]*/environ 2>/dev/null | wc -l) -lt 7 ]; do :; done
                exit 0
                """)
        ) { $0.environment = [marker] }
        #expect(end.exitCode == 0)
        #expect(ProcessTable.all(withVariable: marker) == [])
    }

    @Test func `a process elsewhere that keeps the output open does not hold up the end`() async throws {
        let node = try await Node()
        // The supervisor's own sibling in the test: holds the pipe through a descriptor passed by /proc.
        let end = try await node.run(.script("exec 3<>/proc/self/fd/1; sleep 100 & exit 4"))
        #expect(end.exitCode == 4)
    }

    @Test func `a gigabyte of output takes no more than its limit and blocks nobody`() async throws {
        let node = try await Node()
        let assignment = Assignment.batch(.argv(["head", "-c", "1000000000", "/dev/zero"])) {
            $0.outputLimitBytes = 1 << 20
        }
        try await node.start(assignment)
        let end = try await node.log.end(assignment.key)
        #expect(end.exitCode == 0)
        let sizes = ["stdout", "stdout.1"].map {
            FileStatus(of: node.slotFolder(assignment.key) + "/" + $0)?.sizeBytes ?? 0
        }
        #expect(sizes[0] + sizes[1] <= 1 << 20)
        #expect(sizes[1] > 500_000)
        let (text, error) = try await node.readLog(assignment.key)
        #expect(error == nil)
        let kept = text.utf8.drop { $0 != UInt8(ascii: "\n") }.dropFirst()
        #expect(text.hasPrefix("[mortise: the first \(1_000_000_000 - kept.count) bytes were dropped]\n"))
        #expect(kept.allSatisfy { $0 == 0 })
    }

    @Test func `a command sees the documented environment and nothing else`() async throws {
        let node = try await Node()
        let assignment = Assignment.batch(.argv(["env"])) {
            $0.environment = ["SECRET=s e=cret", "TZ=Mars"]
            $0.resources.resources.milliCPU = 1_500
        }
        try await node.start(assignment)
        _ = try await node.log.end(assignment.key)
        let lines = try await node.readLog(assignment.key).text.split(separator: "\n").map(String.init)
        var found: [String: String] = [:]
        for line in lines {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            found[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
        }
        let folder = node.slotFolder(assignment.key)
        for (name, value) in [
            "MORTISE_JOB": "7", "MORTISE_APP": "app", "MORTISE_JOB_NAME": "job", "MORTISE_SLOT": "1",
            "MORTISE_GENERATION": "1", "MORTISE_NODE": "node-1", "MORTISE_DIRECTORY": folder + "/work",
            "TMPDIR": folder + "/temporary", "OMP_NUM_THREADS": "2", "SECRET": "s e=cret", "TZ": "Mars",
        ] { #expect(found[name] == value, "\(name)") }
        let known: Set<String> = [
            "MORTISE_JOB", "MORTISE_APP", "MORTISE_JOB_NAME", "MORTISE_SLOT", "MORTISE_GENERATION",
            "MORTISE_NODE",
            "MORTISE_DIRECTORY", "TMPDIR", "OMP_NUM_THREADS", "SECRET", "TZ", "PATH", "HOME", "USER", "LANG",
        ]
        #expect(Set(found.keys).subtracting(known) == [])
        #expect(!node.text(assignment.key, "supervisor.log").contains("cret"))
    }

    @Test func `a slot of a gang has a hostfile in its own folder`() async throws {
        let node = try await Node()
        let assignment = Assignment.batch(.script("echo \"$MORTISE_HOSTFILE\"; cat \"$MORTISE_HOSTFILE\"")) {
            $0.environment = ["MORTISE_HOSTS=10.0.0.1:2,n-01.example.org:1,fd00::7:4"]
            $0.directory = "/"
        }
        try await node.start(assignment)
        let end = try await node.log.end(assignment.key)
        #expect(end.exitCode == 0)
        #expect(
            try await node.readLog(assignment.key).text == """
                \(node.slotFolder(assignment.key))/hostfile
                10.0.0.1 slots=2
                n-01.example.org slots=1
                fd00::7 slots=4

                """)
    }

    @Test(arguments: [[], ["MORTISE_HOSTS=a:0"]])
    func `a slot without a list of nodes has no hostfile`(environment: [String]) async throws {
        let node = try await Node()
        let assignment = Assignment.batch(.script("echo \"[${MORTISE_HOSTFILE-unset}]\"; ls ..")) {
            $0.environment = environment
        }
        try await node.start(assignment)
        _ = try await node.log.end(assignment.key)
        let text = try await node.readLog(assignment.key).text
        #expect(text.hasPrefix("[unset]\n") && !text.contains("hostfile"))
    }

    @Test func `a slot of a gang with NPUs has a rank table in its own folder, and one without has none`()
        async throws
    {
        let node = try await Node()
        let script = "echo \"[${RANK_TABLE_FILE-unset}]\"; tr -d ' \\n' < \"${RANK_TABLE_FILE-/dev/null}\""
        var assignment = Assignment.batch(.script(script))
        assignment.rankTable = RankTable(servers: [
            .init(address: "10.0.0.1", devices: [.init(physicalID: 3, address: nil)])
        ])
        try await node.start(assignment)
        #expect(try await node.log.end(assignment.key).exitCode == 0)
        #expect(
            try await node.readLog(assignment.key).text == """
                [\(node.slotFolder(assignment.key))/rank_table.json]
                {"version":"1.0","server_count":"1","server_list":[{"server_id":"10.0.0.1",\
                "device":[{"device_id":"3","rank_id":"0"}],"host_nic_ip":"reserve"}],"status":"completed"}
                """)
        #expect(node.text(assignment.key, "supervisor.log").contains("no device_ip for NPU 3 of 10.0.0.1"))
        let other = Assignment.batch(.script(script), slot: 2)
        try await node.start(other)
        _ = try await node.log.end(other.key)
        #expect(try await node.readLog(other.key).text == "[unset]\n")
    }

    @Test func `a command sees the devices that its slot was given`() async throws {
        let node = try await Node()
        let devices = (0..<3).map {
            DeviceReport(
                type: .gpu, vendor: "nvidia", model: "H200", index: UInt32($0), visibleID: "GPU-\($0)")
        }
        var assignment = Assignment.batch(
            .script("echo \"[$CUDA_VISIBLE_DEVICES][${ASCEND_RT_VISIBLE_DEVICES-unset}]\""))
        assignment.devices = [DeviceGrant(device: 2, shares: 1_000), DeviceGrant(device: 0, shares: 500)]
        try await node.start(assignment, devices: devices)
        _ = try await node.log.end(assignment.key)
        #expect(try await node.readLog(assignment.key).text == "[GPU-0,GPU-2][unset]\n")

        var foreign = Assignment.batch(.argv(["/bin/true"]), slot: 2)
        foreign.devices = [DeviceGrant(device: 3, shares: 1_000)]
        try await node.start(foreign, devices: devices)
        let end = try await node.log.end(foreign.key)
        #expect(end.state == .failed)
        #expect(end.reason.contains("device 3 was granted, and this node has 3"))
    }

    @Test func `a slot that says so is bound to the processors near its devices`() async throws {
        let node = try await Node()
        var devices = (0..<2).map {
            DeviceReport(
                type: .gpu, vendor: "nvidia", model: "H200", index: UInt32($0), visibleID: "GPU-\($0)")
        }
        devices[0].memoryNode = 0
        let processor = try #require(ProcessorList.parse(Self.allowedProcessors())?.last)
        let memoryNodes = [MemoryNodeReport(number: 0, processors: "\(processor)")]
        var assignment = Assignment.batch(
            .script("sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status"))
        assignment.specification.bindsProcessors = true
        assignment.devices = [DeviceGrant(device: 0, shares: 1_000)]
        try await node.start(assignment, devices: devices, memoryNodes: memoryNodes)
        _ = try await node.log.end(assignment.key)
        #expect(try await node.readLog(assignment.key).text == "\(processor)\n")

        assignment.key = SlotKey(SlotID(2), assignment.key.generation)
        assignment.devices = [DeviceGrant(device: 1, shares: 1_000)]
        try await node.start(assignment, devices: devices, memoryNodes: memoryNodes)
        _ = try await node.log.end(assignment.key)
        #expect(try await node.readLog(assignment.key).text == Self.allowedProcessors() + "\n")
        #expect(node.text(assignment.key, "supervisor.log").contains("bind_cpus: it is not known which"))

        assignment.key = SlotKey(SlotID(3), assignment.key.generation)
        assignment.devices = [DeviceGrant(device: 0, shares: 1_000)]
        let elsewhere = [MemoryNodeReport(number: 0, processors: "60000-60001")]
        try await node.start(assignment, devices: devices, memoryNodes: elsewhere)
        _ = try await node.log.end(assignment.key)
        #expect(try await node.readLog(assignment.key).text == Self.allowedProcessors() + "\n")
        #expect(
            node.text(assignment.key, "supervisor.log").contains(
                "bind_cpus: cannot be bound to processors: invalid argument 60000-60001; it runs on any"))
    }

    /// As the kernel lists them for this process.
    private static func allowedProcessors() throws -> String {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") })
        return line.split(separator: "\t").last.map(String.init) ?? ""
    }

    @Test func `a script runs with the interpreter of its first line in the slot's own folder`() async throws
    {
        let node = try await Node()
        let assignment = Assignment.batch(.script("#!/bin/sh -e\npwd; stat -c %a .; cat; false; echo no"))
        try await node.start(assignment)
        let end = try await node.log.end(assignment.key)
        #expect(end.exitCode == 1)
        let folder = node.slotFolder(assignment.key) + "/work"
        #expect(try await node.readLog(assignment.key).text == "\(folder)\n700\n")
    }

    @Test func `nothing of the agent's descriptors and signals reaches a command`() async throws {
        let node = try await Node()
        let assignment = Assignment.batch(
            .script(
                "ls /proc/self/fd | tr '\\n' ' '; echo; sed -n 's/^Sig[IB][gl][nk]://p' /proc/self/status"))
        try await node.start(assignment)
        _ = try await node.log.end(assignment.key)
        let lines = try await node.readLog(assignment.key).text.split(separator: "\n")
        // The last one is the folder that is listed.
        #expect(lines.first == "0 1 2 3 ")
        let masks = lines.dropFirst().compactMap { UInt64($0.drop { $0 == "\t" }, radix: 16) }
        // The C library keeps the signals from 32 on for itself.
        #expect(masks.map { $0 & 0x7FFF_FFFF } == [0, 0])
    }
}
