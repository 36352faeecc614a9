import APITypes
import ClusterTypes
import HTTPSClient
import JobFile
import YAMLSections
import Testing

@testable import mortise

struct SubmitterTests {
    private let world = FakeWorld()

    private func submitter(_ transport: ScriptedTransport) -> JobSubmitter {
        var submitter = JobSubmitter(
            client: APIClient(transport: transport, token: "t"), surroundings: world.surroundings)
        submitter.chunkCount = 3
        return submitter
    }

    private func tasksJob(isOpen: Bool = false) -> Submission {
        var specification = JobSpecification(app: "a", job: "a", kind: .tasks, command: .argv(["a", "{}"]))
        specification.isOpen = isOpen
        return Submission(specification: specification, tasks: .standardInput)
    }

    private func texts(_ count: Int) -> [String] { (0..<count).map { "p\($0)" } }

    /// Takes everything; counts the tasks as a coordinator does.
    private static func answer(_ request: HTTPSRequest, total: UInt32) throws -> HTTPSResponse {
        try .json(JobView.sample(total: total))
    }

    @Test func `A job without payloads is one request`() async throws {
        let transport = ScriptedTransport { _, _ in try .json(JobView.sample(), status: 201) }
        let specification = JobSpecification(app: "a", job: "a", kind: .batch, command: .argv(["a"]))
        let job = try await submitter(transport).submit(
            Submission(specification: specification, tasks: .none), payloads: PayloadList())
        #expect(job == JobView.sample())
        #expect(transport.lines == ["POST /v1/jobs"])
        #expect(
            try transport.requests[0].decoded(SubmitRequest.self)
                == SubmitRequest(specification: specification))
    }

    @Test func `Payloads that fit one request make a closed job at once`() async throws {
        let transport = ScriptedTransport { _, _ in try .json(JobView.sample(total: 3)) }
        _ = try await submitter(transport).submit(tasksJob(), payloads: PayloadList(texts(3)))
        #expect(transport.lines == ["POST /v1/jobs"])
        let request = try transport.requests[0].decoded(SubmitRequest.self)
        #expect(request.payloads == texts(3))
        #expect(!request.specification.isOpen)
    }

    @Test func `More payloads are appended to an open job that the last piece closes`() async throws {
        let transport = ScriptedTransport { _, position in
            try .json(JobView.sample(total: UInt32(min(8, 3 * (position + 1)))))
        }
        let job = try await submitter(transport).submit(tasksJob(), payloads: PayloadList(texts(8)))
        #expect(job.tasks.total == 8)
        #expect(transport.lines == ["POST /v1/jobs", "POST /v1/jobs/12/tasks", "POST /v1/jobs/12/tasks"])
        let first = try transport.requests[0].decoded(SubmitRequest.self)
        #expect(first.specification.isOpen)
        #expect(first.payloads == texts(3))
        #expect(
            try transport.requests.dropFirst().map { try $0.decoded(AppendTasksRequest.self) } == [
                AppendTasksRequest(payloads: ["p3", "p4", "p5"], close: false),
                AppendTasksRequest(payloads: ["p6", "p7"], close: true),
            ])
    }

    @Test func `A job that shall stay open is not closed by the last piece`() async throws {
        let transport = ScriptedTransport { _, _ in try .json(JobView.sample(total: 4, isOpen: true)) }
        _ = try await submitter(transport).submit(tasksJob(isOpen: true), payloads: PayloadList(texts(4)))
        #expect(
            try transport.requests[1].decoded(AppendTasksRequest.self)
                == AppendTasksRequest(payloads: ["p3"], close: false))
    }

    @Test func `A piece whose answer was lost is not sent twice`() async throws {
        let transport = ScriptedTransport { request, position in
            switch position {
            case 1: throw ClientError(.interrupted, "cut off")
            case 2: try .json(JobView.sample(total: 5))
            default: try .json(JobView.sample(total: 3, isOpen: true))
            }
        }
        let job = try await submitter(transport).submit(tasksJob(), payloads: PayloadList(texts(5)))
        #expect(job.tasks.total == 5)
        #expect(transport.lines == ["POST /v1/jobs", "POST /v1/jobs/12/tasks", "GET /v1/jobs/12"])
    }

    @Test func `A piece that did not arrive is sent again`() async throws {
        let transport = ScriptedTransport { _, position in
            switch position {
            case 1: throw ClientError(.interrupted, "cut off")
            case 3: try .json(JobView.sample(total: 5))
            default: try .json(JobView.sample(total: 3, isOpen: true))
            }
        }
        _ = try await submitter(transport).submit(tasksJob(), payloads: PayloadList(texts(5)))
        #expect(
            transport.lines == [
                "POST /v1/jobs", "POST /v1/jobs/12/tasks", "GET /v1/jobs/12", "POST /v1/jobs/12/tasks",
            ])
        #expect(
            try transport.requests[1].decoded(AppendTasksRequest.self)
                == transport.requests[3].decoded(AppendTasksRequest.self))
        #expect(world.reports.last == "The coordinator answers again.")
    }

    @Test func `An order whose answer was lost is not repeated and the user is told`() async throws {
        let transport = ScriptedTransport { _, _ in throw ClientError(.interrupted, "cut off") }
        await #expect {
            try await submitter(transport).submit(tasksJob(), payloads: PayloadList(texts(1)))
        } throws: { error in
            let error = error as? ClientError
            return error?.code == .interrupted && error?.message.contains("mortise job list") == true
        }
        #expect(transport.lines.count == 1)
    }

    @Test func `An order that certainly did not arrive is repeated`() async throws {
        let transport = ScriptedTransport { _, position in
            if position < 2 { throw ClientError(.unreachable, "refused") }
            return try .json(JobView.sample(total: 1))
        }
        _ = try await submitter(transport).submit(tasksJob(), payloads: PayloadList(texts(1)))
        #expect(transport.lines.count == 3)
        #expect(world.now == .milliseconds(1_500))
    }

    @Test func `A submission that breaks off says how far it came`() async throws {
        let transport = ScriptedTransport { _, position in
            position == 2 ? try .refusal(409, "The job is canceled.") : try .json(JobView.sample(total: 3))
        }
        await #expect {
            try await submitter(transport).submit(tasksJob(), payloads: PayloadList(texts(9)))
        } throws: { error in
            (error as? ClientError)?.message.contains("Job 12 has 6 of its 9 tasks") == true
        }
    }

    @Test func `Appending counts from the tasks that the job has`() async throws {
        let transport = ScriptedTransport { _, position in
            if position == 1 { throw ClientError(.interrupted, "cut off") }
            return try .json(JobView.sample(total: position == 0 ? 100 : 102, isOpen: true))
        }
        let job = try await submitter(transport).append(PayloadList(texts(2)), to: JobID(12), closing: false)
        #expect(job.tasks.total == 102)
        #expect(transport.lines == ["GET /v1/jobs/12", "POST /v1/jobs/12/tasks", "GET /v1/jobs/12"])
    }

    @Test func `Closing alone is one request without payloads`() async throws {
        let transport = ScriptedTransport { _, _ in try .json(JobView.sample(total: 7)) }
        _ = try await submitter(transport).append(PayloadList(), to: JobID(12), closing: true)
        #expect(
            try transport.requests[1].decoded(AppendTasksRequest.self)
                == AppendTasksRequest(payloads: [], close: true))
    }
}
