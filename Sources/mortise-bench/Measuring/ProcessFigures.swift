import ClusterTypes
import Platform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What one process has cost so far, as the kernel counts it.
struct ProcessFigures: Sendable {
    let at: Instant
    let cpu: Duration
    let memory: MemoryFigures

    /// - Throws: `Failure` where there is no such process.
    init(of process: Int32) throws {
        at = Instant(microseconds: SteadyClock.now())
        cpu = try Self.cpuTime(of: process)
        memory = try MemoryFigures(of: process)
    }

    /// Cores in use on average since then.
    func cores(since former: ProcessFigures) -> Double {
        let elapsed = (at - former.at).wholeMicroseconds
        return elapsed > 0 ? Double((cpu - former.cpu).wholeMicroseconds) / Double(elapsed) : 0
    }

    private static func cpuTime(of process: Int32) throws -> Duration {
        let text = try read(process, "stat")
        // The name before it may hold anything, the last parenthesis ends it.
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Int64(fields[12]), let system = Int64(fields[13]) else {
            throw Failure("Cannot read /proc/\(process)/stat: it is not what Linux writes.")
        }
        return .microseconds((user + system) * 1_000_000 / Int64(sysconf(Int32(_SC_CLK_TCK))))
    }

    static func read(_ process: Int32, _ file: String) throws -> String {
        guard let bytes = try? AtomicFile.read("/proc/\(process)/\(file)") else {
            throw Failure(
                "Cannot read /proc/\(process)/\(file): the process has ended, or is another user's.")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// In bytes.
struct MemoryFigures: Codable, Sendable, Equatable {
    /// In memory now.
    var resident: Int64
    /// Resident, with what is shared counted in parts.
    var proportional: Int64
    /// Resident and of no file: the heap and the stacks.
    var anonymous: Int64

    init(of process: Int32) throws {
        // Without this file (an old kernel) only the sum is known.
        let rollup = try? ProcessFigures.read(process, "smaps_rollup")
        let text = try rollup ?? ProcessFigures.read(process, "status")
        func bytes(_ names: String...) -> Int64 {
            let line = text.split(separator: "\n").first { line in names.contains { line.hasPrefix($0 + ":") }
            }
            return line.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int64($0) }.map {
                $0 << 10
            }
                ?? 0
        }
        resident = bytes("Rss", "VmRSS")
        proportional = bytes("Pss")
        anonymous = bytes("Anonymous", "RssAnon")
    }
}
