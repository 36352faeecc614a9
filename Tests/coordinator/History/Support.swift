import ClusterTypes
import CoordinatorCore
import CoordinatorHistory
import Foundation
import LoadModel
import ProtocolMessages
import Zstd

/// zstd, as everybody brings it.
func compress(_ bytes: [UInt8]) throws -> [UInt8] {
    try Compressor(level: HistoryCompression.level).compress(bytes.span.bytes)
}

func decompress(_ bytes: [UInt8]) throws -> [UInt8] {
    try Decompressor().decompress(bytes.span.bytes, limitBytes: HistoryLimits.frameBytes)
}

extension Instant {
    /// After the beginning of a period.
    static func after(_ seconds: Double) -> Instant {
        Instant(microseconds: 1_799_996_400_000_000 + Int64(seconds * 1_000_000))
    }
}

/// MORTISE_SEEDS=100-400 runs others, for longer searches.
let seeds: ClosedRange<UInt64> = {
    let bounds = (ProcessInfo.processInfo.environment["MORTISE_SEEDS"] ?? "").split(separator: "-")
    guard let first = bounds.first.flatMap({ UInt64($0) }), let last = bounds.last.flatMap({ UInt64($0) }),
        first <= last
    else { return 1...20 }
    return first...last
}()

/// A recorder that has taken the beats of a synthetic cluster.
func recorded(
    seed: UInt64, nodes: Int, devices: Int, seconds: Int64, settings: HistorySettings = .defaults
) -> [HistoryRecorder.Batch] {
    var loads = (0..<nodes).map { NodeLoad(seed: seed &+ UInt64($0), devices: devices) }
    var recorder = HistoryRecorder(settings)
    var batches: [HistoryRecorder.Batch] = []
    for second in stride(from: Int64(0), to: seconds, by: 5) {
        for node in 0..<nodes {
            let beat = loads[node].next(after: 5)
            recorder.note(
                beat, of: NodeID(UInt64(node * 3 + 1)), holding: { [] },
                at: .after(Double(second) + Double(node) / Double(nodes)))
        }
        batches += recorder.take(at: .after(Double(second)))
    }
    recorder.close(at: .after(Double(seconds)))
    return batches + recorder.take(at: .after(Double(seconds)))
}

/// One that holds whole devices.
func holding(
    _ slot: UInt64 = 1, job: UInt64 = 1, user: String = "ada", milliCPU: Int64 = 2_000,
    memory: Int64 = 1 << 30,
    devices: [UInt32] = [], shares: UInt32 = wholeDeviceShares
) -> SlotHolding {
    SlotHolding(
        key: SlotKey(SlotID(slot), Generation(1)), job: JobID(job), user: user,
        resources: Resources(milliCPU: milliCPU, memoryBytes: memory),
        devices: devices.map {
            SlotHolding.Device(grant: DeviceGrant(device: $0, shares: shares), model: "H100")
        })
}
