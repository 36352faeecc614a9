package import ClusterTypes

/// Everything that makes a run what it is: the same options give the same run, event for event.
package struct SimulationOptions: Hashable, Sendable {
    package var seed: UInt64
    /// Nodes that the launcher is asked for.
    package var agents = 200
    /// On one store, which is PostgreSQL where there are several: one leads, the others stand by. 1...8.
    package var coordinators = 1
    /// Virtual time with faults; healing comes after it.
    package var duration = Duration.seconds(1_800)
    /// In the order of `Fault.allCases`; nil: the seed draws them (swarm).
    package var faults: [Fault]?
    /// Jobs that clients submit over the whole duration; nil: the seed draws how many.
    package var jobs: Int?
    /// Whose nodes are launched and released again; nil: the seed draws how many, often none.
    package var pools: Int?
    /// A planted bug, to see that the checkers find it.
    package var plant: PlantedBug?
    /// The machines' own invariants are checked every so many events of a machine that may change something; 1 is
    /// after each. nil: as often as the world's size lets it, since one check costs time by that size.
    package var invariantStride: Int?
    /// Issued to agents, by the coordinator's own settings.
    package var heartbeatMilliseconds: UInt32 = 5_000

    package init(seed: UInt64) { self.seed = seed }

    /// The command line that repeats the run.
    package var description: String {
        var words = ["mortise-sim", "--seed \(seed)", "--agents \(agents)", "--for \(Self.text(duration))"]
        if coordinators != 1 { words.insert("--coordinators \(coordinators)", at: 2) }
        words.append("--faults \(faults.map { $0.map(\.rawValue).joined(separator: ",") } ?? "swarm")")
        if faults == [] { words[words.count - 1] = "--faults none" }
        if let jobs { words.append("--jobs \(jobs)") }
        if let pools { words.append("--pools \(pools)") }
        if let plant { words.append("--plant \(plant.rawValue)") }
        if let invariantStride { words.append("--invariant-stride \(invariantStride)") }
        if heartbeatMilliseconds != 5_000 { words.append("--heartbeat \(heartbeatMilliseconds)ms") }
        return words.joined(separator: " ")
    }

    var eventsBetweenInvariants: Int { invariantStride ?? max(16, agents * agents / 1_000) }

    /// `90s`, `30m`, `2h`.
    package static func text(_ duration: Duration) -> String {
        let milliseconds = duration.wholeMilliseconds
        if milliseconds % 1_000 != 0 { return "\(milliseconds)ms" }
        let seconds = milliseconds / 1_000
        if seconds % 3_600 == 0, seconds > 0 { return "\(seconds / 3_600)h" }
        return seconds % 60 == 0 && seconds > 0 ? "\(seconds / 60)m" : "\(seconds)s"
    }
}

/// What was found in a run.
package struct SimulationReport: Sendable {
    package var options: SimulationOptions
    /// The faults that were on.
    package var faults: [Fault]
    package var violations: [Violation]
    package var traceHash: UInt64
    package var events: UInt64
    package var virtualTime: Duration
    /// From the moment at which everything was healed until all work was decided.
    package var recovery: Duration?
    package var statistics: Statistics

    package var hasPassed: Bool { violations.isEmpty }
}

/// A rule that did not hold.
package struct Violation: Hashable, Sendable {
    package var at: Instant
    /// Of the checker that saw it.
    package var checker: String
    package var message: String
}

/// What went on in a run, counted from outside of the machines.
package struct Statistics: Hashable, Sendable {
    package var strikes = 0
    package var jobs = 0
    package var slotsStarted = 0
    package var executions = 0
    package var tasksDecided = 0
    package var coordinatorStarts = 0
    package var agentStarts = 0
    package var connections = 0
    package var commits = 0
    package var nodesLost = 0
    package var slotsPlacedAgain = 0
    /// Ended because their lease was over.
    package var slotsCutOff = 0
    package var launches = 0
    package var allocations = 0
    /// Allocations that launchers were told to end.
    package var released = 0
}
