#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What this process uses, as the kernel counts it; nil is not known (there is no /proc).
package struct ProcessUsage: Sendable, Equatable {
    /// User and system.
    package var cpuSeconds: Double?
    package var residentBytes: Int64?
    /// Sockets included.
    package var openFiles: Int?
    /// Since 1970, by `SteadyClock`: it does not move.
    package var startedSeconds: Double?

    /// Reads two places of /proc; quick.
    package static func now() -> ProcessUsage {
        var usage = ProcessUsage()
        let clock = Double(SteadyClock.now() - SteadyClock.sinceBoot()) / 1e6
        if let bytes = try? AtomicFile.read("/proc/self/stat") {
            usage.read(
                stat: String(decoding: bytes, as: UTF8.self), ticksPerSecond: sysconf(Int32(_SC_CLK_TCK)),
                pageBytes: sysconf(Int32(_SC_PAGESIZE)), bootedSeconds: clock)
        }
        usage.openFiles = (try? Files.names(in: "/proc/self/fd"))?.count
        return usage
    }

    /// - Parameter bootedSeconds: the machine's start, since 1970.
    package mutating func read(
        stat: String, ticksPerSecond: Int, pageBytes: Int, bootedSeconds: Double
    ) {
        // The program's name may hold anything, even parentheses.
        guard let end = stat.lastIndex(of: ")"), ticksPerSecond > 0 else { return }
        let fields = stat[stat.index(after: end)...].split(whereSeparator: \.isWhitespace)
        func field(_ number: Int) -> Double? {
            // The first one here is the third of proc(5).
            number - 3 < fields.count ? Double(fields[number - 3]) : nil
        }
        let ticks = Double(ticksPerSecond)
        if let user = field(14), let system = field(15) { cpuSeconds = (user + system) / ticks }
        startedSeconds = field(22).map { bootedSeconds + $0 / ticks }
        residentBytes = field(24).map { Int64($0) * Int64(pageBytes) }
    }
}
