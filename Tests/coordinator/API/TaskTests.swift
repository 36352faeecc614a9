import APITypes
import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import ProtocolMessages
import Synchronization
import Testing

@testable import CoordinatorAPI

@Suite("Tasks", .timeLimit(.minutes(2)))
struct TaskTests {
    /// Indices 10, 20 … 100: 20 failed, 30 runs, 40 runs again after a failure, 50 waits for its second attempt.
    static func store(in service: FakeService, state: JobState = .running) throws {
        var job = JobRecord.sample(1, .array(10, 100, step: 10))
        job.state = state
        job.counts = TaskCounts(ready: 7, running: 2, failed: 1)
        try service.commit(
            .putJob(job), .putNode(.sample(3)),
            .putSlot(
                .sample(
                    5, node: 3,
                    tasks: [TaskAttempt(index: 30, attempt: 1), TaskAttempt(index: 40, attempt: 2)])),
            .putTasks(
                JobID(1),
                [
                    TaskRecord(
                        index: 20, state: .failed, attempt: 1, exitCode: 3, reason: "exit 3",
                        slot: SlotKey(SlotID(5), Generation(1)), node: NodeID(3), startedAt: .epoch,
                        durationMicroseconds: 1_500_000),
                    TaskRecord(index: 40, state: .ready, attempt: 1, exitCode: 1),
                    TaskRecord(index: 50, state: .ready, attempt: 1, exitCode: 1),
                ]))
    }

    static func list(_ server: TestServer, _ query: String) async throws -> Page<TaskView> {
        try await server.get("/v1/jobs/1/tasks" + query).decode()
    }

    @Test func `Tasks are put together from rows, slots and nothing`() async throws {
        try await TestServer.run { server in
            try Self.store(in: server.service)
            let page = try await Self.list(server, "")
            #expect(page.items.map(\.index) == [10, 20, 30, 40, 50, 60, 70, 80, 90, 100])
            #expect(
                page.items.prefix(6).map(\.state) == [.ready, .failed, .running, .running, .ready, .ready])
            #expect(page.items.prefix(6).map(\.attempt) == [0, 1, 1, 2, 1, 0])
            #expect(page.next == nil)
            let failed = page.items[1]
            #expect(failed.exitCode == 3 && failed.reason == "exit 3" && failed.durationSeconds == 1.5)
            #expect(failed.startedAt == "1970-01-01T00:00:00.000000Z")
            #expect(page.items[2].slot == SlotID(5) && page.items[2].nodeName == "node-3")
        }
    }

    @Test(
        arguments: [
            ("?state=failed", [20], nil), ("?state=running", [30, 40], nil),
            ("?state=running,failed", [20, 30, 40], nil),
            ("?state=ready&limit=3", [10, 50, 60], 70), ("?state=ready&first=70", [70, 80, 90, 100], nil),
            ("?first=11&last=39", [20, 30], nil), ("?first=15&limit=2", [20, 30], 40),
            ("?first=101", [], nil),
            ("?first=50&last=20", [], nil), ("?state=running&limit=1", [30], 40), ("?state=waiting", [], nil),
            ("?state=succeeded,canceled", [], nil),
        ] as [(String, [TaskIndex], UInt64?)])
    func `Tasks are listed by state and range, page by page`(
        query: String, indices: [TaskIndex], next: UInt64?
    ) async throws {
        try await TestServer.run { server in
            try Self.store(in: server.service)
            let page = try await Self.list(server, query)
            #expect(page.items.map(\.index) == indices)
            #expect(page.next == next)
        }
    }

    @Test func `Untouched tasks of a paused job wait and of a canceled one are canceled`() async throws {
        try await TestServer.run { server in
            try Self.store(in: server.service, state: .paused)
            #expect(try await Self.list(server, "?state=waiting&limit=2").items.map(\.index) == [10, 50])
            #expect(try await Self.list(server, "?state=ready").items.isEmpty)
            try Self.store(in: server.service, state: .canceled)
            #expect(try await Self.list(server, "?state=canceled&limit=2").items.map(\.index) == [10, 30])
        }
    }

    @Test func `A row that is newer than its slot's wins`() async throws {
        try await TestServer.run { server in
            try Self.store(in: server.service)
            try server.service.commit(
                .putTasks(JobID(1), [TaskRecord(index: 30, state: .succeeded, attempt: 1)]))
            #expect(try await Self.list(server, "?first=30&last=30").items.first?.state == .succeeded)
        }
    }

    @Test func `A page of a million tasks reads a few rows, whatever is asked for`() async throws {
        let store = CountingReader()
        var job = JobRecord.sample(1, .array(0, 999_999))
        job.counts = TaskCounts(ready: 999_997, running: 1, succeeded: 2)
        _ = try store.store.commit([
            .putJob(job), .putSlot(.sample(1, node: 1, tasks: [TaskAttempt(index: 999_998, attempt: 1)])),
            .putTasks(
                JobID(1),
                [
                    TaskRecord(index: 1, state: .succeeded, attempt: 1),
                    TaskRecord(index: 500_000, state: .succeeded, attempt: 1),
                ]),
        ])
        let listing = TaskListing(job: job, reader: store)
        func indices(_ states: [TaskState]?, first: TaskIndex = 0, limit: Int = 3) async throws -> [TaskIndex]
        {
            let request = TaskListing.Request(states: states, first: first, last: .max, limit: limit)
            return try await listing.entries(request).entries.map(\.index)
        }
        #expect(try await indices(nil, first: 499_999) == [499_999, 500_000, 500_001])
        #expect(try await indices([.ready]) == [0, 2, 3])
        #expect(try await indices([.succeeded]) == [1, 500_000])
        #expect(try await indices([.running]) == [999_998])
        #expect(try await indices([.failed]) == [])
        #expect(try await indices([.ready], first: 999_998) == [999_999])
        #expect(store.reads <= 20)
    }

    @Test func `A search that finds nothing for long stops and says where to go on`() async throws {
        let store = MemoryStore()
        var job = JobRecord.sample(1, .sample(), tasks: 250_000)
        job.counts = TaskCounts(ready: 1, succeeded: 249_999)
        let rows = (0..<249_999 as Range<TaskIndex>).map {
            TaskRecord(index: $0, state: .succeeded, attempt: 1)
        }
        _ = try store.commit([.putJob(job), .putTasks(JobID(1), rows)])
        let listing = TaskListing(job: job, reader: store)
        var request = TaskListing.Request(states: [.ready], first: 0, last: .max, limit: 1_000)
        let (none, next) = try await listing.entries(request)
        #expect(none.isEmpty)
        request.first = try #require(next)
        #expect(request.first >= 200_000)
        let (rest, end) = try await listing.entries(request)
        #expect(rest.map(\.index) == [249_999] && end == nil)
    }

    @Test func `One task is shown with its payload`() async throws {
        try await TestServer.run { server in
            try server.service.commit(
                .putJob(.sample(1, tasks: 2)),
                .appendPayloads(JobID(1), first: 0, payloads: ["first", "second"]))
            let task: TaskView = try await server.get("/v1/jobs/1/tasks/1").decode()
            #expect(task.payload == "second" && task.state == .ready && task.index == 1)
            #expect(try await server.get("/v1/jobs/1/tasks/2").status == 404)
            #expect(try await server.get("/v1/jobs/1/tasks/x").status == 404)
            try Self.store(in: server.service)
            let running: TaskView = try await server.get("/v1/jobs/1/tasks/40").decode()
            #expect(running.state == .running && running.attempt == 2 && running.payload == nil)
            #expect(try await server.get("/v1/jobs/1/tasks/41").status == 404)
        }
    }

    @Test func `A batch job has no tasks`() async throws {
        try await TestServer.run { server in
            try server.service.commit(.putJob(.sample(1, .sample(.batch))))
            #expect(try await Self.list(server, "").items.isEmpty)
            #expect(try await server.get("/v1/jobs/1/tasks/0").status == 404)
        }
    }

    @Test func `Tasks are appended and retried`() async throws {
        try await TestServer.run { server in
            try server.service.commit(.putJob(.sample()))
            server.service.script { state in
                state.answer = { command in
                    if case .retryTasks = command { return .tasksRetried(count: 4) }
                    return .job(.sample())
                }
            }
            let appended = try await server.send(
                "POST", "/v1/jobs/1/tasks", json: AppendTasksRequest(payloads: ["a"], close: true))
            #expect(appended.status == 200)
            let empty = try await server.send(
                "POST", "/v1/jobs/1/tasks", json: AppendTasksRequest(payloads: [], close: false))
            #expect(empty.status == 400)
            let all = try await server.send("POST", "/v1/jobs/1/tasks/retry")
            #expect(try all.decode(RetryTasksAnswer.self).retried == 4)
            _ = try await server.send(
                "POST", "/v1/jobs/1/tasks/retry", json: RetryTasksRequest(indices: [3, 4]))
            #expect(
                server.service.commands == [
                    .appendTasks(JobID(1), payloads: ["a"], close: true), .retryTasks(JobID(1), nil),
                    .retryTasks(JobID(1), [3, 4]),
                ])
        }
    }
}

