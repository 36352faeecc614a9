/// HyperQueue's automatic allocation with its defaults: one allocation of one worker is queued at a time (backlog 1), and a
/// worker ends after five idle minutes. That a worker has connected is seen at the tick after.
struct OneAtATime: ReplayPolicy {
    private var ticks = Ticks(every: 5)

    mutating func act(_ replay: inout JobReplay) {
        guard ticks.isDue(replay.now) else { return }
        let hasJoinedNow = replay.present.contains { replay.nodes[$0]?.ready == replay.now }
        if replay.booting.isEmpty, !hasJoinedNow, replay.needed > 0 { replay.launch(1) }
        for node in replay.idle(for: 300) { replay.remove(node) }
    }

    func wakeup(_ replay: JobReplay) -> Int? { ticks.next }
}
