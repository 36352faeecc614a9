import ClusterTypes
import CoordinatorCore
import ProtocolMessages

/// Texts that are easily lost on the way.
let difficultTexts = [
    "", " ", "plain", "two\nlines\r\n", "tab\tand 'quotes' and \"double\" and \\ and /", "a\0b\0", "\0",
    "👩‍💻🇩🇪 é e\u{301}", "\u{1}\u{1F}\u{7F}\u{2028}\u{FEFF}", "%s ? ?1 :name $x {} [] null",
]

extension Instant {
    static func seconds(_ seconds: Int64) -> Instant { Instant(microseconds: seconds * 1_000_000) }
}

extension VirtualClusterRecord {
    static func example(_ name: String, gpus: UInt32 = 40, weight: UInt32 = 2) -> VirtualClusterRecord {
        VirtualClusterRecord(
            name: name,
            quotas: ["nvidia_gpu_amd64", "cpu", "huawei_npu_arm64"].compactMap { Quota(named: $0, gpus) },
            userQuotas: ["nvidia_gpu_amd64"].compactMap { Quota(named: $0, 8) }, weight: weight,
            createdAt: Instant(microseconds: 1_772_366_400_123_456))
    }
}

extension PoolRecord {
    static func example(_ name: String, failures: UInt32 = 2) -> PoolRecord {
        var record = PoolRecord(name: name)
        record.isPaused = failures % 2 == 0
        record.minimum = 1
        record.maximum = failures == 0 ? nil : 7
        record.failures = failures
        record.lastFailureAt = failures == 0 ? nil : .seconds(9)
        record.failureReason = failures == 0 ? "" : "sold out: 'ä'"
        record.learned = failures == 0 ? nil : NodeRecord.example(1).capacity
        record.periodBegan = .seconds(4)
        record.spentNodeSeconds = 1 << 40
        return record
    }
}

extension LaunchRecord {
    static func example(_ number: UInt64, state: LaunchState = .starting) -> LaunchRecord {
        var record = LaunchRecord(
            launch: LaunchID(number), pool: "cloud", count: 3, cause: "2 jobs wait",
            requestedAt: .seconds(11))
        record.state = state
        record.endedAt = state.isOver ? .seconds(12) : nil
        record.token = state.isOver ? nil : TokenID(5)
        record.allocations = Allocation.State.allCases.map { state in
            var allocation = AllocationRecord(
                Allocation(
                    name: "i-\(number)_\(state.rawValue)", launch: record.launch, state: state,
                    reason: "said '\(state)'", host: state == .running ? "10.0.0.7" : nil),
                since: .seconds(13))
            allocation.node = state == .running ? NodeID(3) : nil
            allocation.isGoing = state == .running
            allocation.isReleased = state == .canceled
            return allocation
        }
        return record
    }
}

extension NodeRecord {
    static func example(_ number: UInt64, state: NodeState = .ready) -> NodeRecord {
        NodeRecord(
            node: NodeID(number), name: "node-\(number)", pool: "gpu", state: state, reason: "as ordered\n",
            since: Instant(microseconds: 1_772_366_400_123_456), isCordoned: true, isDraining: false,
            labels: [Label("rack", "r\"1\""), Label("zone", "")],
            capacity: NodeCapacity(
                resources: Resources(milliCPU: 64_000, memoryBytes: 1 << 40, diskBytes: 5),
                devices: [
                    DeviceCapacity(type: .gpu, model: "H100 80GB", memoryBytes: 80 << 30),
                    DeviceCapacity(type: .npu, model: "910B", memoryBytes: 0, isUsable: false),
                ],
                architecture: .arm64, labels: [Label("arch", "arm64")]),
            keyFingerprint: "ab12", address: "10.0.0.7", build: "0.1.0 (abc)", bootID: "boot-\(number)",
            enrolledAt: .seconds(5), hasLeft: true, cordonReason: "noise\0",
            declared: DeclaredHardware(milliCPU: 64_000, memoryBytes: 1 << 41, devices: 8),
            dampedUntil: .seconds(77), dampingCount: 3, removal: "sold\0",
            endsAt: Instant(microseconds: 1_772_366_500_000_001),
            quarantine: number % 2 == 0
                ? nil : Quarantine(until: .seconds(70), periodSeconds: 60, reason: "10 \"failed\"\n"),
            deviceQuarantines: number % 3 == 0
                ? []
                : [
                    DeviceQuarantine(
                        device: 1, quarantine: Quarantine(until: nil, periodSeconds: 120, reason: ""))
                ])
    }
}

