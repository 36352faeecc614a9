import ClusterTypes
import Platform
package import ProtocolMessages

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What the processes of one slot use together: its supervisor and all below it.
struct ProcessTotals: Hashable {
    /// User and system, of ended children too.
    var ticks: UInt64 = 0
    var pages: UInt64 = 0
}

/// Usage of slots from one look at the machine's processes to the next. A look reads a file a process: on a helper
/// thread.
package final class SlotUsage: @unchecked Sendable {
    private let directory: String
    /// Supervisors by process and start, the slot's folder each; nil for a process that is none.
    private var supervisors: [Int32: (startedAt: UInt64, slot: String?)] = [:]
    private var former: [String: UInt64] = [:]
    private var formerAt: Int64?

    /// - Parameter directory: of the manager whose slots these are.
    package init(directory: String) { self.directory = directory }

    /// By key as it stands in a folder's name; milli-CPU since the look before. Not for two threads at once.
    package func look() -> [String: (milliCPU: UInt32, memoryBytes: Int64)] {
        let processes = ProcessTable.all().compactMap { ProcessStat(of: $0) }
        let now = SteadyClock.now()
        let totals = Self.sum(processes, slots: slots(among: processes))
        defer {
            former = totals.mapValues(\.ticks)
            formerAt = now
        }
        let elapsed = formerAt.map { now - $0 } ?? 0
        return totals.reduce(into: [:]) { usage, entry in
            let before = former[entry.key] ?? entry.value.ticks
            let ticks = entry.value.ticks >= before ? entry.value.ticks - before : 0
            usage[entry.key] = (
                Self.milliCPU(ticks: ticks, over: elapsed),
                Int64(clamping: entry.value.pages) * Self.pageBytes
            )
        }
    }

    /// - Parameter slots: of supervisors.
    static func sum(_ processes: [ProcessStat], slots: [Int32: String]) -> [String: ProcessTotals] {
        var parents: [Int32: Int32] = [:]
        for process in processes { parents[process.process] = process.parent }
        var totals: [String: ProcessTotals] = [:]
        for process in processes {
            var ancestor: Int32? = process.process
            // No tree of processes is deeper; a loop can only come from a number that was used again meanwhile.
            for _ in 0..<64 {
                guard let number = ancestor, number > 1 else { break }
                if let slot = slots[number] {
                    totals[slot, default: ProcessTotals()].ticks &+= process.ticks &+ process.childTicks
                    totals[slot, default: ProcessTotals()].pages &+= process.residentPages
                    break
                }
                ancestor = parents[number]
            }
        }
        return totals
    }

    private static let pageBytes = Int64(max(1, sysconf(Int32(_SC_PAGESIZE))))
    private static let ticksPerSecond = Int64(max(1, sysconf(Int32(_SC_CLK_TCK))))

    static func milliCPU(ticks: UInt64, over microseconds: Int64) -> UInt32 {
        guard microseconds > 0 else { return 0 }
        let seconds = Double(ticks) / Double(ticksPerSecond)
        return UInt32(min(4e9, seconds * 1e9 / Double(microseconds)))
    }

    /// A supervisor is `EXECUTABLE supervise FOLDER`; a process is asked once.
    private func slots(among processes: [ProcessStat]) -> [Int32: String] {
        var known: [Int32: (startedAt: UInt64, slot: String?)] = [:]
        var slots: [Int32: String] = [:]
        for process in processes {
            let number = process.process
            var slot = supervisors[number]?.slot
            if supervisors[number]?.startedAt != process.startedAt { slot = self.slot(of: number) }
            known[number] = (process.startedAt, slot)
            slots[number] = slot
        }
        supervisors = known
        return slots
    }

    private func slot(of process: Int32) -> String? {
        guard let bytes = try? AtomicFile.read("/proc/\(process)/cmdline", limitBytes: 4_096) else {
            return nil
        }
        let words = String(decoding: bytes, as: UTF8.self).split(separator: "\0")
        guard words.count == 3, words[1] == "supervise", words[2].hasPrefix(directory + "/") else {
            return nil
        }
        return String(words[2].dropFirst(directory.count + 1))
    }
}

extension SlotManager {
    /// - Parameters:
    ///   - usage: as `SlotUsage.look` has it.
    ///   - utilization: of the devices by their positions; a slot's is the mean of those that were granted to it.
    package func samples(
        _ usage: [String: (milliCPU: UInt32, memoryBytes: Int64)], utilization: [UInt32?]
    ) -> [SlotSample] {
        let running = slots.values.filter { !$0.report.state.isEnded && !$0.isGone }
        return running.sorted { $0.key < $1.key }.prefix(ProtocolLimits.slotSamplesPerBeat).map { entry in
            let used = usage["\(entry.key)"]
            let known = entry.devices.compactMap { $0 < utilization.count ? utilization[$0] : nil }
            return SlotSample(
                key: entry.key, state: entry.report.state, milliCPU: used?.milliCPU ?? 0,
                memoryBytes: used?.memoryBytes ?? 0,
                devicePermille: known.isEmpty || known.count < entry.devices.count
                    ? nil : known.reduce(0, +) * 10 / UInt32(known.count))
        }
    }
}
