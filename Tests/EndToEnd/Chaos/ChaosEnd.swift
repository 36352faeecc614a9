import APITypes
import ClusterTypes
import Foundation
import Platform
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// After the last fault: everything must converge, and the ledger must agree with what the coordinator says.
struct ChaosEnd {
    let cluster: TestCluster
    let run: ChaosRun
    let workload: ChaosWorkload
    let log: ChaosLog
    let seed: UInt64

    func check() async throws {
        try await eventually("the coordinator writes") {
            try await cluster.send("GET", "/readyz", token: nil).status == 200
        }
        for machine in run.machines { try await cluster.waitForNode(machine.name, .ready) }
        log.say("all nodes are ready")
        try await settleWork()
        log.say("all work is decided")
        try await endService()
        var faults = log.faults + workload.faults
        faults += try await ledgerFaults()
        faults += try await endPrograms()
        for fault in faults.prefix(20) { Issue.record("seed \(seed): \(fault)") }
        if faults.count > 20 { Issue.record("seed \(seed): and \(faults.count - 20) more") }
    }

    private func settleWork() async throws {
        try await workload.close()
        for job in [workload.requeued, workload.atMostOnce] + workload.batches {
            try await eventually("job \(job) has ended", within: .seconds(120)) {
                try await cluster.job(job).endedAt != nil
            }
        }
    }

    /// It runs as it should, every supervisor is a slot's, and none outlives the order to end.
    private func endService() async throws {
        try await eventually("the service runs, and nothing without an owner") {
            let slots = try await cluster.slots(of: workload.service).filter { $0.state == .running }
            let folders = Set(slots.map { "\($0.slot).\($0.generation)" })
            let supervisors = run.machines.flatMap { Self.slots(of: $0.supervisors) }
            return slots.count == 2 && supervisors.count == 2 && Set(supervisors) == folders
        }
        let reply = try await cluster.send(
            "POST", "/v1/jobs/\(workload.service)/cancel", token: try cluster.apiToken())
        guard reply.status == 200 else { throw TestFailure("the service cannot be canceled: \(reply)") }
        try await eventually("nothing runs any more") {
            run.machines.allSatisfy { $0.supervisors.isEmpty && $0.commands.isEmpty }
        }
    }

    /// The names of their folders: SLOT.GENERATION.
    private static func slots(of supervisors: [Int32]) -> [String] {
        supervisors.compactMap { process in
            readText("/proc/\(process)/cmdline").split(separator: "\0").last?.split(separator: "/").last.map(
                String.init)
        }
    }

    private func ledgerFaults() async throws -> [String] {
        let ledger = ExecutionLedger(lines: readText(workload.ledger.path).split(separator: "\n"))
        var faults = ledger.faults
        var lost = 0
        for (job, isAtMostOnce) in [(workload.requeued, false), (workload.atMostOnce, true)] {
            let outcomes = try await workload.allOutcomes(of: job)
            lost += outcomes.values.count { !$0.isSucceeded }
            faults += ledger.faults(of: "\(job)", outcomes: outcomes, isAtMostOnce: isAtMostOnce)
        }
        for batch in workload.batches {
            let view = try await cluster.job(batch)
            let slots = try await cluster.slots(of: batch)
            if view.tasks.succeeded != 2 || !slots.allSatisfy({ ledger.isFinished(slot: "\($0.slot)") }) {
                faults.append(
                    "batch job \(batch) is \(view.state) with \(view.tasks) \(view.reason) \(slots)")
            }
        }
        log.say("faults: " + log.counts.map { "\($0) \($1)" }.joined(separator: ", "))
        let tasks = [workload.requeued, workload.atMostOnce].map { workload.accepted[$0] ?? 0 }
        log.say(
            """
            seed \(seed): \(log.counts.reduce(0) { $0 + $1.1 }) faults, \(ledger.executions) executions; \
            \(tasks[0]) tasks to be requeued, \(ledger.repetitions(of: "\(workload.requeued)")) executions \
            repeated; \(tasks[1]) tasks at most once, \(lost) given up as lost, \
            \(ledger.repetitions(of: "\(workload.atMostOnce)")) repeated; \(workload.batches.count) batch jobs; \
            \(faults.count) rules broken
            """)
        return faults
    }

    /// All end in order, and leave nothing behind.
    private func endPrograms() async throws -> [String] {
        var faults: [String] = []
        for machine in run.machines {
            let status = try await machine.end()
            if status != 0 { faults.append("the agent of \(machine.name) ended with \(status)") }
        }
        let coordinator = try cluster.coordinator
        coordinator.signal(SIGTERM)
        let status = try await coordinator.waitForExit()
        if status != 0 {
            faults.append("the coordinator ended with \(status): \(coordinator.errors.suffix(1_000))")
        }
        for process in Leftovers.processes(of: cluster.directory) {
            let command = readText("/proc/\(process)/cmdline").replacingOccurrences(of: "\0", with: " ")
            faults.append("process \(process) is left over: \(command)")
        }
        return faults
    }
}
