import APITypes
import ClusterTypes
import JobFile
import YAMLSections
import Terminal

/// How long to keep trying while the coordinator is away, for example because it restarts.
struct RetrySchedule: Sendable {
    /// In all, from the first failure.
    var patience = Duration.seconds(600)
    var firstDelay = Duration.milliseconds(500)
    var longestDelay = Duration.seconds(10)

    /// Before the given try (counted from 0): doubles each time.
    func delay(before attempt: Int) -> Duration {
        min(longestDelay, firstDelay * (1 << min(attempt, 10)))
    }
}

/// What waiting needs of the world; tests put their own in its place.
struct Surroundings: Sendable {
    /// Since some fixed moment; never goes back.
    var now: @Sendable () -> Duration
    var sleep: @Sendable (Duration) async throws -> Void
    /// A line for standard error.
    var report: @Sendable (String) -> Void

    static func real(report: @escaping @Sendable (String) -> Void) -> Surroundings {
        let start = ContinuousClock.now
        return Surroundings(
            now: { ContinuousClock.now - start }, sleep: { try await Task.sleep(for: $0) }, report: report)
    }
}

extension RetrySchedule {
    /// Does it again while the coordinator is away.
    ///
    /// - Parameter mayRepeat: false for errors after which doing it again is not the same as doing it once.
    /// - Throws: the last error when patience is over, any error at once that trying again cannot mend.
    func retrying<Value>(
        in surroundings: Surroundings, mayRepeat: (ClientError) -> Bool = { $0.isTransient },
        _ work: () async throws -> Value
    ) async throws -> Value {
        var firstFailure: Duration?
        var attempt = 0
        while true {
            do {
                let value = try await work()
                if firstFailure != nil { surroundings.report("The coordinator answers again.") }
                return value
            } catch let error as ClientError where mayRepeat(error) {
                let start = firstFailure ?? surroundings.now()
                if firstFailure == nil {
                    firstFailure = start
                    surroundings.report(
                        "\(error.message)\nTrying again for up to \(HumanUnits.duration(patience)).")
                }
                let delay = delay(before: attempt)
                guard surroundings.now() - start + delay <= patience else { throw error }
                attempt += 1
                try await surroundings.sleep(delay)
            }
        }
    }
}

/// Submits a job with any number of tasks: the first with the job, the rest appended piece by piece.
struct JobSubmitter: Sendable {
    let client: APIClient
    let surroundings: Surroundings
    var schedule = RetrySchedule()
    /// In one request.
    var chunkCount = 50_000
    /// Of the payloads' JSON in one request; the coordinator takes 64 MiB.
    var chunkBytes = 32 << 20

    /// - Returns: the job with all its tasks in it.
    func submit(_ submission: Submission, payloads: PayloadList) async throws -> JobView {
        var specification = submission.specification
        guard specification.kind == .tasks, specification.array == nil else {
            return try await create(SubmitRequest(specification: specification))
        }
        let staysOpen = specification.isOpen
        let first = chunk(payloads, from: 0)
        specification.isOpen = staysOpen || first.count < payloads.count
        let job = try await create(SubmitRequest(specification: specification, payloads: first))
        guard first.count < payloads.count else { return job }
        return try await append(
            payloads, from: first.count, offset: 0, to: job.job, closing: !staysOpen)
    }

    /// Appends all payloads to a job that is open.
    func append(_ payloads: PayloadList, to job: JobID, closing: Bool) async throws -> JobView {
        let offset = Int(try await client.job(job).tasks.total)
        return try await append(payloads, from: 0, offset: offset, to: job, closing: closing)
    }

    /// An order to make a job is not repeated unless it certainly did not arrive.
    private func create(_ request: SubmitRequest) async throws -> JobView {
        let doubt =
            "The job may have been submitted all the same: look with 'mortise job list' before you submit it again."
        return try await Interruption.saying(doubt) {
            do {
                return try await schedule.retrying(
                    in: surroundings, mayRepeat: { $0.code == .unreachable || $0.code == .unavailable }
                ) {
                    try await client.submit(request)
                }
            } catch let error as ClientError where error.code == .interrupted {
                throw ClientError(.interrupted, "\(error.message)\n\(doubt)")
            }
        }
    }

    /// - Parameter offset: tasks that the job had before the first of these payloads.
    private func append(
        _ payloads: PayloadList, from start: Int, offset: Int, to job: JobID, closing: Bool
    ) async throws -> JobView {
        let words =
            "Job \(job) is open and lacks tasks. Cancel it with 'mortise job cancel \(job)' and submit again."
        return try await Interruption.saying(words) {
            try await appendAll(payloads, from: start, offset: offset, to: job, closing: closing)
        }
    }

    private func appendAll(
        _ payloads: PayloadList, from start: Int, offset: Int, to job: JobID, closing: Bool
    ) async throws -> JobView {
        var position = start
        var view: JobView?
        do {
            repeat {
                let piece = chunk(payloads, from: position)
                let isLast = position + piece.count == payloads.count
                view = try await appendPiece(
                    AppendTasksRequest(payloads: piece, close: closing && isLast), to: job,
                    expecting: offset + position)
                position += piece.count
            } while position < payloads.count
        } catch let error as ClientError {
            throw ClientError(
                error.code,
                "\(error.message)\nJob \(job) has \(offset + position) of its \(offset + payloads.count) tasks and "
                    + "is still open. Cancel it with 'mortise job cancel \(job)' and submit again.")
        }
        guard let view else { return try await client.job(job) }
        return view
    }

    /// Where a connection broke, the number of tasks that the job has tells whether the piece arrived.
    private func appendPiece(
        _ request: AppendTasksRequest, to job: JobID, expecting before: Int
    ) async throws -> JobView {
        var isRepeated = false
        return try await schedule.retrying(in: surroundings) {
            if isRepeated {
                let view = try await client.job(job)
                let total = Int(view.tasks.total)
                if total == before + request.payloads.count, view.isOpen != request.close { return view }
                guard total == before else {
                    throw ClientError(
                        .refused, "Somebody else appends tasks to job \(job): it has \(total), not \(before)."
                    )
                }
            }
            isRepeated = true
            return try await client.appendTasks(to: job, request)
        }
    }

    private func chunk(_ payloads: PayloadList, from start: Int) -> [String] {
        payloads.chunk(from: start, maximumCount: chunkCount, maximumBytes: chunkBytes)
    }
}
