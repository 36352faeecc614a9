import ClusterTypes
import ProtocolMessages
import Testing

@testable import AgentSlots

@Suite("The tasks of a slot")
struct LedgerTests {
    private func orders(_ indices: ClosedRange<TaskIndex>) -> [TaskOrder] {
        indices.map { TaskOrder(attempt: TaskAttempt(index: $0, attempt: 1)) }
    }

    private func success(_ index: TaskIndex) -> TaskResult {
        TaskResult(attempt: TaskAttempt(index: index, attempt: 1), exitCode: 0)
    }

    /// A ledger whose tasks take so long.
    private func ledger(taskMicroseconds: Int64) -> TaskLedger {
        var ledger = TaskLedger()
        ledger.take(orders(1_000_000...1_000_000), at: 0)
        _ = ledger.startNext(at: 0)
        ledger.finish(success(1_000_000), at: taskMicroseconds)
        ledger.acknowledge([TaskAttempt(index: 1_000_000, attempt: 1)])
        _ = ledger.takeUnsent()
        return ledger
    }

    @Test func `the first wish is one task, and none while a task of unknown length runs`() {
        var ledger = TaskLedger()
        #expect(ledger.creditsToSay(at: 0) == 1)
        ledger.take(orders(0...0), at: 0)
        _ = ledger.startNext(at: 0)
        #expect(ledger.credits(at: 0) == 0)
        #expect(ledger.creditsToSay(at: 0) == nil)
    }

    @Test(arguments: [(1_000, 256), (10_000, 50), (400_000, 1), (999_000, 1)] as [(Int64, Int)])
    func `half a second of work is wanted`(taskMicroseconds: Int64, credits: Int) {
        let ledger = ledger(taskMicroseconds: taskMicroseconds)
        #expect(ledger.credits(at: taskMicroseconds) == credits)
    }

    @Test func `slots with long tasks want one when idle and none while they run`() {
        var ledger = ledger(taskMicroseconds: 2_000_000)
        #expect(ledger.credits(at: 2_000_000) == 1)
        ledger.take(orders(0...0), at: 2_000_000)
        _ = ledger.startNext(at: 2_000_000)
        #expect(ledger.credits(at: 2_000_000) == 0)
    }

    @Test func `what waits behind a task that turns out long goes back unstarted`() {
        var ledger = ledger(taskMicroseconds: 10_000)
        ledger.take(orders(0...3), at: 10_000)
        _ = ledger.startNext(at: 10_000)
        #expect(ledger.longTaskAt == 1_010_000)
        #expect(!ledger.isLongTaskRunning(at: 1_009_999))
        #expect(ledger.isLongTaskRunning(at: 1_010_000))
        ledger.giveBack(at: 1_010_000)
        #expect(ledger.takeUnsent().map(\.attempt.index) == [1, 2, 3])
        #expect(ledger.unacknowledgedResults.allSatisfy { $0.isUnstarted })
        #expect(ledger.credits(at: 1_010_000) == 0)
    }

    @Test func `an order that is known is ignored, one that went back unstarted is taken`() {
        var ledger = TaskLedger()
        ledger.take(orders(0...2), at: 0)
        ledger.take(orders(0...2), at: 0)
        #expect(ledger.queuedCount == 3)
        _ = ledger.startNext(at: 0)
        ledger.finish(success(0), at: 1)
        ledger.take(orders(0...0), at: 2)
        #expect(ledger.queuedCount == 2)
        ledger.giveBack(at: 3)
        ledger.take(orders(1...1), at: 4)
        #expect(ledger.queuedCount == 1)
        #expect(ledger.takeUnsent().map(\.attempt.index) == [0, 2])
    }

    @Test func `results are kept until they are acknowledged and told to every new agent`() {
        var ledger = TaskLedger()
        ledger.take(orders(0...1), at: 0)
        for index in 0...1 as ClosedRange<TaskIndex> {
            _ = ledger.startNext(at: 0)
            ledger.finish(success(index), at: 1)
        }
        #expect(ledger.takeUnsent().count == 2)
        ledger.acknowledge([TaskAttempt(index: 0, attempt: 1)])
        ledger.agentChanged(at: 2)
        #expect(ledger.takeUnsent() == [success(1)])
        #expect(ledger.attempts == [TaskAttempt(index: 1, attempt: 1)])
    }

    @Test func `results gather while tasks run and go at once when nothing runs`() {
        var ledger = TaskLedger()
        ledger.take(orders(0...1), at: 0)
        _ = ledger.startNext(at: 0)
        ledger.finish(success(0), at: 100)
        #expect(ledger.flushAt(batch: 64, delayMicroseconds: 20_000) == 20_100)
        #expect(ledger.flushAt(batch: 1, delayMicroseconds: 20_000) == 100)
        _ = ledger.startNext(at: 100)
        ledger.finish(success(1), at: 200)
        #expect(ledger.flushAt(batch: 64, delayMicroseconds: 20_000) == 100)
        _ = ledger.takeUnsent()
        #expect(ledger.flushAt(batch: 64, delayMicroseconds: 20_000) == nil)
    }

    @Test func `a slot whose results nobody acknowledges asks for nothing more`() {
        var ledger = ledger(taskMicroseconds: 1_000)
        let last = TaskIndex(TaskLedger.unacknowledgedLimit - 1)
        ledger.take(orders(0...last), at: 0)
        ledger.giveBack(at: 0)
        #expect(ledger.credits(at: 0) == 0)
        ledger.acknowledge([TaskAttempt(index: 5, attempt: 1)])
        #expect(ledger.credits(at: 0) == 256)
    }

    @Test func `a wish is repeated only when it has changed enough to matter`() {
        var ledger = ledger(taskMicroseconds: 5_000)
        #expect(ledger.creditsToSay(at: 0) == 100)
        #expect(ledger.creditsToSay(at: 0) == nil)
        ledger.take(orders(0...99), at: 0)
        #expect(ledger.creditsToSay(at: 0) == nil)
        for index in 0...23 as ClosedRange<TaskIndex> {
            _ = ledger.startNext(at: 0)
            ledger.finish(success(index), at: 5_000)
            ledger.acknowledge([TaskAttempt(index: index, attempt: 1)])
            if index < 23 { _ = ledger.takeUnsent() }
        }
        #expect(ledger.creditsToSay(at: 0) == nil)
        _ = ledger.startNext(at: 0)
        ledger.finish(success(24), at: 5_000)
        #expect(ledger.creditsToSay(at: 0) == 25)
    }
}

@Suite("The end of a lease")
struct LeaseDeadlineTests {
    @Test func `with time enough, grace and a second are kept before the deadline`() {
        let lease = LeaseDeadline(deadline: 60_000_000, stopGraceSeconds: 5, now: 0)
        #expect(lease.killAt == 59_000_000)
        #expect(lease.stopAt == 54_000_000)
    }

    @Test func `a grace longer than the lease is shortened, so that the slot can run at all`() {
        let lease = LeaseDeadline(deadline: 30_000_000, stopGraceSeconds: 3_600, now: 0)
        #expect(lease.killAt == 29_000_000)
        #expect(lease.stopAt == 19_000_000)
    }

    @Test func `a lease that is over stops at once`() {
        let lease = LeaseDeadline(deadline: 5, stopGraceSeconds: 5, now: 10)
        #expect(lease.stopAt == 5)
        #expect(lease.killAt == 5)
    }
}
