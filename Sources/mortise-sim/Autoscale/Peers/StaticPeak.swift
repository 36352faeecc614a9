/// As many nodes as the trace would use if nothing waited, from the first job to the last.
struct StaticPeak: ReplayPolicy {
    /// Others than the peak needs.
    var nodes: Int?

    mutating func begin(_ replay: inout JobReplay) {
        let slots = replay.options.slotsPerNode
        replay.launch(nodes ?? (Self.peak(replay.jobs) + slots - 1) / slots, upAtOnce: true)
    }

    var hasTicks: Bool { false }
    var next: Int { .max }
    mutating func act(_ replay: inout JobReplay) {}

    /// Slots in use at once if every job began when it came.
    private static func peak(_ jobs: [SWFTrace.Job]) -> Int {
        var changes = jobs.map { (at: $0.submitted, slots: $0.slots) }
        changes += jobs.map { (at: $0.submitted + $0.seconds, slots: -$0.slots) }
        var (used, peak) = (0, 0)
        // At the same instant ends come first.
        for change in changes.sorted(by: { ($0.at, $0.slots) < ($1.at, $1.slots) }) {
            used += change.slots
            peak = max(peak, used)
        }
        return peak
    }
}
