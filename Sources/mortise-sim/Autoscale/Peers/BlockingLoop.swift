/// The loop of a hybrid cloud service's scripts: while jobs wait it makes one node, and waits until that has joined; else
/// it sleeps for ten minutes, and removes nodes if then nothing waits or runs.
struct BlockingLoop: ReplayPolicy {
    /// All nodes at once; else one each time.
    let removesAll: Bool
    private(set) var next = 0
    private var isBeforeRemoval = false

    init(removesAll: Bool) { self.removesAll = removesAll }

    mutating func act(_ replay: inout JobReplay) {
        if isBeforeRemoval {
            isBeforeRemoval = false
            next = replay.now + Self.pauseSeconds
            guard replay.waiting == 0, replay.running == 0 else { return }
            for node in replay.idle(for: 0).prefix(removesAll ? .max : 1) { replay.remove(node) }
        } else if replay.waiting > 0 {
            let isFull = replay.present.count == replay.options.maxNodes
            replay.launch(1)
            next = replay.now + (isFull ? 0 : replay.options.bootSeconds) + Self.pauseSeconds
        } else {
            isBeforeRemoval = true
            next = replay.now + Self.sleepSeconds
        }
    }

    private static let pauseSeconds = 4
    private static let sleepSeconds = 600
}
