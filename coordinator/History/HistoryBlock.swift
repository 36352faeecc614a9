package import ClusterTypes

/// The samples of a cluster in one window as bytes, and back.
///
/// A block is a header with the places of its frames, then the frames. Nodes stand in groups of 32; of each group
/// one frame says which nodes it has and when their samples were taken, and one frame follows for each channel.
/// Every frame is compressed for itself, so that one node, or one series of it, is read without the others.
///
///     "MHB1", step, channels of nodes, channels of devices, groups: (first node, frame sizes …) …, frames …
package struct HistoryBlock {
    /// Compresses or decompresses one frame; the caller brings zstd, as this module does no I/O of its own.
    package typealias Transform = (_ bytes: [UInt8]) throws -> [UInt8]

    private static let magic: [UInt8] = Array("MHB1".utf8)

    private struct Group {
        var firstNode: NodeID
        /// The nodes and times, then the channels of nodes, then those of devices.
        var frames: [Range<Int>]
    }

    package let stepSeconds: Int64
    /// nil where a newer version has written what this one does not know.
    private let ofNode: [HistoryChannel?]
    private let ofDevice: [HistoryChannel?]
    private let groups: [Group]
    private let bytes: [UInt8]

    package static func encode(_ window: HistoryWindow, compress: Transform) throws -> [UInt8] {
        var header = ByteWriter()
        header.append(contentsOf: magic)
        header.append(varint: UInt64(window.stepSeconds))
        for channels in [window.channels.ofNode, window.channels.ofDevice] {
            header.append(varint: UInt64(channels.count))
            for channel in channels {
                header.append(channel.series.rawValue)
                header.append(channel.aggregate.rawValue)
            }
        }
        let nodes = window.nodeIDs
        let starts = Array(stride(from: 0, to: nodes.count, by: HistoryLimits.nodesPerGroup))
        header.append(varint: UInt64(starts.count))
        var body: [UInt8] = []
        for start in starts {
            let end = min(start + HistoryLimits.nodesPerGroup, nodes.count)
            header.append(varint: nodes[start].rawValue)
            let group = nodes[start..<end].compactMap { window.columns(of: $0) }
            for bytes in frames(of: group, window.channels) {
                let frame = try compress(bytes)
                header.append(varint: UInt64(frame.count))
                body += frame
            }
        }
        return header.bytes + body
    }

    private static func frames(of group: [HistoryWindow.NodeColumns], _ channels: HistoryChannels)
        -> [[UInt8]]
    {
        var index = ByteWriter()
        index.append(varint: UInt64(group.count))
        for node in group {
            index.append(varint: node.node.rawValue)
            index.append(varint: UInt64(node.deviceCount))
            index.append(varint: UInt64(node.times.count))
        }
        index.append(contentsOf: ColumnCodec.encode(group.map { $0.times[...] }))
        let ofNode = channels.ofNode.indices.map { channel in
            ColumnCodec.encode(group.map { $0.columns[channel][...] })
        }
        let ofDevice = channels.ofDevice.indices.map { channel in
            ColumnCodec.encode(
                group.flatMap { node in
                    (0..<node.deviceCount).map { device in
                        node.columns[
                            channels.ofNode.count + device * channels.ofDevice.count + channel][...]
                    }
                })
        }
        return [index.bytes] + ofNode + ofDevice
    }

    /// Reads the header alone.
    package init(_ bytes: [UInt8]) throws(HistoryError) {
        guard bytes.starts(with: Self.magic) else {
            let isNewer = bytes.starts(with: Self.magic.dropLast())
            throw isNewer
                ? HistoryError(.tooNew, "the block was written by a newer version")
                : HistoryError(.malformed, "the bytes do not begin a block")
        }
        var reader = ByteReader(bytes[...])
        _ = try reader.slice(Self.magic.count)
        stepSeconds = Int64(try reader.number(upTo: 86_400, "seconds a step"))
        ofNode = try Self.channels(&reader)
        ofDevice = try Self.channels(&reader)
        let groupCount = try reader.number(upTo: HistoryLimits.groups, "groups")
        let frameCount = 1 + ofNode.count + ofDevice.count
        guard groupCount * (frameCount + 1) <= reader.remaining else {
            throw HistoryError(.malformed, "the header is cut off")
        }
        var firstNodes: [NodeID] = []
        var sizes: [Int] = []
        for _ in 0..<groupCount {
            let node = NodeID(try reader.varint())
            guard firstNodes.last.map({ $0 < node }) ?? true else {
                throw HistoryError(.malformed, "the groups are not in order")
            }
            firstNodes.append(node)
            for _ in 0..<frameCount { sizes.append(try reader.number(upTo: bytes.count, "bytes a frame")) }
        }
        var position = reader.position
        var groups: [Group] = []
        for (index, node) in firstNodes.enumerated() {
            var frames: [Range<Int>] = []
            for size in sizes[index * frameCount..<(index + 1) * frameCount] {
                guard size <= bytes.count - position else {
                    throw HistoryError(.malformed, "the block is cut off")
                }
                frames.append(position..<position + size)
                position += size
            }
            groups.append(Group(firstNode: node, frames: frames))
        }
        guard position == bytes.count else { throw HistoryError(.malformed, "bytes follow the block") }
        self.groups = groups
        self.bytes = bytes
    }

    private static func channels(_ reader: inout ByteReader) throws(HistoryError) -> [HistoryChannel?] {
        var channels: [HistoryChannel?] = []
        for _ in 0..<(try reader.number(upTo: HistoryLimits.channels, "channels")) {
            let series = HistorySeries(rawValue: try reader.byte())
            let aggregate = HistoryAggregate(rawValue: try reader.byte())
            channels.append(series.flatMap { series in aggregate.map { HistoryChannel(series, $0) } })
        }
        return channels
    }

    /// The samples of one node; nil where it has none here.
    ///
    /// - Parameter series: only these are decompressed.
    /// - Throws: `HistoryError`, or what `decompress` throws.
    package func samples(
        of node: NodeID, _ series: Set<HistorySeries> = Set(HistorySeries.allCases), decompress: Transform
    ) throws -> NodeHistory? {
        guard let group = groups.last(where: { $0.firstNode <= node }) else { return nil }
        let index = try index(of: group, decompress)
        guard let position = index.nodes.firstIndex(where: { $0.node == node }) else { return nil }
        let found = index.nodes[position]
        var history = NodeHistory(
            stepSeconds: stepSeconds, times: index.times[position], deviceCount: found.devices, columns: [])
        for (channel, frame) in zip(ofNode, group.frames[1...]) {
            guard let channel, series.contains(channel.series) else { continue }
            let columns = try ColumnCodec.decode(
                decompress(Array(bytes[frame])), counts: index.nodes.map(\.samples),
                wanted: position..<position + 1)
            history.columns += columns.map { NodeHistory.Column(channel, nil, codes: $0) }
        }
        let counts = index.nodes.flatMap { Array(repeating: $0.samples, count: $0.devices) }
        let before = index.nodes[..<position].reduce(0) { $0 + $1.devices }
        var ofDevices: [[NodeHistory.Column]] = []
        for (channel, frame) in zip(ofDevice, group.frames[(1 + ofNode.count)...]) {
            guard let channel, series.contains(channel.series) else { continue }
            let columns = try ColumnCodec.decode(
                decompress(Array(bytes[frame])), counts: counts, wanted: before..<before + found.devices)
            ofDevices.append(
                columns.enumerated().map { NodeHistory.Column(channel, $0, codes: $1) })
        }
        // Device by device, as in a window.
        history.columns += (0..<found.devices).flatMap { device in ofDevices.map { $0[device] } }
        return history
    }

    /// All that have samples here, by number.
    package func nodes(decompress: Transform) throws -> [NodeID] {
        try groups.flatMap { try index(of: $0, decompress).nodes.map(\.node) }
    }

    private struct Index {
        var nodes: [(node: NodeID, devices: Int, samples: Int)] = []
        var times: [[Int64]] = []
    }

    private func index(of group: Group, _ decompress: Transform) throws -> Index {
        let content = try decompress(group.frames.first.map { Array(bytes[$0]) } ?? [])
        var reader = ByteReader(content[...])
        var index = Index()
        for _ in 0..<(try reader.number(upTo: HistoryLimits.nodesPerGroup, "nodes a group")) {
            let node = NodeID(try reader.varint())
            let devices = try reader.number(upTo: HistoryLimits.devicesPerNode, "devices of a node")
            let samples = try reader.number(upTo: HistoryLimits.samplesPerNode, "samples of a node")
            guard devices * samples <= HistoryLimits.deviceSamplesPerNode else {
                throw HistoryError(.malformed, "\(samples) samples of \(devices) devices")
            }
            index.nodes.append((node, devices, samples))
        }
        index.times = try ColumnCodec.decode(
            Array(try reader.slice(reader.remaining)), counts: index.nodes.map(\.samples),
            wanted: index.nodes.indices)
        return index
    }
}
