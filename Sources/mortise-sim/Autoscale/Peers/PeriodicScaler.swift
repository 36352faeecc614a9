/// At every tick it launches what is needed, and removes what was idle for long enough.
struct PeriodicScaler: ReplayPolicy {
    let idleSeconds: Int
    /// Nothing is removed so soon after a launch.
    let calmSeconds: Int
    private let tick: Int
    private(set) var next = 0
    private var lastLaunch: Int?

    init(tick: Int, idleSeconds: Int, calmSeconds: Int = 0) {
        self.tick = tick
        self.idleSeconds = idleSeconds
        self.calmSeconds = calmSeconds
    }

    /// scan-interval, scale-down-unneeded-time and scale-down-delay-after-add. Jobs cannot be moved, so that only
    /// empty nodes are unneeded.
    static var clusterAutoscaler: Self { Self(tick: 10, idleSeconds: 600, calmSeconds: 600) }
    /// The power thread's interval and SuspendTime 300; jobs are not bound to the nodes that boot for them.
    static var slurm: Self { Self(tick: 10, idleSeconds: 300) }
    /// The tick of the second version, and idle_timeout: longer than that.
    static func ray(idleSeconds: Int) -> Self { Self(tick: 5, idleSeconds: idleSeconds + 1) }

    mutating func act(_ replay: inout JobReplay) {
        next = replay.now + tick
        if replay.needed > 0 {
            replay.launch(replay.needed)
            lastLaunch = replay.now
        }
        if let lastLaunch, replay.now - lastLaunch < calmSeconds { return }
        for node in replay.idle(for: idleSeconds) { replay.remove(node) }
    }
}
