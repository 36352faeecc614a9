package import ClusterTypes
import ProtocolMessages

/// Samples of all nodes between two moments, as they come: coded values in memory.
package struct HistoryWindow: Sendable, Hashable {
    private struct NodeRows: Sendable, Hashable {
        let node: NodeID
        var deviceCount = 0
        /// The time, then a value for each channel of nodes, then for each device one for each channel of devices.
        var rows = CompactRows()
    }

    /// The samples of one node, a column for each channel.
    struct NodeColumns {
        let node: NodeID
        let deviceCount: Int
        /// Whole seconds since 1970.
        let times: [Int64]
        /// One for each channel of nodes, then for each device one for each channel of devices.
        let columns: [[Int64]]
    }

    package let channels: HistoryChannels
    /// Between samples of a node.
    package let stepSeconds: Int64
    /// Of the first and the last sample; nil while it is empty.
    package private(set) var from: Instant?
    package private(set) var through: Instant?
    private var nodes: [NodeRows] = []
    private var positions: [NodeID: Int] = [:]
    /// Numbers in all samples, times included.
    package private(set) var valueCount = 0
    /// What they take in memory, about.
    package private(set) var byteCount = 0

    package init(_ channels: HistoryChannels, stepSeconds: Int64) {
        self.channels = channels
        self.stepSeconds = stepSeconds
    }

    package var isEmpty: Bool { nodes.isEmpty }
    package var nodeCount: Int { nodes.count }
    package var sampleCount: Int { nodes.reduce(0) { $0 + $1.rows.count } }

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
        let ofNode = channels.ofNode
        let ofDevice = channels.ofDevice
        let bytesBefore = nodes[position].rows.byteCount
        // What is gone from the list of devices has no reading any more.
        nodes[position].deviceCount = max(nodes[position].deviceCount, deviceCount)
        let width = 1 + ofNode.count + nodes[position].deviceCount * ofDevice.count
        nodes[position].rows.append(width: width) { column in
            if column == 0 { return seconds }
            if column <= ofNode.count { return code(ofNode[column - 1], nil) }
            let (device, channel) = (column - 1 - ofNode.count).quotientAndRemainder(
                dividingBy: ofDevice.count)
            return device < deviceCount ? code(ofDevice[channel], device) : ColumnCodec.absent
        }
        valueCount += width
        byteCount += nodes[position].rows.byteCount - bytesBefore
    }

    private mutating func add(_ node: NodeID) -> Int {
        positions[node] = nodes.count
        nodes.append(NodeRows(node: node))
        return nodes.count - 1
    }

    /// By their numbers.
    var nodeIDs: [NodeID] { nodes.map(\.node).sorted() }

    func columns(of node: NodeID) -> NodeColumns? {
        guard let position = positions[node] else { return nil }
        let columns = nodes[position].rows.columns(filler: ColumnCodec.absent)
        return NodeColumns(
            node: node, deviceCount: nodes[position].deviceCount, times: columns[0],
            columns: Array(columns[1...]))
    }

    /// What it holds of one node; nil where that is nothing.
    package func samples(of node: NodeID) -> NodeHistory? {
        guard let found = columns(of: node) else { return nil }
        return NodeHistory(
            stepSeconds: stepSeconds, times: found.times, deviceCount: found.deviceCount,
            columns: zip(channels.columns(devices: found.deviceCount), found.columns).map { column, codes in
                NodeHistory.Column(column.channel, column.device, codes: codes)
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
    /// A window is closed when it takes more.
    package static let bytesPerWindow = 32 << 20
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
