import ClusterTypes
import Testing

@testable import Simulator

@Suite("The simulator")
struct SimulationTests {
    private func options(
        _ seed: UInt64, agents: Int = 12, seconds: Int64 = 240, coordinators: Int = 1
    ) -> SimulationOptions {
        var options = SimulationOptions(seed: seed)
        options.agents = agents
        options.coordinators = coordinators
        options.duration = .seconds(seconds)
        options.jobs = 8
        options.invariantStride = 4
        return options
    }

    @Test(
        "no rule is broken under faults, and everything ends when they are over",
        arguments: 1...8 as ClosedRange<UInt64>)
    func faults(seed: UInt64) {
        let report = Simulation.run(options(seed))
        #expect(report.violations == [], "\(report.options.description)")
        #expect(report.statistics.strikes > 0)
        #expect(report.recovery.map { $0 <= Convergence.limitOfPools } ?? false)
    }

    @Test("the same seed makes the same run, another one another")
    func determinism() {
        var lines: [[String]] = [[], []]
        let first = Simulation.run(options(3)) { lines[0].append($0) }
        let second = Simulation.run(options(3)) { lines[1].append($0) }
        #expect(first.traceHash == second.traceHash && first.events == second.events)
        #expect(lines[0] == lines[1] && lines[0].count > 1_000)
        #expect(Simulation.run(options(3)).traceHash == first.traceHash, "with or without lines")
        #expect(Simulation.run(options(4)).traceHash != first.traceHash)
    }

    @Test("without faults nothing is lost, no slot is placed again for want of a node")
    func calm() {
        var options = options(5)
        options.pools = 0
        options.faults = []
        let report = Simulation.run(options)
        #expect(report.violations == [])
        #expect(report.statistics.strikes == 0 && report.statistics.nodesLost == 0)
        #expect(report.statistics.executions > 0)
        #expect(report.statistics.connections == options.agents)
    }

    @Test(
        "pools grow and shrink under faults, and end with nothing that nobody needs",
        arguments: 1...6 as ClosedRange<UInt64>, [1, 2])
    func pools(seed: UInt64, coordinators: Int) {
        var options = options(seed, coordinators: coordinators)
        options.pools = 2
        let report = Simulation.run(options)
        #expect(report.violations == [], "\(report.options.description)")
        #expect(report.recovery.map { $0 <= Convergence.limitOfPools } ?? false)
        #expect(report.options.description.contains("--pools 2"))
    }

    @Test("without faults all that was launched for work is released when it is done")
    func calmPools() {
        let reports = (1...4 as ClosedRange<UInt64>).map { seed in
            var options = options(seed, seconds: 600)
            options.pools = 1
            options.faults = []
            return Simulation.run(options)
        }
        #expect(reports.allSatisfy { $0.violations.isEmpty && $0.statistics.nodesLost == 0 })
        #expect(reports.contains { $0.statistics.released > 0 })
        #expect(reports.allSatisfy { $0.statistics.released <= $0.statistics.allocations })
    }

    @Test(
        "a planted bug of pools is found",
        arguments: [PlantedBug.launchBeforeCommit, .forgetLaunches, .keepOrphans])
    func plantedInPools(bug: PlantedBug) {
        #expect(bug.needsPools)
        let found = (1...40 as ClosedRange<UInt64>).contains { seed in
            var options = options(seed)
            options.pools = 1
            options.plant = bug
            return !Simulation.run(options).hasPassed
        }
        #expect(found)
    }

    @Test(
        "with several coordinators on one store as well, whatever strikes the leader or the store",
        arguments: 1...6 as ClosedRange<UInt64>, [2, 3])
    func failOver(seed: UInt64, coordinators: Int) {
        let report = Simulation.run(options(seed, coordinators: coordinators))
        #expect(report.violations == [], "\(report.options.description)")
        #expect(report.recovery.map { $0 <= Convergence.limitOfPools } ?? false)
    }

