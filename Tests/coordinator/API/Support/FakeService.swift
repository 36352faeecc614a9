import ClusterTypes
import CoordinatorCore
import CoordinatorHistory
import CoordinatorMetrics
import CoordinatorStore
import Exposition
import ProtocolMessages
import Synchronization
import TLSIdentity
import Testing

@testable import CoordinatorAPI

/// A coordinator of which the tests write every answer. Rows are in a `MemoryStore`; time stands still.
final class FakeService: CoordinatorService {
    struct State: Sendable {
        var now = Instant(microseconds: 1_750_000_000_000_000)
        var isReady = true
        var commands: [Command] = []
        var answer: @Sendable (Command) -> Reply = { _ in .refused(CommandRefusal(.conflict, "not scripted"))
        }
        var loads: [NodeID: (Heartbeat, Instant)] = [:]
        var recent: [NodeID: NodeHistory] = [:]
        var waits = 0
        /// A long poll's time limit passes as soon as it begins to wait.
        var limitPassesAtOnce = false
        var committed = Signal()
        var probe: @Sendable (ConnectionID) async throws -> HardwareReport = { _ in throw Failure() }
        var log: @Sendable (LogRequest) -> AsyncThrowingStream<[UInt8], any Error> = { _ in .finished() }
        var fingerprint: @Sendable (String) throws -> String = { _ in "f1" }
    }

    struct Failure: Error {}

    let store = MemoryStore()
    /// Fires when somebody waits for a revision.
    let waiting = Signal()
    private let state = Mutex(State())

    var reader: any StoreReader { store }

    func script(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

    var commands: [Command] { state.withLock { $0.commands } }

    var waits: Int { state.withLock { $0.waits } }

    /// Commits and wakes who waits for it.
    func commit(_ writes: Write...) throws {
        _ = try store.commit(writes)
        let committed = state.withLock { state in
            defer { state.committed = Signal() }
            return state.committed
        }
        committed.fire()
    }

    /// As `commit`, where nothing can be thrown.
    func commitHere(_ write: Write) {
        #expect(throws: Never.self) { try commit(write) }
    }

    // MARK: - CoordinatorService

    let stepsDown = Atomic(0)

    func stepDown() throws {
        guard stepsDown.add(1, ordering: .relaxed).newValue == 1 else {
            throw CommandRefusal(.conflict, "not twice")
        }
    }

    func submit(_ command: Command) async -> Reply {
        let answer = state.withLock { state in
            state.commands.append(command)
            return state.answer
        }
        return answer(command)
    }

    func waitForRevision(after: UInt64, upTo limit: Duration) async -> UInt64 {
        let (signal, isOver) = state.withLock { state in
            state.waits += 1
            if state.limitPassesAtOnce { state.now = state.now + limit }
            return (state.committed, state.limitPassesAtOnce)
        }
        let present = (try? await store.revision()) ?? 0
        if isOver || present > after { return present }
        waiting.fire()
        await signal.wait()
        return (try? await store.revision()) ?? 0
    }

    func load(of node: NodeID) -> (Heartbeat, Instant)? { state.withLock { $0.loads[node] } }

    func recentHistory(of node: NodeID) -> NodeHistory? { state.withLock { $0.recent[node] } }

    func telemetry() -> TelemetrySnapshot {
        let loads = state.withLock { $0.loads }
        return TelemetrySnapshot(beats: loads.mapValues { TelemetrySnapshot.Beat($0.0, at: $0.1) })
    }

    func writeInternals(into exposition: inout Exposition) {
        exposition.begin("mortise_beats_total", .counter, "Heartbeats.")
        exposition.add(7)
    }

    func readLog(
        _ connection: ConnectionID, _ key: SlotKey, _ task: TaskAttempt?, stream: LogStream, follow: Bool,
        tailBytes: Int64?
    ) -> AsyncThrowingStream<[UInt8], any Error> {
        state.withLock { $0.log }(
            LogRequest(
                request: connection.rawValue, key: key, task: task, stream: stream, follow: follow,
                tailBytes: tailBytes))
    }

    func probe(_ connection: ConnectionID) async throws -> HardwareReport {
        try await state.withLock { $0.probe }(connection)
    }

    func issueCertificate(requestPEM: String, node: NodeID) throws -> String { "certificate of \(node)" }

    func keyFingerprint(ofRequestPEM request: String) throws -> String {
        try state.withLock { $0.fingerprint }(request)
    }

    func joinTokenText(secret: Secret) throws -> String { "mortise-join-1.\(secret.text)" }

    var cluster: ClusterInfo {
        ClusterInfo(
            name: "test", version: "0.1.0", startedAt: .epoch, agentEndpoints: ["head:7444"],
            apiURLs: ["https://head:7443"], caPEM: "CA")
    }

    var isReady: Bool { state.withLock { $0.isReady } }

    func now() -> Instant { state.withLock { $0.now } }
}

extension AsyncThrowingStream where Element == [UInt8], Failure == any Error {
    static func finished() -> Self { Self { $0.finish() } }
}
