import ArgumentParser
import ClusterTypes
import Simulator

/// How large the world is, for how long, and what goes wrong in it.
struct WorldOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Nodes.", valueName: "number"))
    var agents = 200

    @Option(
        help: ArgumentHelp(
            "Coordinators on one store: one leads, the others stand by and take over.", valueName: "number"))
    var coordinators = 1

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("Virtual time with faults: 90s, 30m, 24h.", valueName: "time"))
    var duration = SpanOfTime(.seconds(1_800))

    @Option(
        help: ArgumentHelp(
            "swarm (drawn from the seed), all, none, or some of: "
                + Fault.allCases.map(\.rawValue).joined(separator: ", ") + ".", valueName: "faults"))
    var faults = FaultChoice(faults: nil)

    @Option(
        help: ArgumentHelp("Jobs that are submitted; drawn from the seed by default.", valueName: "number"))
    var jobs: Int?

    @Option(
        help: ArgumentHelp(
            "Pools whose nodes are launched and released; drawn from the seed by default, often none.",
            valueName: "number"))
    var pools: Int?

    @Option(help: ArgumentHelp("Interval of heartbeats that is issued to agents.", valueName: "time"))
    var heartbeat = SpanOfTime(.seconds(5))

    @Option(
        help: ArgumentHelp(
            "The machines' own invariants are checked every so many events; 1 after each; by default as often as "
                + "the number of agents lets it.", valueName: "events"))
    var invariantStride: Int?

    func validate() throws {
        if !(1...100_000).contains(agents) { throw ValidationError("--agents is 1 to 100000.") }
        if !(1...8).contains(coordinators) { throw ValidationError("--coordinators is 1 to 8.") }
        if let jobs, !(0...100_000).contains(jobs) { throw ValidationError("--jobs is 0 to 100000.") }
        if let pools, !(0...8).contains(pools) { throw ValidationError("--pools is 0 to 8.") }
        if let invariantStride, invariantStride < 1 {
            throw ValidationError("--invariant-stride is at least 1.")
        }
        if duration.value < .seconds(1) { throw ValidationError("--for is at least 1s.") }
        if heartbeat.value < .milliseconds(100) || heartbeat.value > .seconds(60) {
            throw ValidationError("--heartbeat is 100ms to 60s.")
        }
    }

    func options(seed: UInt64) -> SimulationOptions {
        var options = SimulationOptions(seed: seed)
        options.agents = agents
        options.coordinators = coordinators
        options.duration = duration.value
        options.faults = faults.faults
        options.jobs = jobs
        options.pools = pools
        options.heartbeatMilliseconds = UInt32(heartbeat.value.wholeMilliseconds)
        options.invariantStride = invariantStride
        return options
    }
}

/// `90s`, `30m`, `24h`, `500ms`.
struct SpanOfTime: ExpressibleByArgument {
    let value: Duration

    init(_ value: Duration) { self.value = value }

    init?(argument: String) {
        let units: [(String, Int64)] = [
            ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
        ]
        guard let (unit, milliseconds) = units.first(where: { argument.hasSuffix($0.0) }),
            let count = Int64(argument.dropLast(unit.count)), count >= 0, count <= 1_000_000_000
        else { return nil }
        value = .milliseconds(count * milliseconds)
    }

    var defaultValueDescription: String { SimulationOptions.text(value) }
}

struct FaultChoice: ExpressibleByArgument {
    /// nil: the seed draws.
    let faults: [Fault]?

    init(faults: [Fault]?) { self.faults = faults }

    init?(argument: String) {
        switch argument {
        case "swarm": faults = nil
        case "all": faults = Fault.allCases
        case "none": faults = []
        default:
            let names = argument.split(separator: ",").map { Fault(rawValue: String($0)) }
            let known = names.compactMap(\.self)
            guard known.count == names.count else { return nil }
            faults = Fault.allCases.filter(known.contains)
        }
    }

    var defaultValueDescription: String { "swarm" }
}

/// `1-200`.
struct SeedRange: ExpressibleByArgument {
    let range: ClosedRange<UInt64>

    init?(argument: String) {
        let bounds = argument.split(separator: "-")
        guard let first = bounds.first.flatMap({ UInt64($0) }),
            let last = bounds.last.flatMap({ UInt64($0) }),
            bounds.count <= 2, first <= last
        else { return nil }
        range = first...last
    }
}
