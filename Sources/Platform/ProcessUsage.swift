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
        if let stat = ProcessStat.ofThisProcess() {
            usage = ProcessUsage(
                stat, ticksPerSecond: sysconf(Int32(_SC_CLK_TCK)), pageBytes: sysconf(Int32(_SC_PAGESIZE)),
                bootedSeconds: Double(SteadyClock.now() - SteadyClock.sinceBoot()) / 1e6)
        }
        usage.openFiles = (try? Files.names(in: "/proc/self/fd"))?.count
        return usage
    }

    private init() {}

    /// - Parameter bootedSeconds: the machine's start, since 1970.
    package init(_ stat: ProcessStat, ticksPerSecond: Int, pageBytes: Int, bootedSeconds: Double) {
        let ticks = Double(max(1, ticksPerSecond))
        cpuSeconds = Double(stat.ticks) / ticks
        startedSeconds = bootedSeconds + Double(stat.startedAt) / ticks
        residentBytes = Int64(clamping: stat.residentPages) * Int64(pageBytes)
    }
}
