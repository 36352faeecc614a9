import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import Foundation
import Logging
import ProtocolCodec
import ProtocolMessages
import Synchronization
import Testing

@testable import CoordinatorDriver

@Suite("The coordinator's loop, with a store that can be held up", .timeLimit(.minutes(1)))
struct DriverTests {
    private let store = HeldStore()
    private let link = RecordedLink()
    private let driver: Driver

    init() {
        driver = Driver(
            store: store, transport: link, signer: { _, _ in "" },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let driver = driver
        Thread.detachNewThread { try? driver.run(cluster: "lab") }
    }

    @Test("what is old is dropped in steps until there is no more")
    func retention() async throws {
        var drops = store.drops.makeAsyncIterator()
        for _ in 1...3 {
            let retention = try #require(await drops.next())
            #expect(retention.jobs == 100_000 && retention.leastJobs == 200)
            #expect(retention.endedBefore < Driver.now() - .seconds(89 * 86_400))
        }
        driver.stop()
    }

    @Test("steps of dropping take a tenth of the time, and rest when there is no more")
    func pace() {
        let start = Instant(microseconds: 1_000_000)
        var pace = RetentionPace(.defaults, leastJobs: 5, at: start)
        let first = pace.begin(at: start)
        #expect(first == RetentionPolicy.defaults.retention(at: start, leastJobs: 10))
        #expect(pace.nextWakeup == nil && pace.begin(at: start + .seconds(9)) == nil)
        pace.ended(hasMore: true, in: .milliseconds(10), at: start)
        #expect(pace.nextWakeup == start + .milliseconds(90))
        let early = pace.begin(at: start + .milliseconds(89))
        let next = pace.begin(at: start + .milliseconds(90))
        #expect(early == nil && next != nil)
        pace.ended(hasMore: false, in: .milliseconds(10), at: start)
        #expect(pace.nextWakeup == start + .seconds(600))
        _ = pace.begin(at: start + .seconds(600))
        pace.ended(hasMore: nil, in: .seconds(20), at: start)
        #expect(pace.nextWakeup == start + .seconds(600))
    }

    /// Enrolls a node and lets its agent in.
    private func join(_ connection: ConnectionID) async throws -> NodeID {
        _ = await driver.submit(
            .createToken(
                name: "join", purpose: .join(pool: "default"), secretHash: "hash", expiresAt: nil, uses: nil))
        let reply = await driver.submit(
            .enrollNode(secretHash: "hash", name: "n1", keyFingerprint: "key"))
        guard case .enrolled(let node, _) = reply else {
            Issue.record("\(reply)")
            return NodeID(0)
        }
        var batch = ConnectionBatch()
        batch.append(
            .connected(connection, PeerIdentity(node: node, keyFingerprint: "key", address: "10.0.0.1")))
        try say(.hello(.example), on: connection, in: &batch)
        driver.put(batch)
        _ = await link.message { if case .welcome = $0 { true } else { false } }
        return node
    }

    private func say(
        _ message: AgentMessage, on connection: ConnectionID, in batch: inout ConnectionBatch
    ) throws {
        var encoder = FrameEncoder()
        batch.append(try encoder.encode(message), of: connection)
    }

    @Test("heartbeats are acknowledged while a transaction is held up, and what it says is not")
    func stalledStore() async throws {
        let connection = ConnectionID(1)
        let node = try await join(connection)
        store.hold()
        let isAnswered = Mutex(false)
        async let reply = {
            let reply = await driver.submit(.cordonNode(node, reason: "looks odd"))
            isAnswered.withLock { $0 = true }
            return reply
        }()
        await store.untilHeld()
        for sequence in 1...3 as ClosedRange<UInt64> {
            var batch = ConnectionBatch()
            try say(.heartbeat(Heartbeat(sequence: sequence, loadMilli: 70)), on: connection, in: &batch)
            driver.put(batch)
            let acknowledged = CoordinatorMessage.heartbeatAcknowledged(sequence: sequence)
            #expect(await link.message { $0 == acknowledged } == acknowledged)
        }
        #expect(driver.telemetry.load(of: node)?.0.loadMilli == 70)
        #expect(!isAnswered.withLock { $0 })
        store.release()
        guard case .node(let record) = await reply else {
            Issue.record("not answered by a node")
            return
        }
        #expect(record.isCordoned)
        driver.stop()
    }

    @Test("a released node leaves the newest telemetry")
    func released() async throws {
        let connection = ConnectionID(1)
        let node = try await join(connection)
        var batch = ConnectionBatch()
        try say(.heartbeat(Heartbeat(sequence: 1)), on: connection, in: &batch)
        driver.put(batch)
        _ = await link.message { $0 == .heartbeatAcknowledged(sequence: 1) }
        #expect(driver.telemetry.load(of: node) != nil)
        _ = await driver.submit(.removeNode(node, reason: "sold"))
        // It says that nothing runs there.
        let asked = await link.message { if case .confirmEmpty = $0 { true } else { false } }
        guard case .confirmEmpty(let generation) = asked else {
            Issue.record("was not asked")
            return
        }
        var answer = ConnectionBatch()
        try say(.empty(generation: generation), on: connection, in: &answer)
        driver.put(answer)
        _ = await link.message { if case .refusal = $0 { true } else { false } }
        #expect(driver.telemetry.load(of: node) == nil)
        driver.stop()
    }
}

@Suite("A coordinator that may be replaced", .timeLimit(.minutes(1)))
struct DeposedTests {
    /// Gives the store to another coordinator, in one of two ways.
    private final class LeasedStore: Store {
        private let store = MemoryStore()
        private let answer = Mutex<StoreError?>(nil)
        let lease: Duration?

