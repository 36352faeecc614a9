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
struct ProcessUsage: Hashable {
    /// User and system, of ended children too.
    var ticks: UInt64 = 0
    var pages: UInt64 = 0
}

/// One line of `/proc/PID/stat`.
struct ProcessLine: Hashable {
    var process: Int32
    var parent: Int32
    var startedAt: UInt64
    var usage: ProcessUsage

    /// nil for a text that is no such line.
    init?(parsing text: some StringProtocol) {
        // The name in parentheses may hold anything.
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close,
            let process = Int32(text[..<open].prefix { $0 != " " })
        else { return nil }
        let words = text[text.index(after: close)...].split(separator: " ")
        guard words.count >= 22, let parent = Int32(words[1]) else { return nil }
        self.process = process
        self.parent = parent
        startedAt = UInt64(words[19]) ?? 0
        usage = ProcessUsage(
            ticks: words[11...14].reduce(0) { $0 &+ (UInt64($1) ?? 0) }, pages: UInt64(words[21]) ?? 0)
    }
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
        let names = (try? Files.names(in: "/proc")) ?? []
        let lines = names.compactMap { name -> ProcessLine? in
            guard name.utf8.first.map({ $0 >= 0x30 && $0 <= 0x39 }) ?? false else { return nil }
            return read("/proc/\(name)/stat").flatMap { ProcessLine(parsing: $0) }
        }
        let now = SteadyClock.now()
        let totals = Self.sum(lines, slots: slots(among: lines))
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
    static func sum(_ lines: [ProcessLine], slots: [Int32: String]) -> [String: ProcessUsage] {
        var parents: [Int32: Int32] = [:]
        for line in lines { parents[line.process] = line.parent }
        var totals: [String: ProcessUsage] = [:]
        for line in lines {
            var ancestor: Int32? = line.process
            // No tree of processes is deeper; a loop can only come from a number that was used again meanwhile.
            for _ in 0..<64 {
                guard let process = ancestor, process > 1 else { break }
                if let slot = slots[process] {
                    totals[slot, default: ProcessUsage()].ticks &+= line.usage.ticks
                    totals[slot, default: ProcessUsage()].pages &+= line.usage.pages
                    break
                }
                ancestor = parents[process]
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
    private func slots(among lines: [ProcessLine]) -> [Int32: String] {
        var known: [Int32: (startedAt: UInt64, slot: String?)] = [:]
        var slots: [Int32: String] = [:]
        for line in lines {
            var slot = supervisors[line.process]?.slot
            if supervisors[line.process]?.startedAt != line.startedAt { slot = self.slot(of: line.process) }
            known[line.process] = (line.startedAt, slot)
            slots[line.process] = slot
        }
        supervisors = known
        return slots
    }

    private func slot(of process: Int32) -> String? {
        let words = read("/proc/\(process)/cmdline")?.split(separator: "\0") ?? []
        guard words.count == 3, words[1] == "supervise", words[2].hasPrefix(directory + "/") else {
            return nil
        }
        return String(words[2].dropFirst(directory.count + 1))
    }

    private func read(_ path: String) -> String? {
        guard let bytes = try? AtomicFile.read(path, limitBytes: 4_096) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
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
