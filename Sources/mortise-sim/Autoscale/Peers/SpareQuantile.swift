/// Keeps as many slots free as a quantile of what was asked for in each boot time of the last hour. A node that was idle
/// for a minute goes where that leaves enough.
struct SpareQuantile: ReplayPolicy {
    /// In percent.
    let quantile: Int
    private var ticks = Ticks(every: 10)

    init(quantile: Int) { self.quantile = quantile }

    mutating func act(_ replay: inout JobReplay) {
        replay.launch(replay.needed)
        guard ticks.isDue(replay.now) else { return }
        let spare = spare(replay)
        let slots = replay.options.slotsPerNode
        replay.launch((spare - replay.freeSlots - replay.bootingSlots + slots - 1) / slots)
        for node in replay.idle(for: 60) where replay.freeSlots + replay.bootingSlots - slots >= spare {
            replay.remove(node)
        }
    }

    private func spare(_ replay: JobReplay) -> Int {
        let width = max(1, replay.options.bootSeconds)
        var windows = [Int](repeating: 0, count: max(1, 3_600 / width))
        var index = replay.arrived - 1
        while index >= 0 {
            let window = (replay.now - replay.jobs[index].submitted) / width
            guard window < windows.count else { break }
            windows[window] += replay.jobs[index].slots
            index -= 1
        }
        windows.sort()
        return windows[((windows.count - 1) * quantile + 99) / 100]
    }

    func wakeup(_ replay: JobReplay) -> Int? { ticks.next }
}
