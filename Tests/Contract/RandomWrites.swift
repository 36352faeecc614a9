import ClusterTypes
import CoordinatorCore
import ProtocolMessages

/// An endless history of batches of writes, the same for the same seed.
struct RandomWrites {
    private var random: SeededRandom
    private var payloadCounts: [UInt64: TaskIndex] = [:]

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func batch() -> [Write] {
        (0..<Int.random(in: 0...12, using: &random)).map { _ in write() }
    }

    private mutating func write() -> Write {
        switch Int.random(in: 0..<14, using: &random) {
        case 0: .putNode(node())
        case 1, 2: .putJob(job())
        case 3: payloads()
        case 4, 5: .putSlot(slot())
        case 6, 7:
            .putTasks(JobID(number(12)), (0..<Int.random(in: 0...40, using: &random)).map { _ in task() })
        case 8: .putToken(token())
        case 9: virtualCluster()
        case 12: pool()
        case 13: launch()
        case 10: .putFairShare((0..<Int.random(in: 0...4, using: &random)).map { _ in fairShare() })
        default: .addEvent(event())
        }
    }

    private mutating func node() -> NodeRecord {
        var record = NodeRecord.example(number(20), state: element(NodeState.allCases))
        record.reason = text()
        record.since = instant()
        record.isDraining = Bool.random(using: &random)
        record.removal = Bool.random(using: &random) ? text() : nil
        record.endsAt = Bool.random(using: &random) ? instant() : nil
        record.capacity.resources.milliCPU = Int64(number(1_000_000))
        record.labels = Bool.random(using: &random) ? [] : [Label(text() + "k", text())]
        return record
    }

    private mutating func job() -> JobRecord {
        var record = JobRecord.example(number(12), state: element(JobState.allCases))
        record.reason = text()
        record.specification.kind = element(JobKind.allCases)
        record.specification.priority = Int32(number(9))
        record.specification.command = .argv([text(), text()])
        record.specification.array =
            Bool.random(using: &random) ? TaskArray(first: 1, last: .max, step: 3) : nil
        record.taskCount = UInt32(number(1_000_000))
        record.counts.succeeded = UInt32(number(20))
        record.endedAt = Bool.random(using: &random) ? instant() : nil
        return record
    }

    private mutating func payloads() -> Write {
        let job = number(12)
        let first = payloadCounts[job] ?? 0
        let payloads = (0..<Int.random(in: 1...2_500, using: &random)).map { _ in text() }
        payloadCounts[job] = first + TaskIndex(payloads.count)
        return .appendPayloads(JobID(job), first: first, payloads: payloads)
    }

    private mutating func slot() -> SlotRecord {
        var record = SlotRecord.example(
            number(50), job: number(12), node: Bool.random(using: &random) ? number(20) : nil,
            state: element(SlotState.allCases))
        record.generation = Generation(number(1_000))
        record.exitCode = Bool.random(using: &random) ? Int32(number(256)) - 1 : nil
        record.tasks = (0..<Int.random(in: 0...30, using: &random)).map { _ in
            TaskAttempt(index: TaskIndex(number(40)), attempt: UInt32(number(2)))
        }
        return record
    }

    private mutating func task() -> TaskRecord {
        var record = TaskRecord.example(TaskIndex(number(400)), state: element(TaskState.allCases))
        record.attempt = UInt32(number(70_000))
        record.reason = text()
        if Bool.random(using: &random) {
            record.slot = nil
            record.node = nil
            record.startedAt = nil
            record.exitCode = nil
        }
        return record
    }

    private mutating func token() -> TokenRecord {
        var record = TokenRecord.example(
            number(10),
            purpose: Bool.random(using: &random) ? .join(pool: text()) : .api(element(Role.allCases)),
            isRevoked: Bool.random(using: &random))
        record.expiresAt = Bool.random(using: &random) ? instant() : nil
        record.usesLeft = Bool.random(using: &random) ? UInt32(number(9)) : nil
        return record
    }

    private mutating func virtualCluster() -> Write {
        let name = "v\(number(4))"
        if Bool.random(using: &random) { return .dropVirtualCluster(name) }
        return .putVirtualCluster(
            .example(name, gpus: UInt32(number(1_000_000)), weight: UInt32(number(1_000))))
    }

    private mutating func pool() -> Write {
        .putPool(.example("p\(number(3))", failures: UInt32(number(3)) - 1))
    }

    private mutating func launch() -> Write {
        let launch = number(6)
        if Bool.random(using: &random) { return .dropLaunch(LaunchID(launch)) }
        return .putLaunch(.example(launch, state: element(LaunchState.allCases)))
    }

    private mutating func fairShare() -> FairShareRecord {
        FairShareRecord(
            virtualCluster: Bool.random(using: &random) ? nil : "v\(number(2))",
            // A name, as tokens have it.
            user: ["ada", "bob", "Zoë", "o'neil; --", "王"][Int(number(5) % 5)],
            asOf: instant(),
            milliCPUSeconds: Int64(number(3)) - 1, memoryMebibyteSeconds: Int64(number(2)) - 1)
    }

    private mutating func event() -> EventRecord {
        let subjects: [EventRecord.Subject] = [
            .cluster, .node(NodeID(number(3))), .job(JobID(number(3))), .slot(SlotID(number(3))),
        ]
        return EventRecord(at: instant(), subject: element(subjects), message: text())
    }

    private mutating func number(_ limit: UInt64) -> UInt64 { UInt64.random(in: 1...limit, using: &random) }
    private mutating func text() -> String { element(difficultTexts) }
    /// Few, so that equal ones come up.
    private mutating func instant() -> Instant { .seconds(Int64(number(6))) }
    private mutating func element<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &random)]
    }
}
