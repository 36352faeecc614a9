import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

/// A coordinator under test, with a clock and short words for what happens to it.
///
/// Every event is followed by a check of all invariants.
struct Fixture {
    static let cluster = "lab"
    static let joinSecretHash = "join secret"

    var core: Coordinator
    var now: Instant
    private var lastConnection: UInt64 = 0
    private var lastRequest: UInt64 = 0

    init(
        limits: Limits = .defaults, restoring snapshot: Snapshot = Snapshot(),
        at now: Instant = .seconds(1_000), formerLead: Duration = .zero
    ) {
        self.now = now
        core = Coordinator(
            cluster: Self.cluster, limits: limits, restoring: snapshot, at: now, formerLead: formerLead)
    }

    /// With a token that admits, and nothing to do.
    static func withToken(limits: Limits = .defaults) -> Fixture {
        var fixture = Fixture(limits: limits)
        _ = fixture.command(
            .createToken(
                name: "join", purpose: .join(pool: "default"), secretHash: joinSecretHash, expiresAt: nil,
                uses: nil))
        _ = fixture.place()
        return fixture
    }

    mutating func handle(_ event: Event, _ location: SourceLocation = #_sourceLocation) -> Output {
        var output = Output()
        core.handle(event, at: now, into: &output)
        #expect(core.checkInvariants() == [], sourceLocation: location)
        return output
    }

    /// The wakeup that follows, if one is due now.
    mutating func place(_ location: SourceLocation = #_sourceLocation) -> Output {
        guard let wakeup = core.nextWakeup, wakeup <= now else { return Output() }
        return handle(.wakeup, location)
    }

    mutating func command(_ command: Command, _ location: SourceLocation = #_sourceLocation) -> Output {
        lastRequest += 1
        return handle(.commandReceived(RequestID(lastRequest), command), location)
    }

    /// Of the command that was given last.
    var request: RequestID { RequestID(lastRequest) }

    /// The answer alone, and whatever the next wakeup does is done.
    mutating func reply(to command: Command, _ location: SourceLocation = #_sourceLocation) -> Reply? {
        let output = self.command(command, location)
        _ = place(location)
        for case .reply(request, let reply) in output.actions { return reply }
        return nil
    }

    mutating func connect(_ node: NodeID, key: String? = nil) -> ConnectionID {
        lastConnection += 1
        let connection = ConnectionID(lastConnection)
        let peer = PeerIdentity(
            node: node, keyFingerprint: key ?? "key of \(node)", address: "10.0.0.\(node)")
        #expect(handle(.agentConnected(connection, peer)) == Output())
        return connection
    }

    mutating func say(
        _ message: AgentMessage, on connection: ConnectionID, _ location: SourceLocation = #_sourceLocation
    ) -> Output { handle(.agentMessage(connection, message), location) }

    /// Enrolls `n1`, `n2`, … and connects, greets and pulls.
    mutating func join(
        cpus: Int64 = 2, gpus: Int = 0, labels: [Label] = [], credits: UInt32 = 32
    ) -> (node: NodeID, connection: ConnectionID) {
        let number = core.lastNode + 1
        _ = command(
            .enrollNode(
                secretHash: Self.joinSecretHash, name: "n\(number)", keyFingerprint: "key of \(number)"))
        let node = NodeID(number)
        let connection = connect(node)
        _ = say(.hello(.example(node, cpus: cpus, gpus: gpus, labels: labels)), on: connection)
        _ = say(.pull(credits: credits), on: connection)
        _ = place()
        return (node, connection)
    }

    /// Submits and lets it be placed.
    mutating func submit(_ specification: JobSpecification, payloads: [String] = []) -> JobID {
        _ = command(.submitJob(specification, payloads: payloads, submitter: "ada"))
        _ = place()
        return JobID(core.lastJob)
    }

    /// A slot that was assigned starts and runs.
    mutating func run(_ key: SlotKey, on connection: ConnectionID) {
        _ = say(.slotReport(SlotReport(key: key, state: .running, at: now)), on: connection)
    }

