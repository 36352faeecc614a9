import APITypes
import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import ServiceLifecycle

extension APIHandlers {
    func listJobs(_ call: Call) async throws -> Answer {
        let limit = try call.query.limit()
        let filter = JobFilter(
            states: try call.query.words("state"), app: call.query.text("app"), name: call.query.text("name"),
            before: try call.query.number("before").map { JobID($0) }, limit: limit)
        // Read first: a change that the list misses has a larger revision.
        let revision = try await service.reader.revision()
        let records = try await service.reader.jobs(filter)
        return try .json(
            Page(
                items: records.map { JobView($0, revision: revision, withSpecification: false) },
                revision: revision, next: records.count == limit ? records.last?.job.rawValue : nil))
    }

    func submitJob(_ call: Call) async throws -> Answer {
        let request = try call.decode(SubmitRequest.self)
        let faults = request.validate()
        guard faults.isEmpty else { throw APIError.invalid(faults) }
        let reply = try await submit(
            .submitJob(
                request.specification, payloads: request.payloads ?? [], submitter: call.caller?.name ?? ""))
        guard case .job(let record) = reply else { throw unexpected(reply, to: "submitJob") }
        var answer = try await view(of: record)
        answer.status = 201
        answer.location = "/v1/jobs/\(record.job)"
        return answer
    }

    func cancelJob(_ call: Call) async throws -> Answer { try await control(call) { .cancelJob($0) } }
    func pauseJob(_ call: Call) async throws -> Answer { try await control(call) { .pauseJob($0) } }
    func resumeJob(_ call: Call) async throws -> Answer { try await control(call) { .resumeJob($0) } }

    private func control(_ call: Call, _ command: (JobID) -> Command) async throws -> Answer {
        let reply = try await submit(command(try call.identifier("job")))
        guard case .job(let record) = reply else { throw unexpected(reply, to: "a job's control") }
        return try await view(of: record)
    }

    /// A job as its command left it.
    func view(of record: JobRecord) async throws -> Answer {
        let revision = try await service.reader.revision()
        return try .json(JobView(record, revision: revision, withSpecification: true))
    }

    /// With `since`: answers as soon as the job has changed after that revision, or at the time limit.
    func showJob(_ call: Call) async throws -> Answer {
        let limit = configuration.longPollLimitSeconds
        let waitSeconds = try call.query.number("waitSeconds", in: 0...limit)
        guard let since: UInt64 = try call.query.number("since") else {
            guard waitSeconds == nil else {
                throw APIError.invalid("query parameter 'waitSeconds' goes with 'since'")
            }
            return try .json(try await readJob(call).view)
        }
        let deadline = service.now() + .seconds(waitSeconds ?? min(30, limit))
        var isFirstLook = true
        while true {
            let (view, changedAt, readAt) = try await readJob(call)
            let remaining = deadline - service.now()
            guard changedAt <= since, remaining > .zero, !Task.isCancelled else { return try .json(view) }
            if !isFirstLook {
                // While commits of other jobs come by the hundred, one long poll must not read with each of them.
                try? await Task.sleep(for: .milliseconds(configuration.longPollSpacingMilliseconds))
            }
            isFirstLook = false
            let newest = await cancelWhenGracefulShutdown { [service] in
                await service.waitForRevision(after: readAt, upTo: remaining)
            }
            // At the limit, or the server goes down: the present state is the answer.
            guard newest > readAt else { return try .json(view) }
        }
    }

    /// - Returns: the view, the revision of its last change, and the one up to which everything was read.
    private func readJob(_ call: Call) async throws -> (view: JobView, changedAt: UInt64, readAt: UInt64) {
        let before = try await service.reader.revision()
        let record = try await job(call)
        let after = try await service.reader.revision()
        let changedAt = revisions.changeRevision(of: record, readUpTo: after)
        return (
            JobView(record, revision: min(changedAt, before), withSpecification: true), changedAt, before
        )
    }
}
