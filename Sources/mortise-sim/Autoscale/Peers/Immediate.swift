/// Each second it launches what is needed, and removes what was idle for a fixed time: the line that others are held against.
struct Immediate: ReplayPolicy {
    let idleSeconds: Int
    private(set) var next = 0

    init(idleSeconds: Int) { self.idleSeconds = idleSeconds }

    mutating func act(_ replay: inout JobReplay) {
        next = replay.now + 1
        replay.launch(replay.needed)
        for node in replay.idle(for: idleSeconds) { replay.remove(node) }
    }
}
