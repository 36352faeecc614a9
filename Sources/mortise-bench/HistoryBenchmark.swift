import ArgumentParser
import ClusterTypes
import CoordinatorCore
import CoordinatorHistory
import LoadModel
import ProtocolMessages
import Zstd

struct HistoryBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Size and time of telemetry history, of machines that never were.",
        discussion: """
            Takes the heartbeats of a synthetic cluster through the coordinator's own recorder and encoder, and reads \
            one node back.

            Example: a day of 1,000 nodes with 8 devices each, a sample each 10 seconds:

              mortise-bench history --nodes 1000 --devices 8 --hours 24
            """)

    @Option(help: "Nodes of the cluster.")
    var nodes = 1_000
    @Option(help: "Devices of each node.")
    var devices = 8
    @Option(help: "Hours of the cluster's time.")
    var hours = 24
    @Option(help: "Seconds between two samples of a node.")
    var resolution: Int64 = 10
    @Option(help: "Compression level of zstd.")
    var level = HistoryCompression.level
    @Option(help: "Of the telemetry.")
    var seed: UInt64 = 1

    func validate() throws {
        guard nodes > 0, devices >= 0, hours > 0, (1...300).contains(resolution), (1...19).contains(level)
        else {
            throw ValidationError("Take at least one node and hour, 1 to 300 s, and a level of 1 to 19.")
        }
    }

    private struct Totals {
        var blocks = 0
        var samples = 0
        var values = 0
        var bytes = 0
        /// In memory, before it is encoded.
        var largestWindow = 0
        var encoding = Duration.zero
        var longestEncoding = Duration.zero
    }

    func run() async throws {
        var settings = HistorySettings.defaults
        settings.resolutionSeconds = resolution
        var loads = (0..<nodes).map { NodeLoad(seed: seed &+ UInt64($0), devices: devices) }
        var recorder = HistoryRecorder(settings)
        let compressor = Compressor(level: level)
        let clock = ContinuousClock()
        var full = Totals()
        var coarse = Totals()
        var coarseBlocks: [Instant: [UInt8]] = [:]
        var blocks: [[UInt8]] = []
        var noting = Duration.zero
        let start: Int64 = 1_800_000_000 / 3_600 * 3_600

        func encode(_ window: HistoryWindow, _ totals: inout Totals) throws -> [UInt8] {
            let begin = clock.now
            let block = try HistoryBlock.encode(window) { try compressor.compress($0.span.bytes) }
            let taken = clock.now - begin
            totals.blocks += 1
            totals.samples += window.sampleCount
            totals.values += window.valueCount
            totals.bytes += block.count
            totals.largestWindow = max(totals.largestWindow, window.byteCount)
            totals.encoding += taken
            totals.longestEncoding = max(totals.longestEncoding, taken)
            return block
        }

        func write(_ batches: [HistoryRecorder.Batch]) throws {
            for batch in batches {
                blocks.append(try encode(batch.full, &full))
                if let window = batch.coarse, let from = window.from {
                    coarseBlocks[from] = try encode(window, &coarse)
                }
            }
        }

        for second in stride(from: Int64(0), to: Int64(hours) * 3_600, by: Int(resolution)) {
            let beats = loads.indices.map { loads[$0].next(after: Double(resolution)) }
            let begin = clock.now
            for (node, beat) in beats.enumerated() {
                // Spread over the time between two samples, with the jitter of the agents' beats.
                let offset = Int64(node) * (resolution * 1_000_000 - 1) / Int64(nodes)
                let now = Instant(microseconds: (start + second) * 1_000_000 + offset)
                recorder.note(beat, of: NodeID(UInt64(node + 1)), holding: { [] }, at: now)
            }
            noting += clock.now - begin
            try write(recorder.take(at: Instant(microseconds: (start + second) * 1_000_000)))
        }
        recorder.close(at: Instant(microseconds: (start + Int64(hours) * 3_600) * 1_000_000))
        try write(recorder.take(at: Instant(microseconds: (start + Int64(hours) * 3_600) * 1_000_000)))

        report("full", full, resolution: resolution)
        var kept = coarse
        kept.bytes = coarseBlocks.values.reduce(0) { $0 + $1.count }
        print(
            "coarse: \(kept.bytes) bytes in \(coarseBlocks.count) blocks; \(HumanNumber(kept.bytes * 31 * 24 / hours)) "
                + "for 31 days; written \(coarse.blocks) times, \(coarse.bytes) bytes, encoding \(coarse.encoding)"
        )
        print(
            "gathered in memory, at most: \((full.largestWindow + coarse.largestWindow) / nodes) bytes a node, of which "
                + "\(coarse.largestWindow / nodes) are the hour's steps")
        print("noting: \(noting / max(1, full.samples)) a sample")
        try read(blocks, clock)
    }

    private func report(_ name: String, _ totals: Totals, resolution: Int64) {
        let deviceSamples = totals.samples * devices
        print(
            "\(name): \(totals.blocks) blocks, \(totals.samples) node samples, \(deviceSamples) device samples, "
                + "\(totals.values) values")
        print("  raw, 8 bytes a value: \(HumanNumber(totals.values * 8))")
        print("  encoded: \(HumanNumber(totals.bytes)); for a day: \(HumanNumber(totals.bytes * 24 / hours))")
        let perSample = Double(totals.bytes) / Double(max(1, totals.samples))
        let perDevice = Double(totals.bytes) / Double(max(1, deviceSamples))
        let perValue = Double(totals.bytes) / Double(max(1, totals.values))
        print("  bytes a node sample \(perSample), a device sample \(perDevice), a value \(perValue)")
        print(
            "  encoding: \(totals.encoding / max(1, totals.blocks)) a block, longest \(totals.longestEncoding)"
        )
    }

    private func read(_ blocks: [[UInt8]], _ clock: ContinuousClock) throws {
        let decompressor = Decompressor()
        let node = NodeID(UInt64(nodes / 2 + 1))
        for series in [Set(HistorySeries.allCases), [.utilizationPermille]] {
            let begin = clock.now
            var values = 0
            for block in blocks {
                let found = try HistoryBlock(block).samples(of: node, series) {
                    try decompressor.decompress($0.span.bytes, limitBytes: HistoryLimits.frameBytes)
                }
                values += found?.columns.reduce(0) { $0 + $1.values.count } ?? 0
            }
            print("reading one node, \(series.count) series: \(values) values in \(clock.now - begin)")
        }
    }
}

/// `123.4 MB`.
private struct HumanNumber: CustomStringConvertible {
    let bytes: Int
    init(_ bytes: Int) { self.bytes = bytes }
    var description: String { "\(Double(bytes / 10_000) / 100) MB" }
}
