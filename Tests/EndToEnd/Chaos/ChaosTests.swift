import APITypes
import ClusterTypes
import Foundation
import Platform
import Testing

/// Real programs in namespaces of their own, everything that can happen to them, and a ledger that the executions
/// themselves write.
@Suite struct ChaosTests {
    private static func setting(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    /// `MORTISE_CHAOS_SECONDS` says how long faults go on; `MORTISE_TEST_SEED` repeats a run's plan.
    private static let seconds = Int(setting("MORTISE_CHAOS_SECONDS") ?? 20)
    private static let seed = setting("MORTISE_TEST_SEED") ?? UInt64.random(in: 0..<1_000_000)
    private static let nodes = ["birch", "cedar", "maple"]

    private static let obstacle =
        NodeNetwork.obstacle ?? (SmallDisk.isPermitted ? nil : "nobody may mount here")

    private static var possibleFaults: [ChaosFault] {
        ChaosFault.allCases.filter {
            SteppedClock.compiler != nil || ($0 != .coordinatorClockSet && $0 != .agentClockSet)
        }
    }

    /// `MORTISE_CHAOS_FAULTS`: the names of those to be committed, with commas.
    private static let chosenFaults: [ChaosFault]? =
        ProcessInfo.processInfo.environment["MORTISE_CHAOS_FAULTS"].map { names in
            names.split(separator: ",").compactMap { ChaosFault(rawValue: String($0)) }
        }

    @Test("A seed has one plan")
    func plan() {
        func plan(_ seed: UInt64) -> ChaosPlan {
            ChaosPlan(seed: seed, seconds: 60, nodes: Self.nodes, possible: ChaosFault.allCases)
        }
        #expect(plan(1) == plan(1))
        #expect(plan(1) != plan(2))
    }

    @Test(
        "Whatever happens, nothing is lost, nothing lives twice, and in the end everything is as it should be",
        .enabled(if: obstacle == nil, "\(obstacle ?? "")"))
    func chaos() async throws {
        let plan = ChaosPlan(
            seed: Self.seed, seconds: Self.seconds, nodes: Self.nodes, possible: Self.possibleFaults,
            chosen: Self.chosenFaults)
        let folder = NSTemporaryDirectory() + "mortise-chaos-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let network = try await NodeNetwork(nodes: Self.nodes, folder: folder)
        let disk = try SmallDisk(at: folder + "/store", bytes: (32 << 20) + Self.seconds * (64 << 10))
        defer { disk.remove() }
        let clock = SteppedClock.compiler == nil ? nil : try await SteppedClock.make()
        defer { clock?.remove() }
        let proxy = FaultyProxy()
        try await TestCluster.run {
            // To enter the nodes' networks.
            $0.needsPrivileges = true
            $0.address = network.coordinatorAddress
            $0.heartbeatMilliseconds = 300
            $0.leaseMilliseconds = 4_000
            $0.store = "sqlite:\(disk.path)/mortise.db"
            $0.environment = clock?.environment ?? [:]
        } _: { cluster in
            let ports = [cluster.apiAddress, cluster.agentAddress].compactMap {
                $0.split(separator: ":").last.flatMap { Int($0) }
            }
            try await proxy.listen(on: network.coordinatorAddress, ports: ports, target: "127.0.0.1")
            let machines = try Self.nodes.map {
                try ChaosMachine($0, cluster, network, try clock?.another($0))
            }
            defer { for machine in machines { machine.remove() } }
            let log = ChaosLog()
            let run = ChaosRun(
                cluster, network, proxy, storeDisk: disk, coordinatorClock: clock, machines: machines,
                log: log)
            try await Self.go(through: plan, run, cluster, log)
        }
        await proxy.close()
        await network.remove()
    }

    private static func go(
        through plan: ChaosPlan, _ run: ChaosRun, _ cluster: TestCluster, _ log: ChaosLog
    ) async throws {
        log.say("seed \(seed), \(seconds) s, faults: \(plan.faults.map { "\($0)" }.joined(separator: " "))")
        for machine in run.machines { try await machine.start() }
        for machine in run.machines { try await cluster.waitForNode(machine.name, .ready) }
        let workload = ChaosWorkload(cluster)
        try await workload.begin()
        try await commit(plan, run, workload, log)
        log.say("all is mended")
        try await ChaosEnd(cluster: cluster, run: run, workload: workload, log: log, seed: seed).check()
    }

    /// All places at once, while the work goes on.
    private static func commit(
        _ plan: ChaosPlan, _ run: ChaosRun, _ workload: ChaosWorkload, _ log: ChaosLog
    ) async throws {
        nonisolated(unsafe) let run = run
        nonisolated(unsafe) let workload = workload
        try await withThrowingTaskGroup(of: Void.self) { group in
            let working = Task {
                var random = SeededRandom(seed: seed)
                while !Task.isCancelled {
                    await workload.goOn(&random)
                    try? await Task.sleep(for: .milliseconds(500))
                }
            }
            for (place, steps) in plan.lanes {
                group.addTask { try await run.go(through: steps, at: place) }
            }
            defer { working.cancel() }
            try await group.waitForAll()
            working.cancel()
            await working.value
        }
    }
}
