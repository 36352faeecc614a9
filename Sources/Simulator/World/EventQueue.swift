import ClusterTypes

/// What happens next in a world: a plain value, so that millions of them cost little.
struct Occurrence: Sendable {
    enum Kind: UInt8, Sendable, CaseIterable {
        /// The coordinator's driver takes what is in its inbox, or `nextWakeup` has come.
        case coordinatorTurn
        case commitEnded
        case coordinatorStarts
        case coordinatorResumes
        case agentWakeup
        case agentStarts
        case agentResumes
        case hostResumes
        case hostEnds
        case dialEnded
        /// The head of a link's queue arrives at the coordinator, or at the agent.
        case arrivedAtCoordinator
        case arrivedAtAgent
        case linkHeals
        case supervisorTimer
        case deviceRecovers
        case storeRecovers
        case clientStep
        case faultStrikes
        case healing
        case deadline
        // Of several coordinators; `host` is the position of one.
        /// A partition of it ends, from the store or from agents.
        case storeHeals
        case agentsHeal
        case standbyPolls
        /// The driver starts on a store that was opened.
        case leadBegins
        /// The server has done what a session asked for.
        case sessionWorked
        case sessionExpires
        /// A coordinator tries once more to reach the store.
        case storeAttempt
        /// For so long as the subject says, in microseconds.
        case storeLeaves
        case storeReturns
        // Of launchers; `host` is the position of one.
        /// It does what it was asked for.
        case launcherWorks
        /// Its answer is there.
        case launcherAnswers
        case allocationRuns
        /// As the detail says, a position in `Allocation.State.allCases`.
        case allocationEnds
    }

    var at: Int64
    /// Equal moments keep the order in which they were scheduled.
    var order: UInt64
    /// What the kind makes of it: a connection, a supervisor's number, a fault.
    var subject: UInt64
    /// Position in `World.hosts`, `World.coordinators` or `World.launchers`.
    var host: UInt32
    var kind: Kind
    /// What the kind makes of it.
    var detail: UInt8
}

/// The earliest occurrence first: a heap with four children a node, which touches less memory than one with two.
struct EventQueue {
    private var heap: [Occurrence] = []
    private var scheduled: UInt64 = 0

    mutating func push(
        _ kind: Occurrence.Kind, at moment: Int64, host: UInt32 = 0, subject: UInt64 = 0, detail: UInt8 = 0
    ) {
        scheduled += 1
        let new = Occurrence(
            at: moment, order: scheduled, subject: subject, host: host, kind: kind, detail: detail)
        var child = heap.count
        heap.append(new)
        heap.withUnsafeMutableBufferPointer { heap in
            while child > 0 {
                let parent = (child - 1) / 4
                guard Self.isBefore(new, heap[parent]) else { break }
                heap[child] = heap[parent]
                child = parent
            }
            heap[child] = new
        }
    }

    mutating func pop() -> Occurrence? {
        guard let top = heap.first, let last = heap.popLast() else { return nil }
        if heap.isEmpty { return top }
        heap.withUnsafeMutableBufferPointer { heap in
            var parent = 0
            while true {
                let first = 4 * parent + 1
                guard first < heap.count else { break }
                var least = first
                for child in (first + 1)..<max(first + 1, min(first + 4, heap.count))
                where Self.isBefore(heap[child], heap[least]) {
                    least = child
                }
                guard Self.isBefore(heap[least], last) else { break }
                heap[parent] = heap[least]
                parent = least
            }
            heap[parent] = last
        }
        return top
    }

    @inline(__always)
    private static func isBefore(_ left: Occurrence, _ right: Occurrence) -> Bool {
        left.at != right.at ? left.at < right.at : left.order < right.order
    }
}

/// One stream of chance with the draws that worlds need.
struct Dice: Sendable {
    private var random: SeededRandom

    init(seed: UInt64, stream: UInt64) {
        random = SeededRandom(seed: seed)
        random = SeededRandom(seed: random.next() ^ (stream &* 0xD6E8_FEB8_6659_FD93))
    }

    mutating func next() -> UInt64 { random.next() }

    /// 0..<bound; 0 for a bound of 0.
    mutating func below(_ bound: Int64) -> Int64 {
        Int64(truncatingIfNeeded: random.next().multipliedFullWidth(by: UInt64(max(0, bound))).high)
    }

    mutating func chance(_ percent: Int64) -> Bool { below(100) < percent }

    /// Between `low` and `high`, every order of magnitude as likely as any other.
    mutating func spread(_ low: Int64, _ high: Int64) -> Int64 {
        var bound = max(1, low)
        var doublings: Int64 = 0
        while bound < high {
            bound &*= 2
            doublings += 1
        }
        let base = max(1, low) << below(max(1, doublings))
        return min(high, base + below(base))
    }

    /// A pause until the next event of a process with this mean.
    mutating func pause(mean: Int64) -> Int64 {
        // A sum of three even draws: never zero, never more than three means; no logarithm, so no library's
        // rounding decides what a seed means.
        1 + (below(2 * mean) + below(2 * mean) + below(2 * mean)) / 3
    }
}
