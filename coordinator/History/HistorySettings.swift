/// What is kept of the past, and how much of it.
package struct HistorySettings: Sendable, Hashable {
    /// Nothing is noted and nothing more is written; what there is stays until it is turned on again.
    package var isEnabled: Bool
    /// Least time between two samples of one node; heartbeats between them are passed over. 1...300 s.
    package var resolutionSeconds: Int64
    /// So long every sample is kept. From 10 minutes to 31 days.
    package var fullSeconds: Int64
    /// So long steps of `coarseStepSeconds`, and usage, are kept. From `fullSeconds` to 400 days.
    package var coarseSeconds: Int64
    /// Of all blocks; samples and steps may each take half. At least 16 MiB.
    package var maximumBytes: Int64

    /// Of the means and maxima, of idleness, and the longest time that a crash loses.
    package static let coarseStepSeconds: Int64 = 300
    /// A block of steps, and a row of usage, is of at most this time.
    package static let periodSeconds: Int64 = 3_600

    package static let defaults = HistorySettings(
        isEnabled: true, resolutionSeconds: 10, fullSeconds: 86_400, coarseSeconds: 31 * 86_400,
        maximumBytes: 2_000_000_000)

    /// Every fault at once, each with what is possible; empty for good settings.
    package func validate() -> [String] {
        var faults: [String] = []
        if !(1...Self.coarseStepSeconds).contains(resolutionSeconds) {
            faults.append(
                "--history-resolution is \(resolutionSeconds)s, must be 1s to \(Self.coarseStepSeconds)s")
        }
        if !(600...31 * 86_400).contains(fullSeconds) {
            faults.append("--history-full is \(fullSeconds)s, must be 10m to 31d")
        }
        if !(fullSeconds...max(fullSeconds, 400 * 86_400)).contains(coarseSeconds) {
            faults.append(
                "--history-coarse is \(coarseSeconds)s, must be from --history-full (\(fullSeconds)s) to 400d"
            )
        }
        if maximumBytes < 16 << 20 {
            faults.append("--history-bytes is \(maximumBytes), must be at least 16MiB")
        }
        return faults
    }
}
