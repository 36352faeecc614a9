import APITypes
import ClusterTypes
import Testing

@Suite("What a job may ask of its places")
struct PlacementValidationTests {
    private func faults(
        _ kind: JobKind = .batch, _ change: (inout JobSpecification) -> Void
    ) -> [String] {
        var specification = JobSpecification.sample(kind)
        change(&specification)
        return specification.validate()
    }

    /// Of a job of four slots.
    private func gangFaults(
        _ kind: JobKind = .batch, _ change: (inout JobSpecification) -> Void = { _ in }
    ) -> [String] {
        faults(kind) {
            $0.slots = SlotCount(minimum: 4, maximum: 4)
            $0.placement.gang = Gang()
            change(&$0)
        }
    }

    @Test func `All that may be asked for is good`() {
        #expect(
            gangFaults {
                $0.constraints = [
                    .labelAmong(key: "disk", values: ["ssd", ""]), .hasLabel("a:b"), .lacksLabel("retired"),
                    .nodes(pattern: "n-[01]{2}", slots: 1_000_000), .nodes(pattern: "h0", slots: nil),
                    .with(job: "db"), .apart(job: "job"),
                ]
                $0.resources.counted = (0..<16).map { CountedResource("l\($0)", .max) }
                $0.placement.alternatives = Array(repeating: $0.resources, count: 8)
                $0.placement.preferences = Array(repeating: .with(job: "job"), count: 64)
                $0.placement.slotsPerNode = 1_000_000
                $0.placement.spread = "zone"
                $0.placement.gang = Gang(port: .max, startSeconds: 86_400)
                $0.placement.virtualCluster = "physics"
                $0.placement.isPreemptible = true
            } == [])
        #expect(faults { $0.placement.startsPerMinute = 1 } == [])
    }

    @Test(
        arguments: [
            (
                .nodes(pattern: "n-[01", slots: nil),
                "'n-[01' is no pattern of node names: character 3: '[' is not closed by ']'"
            ),
            (
                .nodes(pattern: "", slots: nil),
                "'' is no pattern of node names: character 1: the pattern is empty"
            ),
            (.nodes(pattern: "a\u{1B}", slots: nil), "holds a character that cannot be printed"),
            (.nodes(pattern: "a", slots: 0), "limits a node to 0 slots, must be in 1...1000000"),
            (
                .nodes(pattern: "a", slots: 1_000_001),
                "limits a node to 1000001 slots, must be in 1...1000000"
            ),
            (.labelAmong(key: "a", values: []), "names no value of the label; give at least one"),
            (
                .labelAmong(key: "a", values: Array(repeating: "b", count: 65)),
                "names more than 64 values of the label"
            ),
            (
                .labelAmong(key: "a", values: ["b,c"]),
                "holds the value 'b,c' with a comma, which divides values"
            ),
            (.labelAmong(key: "a", values: ["b "]), "begins or ends with a space"),
            (.labelAmong(key: "", values: ["b"]), "is empty"), (.hasLabel(""), "is empty"),
            (.hasLabel("a=b"), "holds '=', which ends the name of a label"),
            (.lacksLabel("a=b"), "holds '=', which ends the name of a label"),
            (.label(key: "a=b", value: ""), "holds '=', which ends the name of a label"),
            (.with(job: ""), "is empty"), (.apart(job: "a\n"), "holds a character that cannot be printed"),
        ] as [(Constraint, String)])
    func `A constraint or preference that cannot be is told`(constraint: Constraint, fault: String) {
        #expect(faults { $0.constraints = [.pool("x"), constraint] } == ["constraints[1]: \(fault)"])
        let isCount = if case .nodes(_, .some) = constraint { true } else { false }
        let path = "placement.preferences[0]"
        #expect(
            faults { $0.placement.preferences = [constraint] } == ["\(path): \(fault)"]
                + (isCount ? ["\(path): has a count of slots; only a constraint limits them"] : []))
    }

    @Test func `There is an end to constraints and preferences`() {
        let many = Array(repeating: Constraint.pool("a"), count: 65)
        #expect(faults { $0.constraints = many } == ["constraints: are more than 64"])
        #expect(
            faults { $0.placement.preferences = many } == ["placement.preferences: are more than 64"])
    }

    @Test func `A job may stand apart from itself, and not wait for itself`() {
        #expect(faults { $0.constraints = [.apart(job: "job")] } == [])
        #expect(
            faults { $0.constraints = [.with(job: "job")] }
                == ["constraints[0]: is the job itself: its first slot would find no node"])
    }

    @Test func `A preference limits nothing`() {
        #expect(
            faults { $0.placement.preferences = [.nodes(pattern: "a", slots: 1)] }
                == ["placement.preferences[0]: has a count of slots; only a constraint limits them"])
        #expect(faults { $0.placement.preferences = [.nodes(pattern: "a", slots: nil)] } == [])
    }

    @Test func `Alternatives are checked like the first request`() {
        #expect(
            faults {
                var bad = ResourceRequest(
                    resources: Resources(milliCPU: -1, memoryBytes: -1, diskBytes: -1),
                    devices: DeviceRequest(type: .gpu, count: 0, shares: 0, memoryBytes: -1, model: ""))
                bad.counted = [CountedResource("", 0)]
                $0.placement.alternatives = [$0.resources, bad]
            }.map { $0.prefix { $0 != ":" } }
                == [
                    "resources.milliCPU", "resources.memoryBytes", "resources.diskBytes", "counted[0].name",
                    "counted[0].count", "devices.count", "devices.shares", "devices.memoryBytes",
                    "devices.model",
                ].map { "placement.alternatives[1]." + $0 })
        #expect(
            faults { $0.placement.alternatives = Array(repeating: $0.resources, count: 9) }
                == ["placement.alternatives: are more than 8"])
    }

    @Test func `A share by memory is of bytes alone, and models have names`() {
        func faults(_ devices: DeviceRequest) -> [String] {
            self.faults { $0.resources.devices = devices }
        }
        #expect(faults(DeviceRequest(type: .gpu, memoryShareBytes: 1, model: "A100|H100")) == [])
        #expect(
            faults(DeviceRequest(type: .gpu, shares: 999, memoryShareBytes: 1))
                == ["resources.devices.memoryShareBytes: does not go with shares: give one of them"])
        #expect(
            faults(DeviceRequest(type: .gpu, memoryShareBytes: 0, model: "|A100"))
                == [
                    "resources.devices.memoryShareBytes: is 0, must be in 1...\(JobLimits.bytes)",
                    "resources.devices.model: '|A100' names no model before, between or after '|'",
                ])
    }

    @Test func `Counted resources have names, once, and counts`() {
        #expect(
            faults {
                $0.resources.counted = [
                    CountedResource("a", 1), CountedResource("a", 2), CountedResource("b=c", 0),
                ]
            } == [
                "resources.counted[1]: names 'a' a second time",
                "resources.counted[2].name: holds '=', which ends the name of a label",
                "resources.counted[2].count: is 0, must be at least 1",
            ])
        #expect(
            faults { $0.resources.counted = (0..<17).map { CountedResource("l\($0)", 1) } }
                == ["resources.counted: are more than 16"])
    }

    @Test func `Numbers and names of placement are within their bounds`() {
        #expect(
            faults {
                $0.placement.slotsPerNode = 0
                $0.placement.spread = "a=b"
                $0.placement.virtualCluster = ""
                $0.placement.startsPerMinute = 0
            } == [
                "placement.slotsPerNode: is 0, must be in 1...1000000",
                "placement.spread: holds '=', which ends the name of a label",
                "placement.virtualCluster: is empty",
                "placement.startsPerMinute: is 0, must be at least 1",
            ])
        #expect(
            faults { $0.placement.slotsPerNode = 1_000_001 }
                == ["placement.slotsPerNode: is 1000001, must be in 1...1000000"])
        #expect(faults { $0.placement.spread = "" } == ["placement.spread: is empty"])
    }

    @Test func `A gang has a fixed number of slots that start together`() {
        #expect(gangFaults() == [])
        #expect(gangFaults(.service) == [])
        #expect(
            gangFaults(.tasks)
                == [
                    "placement.gang: is for batch and service jobs; this is a tasks job, whose tasks run one by one"
                ])
        #expect(
            gangFaults { $0.slots = SlotCount(minimum: 2, maximum: 4) }
                == ["placement.gang: needs a fixed number of slots; minimum is 2, maximum 4"])
        for count in [1, 10_001] as [UInt32] {
            #expect(
                gangFaults { $0.slots = SlotCount(minimum: count, maximum: count) }
                    == ["placement.gang: is of \(count) slots, must be of 2...10000"])
        }
        #expect(
            gangFaults { $0.placement.gang = Gang(port: 0, startSeconds: 0) } == [
                "placement.gang.port: is 0, must be in 1...65535",
                "placement.gang.startSeconds: is 0, must be in 1...86400",
            ])
        #expect(
            gangFaults { $0.placement.gang?.startSeconds = 86_401 }
                == ["placement.gang.startSeconds: is 86401, must be in 1...86400"])
        #expect(
            gangFaults { $0.placement.startsPerMinute = 1 } == [
                "placement.startsPerMinute: does not go with a gang, whose slots start together"
            ])
    }

    @Test func `As many slots as fit are for tasks, and for services with a limit on each node`() {
        let all = SlotCount(minimum: 1, maximum: JobLimits.slots)
        let unlimited = [
            "slots.maximum: is as many as fit, which for a service needs a limit on each node: "
                + "so many slots per node, or nodes constraints that all have a count"
        ]
        #expect(faults(.tasks) { $0.slots = all } == [])
        #expect(faults(.service) { $0.slots = all } == unlimited)
        #expect(
            faults(.service) {
                $0.slots = all
                $0.placement.slotsPerNode = 1
            } == [])
        func service(_ constraints: Constraint...) -> [String] {
            faults(.service) {
                $0.slots = all
                $0.constraints = constraints
            }
        }
        #expect(service(.nodes(pattern: "a", slots: 2), .pool("b")) == [])
        #expect(service(.nodes(pattern: "a", slots: 2), .nodes(pattern: "b", slots: nil)) == unlimited)
        #expect(service(.nodes(pattern: "a", slots: nil)) == unlimited)
        #expect(service(.pool("a")) == unlimited)
        #expect(
            faults(.batch) {
                $0.slots = all
                $0.placement.slotsPerNode = 1
            } == [
                "slots.maximum: is as many as fit, which is no number of slots for a batch job to end with"
            ])
    }
}
