/// Who launches and removes nodes.
protocol ReplayPolicy {
    /// Before the first job.
    mutating func begin(_ replay: inout JobReplay)
    /// After every instant at which something has happened.
    mutating func act(_ replay: inout JobReplay)
    /// When it wants to act although nothing happens.
    func wakeup(_ replay: JobReplay) -> Int?
}

extension ReplayPolicy {
    mutating func begin(_ replay: inout JobReplay) {}
}

/// Instants at which something is done again and again: multiples of `seconds`.
struct Ticks {
    let seconds: Int
    private(set) var next = 0

    init(every seconds: Int) { self.seconds = seconds }

    /// True once for each.
    mutating func isDue(_ now: Int) -> Bool {
        guard now >= next else { return false }
        next = now - now % seconds + seconds
        return true
    }
}
