import ClusterTypes
import JobFile
import Testing

@Suite("Placement in job files")
struct PlacementTests {
    private func parse(_ line: String, kind: String = "batch") throws -> JobSpecification {
        try JobFileReader.parse("job: j\ncommand: [a]\nkind: \(kind)\n\(line)\n", file: "job.yaml")
            .specification
    }

    /// Of one wrong line, the fourth.
    private func fault(_ line: String, kind: String = "batch") -> String {
        do {
            _ = try parse(line, kind: kind)
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func `Everything that may be asked of places is read`() throws {
        let specification = try parse(
            """
            resources:
              cpus: 8
              counted: { license.matlab: 2, network.mbps: 10000 }
              alternatives:
                - { cpus: 64, memory: 1GiB }
                - { devices: { type: npu, count: 8 }, counted: { license.matlab: 1 } }
            constraints:
              nodes: ["h0:1", 'n-[01][01]:4', c.+]
              labels: { zone: a, disk: [ssd, nvme], gpu-ready: present, retired: absent }
              with: db
              apart: [j, web]
            priority: urgent
            prefer: { arch: arm64, labels: { zone: b, fast: present } }
            slots: { min: 4, max: 4, per_node: 1 }
            spread: zone
            gang: { port: 29501, start_timeout: 5m }
            virtual_cluster: physics
            preemptible: true
            """)
        var expected = JobSpecification(app: "j", job: "j", kind: .batch, command: .argv(["a"]))
        expected.resources = ResourceRequest(resources: Resources(milliCPU: 8_000))
        expected.resources.counted = [
            CountedResource("license.matlab", 2), CountedResource("network.mbps", 10_000),
        ]
        expected.placement.alternatives = [
            ResourceRequest(resources: Resources(milliCPU: 64_000, memoryBytes: 1 << 30)),
            ResourceRequest(devices: DeviceRequest(type: .npu, count: 8)),
        ]
        expected.placement.alternatives[1].counted = [CountedResource("license.matlab", 1)]
        expected.constraints = [
            .nodes(pattern: "h0", slots: 1), .nodes(pattern: "n-[01][01]", slots: 4),
            .nodes(pattern: "c.+", slots: nil), .label(key: "zone", value: "a"),
            .labelAmong(key: "disk", values: ["ssd", "nvme"]), .hasLabel("gpu-ready"), .lacksLabel("retired"),
            .with(job: "db"), .apart(job: "j"), .apart(job: "web"),
        ]
        expected.placement.preferences = [
            .architecture(.arm64), .label(key: "zone", value: "b"), .hasLabel("fast"),
        ]
        expected.slots = SlotCount(minimum: 4, maximum: 4)
        expected.placement.slotsPerNode = 1
        expected.placement.spread = "zone"
        expected.placement.gang = Gang(port: 29_501, startSeconds: 300)
        expected.placement.virtualCluster = "physics"
        expected.placement.isPreemptible = true
        expected.placement.priorityClass = "urgent"
        #expect(specification == expected)
    }

    @Test func `Present and absent in quotes or in a list are values`() throws {
        #expect(
            try parse("constraints: { labels: { a: \"present\", b: 'absent', c: [present], d: \"\" } }")
                .constraints == [
                    .label(key: "a", value: "present"), .label(key: "b", value: "absent"),
                    .labelAmong(key: "c", values: ["present"]), .label(key: "d", value: ""),
                ])
    }

    @Test func `One pattern or job needs no list`() throws {
        #expect(
            try parse("constraints: { nodes: h.+, apart: [x] }").constraints
                == [.nodes(pattern: "h.+", slots: nil), .apart(job: "x")])
    }

