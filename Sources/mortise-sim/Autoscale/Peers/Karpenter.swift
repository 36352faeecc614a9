/// Karpenter with consolidateAfter 0 s. Launches wait for a batch of jobs: until none came for a second, ten at most.
/// Every ten seconds up to a tenth of the nodes is chosen of those that are empty, if nothing waits, and each is removed 15 s
/// later if it is empty then. Jobs cannot be moved, so that there is nothing else to consolidate.
struct Karpenter: ReplayPolicy {
    private struct Batch {
        var opened: Int
        var lastArrival: Int
        var arrived: Int
        var closes: Int { min(lastArrival + 1, opened + 10) }
    }

    private(set) var next = 0
    private var batch: Batch?
    /// The earliest first.
    private var chosen: [(nodes: [Int], validatedAt: Int)] = []

    mutating func act(_ replay: inout JobReplay) {
        next = replay.now + 1
        provision(&replay)
        while let first = chosen.first, replay.now >= first.validatedAt {
            for node in first.nodes { replay.remove(node) }
            chosen.removeFirst()
        }
        if replay.now.isMultiple(of: Self.passSeconds) { choose(replay) }
    }

    private mutating func choose(_ replay: JobReplay) {
        guard replay.waiting == 0 else { return }
        let pending = Set(chosen.flatMap(\.nodes))
        let empty = replay.idle(for: 0).sorted().filter { !pending.contains($0) }
        let nodes = Array(empty.prefix((replay.present.count + 9) / 10))
        if !nodes.isEmpty { chosen.append((nodes, replay.now + Self.validationSeconds)) }
    }

    private mutating func provision(_ replay: inout JobReplay) {
        guard replay.needed > 0 else {
            batch = nil
            return
        }
        var open = batch ?? Batch(opened: replay.now, lastArrival: replay.now, arrived: replay.arrived)
        if replay.arrived > open.arrived {
            open.lastArrival = replay.now
            open.arrived = replay.arrived
        }
        batch = open
        guard replay.now >= open.closes else { return }
        replay.launch(replay.needed)
        batch = nil
    }

    private static let passSeconds = 10
    private static let validationSeconds = 15
}
