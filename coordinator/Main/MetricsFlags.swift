import ArgumentParser
import CoordinatorCore
import CoordinatorMetrics

/// What `/metrics` tells.
struct MetricsFlags: ParsableArguments {
    @Flag(
        inversion: .prefixedNo,
        help: "Tell of single nodes, devices and slots on /metrics, not only of pools and jobs.")
    var nodeMetrics = true
    @Option(
        help: ArgumentHelp(
            "At most so many series of nodes, devices and slots, 0 to 10000000; nodes' states come first.",
            valueName: "count"))
    var nodeMetricsLimit = MetricsOptions.defaults.nodeSeriesLimit
    @Flag(help: "Tell the metrics that have a name in DLWS under that one as well.")
    var dlwsMetrics = false

    /// - Throws: `Failure` for a limit out of range.
    func options(_ limits: Limits) throws -> MetricsOptions {
        var options = MetricsOptions.defaults
        options.hasNodes = nodeMetrics
        options.nodeSeriesLimit = nodeMetricsLimit
        options.hasDLWSNames = dlwsMetrics
        // Twice the silence that makes a node suspect.
        options.beatExpirySeconds =
            Double(limits.heartbeatMilliseconds) * Double(limits.suspectAfterBeats) * 2 / 1_000
        guard options.validate().isEmpty else {
            throw Failure("--node-metrics-limit is 0 to 10000000 series, not \(nodeMetricsLimit).")
        }
        return options
    }
}
