import ClusterTypes
import ProtocolMessages

/// Sums and maxima of one step, for every series of every node.
struct StepAggregates: Sendable {
    private struct Number {
        var sum: Int64 = 0
        var count: Int64 = 0
        var maximum = Int64.min

        mutating func add(_ value: Int64) {
            sum &+= value
            count += 1
            maximum = max(maximum, value)
        }

        func value(_ aggregate: HistoryAggregate) -> Int64? {
            guard count > 0 else { return nil }
            return aggregate == .mean ? sum / count : maximum
        }
    }

    private struct Entry {
        let node: NodeID
        var devices = 0
        /// Of the node's series, then for each device of its series.
        var numbers = HistorySeries.ofNode.map { _ in Number() }
    }

    private var entries: [Entry] = []
    private var positions: [NodeID: Int] = [:]

    mutating func add(_ beat: Heartbeat, of node: NodeID) {
        let position = positions[node] ?? add(node)
        let devices = beat.devices.prefix(HistoryLimits.devicesPerNode)
        if devices.count > entries[position].devices {
            let more = (devices.count - entries[position].devices) * HistorySeries.ofDevice.count
            entries[position].numbers += Array(repeating: Number(), count: more)
            entries[position].devices = devices.count
        }
        for (index, series) in HistorySeries.ofNode.enumerated() {
            if let value = series.value(in: beat) { entries[position].numbers[index].add(value) }
        }
        var index = HistorySeries.ofNode.count
        for device in devices {
            for series in HistorySeries.ofDevice {
                if let value = series.value(in: device) { entries[position].numbers[index].add(value) }
                index += 1
            }
        }
    }

    private mutating func add(_ node: NodeID) -> Int {
        positions[node] = entries.count
        entries.append(Entry(node: node))
        return entries.count - 1
    }

    /// Adds the step to a window of coarse channels.
    ///
    /// - Parameter notBefore: the window's beginning: that of its first step may be earlier.
    func append(to window: inout HistoryWindow, stepStart: Int64, notBefore: Instant) {
        let now = max(notBefore, Instant(microseconds: stepStart * 1_000_000))
        for entry in entries {
            window.append(of: entry.node, deviceCount: entry.devices, seconds: stepStart, at: now) {
                channel, device in
                let all = device == nil ? HistorySeries.ofNode : HistorySeries.ofDevice
                let first = device.map { HistorySeries.ofNode.count + $0 * HistorySeries.ofDevice.count } ?? 0
                let value = all.firstIndex(of: channel.series).flatMap {
                    entry.numbers[first + $0].value(channel.aggregate)
                }
                return value.map { channel.series.code($0) } ?? ColumnCodec.absent
            }
        }
    }
}
