import ClusterTypes
import Simulator

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Results on standard output, the rest on standard error.
enum Output {
    static func line(_ text: String) { print(text) }

    static func error(_ text: String) {
        var line = text + "\n"
        line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

extension SimulationReport {
    var text: String {
        var lines = ["\(hasPassed ? "passed" : "FAILED")  \(options.description)"]
        lines.append("  faults: \(faults.isEmpty ? "none" : faults.map(\.rawValue).joined(separator: " "))")
        for violation in violations.prefix(5) {
            lines.append("  @ \(violation.at) \(violation.checker): \(violation.message)")
        }
        let seconds = Double(virtualTime.wholeMilliseconds) / 1_000
        let recovered =
            recovery.map { ", all decided \(Double($0.wholeMilliseconds) / 1_000) s after the healing" } ?? ""
        lines.append("  \(seconds) s of virtual time, \(events) events\(recovered)")
        lines.append(
            "  \(statistics.strikes) faults struck; \(statistics.jobs) jobs, \(statistics.slotsStarted) slots started "
                + "(\(statistics.slotsPlacedAgain) placed again), \(statistics.executions) executions, "
                + "\(statistics.tasksDecided) tasks decided")
        lines.append(
            "  \(statistics.coordinatorStarts) times a coordinator began to lead, \(statistics.agentStarts) starts of agents, "
                + "\(statistics.connections) connections, \(statistics.nodesLost) nodes lost")
        if statistics.launches > 0 {
            lines.append(
                "  \(statistics.launches) launches, \(statistics.allocations) allocations, \(statistics.released) released"
            )
        }
        lines.append("  trace \(String(traceHash, radix: 16))")
        return lines.joined(separator: "\n")
    }

    /// One line; every text in it is of this program's own making and holds no character that JSON escapes but `"`.
    var json: String {
        let found = violations.map {
            "{\"at\":\"\($0.at)\",\"checker\":\"\($0.checker)\",\"message\":\"\(Self.escaped($0.message))\"}"
        }
        return "{\"passed\":\(hasPassed),\"command\":\"\(options.description)\",\"seed\":\(options.seed),"
            + "\"faults\":[\(faults.map { "\"\($0.rawValue)\"" }.joined(separator: ","))],"
            + "\"violations\":[\(found.joined(separator: ","))],\"events\":\(events),"
            + "\"virtual_seconds\":\(Double(virtualTime.wholeMilliseconds) / 1_000),"
            + "\"recovery_seconds\":\(recovery.map { "\(Double($0.wholeMilliseconds) / 1_000)" } ?? "null"),"
            + "\"executions\":\(statistics.executions),\"tasks_decided\":\(statistics.tasksDecided),"
            + "\"slots_started\":\(statistics.slotsStarted),\"nodes_lost\":\(statistics.nodesLost),"
            + "\"launches\":\(statistics.launches),\"allocations\":\(statistics.allocations),"
            + "\"released\":\(statistics.released),"
            + "\"trace\":\"\(String(traceHash, radix: 16))\"}"
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            if character == "\"" || character == "\\" { result.append("\\") }
            result.append(character)
        }
        return result
    }
}

/// Many runs together.
struct Summary {
    private var runs = 0
    private(set) var failed = 0
    private var events: UInt64 = 0
    private var executions = 0
    private var decided = 0
    private var strikes = 0
    private var leads = 0
    private var launches = 0
    private var released = 0
    private var seconds: Int64 = 0
    private var longestRecovery: Int64 = 0
    private var hash: UInt64 = 0

    mutating func add(_ report: SimulationReport) {
        runs += 1
        if !report.hasPassed { failed += 1 }
        events += report.events
        executions += report.statistics.executions
        decided += report.statistics.tasksDecided
        strikes += report.statistics.strikes
        leads += report.statistics.coordinatorStarts
        launches += report.statistics.launches
        released += report.statistics.released
        seconds += report.virtualTime.components.seconds
        longestRecovery = max(longestRecovery, report.recovery?.components.seconds ?? 0)
        hash = (hash &* 31) ^ report.traceHash
    }

    var text: String {
        "\(runs) runs, \(failed) failed; \(events) events, \(seconds / 3_600) virtual hours, \(strikes) faults, "
            + "\(leads) times a coordinator began to lead, \(executions) executions, \(decided) tasks decided, "
            + "\(launches) launches, \(released) allocations released, "
            + "longest recovery \(longestRecovery) s; "
            + "trace \(String(hash, radix: 16))"
    }
}
