import ClusterTypes
import CoordinatorCore
import ProtocolMessages
import Testing

@testable import CoordinatorHistory

@Suite("Blocks of history")
struct BlockTests {
    @Test("Columns of every shape come back", arguments: seeds)
    func columns(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let columns = (0..<20).map { _ in column(&random) }
        let bytes = ColumnCodec.encode(columns.map { $0[...] })
        let counts = columns.map(\.count)
        #expect(try ColumnCodec.decode(bytes, counts: counts, wanted: 0..<20) == columns, "seed \(seed)")
        for wanted in [3..<4, 0..<1, 19..<20, 5..<5] {
            #expect(
                try ColumnCodec.decode(bytes, counts: counts, wanted: wanted) == Array(columns[wanted]),
                "seed \(seed)")
        }
    }

    private func column(_ random: inout SeededRandom) -> [Int64] {
        let count = Int.random(in: 0...70, using: &random)
        let step = Int64.random(in: 1...1_000, using: &random)
        let start = Int64.random(in: -1_000_000...(.max >> 8), using: &random)
        let shape = Int.random(in: 0..<7, using: &random)
        let gaps = Int.random(in: 0..<3, using: &random)
        return (0..<count).map { index in
            if gaps == 0, Int.random(in: 0..<4, using: &random) == 0 { return ColumnCodec.absent }
            let place = Int64(index)
            switch shape {
            case 0: return start
            case 1: return start + place * step
            case 2: return start + Int64.random(in: -9...9, using: &random) * step
            case 3: return start + place * place
            case 4: return Int64.random(in: (.min + 1)...(.max), using: &random)
            case 5: return index % 7 == 0 ? .max : .min + 1
            default: return ColumnCodec.absent
            }
        }
    }

    @Test("Values are kept as exactly as it is written")
    func scales() {
        for value in [0, 1, 255, 256, 257, 1_000, 123_456_789, Int64.max] as [Int64] {
            let series = HistorySeries.networkSendBytes
            let read = series.value(series.code(value))
            #expect(abs(Double(read) - Double(value)) <= Double(value) / 128, "\(value) came back as \(read)")
            #expect(series.code(value) <= series.code(value &+ max(1, value / 64)) || value == .max)
        }
        let codes = (0..<100_000).map { HistorySeries.diskReadBytes.code($0 * 37) }
        #expect(zip(codes, codes.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(HistorySeries.powerMilliwatts.value(HistorySeries.powerMilliwatts.code(71_849)) == 71_800)
        #expect(HistorySeries.memoryUsedBytes.value(HistorySeries.memoryUsedBytes.code(3 << 20)) == 3 << 20)
    }

    @Test(
        "A block holds what the window holds, of each node and of each series", arguments: [1, 2] as [UInt64])
    func roundTrip(seed: UInt64) throws {
        for batch in recorded(seed: seed, nodes: 40, devices: 2, seconds: 400) {
            for window in [batch.full, batch.coarse].compactMap(\.self) {
                let block = try HistoryBlock(HistoryBlock.encode(window, compress: compress))
                let nodes = try block.nodes(decompress: decompress)
                #expect(nodes.count == 40 && nodes == nodes.sorted())
                for node in nodes {
                    #expect(try block.samples(of: node, decompress: decompress) == window.samples(of: node))
                }
                let some: Set<HistorySeries> = [.powerMilliwatts, .loadMilli]
                #expect(
                    try block.samples(of: NodeID(4), some, decompress: decompress)
                        == window.samples(of: NodeID(4))?.only(some))
                for missing in [0, 2, 1_000] as [UInt64] {
                    #expect(try block.samples(of: NodeID(missing), decompress: decompress) == nil)
                }
            }
        }
    }

    @Test("Devices that come and go have readings only while they are there")
    func devices() throws {
        var window = HistoryWindow(.full, stepSeconds: 10)
        for (second, count) in [(0, 1), (10, 3), (20, 0), (30, 2)] {
            var beat = Heartbeat(sequence: 1)
            beat.devices = (0..<count).map { DeviceSample(temperatureCelsius: Int32(40 + $0)) }
            window.append(beat, of: NodeID(1), at: .after(Double(second)))
        }
        let block = try HistoryBlock(HistoryBlock.encode(window, compress: compress))
        let read = try #require(
            try block.samples(of: NodeID(1), [.temperatureCelsius], decompress: decompress))
        #expect(
            read.columns.map(\.values) == [[40, 40, nil, 40], [nil, 41, nil, 41], [nil, 42, nil, nil]])
    }

    @Test("An empty window is a block without nodes")
    func empty() throws {
        let bytes = try HistoryBlock.encode(HistoryWindow(.full, stepSeconds: 10), compress: compress)
        #expect(try HistoryBlock(bytes).nodes(decompress: decompress) == [])
    }

    @Test("The same samples give the same bytes")
    func determinism() throws {
        let blocks = try (0..<2).map { _ in
            try recorded(seed: 9, nodes: 40, devices: 2, seconds: 400).map {
                try HistoryBlock.encode($0.full, compress: compress)
            }
        }
        #expect(blocks[0] == blocks[1])
    }

    @Test("Damaged bytes are refused or read as something, and never end the program", arguments: seeds)
    func damage(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let window = try #require(recorded(seed: seed, nodes: 33, devices: 2, seconds: 30).first?.full)
        // Once as it is, where hardly a frame survives, and once without compression, so that the columns are hit.
        for transform in [compress, { $0 }] as [HistoryBlock.Transform] {
            let sound = try HistoryBlock.encode(window, compress: transform)
            let back = { (bytes: [UInt8]) in try transform([]).isEmpty ? bytes : decompress(bytes) }
            var refused = 0
            for _ in 0..<30 {
                var bytes = sound
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let place = Int.random(in: 0..<bytes.count, using: &random)
                    bytes[place] = UInt8.random(in: 0...255, using: &random)
                }
                if Bool.random(using: &random) {
                    bytes.removeLast(Int.random(in: 0..<min(40, bytes.count), using: &random))
                }
                do {
                    let block = try HistoryBlock(bytes)
                    let nodes = try block.nodes(decompress: back)
                    for node in [nodes.first, nodes.last].compactMap(\.self) {
                        _ = try block.samples(of: node, decompress: back)
                    }
                } catch {
                    refused += 1
                }
            }
            #expect(refused > 0, "seed \(seed)")
        }
    }

    @Test("What is no block, and what is newer, is named")
    func foreign() {
        #expect(throws: HistoryError(.malformed, "the bytes do not begin a block")) { try HistoryBlock([]) }
        #expect(throws: HistoryError(.tooNew, "the block was written by a newer version")) {
            try HistoryBlock(Array("MHB2...".utf8))
        }
        #expect(throws: HistoryError.self) { try HistoryBlock(Array("MHB1".utf8)) }
    }

    @Test("A device's sample takes less than five bytes of the fifty-six that it has")
    func size() throws {
        let batches = recorded(seed: 5, nodes: 64, devices: 8, seconds: 300)
        let bytes = try batches.reduce(0) { try $0 + HistoryBlock.encode($1.full, compress: compress).count }
        let samples = batches.reduce(0) { $0 + $1.full.sampleCount * 8 }
        #expect(samples == 64 * 8 * 30)
        #expect(Double(bytes) / Double(samples) < 5, "\(bytes) bytes for \(samples)")
    }
}
