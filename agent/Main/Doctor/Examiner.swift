import AgentDoctor
import Dispatch
import Platform
import Synchronization

/// Runs examinations beside each other, each with its deadline. One that hangs is left behind with its thread: the
/// process ends all the same.
struct Examiner {
    /// A part of the examination: what it gives is shown together and in order.
    struct Part: Sendable {
        /// Of the check that is shown when it has not ended in time.
        var name: String
        var subject: String?
        var limit: Duration
        var examine: @Sendable () -> [Check]

        init(
            _ name: String, of subject: String? = nil, within limit: Duration,
            _ examine: @escaping @Sendable () -> [Check]
        ) {
            self.name = name
            self.subject = subject
            self.limit = limit
            self.examine = examine
        }
    }

    /// The whole takes as long as the longest limit, at most.
    static func run(_ parts: [Part]) -> [[Check]] {
        let started = parts.map { part in (part, Pending(part.examine)) }
        let start = ContinuousClock.now
        return started.map { part, pending in
            pending.wait(until: start + part.limit)
                ?? [.silent(part.name, of: part.subject, within: part.limit)]
        }
    }

    /// nil: it has not ended in time.
    static func bounded<Value: Sendable>(
        within limit: Duration, _ body: @escaping @Sendable () -> Value
    ) -> Value? {
        Pending(body).wait(until: ContinuousClock.now + limit)
    }

    /// With the time that it took.
    static func timed<Value, Failure: Error>(
        _ body: () throws(Failure) -> Value
    ) throws(Failure) -> (Value, Duration) {
        let start = ContinuousClock.now
        let value = try body()
        return (value, ContinuousClock.now - start)
    }
}

/// What a thread of its own will say.
private final class Pending<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)

    init(_ body: @escaping @Sendable () -> Value) {
        DispatchQueue(label: "doctor").async { [self] in
            let result = body()
            value.withLock { $0 = result }
        }
    }

    /// Looks every millisecond: a semaphore's time limit follows the wall clock here, which may be what is wrong.
    func wait(until end: ContinuousClock.Instant) -> Value? {
        while true {
            if let value = value.withLock({ $0 }) { return value }
            guard ContinuousClock.now < end else { return nil }
            var pause = PollSet(places: 1)
            pause.wait(microseconds: 1_000)
        }
    }
}
