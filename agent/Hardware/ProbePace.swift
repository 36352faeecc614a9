/// How often one vendor's tool is run: as often as asked for, but never for more than about 5 % of the time.
///
/// A tool costs more than it seems: `nvidia-smi` wakes a driver without persistence mode, which takes seconds and
/// holds locks that work on the GPUs waits for, and asking eight NPUs starts a dozen processes. So a pause is at
/// least 19 times as long as the probe before it. It ends after 5 minutes in every case, so that a device that has
/// come back is seen; a probe that hangs until it is killed (30 s by default) then still costs less than 10 %.
package struct ProbePace: Hashable, Sendable {
    /// Of the time, one part is for the probe.
    private static let parts = 20
    package static let longest = Duration.seconds(300)
    /// A tool that is missing is looked for in the search path, without a child process.
    package static let whileMissing = Duration.seconds(60)

    /// From the start of one probe to the start of the next.
    package private(set) var interval: Duration
    /// Rises at once, and falls by half of the difference with each probe: a tool that was slow may be so again.
    package private(set) var cost = Duration.zero
    private let shortest: Duration

    /// - Parameter shortest: what is asked for where the tool costs next to nothing.
    package init(shortest: Duration) {
        self.shortest = shortest
        interval = shortest
    }

    /// - Parameter duration: of the whole probe, with all its child processes.
    package mutating func probeEnded(after duration: Duration, isMissing: Bool) {
        cost = max(duration, (cost + duration) / 2)
        interval = isMissing ? Self.whileMissing : min(Self.longest, max(shortest, cost * Self.parts))
    }
}