    @Test func `A gang is said with true or with its keys`() throws {
        #expect(try parse("slots: 2\ngang: true").placement.gang == Gang())
        #expect(try parse("gang: false").placement.gang == nil)
        #expect(try parse("slots: 2\ngang: { port: 7 }").placement.gang == Gang(port: 7))
        #expect(
            try parse("slots: 2\ngang: { start_timeout: 90s }").placement.gang == Gang(startSeconds: 90))
    }

    @Test func `A service may have a slot on every node`() throws {
        let all = SlotCount(minimum: 1, maximum: SlotCount.asManyAsFit)
        let every = try parse("slots: per-node", kind: "service")
        #expect(every.slots == all && every.placement.slotsPerNode == 1)
        let two = try parse("slots: { per_node: 2 }", kind: "service")
        #expect(two.slots == all && two.placement.slotsPerNode == 2)
        let four = try parse("slots: { max: 4, per_node: 2 }", kind: "service")
        #expect(four.slots == SlotCount(minimum: 1, maximum: 4) && four.placement.slotsPerNode == 2)
        let counted = try parse(
            "slots: per-node\nconstraints: { nodes: [\"a:1\", \"b:2\"] }", kind: "service")
        #expect(counted.slots == all && counted.placement.slotsPerNode == nil)
        let mixed = try parse("slots: per-node\nconstraints: { nodes: [\"a:3\", b] }", kind: "service")
        #expect(mixed.slots == all && mixed.placement.slotsPerNode == 1)
    }

    @Test func `Slots of other kinds are limited on each node and keep their number`() throws {
        let batch = try parse("slots: { min: 3, per_node: 1 }")
        #expect(batch.slots == SlotCount(minimum: 3, maximum: 3) && batch.placement.slotsPerNode == 1)
        let tasks = try parse("slots: { per_node: 1 }\ntasks: { list: [a] }", kind: "tasks")
        #expect(tasks.slots == SlotCount(minimum: 1, maximum: SlotCount.asManyAsFit))
        #expect(tasks.placement.slotsPerNode == 1)
        #expect(try parse("start_rate: 10/min").placement.startsPerMinute == 10)
    }

    @Test(arguments: [
        ("constraint: { pool: a }", "4:1: unknown key 'constraint'; did you mean 'constraints'?"),
        ("preemptable: true", "4:1: unknown key 'preemptable'; did you mean 'preemptible'?"),
        ("prefer: { lables: { a: b } }", "4:11: unknown key 'lables' in 'prefer'; did you mean 'labels'?"),
        (
            "constraints: { anti_affinity: x }",
            "4:16: unknown key 'anti_affinity' in 'constraints'; did you mean 'apart'?"
        ),
        ("gang: { prot: 1 }", "4:9: unknown key 'prot' in 'gang'; did you mean 'port'?"),
        ("slots: { per-node: 1 }", "4:10: unknown key 'per-node' in 'slots'; did you mean 'per_node'?"),
        (
            "resources: { alternatives: [{ alternatives: [] }] }",
            "4:31: unknown key 'alternatives' in 'resources.alternatives[0]'; keys are cpus, memory, disk, devices, counted"
        ),
        (
            "resources: { alternatives: { cpus: 2 } }",
            "4:28: 'resources.alternatives' must be a list, such as [{ cpus: … }]"
        ),
        (
            "resources: { alternatives: [{ cpus: 1 }, 4] }",
            "4:42: 'resources.alternatives[1]' must be keys with values, such as cpus: …"
        ),
        (
            "resources: { alternatives: [{ memory: 2 }] }",
            "4:39: 'resources.alternatives[0].memory': '2' has no unit; write for example 2MB or 2GiB"
        ),
        (
            "resources: { alternatives: [{ devices: { count: 1 } }] }",
            "4:40: 'resources.alternatives[0].devices.type' is missing: gpu or npu"
        ),
        (
            "resources: { counted: { a: 0 } }",
            "4:28: 'resources.counted.a': 0 of it; leave it out, or ask for at least 1"
        ),
        (
            "resources: { counted: { a: \"1\" } }",
            "4:28: 'resources.counted.a' is a number and is written without quotes"
        ),
        (
            "resources: { counted: [a] }",
            "4:23: 'resources.counted' must be names with values, such as { license.matlab: 1 }"
        ),
        (
            "resources: { counted: { a=b: 1 } }",
            "4:12: 'resources.counted' ([0].name) holds '=', which ends the name of a label"
        ),
        (
            "constraints: { nodes: [a, \"n-[01:4\"] }",
            "4:27: 'constraints.nodes': 'n-[01' is no pattern of node names: character 3: '[' is not closed by ']'"
        ),
        (
            "prefer: { nodes: \"h0:0\" }",
            "4:18: 'prefer.nodes': 'h0:0' asks for 0 slots on a node; the least is 1"
        ),
        (
            "constraints: { nodes: { h0: 1 } }",
            "4:23: 'constraints.nodes' must be a single value, not a list or keys"
        ),
        (
            "constraints: { labels: { a: { b: c } } }",
            "4:29: 'constraints.labels.a' must be a single value, not a list or keys"
        ),
        (
            "constraints: { labels: { a: [] } }",
            "4:29: 'constraints.labels.a' is an empty list: no value will do"
        ),
        (
            "constraints: { labels: { a: [\"b,c\"] } }",
            "4:14: 'constraints' ([0]) holds the value 'b,c' with a comma, which divides values"
        ),
        (
            "constraints: { labels: [a] }",
            "4:24: 'constraints.labels' must be names with values, such as { zone: a }"
        ),
        (
            "prefer: { nodes: \"h0:2\" }",
            "4:9: 'prefer' ([0]) has a count of slots; only a constraint limits them"
        ),
        (
            "constraints: { with: j }",
            "4:14: 'constraints' ([0]) is the job itself: its first slot would find no node"
        ),
        (
            "slots: per-node",
            "4:8: 'slots': per-node belongs to kind service, and this job's kind is batch; limit its slots on each node with { per_node: 1 }"
        ),
        ("slots: { per_node: 0 }", "4:8: 'slots.per_node' is 0, must be in 1...1000000"),
        ("slots: { per_node: x }", "4:20: 'slots.per_node': 'x' is no whole number"),
        (
            "slots: { max: 1000000 }",
            "4:8: 'slots' (maximum) is as many as fit, which is no number of slots for a batch job to end with"
        ),
        ("gang: true", "4:7: 'gang' is of 1 slots, must be of 2...10000"),
        ("gang: maybe", "4:7: 'gang': 'maybe' is neither true nor false"),
        ("slots: 2\ngang: { port: 0 }", "5:7: 'gang.port' is 0, must be in 1...65535"),
        ("gang: { port: 70000 }", "4:15: 'gang.port': '70000' is out of range; it may be 0 to 65535"),
        (
            "slots: 2\ngang: { start_timeout: 2d }",
            "5:7: 'gang.start_timeout' is 172800, must be in 1...86400"
        ),
        (
            "gang: { start_timeout: 5 }",
            "4:24: 'gang.start_timeout': '5' has no unit; write for example 5s (units are ms s m h d)"
        ),
        (
            "slots: 2\ngang: true\nstart_rate: 5/min",
            "6:13: 'start_rate' does not go with a gang, whose slots start together"
        ),
        ("start_rate: 10", "4:13: 'start_rate': '10' is no rate; write for example 10/min"),
        ("start_rate: 10/s", "4:13: 'start_rate': '10/s' is no rate; write for example 10/min"),
        ("start_rate: 0/min", "4:13: 'start_rate' is 0, must be at least 1"),
        ("admission: {}", "4:12: 'admission' asks for nothing; give free space, a quota or a check"),
        ("admission: [a]", "4:12: 'admission' must be keys with values, such as free_space: …"),
        (
            "admission: { free_space: { /scratch: 50 } }",
            "4:28: 'admission.free_space./scratch': '50' has no unit; write for example 50MB or 50GiB"
        ),
        (
            "admission: { free_space: { scratch: 50GiB } }",
            "4:12: 'admission.free_space' ([0]) must be an absolute path"
        ),
        (
            "admission: { directory_quota: { /out: 0B } }",
            "4:12: 'admission.directory_quota' ([0]) is 0, must be in 1...1152921504606846976"
        ),
        ("admission: { check: \" \" }", "4:12: 'admission.check' is empty; give a line of shell"),
        (
            "admission: { check: a, interval: 2h }",
            "4:12: 'admission.interval' is 7200, must be in 1...3600"
        ),
        ("preemptible: 1", "4:14: 'preemptible': '1' is neither true nor false"),
        ("spread: [a]", "4:9: 'spread' must be a single value, not a list or keys"),
        ("virtual_cluster: \" a\"", "4:18: 'virtual_cluster' begins or ends with a space"),
    ])
    func `A wrong value is named with its key and place`(line: String, expected: String) {
        #expect(fault(line) == "job.yaml:" + expected)
    }

    @Test func `A service without a limit on each node is refused`() {
        #expect(
            fault("slots: { max: 1000000 }", kind: "service")
                == "job.yaml:4:8: 'slots' (maximum) is as many as fit, which for a service needs a limit on each "
                + "node: so many slots per node, or nodes constraints that all have a count")
    }
}
