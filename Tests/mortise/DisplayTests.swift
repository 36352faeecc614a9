import APITypes
import ClusterTypes
import Terminal
import Testing

@testable import mortise

struct TimestampTests {
    @Test(arguments: [
        "1970-01-01T00:00:00.000000Z", "2026-07-01T09:05:03.000250Z", "2000-02-29T23:59:59.999999Z",
        "2100-03-01T00:00:00.000001Z", "1969-12-31T23:59:59.500000Z",
    ])
    func `Times of the API are read as they were written`(text: String) throws {
        #expect(try #require(Timestamp.parse(text)).rfc3339 == text)
    }

    @Test func `Any number of digits after the second is understood`() {
        #expect(Timestamp.parse("1970-01-01T00:00:01Z") == Instant(microseconds: 1_000_000))
        #expect(Timestamp.parse("1970-01-01T00:00:01.5Z") == Instant(microseconds: 1_500_000))
        #expect(Timestamp.parse("1970-01-01T00:00:01.123456789Z") == Instant(microseconds: 1_123_456))
    }

    @Test(arguments: [
        "", "now", "2026-07-01", "2026-07-01T09:05:03", "2026-13-01T09:05:03Z", "2026-07-01T09:05:03.Z",
    ])
    func `Other texts are no times`(text: String) {
        #expect(Timestamp.parse(text) == nil)
        #expect(Timestamp.age(text, now: .epoch) == "-")
    }

    @Test func `Ages count from now`() {
        let now = Instant(microseconds: 200_000_000)
        #expect(Timestamp.age("1970-01-01T00:00:20.000000Z", now: now) == "3m")
        #expect(Timestamp.age(nil, now: now) == "-")
        #expect(
            Timestamp.dated("1970-01-01T00:00:20.000000Z", now: now) == "1970-01-01 00:00:20 UTC (3m ago)")
    }
}

struct RowTests {
    private let now = Instant(microseconds: 200_000_000)
    private let time = "1970-01-01T00:00:20.000000Z"

    private func table<Row: ListDisplayable>(_ rows: [Row]) -> String {
        Display(format: .table, isQuiet: false, device: .plain).text(list: rows) { "" }
    }

