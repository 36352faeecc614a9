import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Backlog: durable before visible, while handling goes on")
struct BacklogTests {
    private let moment = Instant(microseconds: 1_000_000)

    private func write(_ number: UInt64) -> Write {
        .addEvent(EventRecord(at: moment, subject: .cluster, message: "\(number)"))
    }
    /// Needs what was written before it.
    private func dependent(_ number: UInt64) -> Action {
        .send(ConnectionID(1), .slotEndAcknowledged(SlotKey(SlotID(number), Generation(1))))
    }
    private func free(_ number: UInt64) -> Action {
        .send(ConnectionID(1), .heartbeatAcknowledged(sequence: number))
    }
    private func output(_ writes: [Write], _ actions: [Action]) -> Output {
        var output = Output()
        output.writes = writes
        output.actions = actions
        return output
    }

    @Test("without anything to write all goes out in order")
    func idle() {
        let backlog = Held()
        backlog.take(output([], [dependent(1), free(2), dependent(3)]))
        #expect(backlog.begin(at: moment) == nil)
        #expect(backlog.releaseActions() == [dependent(1), free(2), dependent(3)])
        #expect(backlog.isEmpty)
    }

    @Test("an action waits for the transaction that has its writes, and for no later one")
    func order() {
        let backlog = Held()
        backlog.take(output([write(1)], [dependent(1), free(1)]))
        #expect(backlog.begin(at: moment) == [write(1)])
        #expect(backlog.releaseActions() == [free(1)])
        backlog.take(output([write(2)], [dependent(2), free(2)]))
        #expect(backlog.begin(at: moment) == nil, "one at a time")
        #expect(backlog.releaseActions() == [free(2)])
        #expect(!backlog.committed())
        #expect(backlog.begin(at: moment) == [write(2)])
        #expect(backlog.releaseActions() == [dependent(1)])
        #expect(!backlog.committed())
        #expect(backlog.releaseActions() == [dependent(2)])
        #expect(backlog.isEmpty)
    }

    @Test("what is handled without a write of its own during a transaction waits for that one")
    func laterWithoutWrites() {
        let backlog = Held()
        backlog.take(output([write(1)], []))
        _ = backlog.begin(at: moment)
        backlog.take(output([], [dependent(7)]))
        #expect(backlog.releaseActions() == [])
        _ = backlog.committed()
        #expect(backlog.releaseActions() == [dependent(7)])
    }

    @Test(
        "where another coordinator may have the store, nothing that depends on it goes out without a transaction"
    )
    func shared() {
        let backlog = Held(isShared: true)
        backlog.take(output([], [dependent(1), free(2)]))
        #expect(backlog.begin(at: moment) == [])
        #expect(backlog.releaseActions() == [free(2)])
        backlog.take(output([], [dependent(3)]))
        #expect(backlog.releaseActions() == [])
        _ = backlog.committed()
        #expect(backlog.begin(at: moment) == [], "one that began after it was asked")
        #expect(backlog.releaseActions() == [dependent(1)])
        _ = backlog.committed()
        #expect(backlog.begin(at: moment) == nil)
        #expect(backlog.releaseActions() == [dependent(3)])
        #expect(backlog.isEmpty)
    }

    @Test("a failed transaction is tried again with what came meanwhile, in order")
    func failure() {
        let backlog = Held()
        backlog.take(output([write(1)], [dependent(1)]))
        _ = backlog.begin(at: moment)
        backlog.take(output([write(2)], [dependent(2)]))
        let next = moment + .seconds(1)
        #expect(backlog.failed(tryAgainAt: next))
        #expect(backlog.releaseActions() == [])
        #expect(backlog.begin(at: moment) == nil)
        #expect(backlog.retryAt == next)
        #expect(backlog.begin(at: next) == [write(1), write(2)])
        #expect(!backlog.failed(tryAgainAt: next + .seconds(1)), "known by now")
        #expect(backlog.begin(at: next, isLast: true) == [write(1), write(2)])
        #expect(backlog.committed())
        #expect(backlog.retryAt == nil)
        #expect(backlog.releaseActions() == [dependent(1), dependent(2)])
        #expect(backlog.isEmpty)
    }
}

/// One that expectations may change.
private final class Held {
    private var backlog: Backlog
    init(isShared: Bool = false) { backlog = Backlog(isShared: isShared) }
    var isEmpty: Bool { backlog.isEmpty }
    var retryAt: Instant? { backlog.retryAt }
    func take(_ output: Output) { backlog.take(output) }
    func begin(at now: Instant, isLast: Bool = false) -> [Write]? { backlog.begin(at: now, isLast: isLast) }
    func committed() -> Bool { backlog.committed() }
    func failed(tryAgainAt moment: Instant) -> Bool { backlog.failed(tryAgainAt: moment) }
    func releaseActions() -> [Action] { backlog.releaseActions() }
}
