package import ClusterTypes
import ProtocolMessages

/// Samples of all nodes between two moments, as they come: columns of coded values in memory.
package struct HistoryWindow: Sendable, Hashable {
    struct NodeColumns: Sendable, Hashable {
        let node: NodeID
        /// Whole seconds since 1970.
        var times: [Int64] = []
        var deviceCount = 0
        /// One for each channel of nodes, then for each device one for each channel of devices.
        var columns: [[Int64]]
    }

    package let channels: HistoryChannels
    /// Between samples of a node.
    package let stepSeconds: Int64
    /// Of the first and the last sample; nil while it is empty.
    package private(set) var from: Instant?
    package private(set) var through: Instant?
    private(set) var nodes: [NodeColumns] = []
    private var positions: [NodeID: Int] = [:]
    /// Numbers in all columns: what it takes in memory, 8 bytes each.
    package private(set) var valueCount = 0

    package init(_ channels: HistoryChannels, stepSeconds: Int64) {
        self.channels = channels
        self.stepSeconds = stepSeconds
    }

    package var isEmpty: Bool { nodes.isEmpty }
    package var nodeCount: Int { nodes.count }
    package var sampleCount: Int { nodes.reduce(0) { $0 + $1.times.count } }

    /// A heartbeat's reading.
    mutating func append(_ beat: Heartbeat, of node: NodeID, at now: Instant) {
        let devices = beat.devices.prefix(HistoryLimits.devicesPerNode)
        append(of: node, deviceCount: devices.count, seconds: now.wholeSeconds, at: now) { channel, device in
            let value = device.map { channel.series.value(in: devices[$0]) } ?? channel.series.value(in: beat)
            return value.map { channel.series.code($0) } ?? ColumnCodec.absent
        }
    }

    /// - Parameter code: of a channel, of the node or of the device at this position.
    mutating func append(
        of node: NodeID, deviceCount: Int, seconds: Int64, at now: Instant,
        code: (HistoryChannel, _ device: Int?) -> Int64
    ) {
        from = .earlier(from, now)
        through = through.map { max($0, now) } ?? now
        let position = positions[node] ?? add(node)
        if deviceCount > nodes[position].deviceCount { add(deviceCount, to: position) }
        nodes[position].times.append(seconds)
        for (index, channel) in channels.ofNode.enumerated() {
            nodes[position].columns[index].append(code(channel, nil))
        }
        var index = channels.ofNode.count
        for device in 0..<nodes[position].deviceCount {
            for channel in channels.ofDevice {
                // What is gone from the list has no reading any more.
                nodes[position].columns[index].append(
                    device < deviceCount ? code(channel, device) : ColumnCodec.absent)
                index += 1
            }
        }
        valueCount += nodes[position].columns.count + 1
    }

    private mutating func add(_ node: NodeID) -> Int {
        positions[node] = nodes.count
        nodes.append(NodeColumns(node: node, columns: channels.ofNode.map { _ in [] }))
        return nodes.count - 1
    }

    private mutating func add(_ deviceCount: Int, to position: Int) {
        let count = nodes[position].times.count
        let columns = (deviceCount - nodes[position].deviceCount) * channels.ofDevice.count
        nodes[position].columns += Array(
            repeating: Array(repeating: ColumnCodec.absent, count: count), count: columns)
        nodes[position].deviceCount = deviceCount
        valueCount += columns * count
    }

    /// What it holds of one node; nil where that is nothing.
    package func samples(of node: NodeID) -> NodeHistory? {
        guard let position = positions[node] else { return nil }
        let found = nodes[position]
        return NodeHistory(
            stepSeconds: stepSeconds, times: found.times, deviceCount: found.deviceCount,
            columns: channels.columns(devices: found.deviceCount).enumerated().map { index, column in
                NodeHistory.Column(column.channel, column.device, codes: found.columns[index])
            })
    }
}

/// The columns of a block, in their order.
package struct HistoryChannels: Sendable, Hashable {
    package var ofNode: [HistoryChannel]
    package var ofDevice: [HistoryChannel]

    /// One reading a sample.
    package static let full = HistoryChannels { _ in [.reading] }
    /// A few numbers for each step.
    package static let coarse = HistoryChannels { $0.coarseAggregates }

    init(ofNode: [HistoryChannel], ofDevice: [HistoryChannel]) {
        self.ofNode = ofNode
        self.ofDevice = ofDevice
    }

    private init(_ aggregates: (HistorySeries) -> [HistoryAggregate]) {
        func channels(_ series: [HistorySeries]) -> [HistoryChannel] {
            series.flatMap { series in aggregates(series).map { HistoryChannel(series, $0) } }
        }
        self.init(ofNode: channels(HistorySeries.ofNode), ofDevice: channels(HistorySeries.ofDevice))
    }

    func columns(devices: Int) -> [(channel: HistoryChannel, device: Int?)] {
        ofNode.map { ($0, nil) } + (0..<devices).flatMap { device in ofDevice.map { ($0, device) } }
    }
}

/// Samples of one node, times ascending.
package struct NodeHistory: Sendable, Hashable {
    package struct Column: Sendable, Hashable {
        package let channel: HistoryChannel
        /// Its position in the hardware report; nil for the node itself.
        package let device: Int?
        /// One for each time; nil where there was no reading.
        package let values: [Int64?]

        init(_ channel: HistoryChannel, _ device: Int?, codes: [Int64]) {
            self.init(
                channel, device,
                values: codes.map { $0 == ColumnCodec.absent ? nil : channel.series.value($0) })
        }

        init(_ channel: HistoryChannel, _ device: Int?, values: [Int64?]) {
            self.channel = channel
            self.device = device
            self.values = values
        }
    }

    /// Between samples, if none is missing.
    package var stepSeconds: Int64
    /// Whole seconds since 1970.
    package var times: [Int64]
    package var deviceCount: Int
    package var columns: [Column]

    /// Without other series.
    package func only(_ series: Set<HistorySeries>) -> NodeHistory {
        var result = self
        result.columns.removeAll { !series.contains($0.channel.series) }
        return result
    }

    /// Without samples of that second and later.
    package func before(_ end: Int64) -> NodeHistory {
        let count = times.prefix { $0 < end }.count
        guard count < times.count else { return self }
        var result = self
        result.times.removeLast(times.count - count)
        result.columns = columns.map { Column($0.channel, $0.device, values: Array($0.values.prefix(count))) }
        return result
    }
}

/// What is refused when blocks are read, and never written.
package enum HistoryLimits {
    package static let nodesPerGroup = 32
    package static let devicesPerNode = Int(ProtocolLimits.devicesPerNode)
    /// Of one node in one window.
    package static let samplesPerNode = 4_096
    static let deviceSamplesPerNode = 1 << 20
    /// A window is closed before it takes more than 32 MB.
    package static let valuesPerWindow = 4_000_000
    static let channels = 256
    static let groups = 1 << 16
    /// Of one decompressed frame.
    package static let frameBytes = 64 << 20
}

extension Instant {
    /// Rounded down, since 1970.
    var wholeSeconds: Int64 { floorDivide(microseconds, 1_000_000) }
}

func floorDivide(_ dividend: Int64, _ divisor: Int64) -> Int64 {
    let quotient = dividend / divisor
    return dividend % divisor < 0 ? quotient - 1 : quotient
}
