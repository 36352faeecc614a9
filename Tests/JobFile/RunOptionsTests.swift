import ClusterTypes
import JobFile
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

    @Test func `Devices of two types or wishes without devices are refused`() {
        var options = RunOptions(command: ["a"])
        options.gpus = "1"
        options.npus = "1"
        #expect(faults(options) == ["a slot has devices of one type; choose --gpus or --npus"])
        options = RunOptions(command: ["a"])
        options.deviceModel = "A100"
        #expect(faults(options) == ["--device-memory and --device-model need --gpus or --npus"])
    }
}
