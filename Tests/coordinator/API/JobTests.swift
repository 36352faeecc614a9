import APITypes
import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import Foundation
import Testing

@testable import CoordinatorAPI

@Suite("Jobs", .timeLimit(.minutes(2)))
struct JobTests {
    /// Answers each command about a job with the job of that number, stored.
    static func acceptJobs(_ server: TestServer) {
        server.service.script { state in
            state.answer = { [service = server.service] command in
                guard case .submitJob(let specification, let payloads, let submitter) = command else {
                    return .job(.sample())
                }
                var record = JobRecord.sample(7, specification, tasks: UInt32(payloads.count))
                record.submitter = submitter
                service.commitHere(.putJob(record))
                return .job(record)
            }
        }
    }

    @Test func `A job needs app, name, kind and command; the rest has defaults`() async throws {
        try await TestServer.run { server in
            Self.acceptJobs(server)
            let answer = try await server.send(
                "POST", "/v1/jobs", as: TestTokens.operator,
                body: #"""
                    {"specification":{"app":"a","job":"j","kind":"tasks","command":{"argv":["echo","{}"]},
                     "resources":{"resources":{"memoryBytes":5},"devices":{"type":"gpu"}}},"payloads":["x","y"]}
                    """#)
            #expect(answer.status == 201)
            #expect(answer.header("location") == "/v1/jobs/7")
            var expected = JobSpecification(app: "a", job: "j", kind: .tasks, command: .argv(["echo", "{}"]))
            expected.resources = ResourceRequest(
                resources: Resources(milliCPU: 1_000, memoryBytes: 5), devices: DeviceRequest(type: .gpu))
            #expect(
                server.service.commands == [
                    .submitJob(expected, payloads: ["x", "y"], submitter: "otto")
                ])
            let view = try answer.decode(JobView.self)
            #expect(view.specification == expected)
            #expect(view.revision == 2 && view.submitter == "otto" && view.tasks.total == 2)
        }
    }

    @Test func `Only an admin may go beyond what operators are allowed`() async throws {
        try await TestServer.run({ $0.operatorPriority = 10 }) { server in
            Self.acceptJobs(server)
            var specification = JobSpecification.sample(.batch)
            specification.priority = 10
            let request = SubmitRequest(specification: specification)
            #expect(
                try await server.send("POST", "/v1/jobs", as: TestTokens.operator, json: request).status
                    == 201)
            specification.priority = 11
            let higher = SubmitRequest(specification: specification)
            let refused = try await server.send("POST", "/v1/jobs", as: TestTokens.operator, json: higher)
            #expect(refused.status == 403)
            #expect(
                refused.message
                    == "A priority of 11 needs the role admin: an operator's jobs have at most 10 here; "
                    + "token 'otto' has operator.")
            let planned = try await server.send(
                "POST", "/v1/plan", as: TestTokens.operator,
                json: PlanRequest(specification: specification))
            #expect((planned.status, planned.message) == (403, refused.message), "what cannot be submitted")
            #expect(
                try await server.send("POST", "/v1/jobs", as: TestTokens.admin, json: higher).status == 201)
            #expect(server.service.commands.count == 2)
        }
    }

    @Test func `A priority class stands for its points, for those who may use it`() async throws {
        let classes = [
            PriorityClass(name: "urgent", priority: 500, role: "admin"),
            PriorityClass(name: "idle", priority: -100, role: "operator"),
        ]
        try await TestServer.run({ ($0.operatorPriority, $0.priorityClasses) = (-200, classes) }) {
            (server: TestServer) async throws in
            Self.acceptJobs(server)
            func submit(_ name: String, priority: Int32 = 0, as token: String) async throws -> (Int, String) {
                var specification = JobSpecification.sample(.batch)
                specification.priority = priority
                specification.placement.priorityClass = name
                let answer = try await server.send(
                    "POST", "/v1/jobs", as: token, json: SubmitRequest(specification: specification))
                return (answer.status, answer.status < 300 ? "" : answer.message)
            }
            #expect(try await submit("idle", as: TestTokens.operator) == (201, ""), "its own role decides")
            #expect(
                try await submit("urgent", as: TestTokens.operator)
                    == (403, "The priority class 'urgent' needs the role admin; token 'otto' has operator."))
            #expect(try await submit("urgent", priority: 500, as: TestTokens.admin) == (201, ""))
            #expect(
                try await submit("urgent", priority: 7, as: TestTokens.admin) == (
                    400,
                    "priority: is 7, and 500 in the priority class 'urgent'; give one of the two"
                ))
            #expect(
                try await submit("high", as: TestTokens.admin) == (
                    400,
                    "placement.priorityClass: 'high' is no priority class of this cluster; it has urgent, idle"
                ))
            let given = server.service.commands.compactMap { command -> Int32? in
                guard case .submitJob(let specification, _, _) = command else { return nil }
                return specification.priority
            }
            #expect(given == [-100, 500])
        }
    }

    @Test func `All that is wrong with a job is said at once`() async throws {
        try await TestServer.run { server in
            var specification = JobSpecification.sample()
            specification.app = ""
            specification.priority = 5_000
            specification.command = .argv(["a\u{0}b"])
            let answer = try await server.send(
                "POST", "/v1/jobs", json: SubmitRequest(specification: specification))
            #expect(answer.status == 400)
            #expect(
                answer.message.split(separator: "\n").map { $0.prefix { $0 != ":" } } == [
                    "specification.app", "specification.command.argv[0]", "specification.priority",
                    "payloads",
                ])
            #expect(server.service.commands.isEmpty)
        }
    }

    @Test func `A job's control is sent on and answered with the job`() async throws {
        try await TestServer.run { server in
            Self.acceptJobs(server)
            try server.service.commit(.putJob(.sample()))
            for verb in ["cancel", "pause", "resume"] {
                let answer = try await server.send("POST", "/v1/jobs/1/\(verb)", as: TestTokens.operator)
                #expect(try answer.decode(JobView.self).job == JobID(1))
            }
            #expect(
                server.service.commands == [
                    .cancelJob(JobID(1)), .pauseJob(JobID(1)), .resumeJob(JobID(1)),
                ])
        }
    }

    @Test func `Lists come newest first, page by page, without specifications`() async throws {
        try await TestServer.run { server in
            for number in 1...5 as ClosedRange<UInt64> {
                var job = JobRecord.sample(number)
                job.state = number == 2 ? .paused : .running
                try server.service.commit(.putJob(job))
            }
            let first: Page<JobView> = try await server.get("/v1/jobs?limit=2").decode()
            #expect(first.items.map(\.job.rawValue) == [5, 4] && first.next == 4)
            #expect(first.items.allSatisfy { $0.specification == nil })
            let second: Page<JobView> = try await server.get("/v1/jobs?limit=2&before=4").decode()
            #expect(second.items.map(\.job.rawValue) == [3, 2] && second.next == 2)
            let last: Page<JobView> = try await server.get("/v1/jobs?limit=2&before=2").decode()
            #expect(last.items.map(\.job.rawValue) == [1] && last.next == nil)
            let some: Page<JobView> = try await server.get("/v1/jobs?state=paused,failed&app=app&name=job")
                .decode()
            #expect(some.items.map(\.job.rawValue) == [2])
            let none: Page<JobView> = try await server.get("/v1/jobs?app=app%20other").decode()
            #expect(none.items.isEmpty)
        }
    }

    // MARK: - Long poll

    @Test func `A long poll of an older revision answers at once`() async throws {
        try await TestServer.run { server in
            try server.service.commit(.putJob(.sample()))
            let view: JobView = try await server.get("/v1/jobs/1?since=1&waitSeconds=60").decode()
            #expect(view.revision == 2)
            #expect(server.service.waits == 0)
        }
    }

    @Test func `A long poll wakes with the job's change and not with other commits`() async throws {
        try await TestServer.run { server in
            try server.service.commit(.putJob(.sample()))
            async let answer = server.get("/v1/jobs/1?since=2&waitSeconds=60")
            await server.service.waiting.wait()
            try server.service.commit(.putNode(.sample(1)))
            try server.service.commit(.putNode(.sample(2)))
            var changed = JobRecord.sample()
            changed.state = .paused
            try server.service.commit(.putJob(changed))
            let view: JobView = try await answer.decode()
            #expect(view.state == .paused && view.revision == 5)
        }
    }

    @Test func `A long poll ends at its own limit with the present state`() async throws {
        try await TestServer.run { server in
            try server.service.commit(.putJob(.sample()))
            server.service.script { $0.limitPassesAtOnce = true }
            let start = server.service.now()
            let view: JobView = try await server.get("/v1/jobs/1?since=2&waitSeconds=7").decode()
            #expect(view.revision == 2 && view.state == .running)
            #expect(server.service.now() - start == .seconds(7))
            let present: JobView = try await server.get("/v1/jobs/1?since=2&waitSeconds=0").decode()
            #expect(present.revision == 2)
            #expect(server.service.waits == 1)
        }
    }
}