/// Counts what a listing reads.
private final class CountingReader: StoreReader {
    let store = MemoryStore()
    private let count = Mutex(0)

    var reads: Int { count.withLock { $0 } }

    func tasks(_ job: JobID, _ filter: TaskFilter) async throws -> [TaskRecord] {
        count.withLock { $0 += 1 }
        return try await store.tasks(job, filter)
    }

    func slots(_ filter: SlotFilter) async throws -> [SlotRecord] {
        count.withLock { $0 += 1 }
        return try await store.slots(filter)
    }

    func revision() async throws -> UInt64 { try await store.revision() }
    func jobs(_ filter: JobFilter) async throws -> [Stored<JobRecord>] { try await store.jobs(filter) }
    func job(_ job: JobID) async throws -> Stored<JobRecord>? { try await store.job(job) }
    func payload(_ job: JobID, at position: TaskIndex) async throws -> String? {
        try await store.payload(job, at: position)
    }
    func slot(_ slot: SlotID) async throws -> SlotRecord? { try await store.slot(slot) }
    func nodes(includingReleased: Bool) async throws -> [NodeRecord] {
        try await store.nodes(includingReleased: includingReleased)
    }
    func nodes(named name: String) async throws -> [NodeRecord] { try await store.nodes(named: name) }
    func node(_ node: NodeID) async throws -> NodeRecord? { try await store.node(node) }
    func tokens() async throws -> [TokenRecord] { try await store.tokens() }
    func token(secretHash: String) async throws -> TokenRecord? {
        try await store.token(secretHash: secretHash)
    }
    func events(_ subject: EventRecord.Subject?, limit: Int) async throws -> [EventRecord] {
        try await store.events(subject, limit: limit)
    }
    func readHistory(
        _ resolution: HistoryRecord.Resolution, in range: ClosedRange<Instant>,
        _ visit: @escaping @Sendable (HistoryRecord) throws -> Void
    ) async throws {
        try await store.readHistory(resolution, in: range, visit)
    }
    func usage(_ filter: UsageFilter) async throws -> [UsageRecord] { try await store.usage(filter) }
}
