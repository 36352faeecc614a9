import ArgumentParser
import ClusterTypes
import Simulator

/// Coordinator and agents under faults, one run for each seed.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run coordinator and agents under faults, in virtual time.",
        discussion: """
            The production machines of coordinator and agents run by the thousand on one thread. Everything is drawn \
            from the seed: the same seed, options and build give the same run, event for event. Faults strike for \
            the time given, then everything is healed and has to come to its end; rules are checked after every event.

            'run' itself may be left out.

            EXAMPLES
              mortise-sim --seed 42 --agents 5000 --faults swarm --for 24h
              mortise-sim --seeds 1-200 --coordinators 3    one leads, two stand by
              mortise-sim --seeds 1-200                     a line per seed that breaks a rule, then a summary
              mortise-sim --seed 7 --trace run.trace        a line per event; --replay run.trace compares
              mortise-sim --seed 7 --shrink                 the smallest run that still breaks the rule
              mortise-sim --plant all --seeds 1-50          do the checkers find every planted bug?

            EXIT STATUS
              0 every rule held; 1 one was broken, a replay differed, or a planted bug was not found; 64 wrong usage
            """)

    @OptionGroup var world: WorldOptions

    @Option(help: ArgumentHelp("The run's seed.", valueName: "number"))
    var seed: UInt64?

    @Option(help: ArgumentHelp("Many runs, one for each seed.", valueName: "first-last"))
    var seeds: SeedRange?

    @Option(help: ArgumentHelp("Runs at the same time, each on its thread.", valueName: "number"))
    var workers = 1

    @Option(
        help: ArgumentHelp(
            "Plant a bug between machine and world: \(PlantedBug.allCases.map(\.rawValue).joined(separator: ", ")), "
                + "or all, one after the other.", valueName: "bug"))
    var plant: String?

    @Option(help: ArgumentHelp("Write a line per event; with --seed.", valueName: "file"))
    var trace: String?

    @Option(
        help: ArgumentHelp("Repeat the run of a trace and compare, event by event.", valueName: "file"))
    var replay: String?

    @Flag(help: "Where a rule is broken, look for the smallest run that breaks it.")
    var shrink = false

    @Flag(help: "Results as JSON, a line per run.")
    var json = false

    func validate() throws {
        if seed != nil, seeds != nil { throw ValidationError("Give --seed or --seeds, not both.") }
        if replay != nil, seed != nil || seeds != nil || trace != nil {
            throw ValidationError("--replay takes seed and options from the trace.")
        }
        if trace != nil, seeds != nil { throw ValidationError("--trace writes one run: give --seed.") }
        if workers < 1 || workers > 64 { throw ValidationError("--workers is 1 to 64.") }
        if let plant, plant != "all", PlantedBug(rawValue: plant) == nil {
            throw ValidationError("There is no bug '\(plant)' to plant; 'run --help' lists them.")
        }
    }

    func run() throws {
        if let replay { return try TraceFile.replay(replay) }
        if plant == "all" { return try proveCheckers() }
        if let trace { return try finish(try TraceFile.write(options(for: seed ?? 1), to: trace)) }
        guard let seeds else { return try finish(Simulation.run(options(for: seed ?? 1))) }
        try runAll(seeds)
    }

    /// What the trace of one run names.
    var onlyOptions: SimulationOptions { options(for: seed ?? 1) }

    private func options(for seed: UInt64, plant bug: PlantedBug? = nil) -> SimulationOptions {
        var options = world.options(seed: seed)
        options.plant = bug ?? plant.flatMap(PlantedBug.init(rawValue:))
        if options.plant?.needsStandby ?? false { options.coordinators = max(3, options.coordinators) }
        if options.plant?.needsPools ?? false { options.pools = max(1, options.pools ?? 1) }
        return options
    }

    // MARK: One run

    private func finish(_ report: SimulationReport) throws {
        var report = report
        if shrink, !report.hasPassed {
            Output.error("shrinking \(report.options.description)")
            report = Simulation.shrink(report) { Output.error("  \($0.options.description)") }
        }
        Output.line(json ? report.json : report.text)
        if !report.hasPassed { throw ExitCode(1) }
    }

    // MARK: Many runs

    private func runAll(_ seeds: SeedRange) throws {
        var summary = Summary()
        SeedRunner(workers: workers).run(seeds.range.map { options(for: $0) }) { report in
            summary.add(report)
            if json {
                Output.line(report.json)
            } else if !report.hasPassed {
                Output.line(report.text)
            }
        }
        if !json { Output.line(summary.text) }
        if summary.failed > 0 { throw ExitCode(1) }
    }

    /// Every planted bug has to be found within the seeds that were given.
    private func proveCheckers() throws {
        let range = seeds?.range ?? 1...50
        var missed: [PlantedBug] = []
        for bug in PlantedBug.allCases {
            var found: SimulationReport?
            for seed in range {
                let report = Simulation.run(options(for: seed, plant: bug))
                if !report.hasPassed {
                    found = report
                    break
                }
            }
            if let found, let violation = found.violations.first {
                let runs = found.options.seed - range.lowerBound + 1
                Output.line(
                    "\(bug.rawValue): found by '\(violation.checker)' with seed \(found.options.seed) "
                        + "(run \(runs)): \(violation.message)")
            } else {
                missed.append(bug)
                Output.line("\(bug.rawValue): not found with seeds \(range.lowerBound)-\(range.upperBound)")
            }
        }
        Output.line(
            "\(PlantedBug.allCases.count - missed.count) of \(PlantedBug.allCases.count) planted bugs found")
        if !missed.isEmpty { throw ExitCode(1) }
    }
}
