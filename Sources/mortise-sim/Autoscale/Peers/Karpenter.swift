/// Karpenter with consolidateAfter 0 s. Launches wait for a batch of jobs: until none came for a second, ten at most.
/// Every ten seconds up to a tenth of the nodes is chosen of those that are empty, and removed 15 s later if still so.
/// Jobs cannot be moved, so that there is nothing else to consolidate.
struct Karpenter: ReplayPolicy {
    private struct Batch {
        var opened: Int
        var lastArrival: Int
        var arrived: Int
        var closes: Int { min(lastArrival + 1, opened + 10) }
    }

    private var batch: Batch?
    private var nextPass = 0
    private var chosen: (nodes: [Int], validatedAt: Int)?

    mutating func act(_ replay: inout JobReplay) {
        provision(&replay)
        if let chosen, replay.now >= chosen.validatedAt {
            let idle = Set(replay.idle(for: 0))
            for node in chosen.nodes where idle.contains(node) { replay.remove(node) }
            self.chosen = nil
            nextPass = replay.now + Self.passSeconds
        }
        guard chosen == nil, replay.now >= nextPass else { return }
        nextPass = replay.now + Self.passSeconds
        guard replay.waiting == 0 else { return }
        let empty = replay.idle(for: 0).prefix((replay.present.count + 9) / 10)
        if !empty.isEmpty { chosen = (Array(empty), replay.now + Self.validationSeconds) }
    }

    private mutating func provision(_ replay: inout JobReplay) {
        guard replay.needed > 0 else {
            batch = nil
            return
        }
        guard var open = batch else {
            batch = Batch(opened: replay.now, lastArrival: replay.now, arrived: replay.arrived)
            return
        }
        if replay.arrived > open.arrived {
            open.lastArrival = replay.now
            open.arrived = replay.arrived
        }
        batch = open
        guard replay.now >= open.closes else { return }
        replay.launch(replay.needed)
        batch = nil
    }

    func wakeup(_ replay: JobReplay) -> Int? {
        min(chosen?.validatedAt ?? nextPass, batch?.closes ?? .max)
    }

    private static let passSeconds = 10
    private static let validationSeconds = 15
}