    /// Of five coordinators one is always there.
    @Test("a fail-over ends no slot and loses no node", arguments: 1...2 as ClosedRange<UInt64>)
    func calmFailOver(seed: UInt64) {
        var options = options(seed, seconds: 900, coordinators: 5)
        options.pools = 0
        options.faults = [.coordinatorCrash, .handOver]
        let report = Simulation.run(options)
        #expect(report.violations == [])
        #expect(report.statistics.coordinatorStarts > 10, "there were fail-overs")
        #expect(report.statistics.nodesLost == 0 && report.statistics.slotsCutOff == 0)
    }

    @Test("the same seed makes the same run with several coordinators")
    func determinismOfFailOver() {
        let first = Simulation.run(options(3, coordinators: 3))
        let second = Simulation.run(options(3, coordinators: 3))
        #expect(first.traceHash == second.traceHash && first.events == second.events)
        #expect(Simulation.run(options(3, coordinators: 2)).traceHash != first.traceHash)
    }

    @Test(
        "a planted bug of several coordinators is found",
        arguments: [PlantedBug.unfencedCommit, .repeatCommit, .assumeCommit, .answerUnconfirmed])
    func plantedFailOver(bug: PlantedBug) {
        #expect(bug.needsStandby)
        let found = (1...20 as ClosedRange<UInt64>).contains { seed in
            var options = options(seed, coordinators: 3)
            options.plant = bug
            return !Simulation.run(options).hasPassed
        }
        #expect(found)
    }

    /// The whole table is `mortise-sim --plant all`; these are the quickest of each kind.
    @Test(
        "a planted bug is found",
        arguments: [
            PlantedBug.actBeforeCommit, .loseSlotRows, .doubleGrant, .changeOutcome, .neverAcknowledgeEnds,
        ])
    func planted(bug: PlantedBug) {
        let found = (1...10 as ClosedRange<UInt64>).contains { seed in
            var options = options(seed)
            options.plant = bug
            return !Simulation.run(options).hasPassed
        }
        #expect(found)
    }

    @Test("shrinking keeps the rule that is broken, and makes the run smaller")
    func shrinking() throws {
        // Which run meets the bug changes with what the coordinator decides.
        let runs = (1...10 as ClosedRange<UInt64>).lazy.map { seed in
            var options = options(seed)
            options.plant = .loseSlotRows
            return Simulation.run(options)
        }
        let report = try #require(runs.first { !$0.violations.isEmpty })
        let rule = try #require(report.violations.first?.checker)
        let smallest = Simulation.shrink(report, attempts: 30)
        #expect(smallest.violations.first?.checker == rule)
        #expect((smallest.options.faults ?? Fault.allCases).count < report.faults.count)
        #expect(Simulation.run(smallest.options).violations == smallest.violations, "it can be repeated")
    }

    @Test("the command line of a run names everything that makes it")
    func commandLine() {
        var options = SimulationOptions(seed: 7)
        options.faults = [.reset, .hostReboot]
        options.plant = .ignoreLease
        options.jobs = 3
        options.duration = .seconds(90)
        options.coordinators = 2
        #expect(
            options.description
                == "mortise-sim --seed 7 --coordinators 2 --agents 200 --for 90s --faults reset,host-reboot --jobs 3 "
                + "--plant ignore-lease"
        )
    }
}

@Suite("The simulator's queue")
struct EventQueueTests {
    @Test("the earliest comes first, equal ones in the order of scheduling")
    func order() {
        var queue = EventQueue()
        var dice = Dice(seed: 9, stream: 1)
        var wanted: [(Int64, UInt64)] = []
        for number in 0..<2_000 as Range<UInt64> {
            let moment = dice.below(100)
            wanted.append((moment, number))
            queue.push(.clientStep, at: moment, subject: number)
        }
        wanted.sort { $0.0 != $1.0 ? $0.0 < $1.0 : $0.1 < $1.1 }
        var got: [UInt64] = []
        while let next = queue.pop() { got.append(next.subject) }
        #expect(got == wanted.map(\.1))
    }
}