    @Test func `Jobs are a table`() {
        var view = JobView.sample(total: 1_000, succeeded: 998, failed: 2, isOpen: true)
        view.submittedAt = time
        #expect(
            table([JobDisplay(view: view, now: now)]) == """
                job  name  app  kind   state    done  running  failed  total  age  reason
                 12  job   app  tasks  running   998        0       2  1000+   3m  -

                """)
    }

    @Test func `Tasks are a table`() {
        let view = TaskView(
            job: JobID(12), index: 7, state: .failed, attempt: 3, exitCode: 137,
            reason: "killed\nby signal 9",
            slot: SlotID(40), node: NodeID(3), nodeName: "n1", durationSeconds: 3.25)
        #expect(
            table([TaskDisplay(view: view, now: now)]) == """
                task  state   attempt  exit  node  slot  time  reason
                   7  failed        3   137  n1      40    3s  killed\\nby signal 9

                """)
    }

    @Test func `Slots are a table`() {
        let view = SlotView(
            slot: SlotID(40), generation: Generation(2), job: JobID(12), state: .running, reason: "",
            node: NodeID(3), nodeName: "n1",
            devices: [DeviceGrant(device: 0, shares: 1_000), DeviceGrant(device: 1, shares: 250)], tasks: 4,
            createdAt: time, since: time)
        #expect(
            table([SlotDisplay(view: view, now: now)]) == """
                slot  job  state    node  tasks  exit  devices      since  reason
                  40   12  running  n1        4     -  0, 1 (0.25)     3m  -

                """)
    }

    @Test func `Nodes are a table`() {
        let gpu = DeviceCapacity(type: .gpu, model: "A100", memoryBytes: 80 << 30)
        var broken = gpu
        broken.isUsable = false
        let view = NodeView(
            node: NodeID(3), name: "n1", pool: "default", state: .ready, reason: "", since: time,
            address: "10.0.0.1",
            build: "0.1.0", labels: [],
            capacity: NodeCapacity(
                resources: Resources(milliCPU: 63_500, memoryBytes: 256 << 30), devices: [gpu, broken],
                architecture: .amd64),
            endsAt: (now + .seconds(57 * 60)).rfc3339,
            load: NodeLoadView(
                at: time, loadAverage: 1.256, processorPercent: 3, memoryUsedBytes: 5, runningSlots: 2))
        #expect(
            table([NodeDisplay(view: view, now: now)]) == """
                node  name  pool     state  arch   cpus   memory  devices                slots  load  ends in  since  reason
                   3  n1    default  ready  amd64  63.5  256 GiB  2 × A100 (1 unusable)      2  1.26      57m     3m  -

                """)
    }

    @Test func `A job's details say what was asked for in the words of the job file`() {
        var view = JobView.sample(total: 5)
        var specification = JobSpecification(
            app: "app", job: "job", kind: .tasks, command: .argv(["sim", "{}", "it's here"]))
        specification.resources.devices = DeviceRequest(
            type: .gpu, count: 1, shares: 250, memoryBytes: 10 << 30, model: "A100")
        specification.retries = RetryPolicy(any: 2, rules: [.init(exitCode: 91, count: 1)])
        view.specification = specification
        let details = JobDisplay(view: view, now: now).details
        func value(_ name: String) -> String? { details.first { $0.name == name }?.value.text }
        #expect(value("command") == #"sim {} 'it'\''s here'"#)
        #expect(value("resources") == "1 cpu, 0.25 of 1 gpu (A100, at least 10 GiB)")
        #expect(value("retries") == "91:1, *:2")
        #expect(value("timeout") == "none")
        for name in [
            "alternatives", "prefer", "spread", "gang", "virtual_cluster", "preemptible", "start_rate",
            "admission",
        ] {
            #expect(value(name) == nil, "\(name)")
        }
    }

    @Test func `What was asked of places is shown where it was`() {
        var specification = JobSpecification(app: "app", job: "job", kind: .service, command: .argv(["a"]))
        specification.resources.counted = [CountedResource("license.matlab", 2)]
        specification.constraints = [.nodes(pattern: "n-[01]", slots: 4), .lacksLabel("retired")]
        specification.slots = SlotCount(minimum: 1, maximum: 1_000_000)
        specification.placement.alternatives = [
            ResourceRequest(resources: Resources(milliCPU: 64_000)),
            ResourceRequest(
                devices: DeviceRequest(type: .npu, count: 8, memoryShareBytes: 20 << 30, model: "910B|310P")),
        ]
        specification.placement.preferences = [.pool("fast"), .apart(job: "web")]
        specification.placement.slotsPerNode = 2
        specification.placement.spread = "zone"
        specification.placement.gang = Gang(port: 7, startSeconds: 90)
        specification.placement.virtualCluster = "physics"
        specification.placement.isPreemptible = true
        specification.placement.startsPerMinute = 10
        specification.admission = Admission()
        specification.admission?.freeSpace = [.init("/scratch", 50 << 30)]
        specification.admission?.directoryQuota = [.init("/out", 1 << 40)]
        specification.admission?.check = "test -e /go"
        let details = SpecificationDisplay(specification: specification).details
        func value(_ name: String) -> String? { details.first { $0.name == name }?.value.text }
        #expect(value("resources") == "1 cpu, 2 license.matlab")
        #expect(value("alternatives") == "64 cpus; or 1 cpu, 20 GiB of 8 npus (910B|310P)")
        #expect(value("constraints") == "nodes=n-[01]:4, !label:retired")
        #expect(value("prefer") == "pool=fast, apart=web")
        #expect(value("slots") == "1 to as many as fit, at most 2 on a node")
        #expect(value("spread") == "zone")
        #expect(value("gang") == "port 7, all start within 1m30s")
        #expect(value("virtual_cluster") == "physics")
        #expect(value("preemptible") == "true")
        #expect(value("start_rate") == "10/min")
        #expect(
            value("admission")
                == "50 GiB free at /scratch, /out below 1 TiB, 'test -e /go'; looked at every 10s")
    }

    @Test func `The cluster's counts are in the order of the states`() {
        let view = ClusterView(
            cluster: "c", version: "0.1.0", startedAt: time, revision: 1, nodes: ["lost": 1, "ready": 3],
            slots: [:],
            activeJobs: 2, milliCPU: 8_000, memoryBytes: 1 << 30, devices: 1,
            notices: ["a pool is silent"])
        let details = ClusterDisplay(view: view, now: now).details
        #expect(details.first { $0.name == "nodes" }?.value.text == "3 ready, 1 lost")
        #expect(details.first { $0.name == "slots" }?.value.text == "-")
        #expect(details.first { $0.name == "offers" }?.value.text == "8 cpus, 1 GiB memory, 1 device")
        #expect(details.last?.value.text == "a pool is silent")
    }
}
