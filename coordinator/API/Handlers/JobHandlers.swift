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
        let revision = try await service.reader.revision()
        let jobs = try await service.reader.jobs(filter)
        return try .json(
            Page(
                items: jobs.map { JobView($0, withSpecification: false) }, revision: revision,
                next: jobs.count == limit ? jobs.last?.record.job.rawValue : nil))
    }

    func submitJob(_ call: Call) async throws -> Answer {
        let request = try call.decode(SubmitRequest.self)
        let faults = request.validate()
        guard faults.isEmpty else { throw APIError.invalid(faults) }
        let specification = try withPriority(request.specification, by: call.caller)
        let reply = try await submit(
            .submitJob(
                specification, payloads: request.payloads ?? [], submitter: call.caller?.name ?? ""))
        guard case .job(let record) = reply else { throw unexpected(reply, to: "submitJob") }
        var answer = try await view(of: record.job)
        answer.status = 201
        answer.location = "/v1/jobs/\(record.job)"
        return answer
    }

    /// With the points of its priority class.
    ///
    /// - Throws: 400 for a class that the cluster does not have; 403 where only an admin may go before so many others.
    func withPriority(_ specification: JobSpecification, by caller: Caller?) throws -> JobSpecification {
        guard let name = specification.placement.priorityClass else {
            let limit = configuration.operatorPriority
            guard specification.priority > limit, caller?.role != .admin else { return specification }
            throw APIError(
                403, "forbidden",
                "A priority of \(specification.priority) needs the role admin: an operator's jobs have at most "
                    + "\(limit) here; \(text(of: caller)).")
        }
        let classes = configuration.priorityClasses
        guard let named = classes.first(where: { $0.name == name }) else {
            let known = classes.isEmpty ? "none" : classes.map(\.name).joined(separator: ", ")
            throw APIError.invalid(
                "placement.priorityClass: '\(name)' is no priority class of this cluster; it has \(known)")
        }
        guard specification.priority == 0 || specification.priority == named.priority else {
            throw APIError.invalid(
                "priority: is \(specification.priority), and \(named.priority) in the priority class '\(name)'; "
                    + "give one of the two")
        }
        guard named.role != Role.admin.rawValue || caller?.role == .admin else {
            throw APIError(
                403, "forbidden",
                "The priority class '\(name)' needs the role admin; \(text(of: caller)).")
        }
        var specification = specification
        specification.priority = named.priority
        return specification
    }

    private func text(of caller: Caller?) -> String {
        "token '\(caller?.name ?? "")' has \(caller?.role.rawValue ?? "no role")"
    }

    func cancelJob(_ call: Call) async throws -> Answer { try await control(call) { .cancelJob($0) } }
    func pauseJob(_ call: Call) async throws -> Answer { try await control(call) { .pauseJob($0) } }
    func resumeJob(_ call: Call) async throws -> Answer { try await control(call) { .resumeJob($0) } }

    private func control(_ call: Call, _ command: (JobID) -> Command) async throws -> Answer {
        let reply = try await submit(command(try call.identifier("job")))
        guard case .job(let record) = reply else { throw unexpected(reply, to: "a job's control") }
        return try await view(of: record.job)
    }

    /// A job after a command: as it is stored, which is not before what the command did.
    func view(of job: JobID) async throws -> Answer {
        guard let stored = try await service.reader.job(job) else {
            throw APIError.notFound("Job \(job) is no longer known.")
        }
        return try .json(JobView(stored, withSpecification: true))
    }

    /// With `since`: answers as soon as the job has changed after that revision, or at the time limit.
    func showJob(_ call: Call) async throws -> Answer {
        let limit = configuration.longPollLimitSeconds
        let waitSeconds = try call.query.number("waitSeconds", in: 0...limit)
        guard let since: UInt64 = try call.query.number("since") else {
            guard waitSeconds == nil else {
                throw APIError.invalid("query parameter 'waitSeconds' goes with 'since'")
            }
            return try .json(JobView(try await job(call), withSpecification: true))
        }
        let deadline = service.now() + .seconds(waitSeconds ?? min(30, limit))
        return try .json(
            JobView(try await changedJob(call, since: since, until: deadline), withSpecification: true))
    }

    private func changedJob(
        _ call: Call, since: UInt64, until deadline: Instant
    ) async throws -> Stored<JobRecord> {
        var isFirstLook = true
        while true {
            // Read before the job: a commit that the job's reading misses ends the wait at once.
            let revision = try await service.reader.revision()
            let stored = try await job(call)
            let remaining = deadline - service.now()
            guard stored.revision <= since, remaining > .zero, !Task.isCancelled else { return stored }
            if !isFirstLook {
                // While commits of other jobs come by the hundred, one long poll must not read with each of them.
                try? await Task.sleep(for: .milliseconds(configuration.longPollSpacingMilliseconds))
            }
            isFirstLook = false
            let newest = await cancelWhenGracefulShutdown { [service] in
                await service.waitForRevision(after: revision, upTo: remaining)
            }
            // At the limit, or the server goes down: the present state is the answer.
            guard newest > revision else { return stored }
        }
    }
}
