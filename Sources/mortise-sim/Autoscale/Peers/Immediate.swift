/// Launches what is needed at once, and removes a node after a fixed idle time: the line that others are held against.
struct Immediate: ReplayPolicy {
    let idleSeconds: Int

    mutating func act(_ replay: inout JobReplay) {
        replay.launch(replay.needed)
        for node in replay.idle(for: idleSeconds) { replay.remove(node) }
    }

    func wakeup(_ replay: JobReplay) -> Int? {
        guard replay.waiting == 0 else { return nil }
        let slots = replay.options.slotsPerNode
        return replay.present.compactMap { number in
            replay.nodes[number].flatMap { $0.free == slots ? $0.idleSince + idleSeconds : nil }
        }.min()
    }
}
