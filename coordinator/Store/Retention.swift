package import ClusterTypes

/// What of the past a store keeps. What is older goes, and what is more, the oldest first.
package struct Retention: Hashable, Sendable {
    /// Jobs that ended before may go, with their tasks, and so may slots that ended before, of any job.
    package var endedBefore: Instant
    /// Ended jobs that are kept at most. A job of which a slot has not ended is kept.
    package var jobs: Int
    /// The newest of the ended jobs, which are kept whatever their age: they can be retried.
    package var leastJobs: Int
    /// Ended slots are kept whose number is among the last so many.
    package var slots: Int
    package var eventsBefore: Instant
    package var events: Int

    package init(
        endedBefore: Instant, jobs: Int, leastJobs: Int, slots: Int, eventsBefore: Instant, events: Int
    ) {
        self.endedBefore = endedBefore
        self.jobs = jobs
        self.leastJobs = leastJobs
        self.slots = slots
        self.eventsBefore = eventsBefore
        self.events = events
    }
}

/// How long, and how much of, the past is kept; `serve` takes it from its flags.
package struct RetentionPolicy: Hashable, Sendable {
    /// Ended jobs with their tasks, and ended slots. 90 days: a quarter's report can be made from them.
    package var endedSeconds: Int64 = 90 * 86_400
    /// Ended jobs.
    package var jobs = 100_000
    /// Ended slots: the last numbers.
    package var slots = 1_000_000
    package var eventSeconds: Int64 = 31 * 86_400
    /// The last ones.
    package var events = 1_000_000

    package static let defaults = RetentionPolicy()
    package init() {}

    /// - Parameter leastJobs: `Retention.leastJobs`.
    package func retention(at now: Instant, leastJobs: Int) -> Retention {
        Retention(
            endedBefore: now - .seconds(endedSeconds), jobs: max(jobs, leastJobs), leastJobs: leastJobs,
            slots: slots, eventsBefore: now - .seconds(eventSeconds), events: events)
    }

    /// - Returns: a sentence for each value that is out of its range.
    package func validate() -> [String] {
        var faults: [String] = []
        for (name, seconds) in [("Ended jobs and slots", endedSeconds), ("Events", eventSeconds)]
        where !(60...3_650 * 86_400).contains(seconds) {
            faults.append("\(name) are kept for a minute to ten years, not \(seconds) s.")
        }
        for (name, count) in [("Ended jobs", jobs), ("Ended slots", slots), ("Events", events)]
        where !(1_000...1_000_000_000).contains(count) {
            faults.append("\(name) are kept up to a number of 1000 to 1000000000, not \(count).")
        }
        return faults
    }
}