extension JobSpecification {
    static func example(app: String = "train", job: String = "epoch") -> JobSpecification {
        var specification = JobSpecification(
            app: app, job: job, kind: .tasks, command: .script("#!/bin/sh\necho \"$MORTISE_TASK\"\n"))
        specification.environment = ["A=1", "B=x y=z"]
        specification.directory = "/scratch/ü"
        specification.constraints = [
            .label(key: "rack", value: "r1"), .architecture(.arm64),
            .labelAmong(key: "disk", values: ["ssd", "", "n\"v me"]),
            .hasLabel("gpu-ready"), .lacksLabel("retired"), .nodes(pattern: "n-[01]{2}:7", slots: nil),
            .nodes(pattern: #"h\d+"#, slots: 4), .with(job: "db"), .apart(job: job),
        ]
        specification.resources = ResourceRequest(
            resources: Resources(milliCPU: 500, memoryBytes: 7, diskBytes: 9),
            devices: DeviceRequest(type: .gpu, count: 2, shares: 250, memoryBytes: 1 << 33, model: "H100"))
        specification.resources.counted = [CountedResource("license.matlab", 2), CountedResource("ü", .max)]
        specification.placement = .example
        specification.slots = SlotCount(minimum: 2, maximum: 900)
        specification.timeoutSeconds = 60
        specification.timeRequestSeconds = 59
        specification.warningSignal = .usr2
        specification.admission = Admission()
        specification.admission?.freeSpace = [.init("/scratch", 1 << 40)]
        specification.admission?.directoryQuota = [.init("/out ü", 1)]
        specification.admission?.check = "true \"x\""
        specification.admission?.intervalSeconds = 3_600
        specification.retries = RetryPolicy(any: 1, rules: [.init(exitCode: 75, count: 9)])
        specification.priority = -7
        specification.onDisconnect = .keep
        specification.onLost = .fail
        return specification
    }
}

extension PlacementRules {
    static var example: PlacementRules {
        var rules = PlacementRules()
        rules.alternatives = [
            ResourceRequest(resources: Resources(milliCPU: 64_000, memoryBytes: 1 << 40)),
            ResourceRequest(
                devices: DeviceRequest(type: .npu, count: 8, memoryShareBytes: 1 << 34, model: "910B|310P")),
        ]
        rules.alternatives[1].counted = [CountedResource("network.mbps", 10_000)]
        rules.preferences = [.pool("fast"), .labelAmong(key: "zone", values: ["a", "b"]), .with(job: "db")]
        rules.slotsPerNode = 3
        rules.spread = "zone"
        rules.gang = Gang(port: 65_535, startSeconds: 86_400)
        rules.virtualCluster = "physics \"2\""
        rules.isPreemptible = true
        rules.startsPerMinute = .max
        return rules
    }
}

extension JobRecord {
    static func example(
        _ number: UInt64, state: JobState = .running, app: String = "train", name: String = "epoch",
        endedAt: Instant? = nil
    ) -> JobRecord {
        JobRecord(
            job: JobID(number), specification: .example(app: app, job: name), state: state,
            reason: "because of\0it", taskCount: 21, isOpen: true,
            counts: TaskCounts(ready: 1, running: 2, succeeded: 3, failed: 4, canceled: 5), retried: 6,
            submitter: "ada", submittedAt: .seconds(10), endedAt: endedAt)
    }
}

extension SlotRecord {
    static func example(
        _ number: UInt64, job: UInt64 = 1, node: UInt64? = 1, state: SlotState = .running
    ) -> SlotRecord {
        var record = SlotRecord(
            slot: SlotID(number), generation: Generation(7), job: JobID(job), state: state, reason: "r",
            node: node.map { NodeID($0) },
            devices: [DeviceGrant(device: 3, shares: 1_000), DeviceGrant(device: 0, shares: 1)],
            exitCode: -1, attempts: 2,
            tasks: [17, 18, 19, 40, 39, 38, .max].map { TaskAttempt(index: $0, attempt: 1) }
                + [41, 42].map { TaskAttempt(index: $0, attempt: 2) }
                + [TaskAttempt(index: .max - 1, attempt: .max), TaskAttempt(index: .max, attempt: .max)],
            createdAt: .seconds(11), since: .seconds(12), crashes: [NodeID(3), NodeID(.max), NodeID(3)])
        record.alternative = 2
        return record
    }
}

extension TaskRecord {
    static func example(_ index: TaskIndex, state: TaskState = .succeeded) -> TaskRecord {
        TaskRecord(
            index: index, state: state, attempt: 3, exitCode: 137, reason: "killed",
            slot: SlotKey(SlotID(4), Generation(9)),
            node: NodeID(2), startedAt: .seconds(20), durationMicroseconds: 1_500_000,
            crashes: index % 2 == 0 ? [] : [NodeID(2), NodeID(7)], pardoned: index % 3 == 0 ? 0 : 2)
    }
}

extension TokenRecord {
    static func example(_ number: UInt64, purpose: Purpose = .join(pool: "gpu"), isRevoked: Bool = false)
        -> TokenRecord
    {
        TokenRecord(
            token: TokenID(number), name: "token \(number)", purpose: purpose, secretHash: "hash-\(number)",
            expiresAt: .seconds(99), usesLeft: 0, isRevoked: isRevoked, createdAt: .seconds(1))
    }
}
