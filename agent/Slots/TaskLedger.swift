import ClusterTypes
import ProtocolMessages

/// The tasks of one slot: those that wait, the one that runs, and the results that are not acknowledged.
///
/// It also says how many more the slot wants: enough to keep busy for half a second, and none while a long task
/// runs, so that long tasks go to whoever is free. Times are in microseconds of one steady clock.
struct TaskLedger {
    /// What `credits` aims at.
    static let aimMicroseconds: Int64 = 500_000
    static let creditLimit = 256
    /// A task that runs longer holds up no other: what waits behind it goes back.
    static let longTaskMicroseconds: Int64 = 1_000_000
    /// Without acknowledgements the slot stops asking: a coordinator that is gone must not fill the memory.
    static let unacknowledgedLimit = 4_096
    /// Orders beyond this go back at once: nobody asked for them.
    static let queueLimit = 8_192

    /// Nothing may begin now: it wants none.
    var isClosed = false
    private var queue: [TaskOrder] = []
    private var head = 0
    private(set) var running: TaskOrder?
    private var startedAt: Int64 = 0
    private var held: Set<TaskAttempt> = []
    private var unacknowledged = OrderedTable<TaskAttempt, TaskResult>()
    private var unsent: [TaskResult] = []
    private var firstUnsentAt: Int64 = 0
    private var averageMicroseconds: Double?
    /// What the agent was told last, less what has come since; nil when it was told nothing.
    private var outstanding: Int?

    var queuedCount: Int { queue.count - head }
    var unacknowledgedResults: [TaskResult] { Array(unacknowledged.values) }

    /// Everything that is held here: waiting, running, or done and not acknowledged.
    var attempts: [TaskAttempt] {
        queue[head...].map(\.attempt) + (running.map { [$0.attempt] } ?? []) + unacknowledged.keys
    }

    /// Orders that are known already are ignored, but for those that went back unstarted.
    mutating func take(_ orders: [TaskOrder], at now: Int64) {
        if let said = outstanding { outstanding = max(0, said - orders.count) }
        for order in orders where !held.contains(order.attempt) {
            if let result = unacknowledged[order.attempt] {
                guard result.isUnstarted else { continue }
                unacknowledged[order.attempt] = nil
                unsent.removeAll { $0.attempt == order.attempt }
            }
            if queuedCount >= Self.queueLimit {
                record(TaskResult(attempt: order.attempt, exitCode: 0, isUnstarted: true), at: now)
            } else {
                held.insert(order.attempt)
                queue.append(order)
            }
        }
    }

    /// The next task becomes the one that runs.
    mutating func startNext(at now: Int64) -> TaskOrder? {
        precondition(running == nil, "One task runs at a time.")
        guard head < queue.count else { return nil }
        let order = queue[head]
        head += 1
        if head == queue.count {
            queue.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 1_024 {
            queue.removeFirst(head)
            head = 0
        }
        running = order
        startedAt = now
        return order
    }

    /// The task that runs has ended.
    ///
    /// - Parameter result: nil when its outcome is not to be told: the end of its slot says enough.
    mutating func finish(_ result: TaskResult?, at now: Int64) {
        guard let order = running else { preconditionFailure("A task that ends was running.") }
        running = nil
        held.remove(order.attempt)
        let duration = Double(max(1, now - startedAt))
        averageMicroseconds = averageMicroseconds.map { $0 * 0.8 + duration * 0.2 } ?? duration
        if let result { record(result, at: now) }
    }

    /// All that waits goes back unstarted.
    mutating func giveBack(at now: Int64) {
        let orders = queue[head...]
        queue = []
        head = 0
        for order in orders {
            held.remove(order.attempt)
            record(TaskResult(attempt: order.attempt, exitCode: 0, isUnstarted: true), at: now)
        }
    }

    private mutating func record(_ result: TaskResult, at now: Int64) {
        if unsent.isEmpty { firstUnsentAt = now }
        unsent.append(result)
        unacknowledged[result.attempt] = result
    }

    mutating func acknowledge(_ attempts: [TaskAttempt]) {
        for attempt in attempts { unacknowledged[attempt] = nil }
    }

    /// When results have to go: at once when there are many or nothing runs, else soon; nil without any.
    func flushAt(batch: Int, delayMicroseconds: Int64) -> Int64? {
        if unsent.isEmpty { return nil }
        if unsent.count >= batch || (running == nil && queuedCount == 0) { return firstUnsentAt }
        return firstUnsentAt + delayMicroseconds
    }

    mutating func takeUnsent() -> [TaskResult] {
        defer { unsent.removeAll(keepingCapacity: true) }
        return unsent
    }

    /// A new agent knows nothing of what was said to the one before.
    mutating func agentChanged(at now: Int64) {
        unsent = unacknowledgedResults
        firstUnsentAt = now
        outstanding = nil
    }

    /// When the running task becomes a long one that holds others up.
    var longTaskAt: Int64? {
        guard running != nil, queuedCount > 0 || (outstanding ?? 0) > 0 else { return nil }
        return startedAt + Self.longTaskMicroseconds
    }

    func isLongTaskRunning(at now: Int64) -> Bool {
        running != nil && now - startedAt >= Self.longTaskMicroseconds
    }

    /// How many more tasks there is room for.
    func credits(at now: Int64) -> Int { max(0, target(at: now) - queuedCount) }

    private func target(at now: Int64) -> Int {
        if isClosed || unacknowledged.count >= Self.unacknowledgedLimit { return 0 }
        guard let average = averageMicroseconds, average < Double(Self.longTaskMicroseconds),
            !isLongTaskRunning(at: now)
        else { return running == nil && queuedCount == 0 ? 1 : 0 }
        return min(Self.creditLimit, max(1, Int(Double(Self.aimMicroseconds) / average)))
    }

    /// The credits to tell the agent now; nil when what it knows is near enough.
    mutating func creditsToSay(at now: Int64) -> UInt32? {
        let target = target(at: now)
        let credits = max(0, target - queuedCount)
        if let said = outstanding {
            if said == credits { return nil }
            // Asked anew when a quarter of the aim is used up, taken back when it is far too much.
            let isNearEnough =
                credits > said ? said + queuedCount > target * 3 / 4 : credits > 0 && said <= credits * 2
            if isNearEnough { return nil }
        }
        outstanding = credits
        return UInt32(credits)
    }
}
