package import ClusterTypes

/// The past of one node in steps of equal length.
package struct NodeHistoryView: Codable, Sendable, Hashable {
    package var node: NodeID
    package var name: String
    /// Of the first step.
    package var from: String
    package var stepSeconds: Int64
    /// How many values each series has.
    package var steps: Int
    /// Those that have a value somewhere: the node's, then device by device.
    package var series: [HistorySeriesView]

    package init(
        node: NodeID, name: String, from: String, stepSeconds: Int64, steps: Int, series: [HistorySeriesView]
    ) {
        self.node = node
        self.name = name
        self.from = from
        self.stepSeconds = stepSeconds
        self.steps = steps
        self.series = series
    }
}

package struct HistorySeriesView: Codable, Sendable, Hashable {
    /// With its unit, for example "processorPermille".
    package var name: String
    /// Its position in the hardware report; left out for the node itself.
    package var device: Int?
    /// One for each step, null where nothing was read. Left out for counters.
    package var mean: [Int64?]?
    /// The same; left out for what only a mean is kept of.
    package var maximum: [Int64?]?

    package init(name: String, device: Int? = nil, mean: [Int64?]? = nil, maximum: [Int64?]? = nil) {
        self.name = name
        self.device = device
        self.mean = mean
        self.maximum = maximum
    }
}

/// What a job or user has had of one kind of resource in a range of time, and made of it.
///
/// Seconds are products: two devices for a second are two, a quarter of one is 0.25. What was booked was idle, unknown
/// (nobody could read how much of it was used), or at work.
package struct UsageView: Codable, Sendable, Hashable {
    package var user: String
    /// Left out in sums by user.
    package var job: JobID?
    /// "cpu", or the model of a device.
    package var resource: String
    package var bookedSeconds: Double
    /// Not used at all, judged in steps of five minutes.
    package var idleSeconds: Double
    package var unknownSeconds: Double
    /// Time multiplied by utilization.
    package var usedSeconds: Double
    /// Mean utilization while it was at work, in percent; left out where it never was.
    package var nonidleUtilizationPercent: Double?
    /// Of `cpu` alone.
    package var memoryBookedByteSeconds: Double?
    package var memoryUsedByteSeconds: Double?

    package init(
        user: String, job: JobID? = nil, resource: String, bookedSeconds: Double, idleSeconds: Double,
        unknownSeconds: Double, usedSeconds: Double, nonidleUtilizationPercent: Double? = nil,
        memoryBookedByteSeconds: Double? = nil, memoryUsedByteSeconds: Double? = nil
    ) {
        self.user = user
        self.job = job
        self.resource = resource
        self.bookedSeconds = bookedSeconds
        self.idleSeconds = idleSeconds
        self.unknownSeconds = unknownSeconds
        self.usedSeconds = usedSeconds
        self.nonidleUtilizationPercent = nonidleUtilizationPercent
        self.memoryBookedByteSeconds = memoryBookedByteSeconds
        self.memoryUsedByteSeconds = memoryUsedByteSeconds
    }
}

/// Whose sums `GET /v1/usage` gives.
package enum UsageGrouping: String, Codable, Sendable, CaseIterable {
    case job, user
}
