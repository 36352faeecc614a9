/// What happens in a replay, by time and then by kind.
///
/// At one moment several of a kind may happen, such as ends of jobs. In which order decides which nodes are filled and which
/// become empty, and on some traces that matters more than the policy does. The order here is that of a binary heap that is
/// told nothing but time and kind, as `std::priority_queue` has it: it is the same each time, and published figures of other
/// programs depend on it.
struct ReplayEvents {
    enum Kind: Int, Comparable {
        case jobEnds, nodeIsReady, jobArrives, tick
        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    struct Event {
        var at: Int
        var kind: Kind
        /// Of the job or the node.
        var number: Int

        func isLater(than other: Event) -> Bool { (at, kind) > (other.at, other.kind) }
    }

    private var heap: [Event] = []

    /// When the next one happens.
    var next: Int? { heap.first?.at }

    mutating func push(_ event: Event) {
        heap.append(event)
        rise(event, from: heap.count - 1)
    }

    /// The hole that the first one leaves goes down to the end, and the last one rises from there.
    mutating func pop() -> Event? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        var hole = 0
        while 2 * hole + 2 < heap.count {
            let right = 2 * hole + 2
            let child = heap[right].isLater(than: heap[right - 1]) ? right - 1 : right
            heap[hole] = heap[child]
            hole = child
        }
        if 2 * hole + 2 == heap.count {
            heap[hole] = heap[2 * hole + 1]
            hole = 2 * hole + 1
        }
        rise(last, from: hole)
        return first
    }

    private mutating func rise(_ event: Event, from start: Int) {
        var place = start
        while place > 0, heap[(place - 1) / 2].isLater(than: event) {
            heap[place] = heap[(place - 1) / 2]
            place = (place - 1) / 2
        }
        heap[place] = event
    }
}
