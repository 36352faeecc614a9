import APITypes
import ClusterTypes
import JobFile
import Testing

struct JobFileTests {
    private func parse(_ text: String) throws -> Submission {
        try JobFileReader.parse(text, file: "job.yaml")
    }

    @Test func `A job file with every key gives the whole specification`() throws {
        let submission = try parse(
            """
            app: imaging
            job: thumbnails
            kind: tasks
            command: [convert, "{}", -quality, 90, out.png]
            env: { OMP_NUM_THREADS: 4, FLAG: no, EMPTY: "" }
            directory: /data
            runtime: process
            resources:
              cpus: 1.5
              memory: 2GiB
              disk: 500MB
              devices: { type: gpu, count: 2, share: 0.25, memory: 10GiB, model: A100 }
            constraints: { arch: arm64, pool: default, node: n1, labels: { zone: a, rack: 7 } }
            slots: { min: 1, max: 100 }
            tasks: { array: 1-1000:2 }
            timeout: 1h30m
            time_request: 10m
            warn_signal: USR1
            bind_cpus: true
            retries: 91:1, 92:3, *:2
            priority: -10
            on_disconnect: keep
            on_lost: fail
            stop_grace: 10s
            output_limit: 1MiB
            crash_limit: 5
            """)
        var expected = JobSpecification(
            app: "imaging", job: "thumbnails", kind: .tasks,
            command: .argv(["convert", "{}", "-quality", "90", "out.png"]))
        expected.environment = ["OMP_NUM_THREADS=4", "FLAG=no", "EMPTY="]
        expected.directory = "/data"
        expected.resources = ResourceRequest(
            resources: Resources(milliCPU: 1_500, memoryBytes: 2 << 30, diskBytes: 500_000_000),
            devices: DeviceRequest(type: .gpu, count: 2, shares: 250, memoryBytes: 10 << 30, model: "A100"))
        expected.constraints = [
            .architecture(.arm64), .pool("default"), .node("n1"), .label(key: "zone", value: "a"),
            .label(key: "rack", value: "7"),
        ]
        expected.slots = SlotCount(minimum: 1, maximum: 100)
        expected.array = TaskArray(first: 1, last: 1_000, step: 2)
        expected.timeoutSeconds = 5_400
        expected.timeRequestSeconds = 600
        expected.warningSignal = .usr1
        expected.bindsProcessors = true
        expected.retries = RetryPolicy(
            any: 2, rules: [.init(exitCode: 91, count: 1), .init(exitCode: 92, count: 3)])
        expected.priority = -10
        expected.onDisconnect = .keep
        expected.onLost = .fail
        expected.stopGraceSeconds = 10
        expected.outputLimitBytes = 1 << 20
        expected.crashLimit = 5
        #expect(submission == Submission(specification: expected, tasks: .none))
    }

    @Test func `What is left out has the documented defaults`() throws {
        let submission = try parse("job: hello\ncommand: [echo, hello]\n")
        #expect(
            submission
                == Submission(
                    specification: JobSpecification(
                        app: "hello", job: "hello", kind: .batch, command: .argv(["echo", "hello"])),
                    tasks: .none))
    }

    @Test func `Tasks without a kind make a job of kind tasks with as many slots as fit`() throws {
        let submission = try parse("job: j\ncommand: [a]\ntasks: { list: [x, 2, yes] }\n")
        #expect(submission.specification.kind == .tasks)
        #expect(submission.specification.slots == SlotCount(minimum: 1, maximum: SlotCount.asManyAsFit))
        #expect(submission.tasks == .list(["x", "2", "yes"]))
        #expect(submission.specification.isOpen == false)
    }

    @Test func `A script keeps its lines`() throws {
        let submission = try parse("job: j\nscript: |\n  #!/bin/bash\n  echo $MORTISE_TASK\n")
        #expect(submission.specification.command == .script("#!/bin/bash\necho $MORTISE_TASK\n"))
    }

    @Test func `A command of one word is that program`() throws {
        #expect(try parse("job: j\ncommand: ./run.sh\n").specification.command == .argv(["./run.sh"]))
    }

    @Test func `Slots may be one number or one end of a range`() throws {
        func slots(_ text: String, kind: String = "batch") throws -> SlotCount {
            try parse("job: j\nkind: \(kind)\ncommand: [a]\nslots: \(text)\n").specification.slots
        }
        #expect(try slots("4") == SlotCount(minimum: 4, maximum: 4))
        #expect(try slots("{ min: 3 }") == SlotCount(minimum: 3, maximum: 3))
        #expect(try slots("{ max: 3 }", kind: "service") == SlotCount(minimum: 1, maximum: 3))
    }

    @Test func `Retries are a number, rules as text or rules as keys`() throws {
        func retries(_ text: String) throws -> RetryPolicy {
            try parse("job: j\ncommand: [a]\nretries: \(text)\n").specification.retries
        }
        #expect(try retries("3") == RetryPolicy(any: 3))
        #expect(try retries("\"91, *:2\"") == RetryPolicy(any: 2, rules: [.init(exitCode: 91, count: 1)]))
        #expect(
            try retries("{ \"91\": 1, \"*\": 2 }")
                == RetryPolicy(any: 2, rules: [.init(exitCode: 91, count: 1)])
        )
    }

    @Test func `Task files are found beside the job file and absolute paths stay`() throws {
        func source(_ tasks: String, file: String) throws -> TaskSource {
            try JobFileReader.parse("job: j\ncommand: [a]\ntasks: \(tasks)\n", file: file).tasks
        }
        #expect(try source("{ lines: in.txt }", file: "sub/job.yaml") == .lines(path: "sub/in.txt"))
        #expect(try source("{ lines: in.txt }", file: "job.yaml") == .lines(path: "in.txt"))
        #expect(try source("{ json: /abs/in.json }", file: "sub/job.yaml") == .json(path: "/abs/in.json"))
    }

    @Test func `An open job may begin with no tasks or with some`() throws {
        let empty = try parse("job: j\ncommand: [a]\ntasks: { open: true }\n")
        #expect(empty.specification.isOpen)
        #expect(empty.tasks == .list([]))
        let some = try parse("job: j\ncommand: [a]\ntasks: { open: true, list: [a] }\n")
        #expect(some.specification.isOpen)
        #expect(some.tasks == .list(["a"]))
    }

    @Test func `Anchors and aliases work`() throws {
        let submission = try parse("job: &name j\napp: *name\ncommand: [a]\n")
        #expect(submission.specification.app == "j")
    }
}
