import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("The ledger of a job's tasks")
struct TaskLedgerTests {
    /// The simplest ledger that can be right: a state and a number of past executions for each task.
    private struct Model {
        var states: [TaskState] = []
        var failures: [UInt32] = []
        /// Canceled with all others, before they ran again.
        var spared: Set<Int> = []

        var counts: TaskCounts {
            func count(_ state: TaskState) -> UInt32 { UInt32(states.count { $0 == state }) }
            return TaskCounts(
                ready: count(.ready), running: count(.running), succeeded: count(.succeeded),
                failed: count(.failed), canceled: count(.canceled))
        }

        func positions(_ state: TaskState) -> [Int] { states.indices.filter { states[$0] == state } }
    }

    @Test("does what the naive model does, whatever is done to it", arguments: 1...20 as ClosedRange<UInt64>)
    func model(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let array = seed % 2 == 0 ? TaskArray(first: 10, last: 100, step: 3) : nil
        var ledger = TaskLedger(array: array)
        var model = Model()
        func grow(_ count: Int) {
            model.states += Array(repeating: .ready, count: count)
            model.failures += Array(repeating: 0, count: count)
        }
        grow(array?.count ?? 0)
        for step in 0..<2_000 {
            let index = { (position: Int) in array?.index(at: position) ?? TaskIndex(position) }
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<5 where array == nil:
                let count = Int.random(in: 0...20, using: &random)
                ledger.append(count: count)
                grow(count)
            case 5..<40:
                let limit = Int.random(in: 0...12, using: &random)
                let taken = ledger.takeReady(limit)
                #expect(
                    taken.count == min(limit, model.positions(.ready).count), "seed \(seed), step \(step)")
                for task in taken {
                    let position = array?.position(of: task.index) ?? Int(task.index)
                    #expect(model.states[position] == .ready, "seed \(seed), step \(step)")
                    #expect(task.attempt == model.failures[position] + 1, "seed \(seed), step \(step)")
                    model.states[position] = .running
                }
            case 40..<70:
                guard let position = model.positions(.running).randomElement(using: &random) else { continue }
                let end = [TaskState.succeeded, .failed, .canceled].randomElement(using: &random) ?? .failed
                ledger.decide(index(position), end)
                model.states[position] = end
            case 70..<85:
                guard let position = model.positions(.running).randomElement(using: &random) else { continue }
                let hasFailed = Bool.random(using: &random)
                ledger.giveBack(index(position), hasFailed: hasFailed)
                model.states[position] = .ready
                if hasFailed { model.failures[position] += 1 }
            case 85..<97:
                let ended = model.positions(.failed) + model.positions(.canceled)
                guard let position = ended.randomElement(using: &random) else { continue }
                _ = ledger.reset(index(position))
                model.states[position] = .ready
                if model.spared.remove(position) == nil { model.failures[position] += 1 }
            case 97:
                ledger.cancelReady()
                for position in model.positions(.ready) {
                    model.states[position] = .canceled
                    model.spared.insert(position)
                }
            default: break
            }
            #expect(ledger.counts == model.counts, "seed \(seed), step \(step)")
            guard step % 50 == 0 else { continue }
            for position in model.states.indices {
                #expect(
                    ledger.state(of: index(position)) == model.states[position], "seed \(seed), step \(step)")
            }
            for state in TaskState.allCases where state != .waiting {
                #expect(ledger.indices(in: [state]) == model.positions(state).map(index), "seed \(seed)")
            }
        }
    }

    @Test("hands out in order of submission, but what came back first")
    func order() {
        var ledger = TaskLedger(array: TaskArray(first: 5, last: 9))
        #expect(ledger.takeReady(3) == [TaskAttempt(5), TaskAttempt(6), TaskAttempt(7)])
        ledger.giveBack(7, hasFailed: false)
        ledger.giveBack(5, hasFailed: true)
        #expect(ledger.takeReady(3) == [TaskAttempt(7), TaskAttempt(5, 2), TaskAttempt(8)])
        #expect(ledger.takeReady(9) == [TaskAttempt(9)])
        #expect(ledger.takeReady(9) == [])
        #expect(ledger.counts == TaskCounts(running: 5))
    }

    @Test("an order to retry gives all retries anew, and an execution's number is never given again")
    func pardon() {
        var ledger = TaskLedger(array: TaskArray(first: 1, last: 1))
        #expect(ledger.takeReady(1) == [TaskAttempt(1)])
        #expect(ledger.isRetried(TaskAttempt(1), upTo: 1))
        ledger.giveBack(1, hasFailed: true)
        #expect(ledger.takeReady(1) == [TaskAttempt(1, 2)])
        #expect(!ledger.isRetried(TaskAttempt(1, 2), upTo: 1))
        ledger.decide(1, .failed)
        let isTold = ledger.reset(1)
        #expect(isTold)
        #expect(ledger.takeReady(1) == [TaskAttempt(1, 3)])
        #expect(ledger.isRetried(TaskAttempt(1, 3), upTo: 1))
        #expect(!ledger.isRetried(TaskAttempt(1, 4), upTo: 1))
        var restored = TaskLedger(array: TaskArray(first: 1, last: 1))
        restored.restore(Snapshot.TaskMark(index: 1, state: .ready, attempt: 3))
        restored.restore(Snapshot.TaskHistory(index: 1, pardoned: 2))
        #expect(restored.takeReady(1) == [TaskAttempt(1, 4)])
        #expect(restored.isRetried(TaskAttempt(1, 3), upTo: 1))
        #expect(!restored.isRetried(TaskAttempt(1, 4), upTo: 1))
        restored.decide(1, .failed)
        _ = restored.reset(1)
        #expect(restored.takeReady(1) == [TaskAttempt(1, 5)])
        #expect(restored.isRetried(TaskAttempt(1, 5), upTo: 1))
    }

    @Test("knows no index outside its tasks")
    func foreignIndices() {
        let ledger = TaskLedger(array: TaskArray(first: 10, last: 20, step: 5))
        #expect(
            [9, 10, 11, 15, 20, 25].map { ledger.state(of: $0) != nil } == [
                false, true, false, true, true, false,
            ])
        var list = TaskLedger(array: nil)
        list.append(count: 2)
        #expect([0, 1, 2, .max].map { list.state(of: $0) != nil } == [true, true, false, false])
        list.decide(7, .failed)
        list.giveBack(7, hasFailed: true)
        #expect(list.reset(7) == false)
        #expect(list.counts == TaskCounts(ready: 2))
    }

    @Test(
        "restored, it hands out each ready task once, although rows and the order of submission both name it")
    func restoredReturns() {
        var ledger = TaskLedger(array: TaskArray(first: 0, last: 5))
        ledger.restore(Snapshot.TaskMark(index: 1, state: .succeeded, attempt: 1))
        ledger.restore(Snapshot.TaskMark(index: 2, state: .ready, attempt: 2))
        ledger.restore(Snapshot.TaskMark(index: 3, state: .ready, attempt: 0))
        ledger.restore(Snapshot.TaskMark(index: 4, state: .failed, attempt: 1))
        ledger.restoreRunning(3)
        ledger.restoreRunning(1)
        #expect(ledger.counts == TaskCounts(ready: 3, running: 1, succeeded: 1, failed: 1))
        #expect(ledger.takeReady(10) == [TaskAttempt(2, 3), TaskAttempt(0), TaskAttempt(5)])
        ledger.giveBack(3, hasFailed: false)
        ledger.giveBack(2, hasFailed: true)
        #expect(ledger.takeReady(10) == [TaskAttempt(3), TaskAttempt(2, 4)])
        #expect(ledger.takeReady(10) == [])
        #expect(ledger.counts == TaskCounts(running: 4, succeeded: 1, failed: 1))
    }

    @Test("a task given back again and again is handed out once each time")
    func pingPong() {
        var ledger = TaskLedger(array: TaskArray(first: 1, last: 2))
        for _ in 0..<10_000 {
            let taken = ledger.takeReady(1)
            #expect(taken.count == 1)
            ledger.giveBack(taken[0].index, hasFailed: false)
        }
        #expect(ledger.takeReady(5).map(\.index).sorted() == [1, 2])
        #expect(ledger.counts == TaskCounts(running: 2))
    }

    @Test("tells which canceled tasks no row tells of")
    func unwritten() {
        var ledger = TaskLedger(array: TaskArray(first: 1, last: 5))
        _ = ledger.takeReady(2)
        ledger.decide(1, .canceled)
        ledger.giveBack(2, hasFailed: true)
        ledger.cancelReady()
        #expect(ledger.unwrittenCount == 4)
        #expect([1, 2, 3].map { ledger.isUnwritten($0) } == [false, true, true])
        #expect(ledger.reset(1) == true, "its row says canceled")
        #expect(ledger.reset(2) == true, "its row says that it failed before")
        #expect(ledger.reset(3) == false, "it has no row, and without one it is ready")
        #expect(ledger.takeUnwritten() == [4, 5])
        #expect(ledger.takeUnwritten() == [])
        #expect(ledger.counts == TaskCounts(ready: 3, canceled: 2))
    }

    @Test("a million tasks take a byte each, and are handed out to the last one")
    func million() {
        #expect(MemoryLayout<TaskState.Code>.stride == 1)
        var ledger = TaskLedger(array: TaskArray(first: 0, last: 999_999))
        #expect(ledger.states.count == 1_000_000)
        #expect(ledger.states.capacity < 2_100_000)
        var next: TaskIndex = 0
        while case let taken = ledger.takeReady(256), let first = taken.first, let last = taken.last {
            #expect(first.index == next && Int(last.index - first.index) == taken.count - 1)
            next = last.index + 1
        }
        #expect(next == 1_000_000)
        #expect(ledger.counts == TaskCounts(running: 1_000_000))
    }
}
