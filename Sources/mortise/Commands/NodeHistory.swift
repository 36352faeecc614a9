import APITypes
import ArgumentParser
import ClusterTypes
import Terminal

struct NodeHistory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show what a node and its devices did: load, memory, utilization, power and more.",
        discussion: """
            Every sample is kept for a day, means and maxima of 5 minutes for 31 days, unless the coordinator is told \
            otherwise.

            Example: the last six hours of a node's devices, and a file for other programs:

              mortise node history n17 --since 6h --series utilizationPermille,powerMilliwatts
              mortise node history n17 --since 1d --step 1m --csv > n17.csv
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "From so long ago: 30m, 6h, 31d.")
    var since: TimeSpan = TimeSpan(seconds: 3_600)

    @Option(help: "Until so long ago.")
    var until: TimeSpan?

    @Option(help: "Time between values: 10s, 5m, 1h. By default so that there are at most 240.")
    var step: TimeSpan?

    @Option(help: "Only these series, with commas between them; --format json shows their names.")
    var series: String?

    @Flag(help: "A line for each step, with commas, for other programs.")
    var csv = false

    @Flag(help: "The same as --format json.")
    var json = false

    @Argument(help: "The node's name or number.")
    var node: String

    func validate() throws {
        guard !(csv && (json || common.format == .json)) else {
            throw ValidationError("Take one of --csv and --format json.")
        }
        guard since.seconds > until?.seconds ?? 0 else {
            throw ValidationError("--since must be longer ago than --until.")
        }
    }

    func run() async throws {
        let now = Timestamp.now()
        let view = try await common.client().history(
            of: node, from: now - .seconds(since.seconds), until: until.map { now - .seconds($0.seconds) },
            stepSeconds: step?.seconds, series: series)
        let display = HistoryDisplay(view: view)
        if json || common.format == .json {
            StandardStream.writeOutput(try JSONText.pretty(view) + "\n")
        } else if csv {
            StandardStream.writeOutput(display.csv)
        } else {
            StandardStream.writeOutput(display.table(for: common.display.device))
            if view.series.isEmpty {
                common.note(
                    "Nothing is kept of node \(view.name) in this time: a coordinator samples it while its agent is "
                        + "connected, unless it runs with --no-history.")
            }
        }
    }
}