        init(lease: Duration) { self.lease = lease }

        func fail(_ error: StoreError) { answer.withLock { $0 = error } }
        func commit(_ writes: [Write]) throws -> UInt64 {
            try confirm()
            return try store.commit(writes)
        }
        func confirm() throws { if let error = answer.withLock({ $0 }) { throw error } }
        func snapshot(endedJobs: Int) throws -> Snapshot { try store.snapshot(endedJobs: endedJobs) }
        func payloads(_ job: JobID, at positions: [TaskIndex]) throws -> [String] {
            try store.payloads(job, at: positions)
        }
        var reader: any StoreReader { store.reader }
        func drop(beyond retention: Retention, rows: Int) throws -> Bool { false }
        func close() throws {}
    }

    private func start(_ store: LeasedStore) -> (Driver, AsyncStream<Result<Void, any Error>>) {
        let driver = Driver(
            store: store, transport: RecordedLink(), signer: { _, _ in "" },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let (ends, continuation) = AsyncStream.makeStream(of: Result<Void, any Error>.self)
        Thread.detachNewThread { continuation.yield(Result { try driver.run(cluster: "lab") }) }
        return (driver, ends)
    }

    private let order = Command.createToken(
        name: "join", purpose: .join(pool: "default"), secretHash: "hash", expiresAt: nil, uses: nil)

    @Test("it ends when the store is another's, and whoever waits is told, then and later")
    func taken() async throws {
        let store = LeasedStore(lease: .seconds(3_600))
        let (driver, ends) = start(store)
        guard case .token = await driver.submit(order) else {
            Issue.record("no token")
            return
        }
        store.fail(StoreError(.inUse, "another one"))
        for _ in 1...2 {
            guard case .refused(let refusal) = await driver.submit(order) else {
                Issue.record("done")
                return
            }
            #expect(refusal.code == .storeUnavailable)
        }
        for await end in ends {
            #expect(throws: StoreError.self) { try end.get() }
            break
        }
        #expect(!driver.isWriting)
    }

    @Test("it ends when its lease is over without a word from the store")
    func silent() async throws {
        let store = LeasedStore(lease: .milliseconds(200))
        let (driver, ends) = start(store)
        _ = await driver.submit(order)
        store.fail(StoreError(.failed, "no connection"))
        for await end in ends {
            #expect { try end.get() } throws: { ($0 as? StoreError)?.code == .inUse }
            break
        }
    }

    @Test("a lease is asked for in time, and counts from when the store was asked")
    func lease() {
        let start = Instant(microseconds: 1_000_000)
        var leadership = Leadership(lease: .seconds(8), at: start)
        #expect(leadership.nextWakeup == start + .seconds(2))
        let isEarly = leadership.shouldAsk(at: start + .seconds(1))
        let isTime = leadership.shouldAsk(at: start + .seconds(2))
        let isAgain = leadership.shouldAsk(at: start + .seconds(3))
        #expect(!isEarly && isTime && !isAgain)
        #expect(leadership.nextWakeup == start + .seconds(8))
        leadership.answered(asOf: start + .seconds(2), at: start + .seconds(3))
        #expect(leadership.nextWakeup == start + .seconds(4))
        #expect(!leadership.isOver(at: start + .seconds(9)) && leadership.isOver(at: start + .seconds(10)))
        let isLate = leadership.shouldAsk(at: start + .seconds(9))
        #expect(isLate)
        // It is asked again, but not at once.
        leadership.answered(asOf: nil, at: start + .seconds(9))
        #expect(leadership.nextWakeup == start + .milliseconds(9_500))
        #expect(leadership.isOver(at: start + .seconds(10)))
        #expect(Leadership(lease: nil, at: start).nextWakeup == nil)
    }
}

/// A store whose next commit waits for `release`.
private final class HeldStore: Store {
    private let store = MemoryStore()
    private let isHolding = Mutex(false)
    private let gate = DispatchSemaphore(value: 0)
    private let (entered, entrance) = AsyncStream.makeStream(of: Void.self)

