import ClusterTypes
import JobFile
import YAMLSections
import Testing

struct RunOptionsTests {
    private func submission(_ options: RunOptions) throws -> Submission {
        try options.submission { ["HOME": "/home/ada"][$0] }
    }

    private func faults(_ options: RunOptions) -> [String] {
        do throws(RunOptionsError) {
            _ = try options.submission { _ in nil }
            return []
        } catch {
            return error.faults
        }
    }

    @Test func `A command alone is one batch slot named like its program`() throws {
        let submission = try submission(RunOptions(command: ["/usr/bin/make", "-j4"]))
        #expect(
            submission
                == Submission(
                    specification: JobSpecification(
                        app: "make", job: "make", kind: .batch, command: .argv(["/usr/bin/make", "-j4"])),
                    tasks: .none))
    }

    @Test func `All options together give the whole specification`() throws {
        var options = RunOptions(command: ["sim", "{}"])
        options.app = "physics"
        options.name = "sweep"
        options.environment = ["A=b=c", "HOME", "EMPTY="]
        options.directory = "/data"
        options.cpus = "1.5"
        options.memory = "2GiB"
        options.disk = "500MB"
        options.npus = "2:0.5"
        options.deviceMemory = "8GiB"
        options.deviceModel = "910B"
        options.pool = "default"
        options.node = "n1"
        options.arch = "arm64"
        options.labels = ["zone=a"]
        options.array = "1-1000:2"
        options.slots = "2-50"
        options.timeout = "90s"
        options.timeRequest = "1m"
        options.warnSignal = "HUP"
        options.bindsProcessors = true
        options.retries = "91:1,*:2"
        options.priority = "-7"
        options.onDisconnect = "keep"
        options.onLost = "fail"
        options.stopGrace = "10s"
        options.outputLimit = "1MiB"
        options.crashLimit = "0"

        var expected = JobSpecification(
            app: "physics", job: "sweep", kind: .tasks, command: .argv(["sim", "{}"]))
        expected.environment = ["A=b=c", "HOME=/home/ada", "EMPTY="]
        expected.directory = "/data"
        expected.resources = ResourceRequest(
            resources: Resources(milliCPU: 1_500, memoryBytes: 2 << 30, diskBytes: 500_000_000),
            devices: DeviceRequest(type: .npu, count: 2, shares: 500, memoryBytes: 8 << 30, model: "910B"))
        expected.constraints = [
            .architecture(.arm64), .pool("default"), .node("n1"), .label(key: "zone", value: "a"),
        ]
        expected.array = TaskArray(first: 1, last: 1_000, step: 2)
        expected.slots = SlotCount(minimum: 2, maximum: 50)
        expected.timeoutSeconds = 90
        expected.timeRequestSeconds = 60
        expected.warningSignal = .hup
        expected.bindsProcessors = true
        expected.retries = RetryPolicy(any: 2, rules: [.init(exitCode: 91, count: 1)])
        expected.priority = -7
        expected.onDisconnect = .keep
        expected.onLost = .fail
        expected.stopGraceSeconds = 10
        expected.outputLimitBytes = 1 << 20
        expected.crashLimit = 0
        #expect(try submission(options) == Submission(specification: expected, tasks: .none))
    }

    @Test func `Tasks come from lines, from JSON or from standard input`() throws {
        var options = RunOptions(command: ["a"])
        options.eachLine = "in.txt"
        #expect(try submission(options).tasks == .lines(path: "in.txt"))
        #expect(try submission(options).specification.kind == .tasks)
        #expect(try submission(options).specification.slots.maximum == SlotCount.asManyAsFit)
        options.eachLine = nil
        options.fromJSON = "in.json"
        #expect(try submission(options).tasks == .json(path: "in.json"))
        options.fromJSON = nil
        options.readsStandardInput = true
        #expect(try submission(options).tasks == .standardInput)
    }

    @Test func `Two sources of tasks are refused`() {
        var options = RunOptions(command: ["a"])
        options.array = "1-5"
        options.readsStandardInput = true
        #expect(faults(options) == ["the tasks come from one place; choose one of --array, --stdin"])
    }

    @Test func `A run as a job file gives the same specification`() throws {
        var options = RunOptions(command: ["sim", "{}"])
        options.name = "sweep"
        options.array = "1-10"
        options.gpus = "1:0.25"
        options.memory = "2GiB"
        options.retries = "3"
        let file = try JobFileReader.parse(
            """
            job: sweep
            command: [sim, "{}"]
            tasks: { array: 1-10 }
            resources: { memory: 2GiB, devices: { type: gpu, share: 0.25 } }
            retries: 3
            """, file: "job.yaml")
        #expect(try submission(options) == file)
    }

    @Test func `Everything that is wrong is told at once and names its option`() {
        var options = RunOptions(command: [])
        options.cpus = "0"
        options.memory = "2"
        options.gpus = "0.25"
        options.labels = ["zone"]
        options.environment = ["=x", "UNSET"]
        options.slots = "5-1"
        options.onLost = "retry"
        #expect(
            faults(options) == [
                "no command is given; write it after the options, after --",
                "--cpus: '0' cores: the least is 0.001",
                "--memory: '2' has no unit; write for example 2MB or 2GiB",
                "--gpus: '0.25' is no number of devices; write for example 2, or 1:0.25 for a quarter of one",
                "--label: 'zone' is no label; write KEY=VALUE",
                "--env: '=x' names no variable; write NAME=value",
                "--env: 'UNSET' is not set here; write UNSET=value",
                "--slots: the least number of slots (5) is above the greatest (1)",
                "--on-lost: 'retry' is not known; choose requeue, fail",
            ])
    }

    @Test func `A priority may be a word`() throws {
        var options = RunOptions(command: ["a"])
        options.priority = "urgent"
        let specification = try options.submission { _ in nil }.specification
        #expect(specification.placement.priorityClass == "urgent" && specification.priority == 0)
    }

    @Test func `The rules of every submission hold and name the option`() {
        var options = RunOptions(command: ["a"])
        options.directory = "data"
        options.timeout = "0s"
        options.priority = "2000"
        #expect(
            faults(options) == [
                "--directory must be an absolute path", "--timeout is 0, must be in 1...31536000",
                "--priority is 2000, must be in -1000...1000",
            ])
    }

    @Test func `Options of placement give the same as a job file`() throws {
        var options = RunOptions(command: ["train"])
        options.counted = ["license.matlab=2"]
        options.nodes = ["h0:1", "n-[01][01]"]
        options.labels = ["zone=a"]
        options.otherConstraints = [
            "label:ready", "!label:retired", "labels:disk=ssd,nvme", "with=db", "apart=train",
        ]
        options.preferences = ["pool=fast", "label:zone=b"]
        options.spread = "rack"
        options.slots = "4"
        options.perNode = "1"
        options.isGang = true
        options.gangPort = "29501"
        options.gangStartTimeout = "5m"
        options.virtualCluster = "physics"
        options.isPreemptible = true
        let file = try JobFileReader.parse(
            """
            job: train
            command: [train]
            resources: { counted: { license.matlab: 2 } }
            constraints:
              nodes: ["h0:1", "n-[01][01]"]
              labels: { zone: a, ready: present, retired: absent, disk: [ssd, nvme] }
              with: db
              apart: train
            prefer: { pool: fast, labels: { zone: b } }
            slots: { min: 4, max: 4, per_node: 1 }
            spread: rack
            gang: { port: 29501, start_timeout: 5m }
            virtual_cluster: physics
            preemptible: true
            """, file: "job.yaml")
        #expect(try submission(options) == file)
        options = RunOptions(command: ["a"])
        options.startRate = "10/min"
        #expect(try submission(options).specification.placement.startsPerMinute == 10)
    }

    @Test func `Wrong options of placement are told with their names`() {
        var options = RunOptions(command: ["a"])
        options.counted = ["license", "x=0", "y=z"]
        options.nodes = ["n-(", "h0:0"]
        options.otherConstraints = ["zone=a"]
        options.preferences = ["near=x"]
        options.perNode = "x"
        options.gangPort = "1"
        options.startRate = "10"
        options.freeSpace = ["/scratch", "=1GiB", "/s=1"]
        options.checkInterval = "5"
        #expect(
            faults(options) == [
                "--counted: 'license' counts nothing; write NAME=COUNT, for example license.matlab=2",
                "--counted: 0 of it; leave it out, or ask for at least 1",
                "--counted: 'z' is no whole number",
                "--nodes: 'n-(' is no pattern of node names: character 3: '(' is not closed by ')'",
                "--nodes: 'h0:0' asks for 0 slots on a node; the least is 1",
                "--constraint: 'zone=a' is no constraint; write \(Constraint.forms)",
                "--prefer: 'near=x' is no constraint; write \(Constraint.forms)",
                "--per-node: 'x' is no whole number",
                "--gang-port and --gang-start-timeout need --gang",
                "--start-rate: '10' is no rate; write for example 10/min",
                "--free-space: '/scratch' is no path with an amount; write for example /scratch=50GiB",
                "--free-space: '=1GiB' is no path with an amount; write for example /scratch=50GiB",
                "--free-space: '1' has no unit; write for example 1MB or 1GiB",
                "--check-interval: '5' has no unit; write for example 5s (units are ms s m h d)",
            ])
        options = RunOptions(command: ["a"])
        options.isGang = true
        options.gangStartTimeout = "2d"
        options.perNode = "0"
        options.spread = ""
        options.preferences = ["nodes=a:1"]
        options.otherConstraints = ["label:a=b", "labels:a=b,c "]
        #expect(
            faults(options) == [
                "one of --arch, --pool, --node, --nodes, --label, --constraint ([1]) begins or ends with a space",
                "--prefer ([0]) has a count of slots; only a constraint limits them",
                "--per-node is 0, must be in 1...1000000", "--spread is empty",
                "--gang is of 1 slots, must be of 2...10000",
                "--gang-start-timeout is 172800, must be in 1...86400",
            ])
    }

    @Test func `Devices of two types or wishes without devices are refused`() {
        var options = RunOptions(command: ["a"])
        options.gpus = "1"
        options.npus = "1"
        #expect(faults(options) == ["a slot has devices of one type; choose --gpus or --npus"])
        options = RunOptions(command: ["a"])
        options.deviceModel = "A100"
        #expect(
            faults(options) == [
                "--device-memory, --device-memory-share and --device-model need --gpus or --npus"
            ])
    }

    @Test func `A share by memory and a set of models say the same as in a job file`() throws {
        var options = RunOptions(command: ["a"])
        options.gpus = "2"
        options.deviceMemoryShare = "20GiB"
        options.deviceModel = "A100|H100"
        let file = try JobFileReader.parse(
            """
            job: a
            command: [a]
            resources: { devices: { type: gpu, count: 2, memory_share: 20GiB, model: A100|H100 } }
            """, file: "job.yaml")
        let wanted = DeviceRequest(
            type: .gpu, count: 2, memoryShareBytes: 20 << 30, model: "A100|H100")
        #expect(file.specification.resources.devices == wanted)
        #expect(try options.submission { _ in nil }.specification == file.specification)
        options.gpus = "2:0.5"
        options.deviceModel = "A100||H100"
        #expect(
            faults(options) == [
                "--device-memory-share does not go with a share behind --gpus or --npus: give one of them"
            ])
        options.gpus = "2"
        options.deviceMemoryShare = "0B"
        #expect(
            faults(options) == [
                "--device-memory-share is 0, must be in 1...\(1 << 60 as Int64)",
                "--device-model 'A100||H100' names no model before, between or after '|'",
            ])
    }
}
