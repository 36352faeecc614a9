/// HyperQueue's automatic allocation with its defaults: one allocation of one worker is queued at a time (backlog 1), and a
/// worker ends after five idle minutes. Every five seconds it looks whether jobs have come, and acts then, or 30 s after it
/// acted last.
struct OneAtATime: ReplayPolicy {
    private(set) var next = 0
    private var acted = (at: Int.min, arrived: 0)

    mutating func act(_ replay: inout JobReplay) {
        next = replay.now + Self.tickSeconds
        if replay.arrived != acted.arrived || replay.now >= acted.at &+ Self.pauseSeconds {
            acted = (replay.now, replay.arrived)
            if replay.booting == 0, replay.needed > 0 { replay.launch(1) }
        }
        for node in replay.idle(for: Self.idleSeconds) { replay.remove(node) }
    }

    private static let tickSeconds = 5
    private static let pauseSeconds = 30
    private static let idleSeconds = 300
}
