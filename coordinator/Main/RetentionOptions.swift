import ArgumentParser
import CoordinatorStore

/// What is kept of what is over; docs/database.md.
struct RetentionOptions: ParsableArguments {
    @Option(
        help: """
            So long ended jobs are kept, with their tasks, and ended slots, 1m to 3650d; the 200 jobs that ended last \
            stay. [MORTISE_KEEP_ENDED_FOR]
            """)
    var keepEndedFor: String?
    @Option(help: "So many ended jobs are kept at most, from 1000. [MORTISE_KEEP_JOBS]")
    var keepJobs: String?
    @Option(help: "So many slots are kept once they have ended, from 1000. [MORTISE_KEEP_SLOTS]")
    var keepSlots: String?
    @Option(help: "So long events are kept, 1m to 3650d. [MORTISE_KEEP_EVENTS_FOR]")
    var keepEventsFor: String?
    @Option(help: "So many events are kept at most, from 1000. [MORTISE_KEEP_EVENTS]")
    var keepEvents: String?

    func policy(_ environment: [String: String]) throws -> RetentionPolicy {
        var policy = RetentionPolicy.defaults
        func take<Value>(
            _ flag: String?, _ name: String, into place: WritableKeyPath<RetentionPolicy, Value>,
            _ parse: (String, String) throws -> Value
        ) throws {
            let variable = "MORTISE_KEEP_" + name.uppercased().replacing("-", with: "_")
            guard let text = flag ?? environment[variable], !text.isEmpty else { return }
            policy[keyPath: place] = try parse(text, "--keep-" + name)
        }
        try take(keepEndedFor, "ended-for", into: \.endedSeconds) { try Quantity.seconds($0, of: $1) }
        try take(keepJobs, "jobs", into: \.jobs) { try Quantity.count($0, of: $1) }
        try take(keepSlots, "slots", into: \.slots) { try Quantity.count($0, of: $1) }
        try take(keepEventsFor, "events-for", into: \.eventSeconds) { try Quantity.seconds($0, of: $1) }
        try take(keepEvents, "events", into: \.events) { try Quantity.count($0, of: $1) }
        let faults = policy.validate()
        guard faults.isEmpty else { throw Failure(faults.joined(separator: "\n")) }
        return policy
    }
}
