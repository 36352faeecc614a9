import ClusterTypes
import ProtocolMessages
import Testing

@testable import AgentCore

/// An agent under test, with a clock and short words for what happens to it.
///
/// Every event is followed by a check of all invariants.
struct Fixture {
    var agent: Agent
    var now: Instant

    init(
        limits: AgentLimits = .defaults, seed: UInt64 = 1, adopting running: [RunningSlot] = [],
        at now: Instant = .seconds(1_000)
    ) {
        self.now = now
        agent = Agent(
            identity: .example, limits: limits, seed: seed, hardware: .example, adopting: running)
    }

    /// With an open session: the first beat is sent and acknowledged.
    static func open(
        limits: AgentLimits = .defaults, seed: UInt64 = 1, adopting running: [RunningSlot] = [],
        keep: [SlotKey] = []
    ) -> Fixture {
        var fixture = Fixture(limits: limits, seed: seed, adopting: running)
        _ = fixture.handle(.wakeup)
        fixture.open(keep: keep)
        return fixture
    }

    mutating func handle(_ event: Event, _ location: SourceLocation = #_sourceLocation) -> [Action] {
        var output = Output()
        agent.handle(event, at: now, into: &output)
        #expect(agent.checkInvariants() == [], sourceLocation: location)
        return output.actions
    }

    mutating func hear(
        _ message: CoordinatorMessage, _ location: SourceLocation = #_sourceLocation
    ) -> [Action] { handle(.messageReceived(message), location) }

    /// The connection that was asked for stands, and the coordinator welcomes.
    mutating func open(keep: [SlotKey] = []) {
        _ = handle(.connected)
        _ = hear(.welcome(.example(keep: keep)))
        _ = hear(.heartbeatAcknowledged(sequence: 1))
    }

    /// The time passes; wakeups come when they were asked for.
    /// - Returns: what was done, without heartbeats.
    mutating func pass(_ duration: Duration, acknowledging: Bool = true) -> [Action] {
        let end = now + duration
        var actions: [Action] = []
        var wakeups = 0
        while let wakeup = agent.nextWakeup, wakeup <= end, wakeups < 1_000 {
            wakeups += 1
            now = max(now, wakeup)
            for action in handle(.wakeup) {
                guard case .send(.heartbeat(let beat)) = action else {
                    actions.append(action)
                    continue
                }
                if acknowledging { _ = hear(.heartbeatAcknowledged(sequence: beat.sequence)) }
            }
        }
        #expect(wakeups < 1_000, "wakeups repeat without end")
        now = end
        return actions
    }

    /// Assigns a slot and lets it run.
    mutating func run(_ key: SlotKey) {
        _ = hear(.assign(.example(key)))
        _ = handle(.slotChanged(SlotReport(key: key, state: .running, at: now)))
    }
}

extension Instant {
    static func seconds(_ seconds: Int64) -> Instant { Instant(microseconds: seconds * 1_000_000) }
}

extension SlotKey {
    init(_ slot: UInt64, _ generation: UInt64) { self.init(SlotID(slot), Generation(generation)) }
}

extension TaskAttempt {
    init(_ index: TaskIndex, _ attempt: UInt32 = 1) { self.init(index: index, attempt: attempt) }
}

extension TaskResult {
    init(_ index: TaskIndex) { self.init(attempt: TaskAttempt(index), exitCode: 0) }
}

extension AgentIdentity {
    static let example = AgentIdentity(
        build: "0.1.0", cluster: "lab", nodeName: "n1", instance: 7, bootID: "boot",
        labels: [Label("zone", "a")])
}

extension HardwareReport {
    static let example = HardwareReport(
        hostname: "host", architecture: .amd64, operatingSystem: "Linux", kernel: "6",
        processor: ProcessorReport(model: "CPU", sockets: 1, cores: 1, threads: 1, usableMilliCPU: 1_000),
        memory: MemoryReport(totalBytes: 1 << 30, availableBytes: 1 << 30),
        disk: DiskReport(path: "/", totalBytes: 1 << 40, availableBytes: 1 << 40),
        address: AddressReport(local: "10.1.1.1", advertised: "10.1.1.1", rule: "address"))
}

extension Hello {
    static func example(_ slots: [RunningSlot] = []) -> Hello {
        Hello(
            build: "0.1.0", cluster: "lab", nodeName: "n1", instance: 7, bootID: "boot",
            labels: [Label("zone", "a")], slots: slots, hardware: .example,
            beatDictionaries: Heartbeat.dictionaries)
    }
}

extension Welcome {
    static func example(keep: [SlotKey] = []) -> Welcome {
        Welcome(
            node: NodeID(1), cluster: "lab", heartbeatMilliseconds: 5_000, leaseMilliseconds: 25_000,
            keep: keep)
    }
}

extension Assignment {
    static func example(_ key: SlotKey) -> Assignment {
        Assignment(
            key: key, job: JobID(1),
            specification: JobSpecification(app: "a", job: "j", kind: .tasks, command: .argv(["run"])))
    }
}
