import APITypes
import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import ProtocolMessages

extension APIHandlers {
    func appendTasks(_ call: Call) async throws -> Answer {
        let job = try call.identifier("job", as: JobID.self)
        let request = try call.decode(AppendTasksRequest.self)
        let faults = request.validate()
        guard faults.isEmpty else { throw APIError.invalid(faults) }
        let reply = try await submit(.appendTasks(job, payloads: request.payloads, close: request.close))
        guard case .job(let record) = reply else { throw unexpected(reply, to: "appendTasks") }
        return try await view(of: record.job)
    }

    func retryTasks(_ call: Call) async throws -> Answer {
        let job = try call.identifier("job", as: JobID.self)
        let indices = try call.decode(RetryTasksRequest.self).indices
        if let indices, indices.count > JobLimits.payloadsPerRequest {
            throw APIError.invalid(
                "indices: are \(indices.count), at most \(JobLimits.payloadsPerRequest) in one request; leave them "
                    + "out to retry all")
        }
        let reply = try await submit(.retryTasks(job, indices))
        guard case .tasksRetried(let count) = reply else { throw unexpected(reply, to: "retryTasks") }
        return try .json(RetryTasksAnswer(retried: Int(count)))
    }

    func listTasks(_ call: Call) async throws -> Answer {
        let range = TaskListing.Request(
            states: try call.query.words("state"), first: try call.query.number("first") ?? 0,
            last: try call.query.number("last") ?? .max, limit: try call.query.limit())
        let revision = try await service.reader.revision()
        let listing = TaskListing(job: try await job(call).record, reader: service.reader)
        let (entries, next) = try await listing.entries(range)
        var names = NodeNames(reader: service.reader)
        var views: [TaskView] = []
        for entry in entries {
            views.append(listing.view(of: entry, nodeName: try await names.name(of: entry.node)))
        }
        return try .json(Page(items: views, revision: revision, next: next.map { UInt64($0) }))
    }

    func showTask(_ call: Call) async throws -> Answer {
        let listing = TaskListing(job: try await job(call).record, reader: service.reader)
        let index = try taskIndex(call)
        guard let entry = try await listing.entry(index), let position = listing.position(of: index) else {
            throw APIError.notFound("Job \(listing.job.job) has no task \(index).")
        }
        var names = NodeNames(reader: service.reader)
        var view = listing.view(of: entry, nodeName: try await names.name(of: entry.node))
        if listing.job.specification.array == nil {
            view.payload = try await service.reader.payload(listing.job.job, at: position)
        }
        return try .json(view)
    }

    func taskIndex(_ call: Call) throws -> TaskIndex {
        let text = try call.parameter("index")
        guard let index = TaskIndex(text) else {
            throw APIError.notFound(
                "No task '\(text)': tasks are found by their index, a whole number from 0.")
        }
        return index
    }
}
