/// Keeps as many slots free as a quantile of what was asked for in each boot time of the last hour, reckoned every ten
/// seconds. A node that was idle for a minute goes where that leaves enough.
struct SpareQuantile: ReplayPolicy {
    /// In percent.
    let quantile: Int
    private(set) var next = 0
    private var spare = 0

    init(quantile: Int) { self.quantile = quantile }

    mutating func act(_ replay: inout JobReplay) {
        next = replay.now + 1
        if replay.now.isMultiple(of: 10) { spare = spare(replay) }
        let slots = replay.options.slotsPerNode
        replay.launch(replay.needed)
        if replay.waiting == 0 {
            replay.launch((spare - replay.freeSlots - replay.bootingSlots + slots - 1) / slots)
        }
        for node in replay.idle(for: 60).sorted()
        where replay.freeSlots + replay.bootingSlots - slots >= spare {
            replay.remove(node)
        }
    }

    private func spare(_ replay: JobReplay) -> Int {
        let width = max(1, replay.options.bootSeconds)
        var windows = [Int](repeating: 0, count: max(1, 3_600 / width))
        var index = replay.arrived - 1
        while index >= 0 {
            let window = (replay.now - replay.arrivals[index].submitted) / width
            guard window < windows.count else { break }
            windows[window] += replay.arrivals[index].slots
            index -= 1
        }
        windows.sort()
        return windows[((windows.count - 1) * quantile + 99) / 100]
    }
}