    func hold() { isHolding.withLock { $0 = true } }
    func untilHeld() async { for await _ in entered { return } }
    func release() {
        isHolding.withLock { $0 = false }
        gate.signal()
    }

    func commit(_ writes: [Write]) throws -> UInt64 {
        if isHolding.withLock({ $0 }) {
            entrance.yield()
            gate.wait()
        }
        return try store.commit(writes)
    }
    func snapshot(endedJobs: Int) throws -> Snapshot { try store.snapshot(endedJobs: endedJobs) }
    func payloads(_ job: JobID, at positions: [TaskIndex]) throws -> [String] {
        try store.payloads(job, at: positions)
    }
    var reader: any StoreReader { store.reader }
    /// What is asked for, in its order; the first two times there is more.
    let (drops, dropped) = AsyncStream.makeStream(of: Retention.self)
    private let dropCount = Atomic(0)
    func drop(beyond retention: Retention, rows: Int) throws -> Bool {
        dropped.yield(retention)
        return dropCount.add(1, ordering: .relaxed).newValue <= 2
    }
    func close() throws {}
}

/// What was sent, decoded; each message is given out once.
private final class RecordedLink: AgentTransport {
    private let (messages, continuation) = AsyncStream.makeStream(of: CoordinatorMessage.self)

    func send(_ frames: [(ConnectionID, [UInt8])]) {
        var decoder = FrameDecoder()
        for (_, frame) in frames {
            if let message = try? decoder.coordinatorMessage(frame) { continuation.yield(message) }
        }
    }
    func close(_ connection: ConnectionID, reason: String) {}

    /// The next one that fits.
    func message(_ fits: (CoordinatorMessage) -> Bool) async -> CoordinatorMessage? {
        for await message in messages where fits(message) { return message }
        return nil
    }
}

extension Hello {
    fileprivate static let example = Hello(
        build: "0.1.0", cluster: "lab", nodeName: "n1", instance: 7, bootID: "boot",
        hardware: HardwareReport(
            hostname: "host", architecture: .amd64, operatingSystem: "Linux", kernel: "6",
            processor: ProcessorReport(model: "CPU", sockets: 1, cores: 1, threads: 1, usableMilliCPU: 1_000),
            memory: MemoryReport(totalBytes: 1 << 30, availableBytes: 1 << 30),
            disk: DiskReport(path: "/", totalBytes: 1 << 40, availableBytes: 1 << 40),
            address: AddressReport(local: "10.1.1.1", advertised: "10.1.1.1", rule: "address")))
}