    /// The time passes, with a beat of these connections each second.
    mutating func pass(_ seconds: Int, beatsOn connections: [ConnectionID] = []) {
        for _ in 0..<seconds {
            now = now + .seconds(1)
            for connection in connections { _ = say(.heartbeat(Heartbeat(sequence: 1)), on: connection) }
            _ = place()
        }
    }
}

extension Instant {
    static func seconds(_ seconds: Int64) -> Instant { Instant(microseconds: seconds * 1_000_000) }
}

extension Output {
    init(_ writes: [Write], _ actions: [Action] = []) {
        self.init()
        self.writes = writes
        self.actions = actions
    }

    static func actions(_ actions: [Action]) -> Output { Output([], actions) }
}

extension SlotKey {
    init(_ slot: UInt64, _ generation: UInt64) { self.init(SlotID(slot), Generation(generation)) }
}

extension TaskAttempt {
    init(_ index: TaskIndex, _ attempt: UInt32 = 1) { self.init(index: index, attempt: attempt) }
}

extension TaskResult {
    init(_ index: TaskIndex, _ attempt: UInt32 = 1, exit: Int32 = 0) {
        self.init(attempt: TaskAttempt(index, attempt), exitCode: exit, reason: exit == 0 ? "" : "broken")
    }

    static func unstarted(_ index: TaskIndex, _ attempt: UInt32 = 1) -> TaskResult {
        TaskResult(attempt: TaskAttempt(index, attempt), exitCode: 0, isUnstarted: true)
    }
}

extension HardwareReport {
    static func example(cpus: Int64 = 2, gpus: Int = 0, gigabytes: Int64 = 8) -> HardwareReport {
        HardwareReport(
            hostname: "host", architecture: .amd64, operatingSystem: "Linux", kernel: "6",
            processor: ProcessorReport(
                model: "CPU", sockets: 1, cores: 1, threads: 1, usableMilliCPU: cpus * 1_000),
            memory: MemoryReport(totalBytes: gigabytes << 30, availableBytes: gigabytes << 30),
            disk: DiskReport(path: "/", totalBytes: 1 << 40, availableBytes: 1 << 39),
            devices: (0..<gpus).map {
                DeviceReport(
                    type: .gpu, vendor: "nvidia", model: "NVIDIA H100 80GB", index: UInt32($0),
                    visibleID: "GPU-\($0)", memoryTotalBytes: 80 << 30, health: .ok)
            },
            address: AddressReport(local: "10.1.1.1", advertised: "10.1.1.1", rule: "address"))
    }
}

extension Hello {
    static func example(
        _ node: NodeID, cpus: Int64 = 2, gpus: Int = 0, labels: [Label] = [], instance: UInt64 = 7,
        slots: [RunningSlot] = []
    ) -> Hello {
        Hello(
            build: "0.1.0", cluster: Fixture.cluster, nodeName: "n\(node)", instance: instance,
            bootID: "boot", labels: labels, slots: slots, hardware: .example(cpus: cpus, gpus: gpus))
    }
}

extension JobSpecification {
    static func tasks(
        _ count: UInt32, slots: UInt32 = 1, cpus: Int64 = 1,
        _ change: (inout JobSpecification) -> Void = { _ in }
    ) -> JobSpecification {
        var job = JobSpecification(app: "app", job: "sweep", kind: .tasks, command: .argv(["run", "{}"]))
        if count > 0 { job.array = TaskArray(first: 1, last: count) }
        job.slots = SlotCount(minimum: 1, maximum: slots)
        job.resources.resources.milliCPU = cpus * 1_000
        change(&job)
        return job
    }

    static func single(
        _ kind: JobKind, slots: UInt32 = 1, cpus: Int64 = 1,
        _ change: (inout JobSpecification) -> Void = { _ in }
    ) -> JobSpecification {
        var job = JobSpecification(app: "app", job: kind.rawValue, kind: kind, command: .argv(["run"]))
        job.slots = SlotCount(minimum: slots, maximum: slots)
        job.resources.resources.milliCPU = cpus * 1_000
        change(&job)
        return job
    }
}
