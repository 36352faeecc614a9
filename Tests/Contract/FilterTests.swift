import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import CoordinatorStoreSQLite
import PostgresServer
import Testing

@Suite("Lists", .ownThreads)
struct FilterTests {
    @Test("Jobs by state, app and name, newest first, page by page", arguments: StoreKind.allCases)
    func jobs(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            _ = try store.commit([
                .putJob(.example(1, state: .running, app: "a", name: "x")),
                .putJob(.example(2, state: .finished, app: "a", name: "y")),
                .putJob(.example(3, state: .paused, app: "b", name: "x")),
                .putJob(.example(4, state: .running, app: "b'; --", name: "x")),
            ])
            func list(_ filter: JobFilter) async throws -> [UInt64] {
                try await store.reader.jobs(filter).map(\.record.job.rawValue)
            }
            #expect(try await list(JobFilter()) == [4, 3, 2, 1])
            #expect(try await list(JobFilter(states: [.running, .paused])) == [4, 3, 1])
            #expect(try await list(JobFilter(states: [])) == [])
            #expect(try await list(JobFilter(app: "a")) == [2, 1])
            #expect(try await list(JobFilter(app: "b'; --")) == [4])
            #expect(try await list(JobFilter(name: "x")) == [4, 3, 1])
            #expect(try await list(JobFilter(states: [.finished], app: "a", name: "y")) == [2])
            #expect(try await list(JobFilter(app: "A")) == [])
            #expect(try await list(JobFilter(limit: 3)) == [4, 3, 2])
            #expect(try await list(JobFilter(before: JobID(2), limit: 3)) == [1])
            #expect(try await list(JobFilter(name: "x", before: JobID(4), limit: 1)) == [3])
            #expect(try await list(JobFilter(before: JobID(.max))) == [4, 3, 2, 1])
            #expect(try await list(JobFilter(limit: 0)) == [])
            #expect(try await list(JobFilter(limit: -5)) == [])
        }
    }

    @Test("Tasks by state and range, by index, page by page", arguments: StoreKind.allCases)
    func tasks(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            _ = try store.commit([
                .putTasks(JobID(1), [.example(.max), .example(5, state: .failed), .example(0), .example(3)]),
                .putTasks(JobID(2), [.example(4)]),
            ])
            func list(_ filter: TaskFilter) async throws -> [TaskIndex] {
                try await store.reader.tasks(JobID(1), filter).map(\.index)
            }
            #expect(try await list(TaskFilter()) == [0, 3, 5, .max])
            #expect(try await list(TaskFilter(states: [.failed, .canceled])) == [5])
            #expect(try await list(TaskFilter(first: 3, last: 5)) == [3, 5])
            #expect(try await list(TaskFilter(first: 1, limit: 2)) == [3, 5])
            #expect(try await list(TaskFilter(first: .max)) == [.max])
            #expect(try await list(TaskFilter(first: 5, last: 3)) == [])
            #expect(try await store.reader.tasks(JobID(3), TaskFilter()) == [])
        }
    }

    @Test("Slots by job, node and state, by number, page by page", arguments: StoreKind.allCases)
    func slots(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            _ = try store.commit([
                .putSlot(.example(4, job: 2, node: 1, state: .finished)),
                .putSlot(.example(1, job: 1, node: 1)),
                .putSlot(.example(2, job: 1, node: 2, state: .stopping)),
                .putSlot(.example(3, job: 1, node: nil, state: .pending)),
            ])
            func list(_ filter: SlotFilter) async throws -> [UInt64] {
                try await store.reader.slots(filter).map(\.slot.rawValue)
            }
            #expect(try await list(SlotFilter()) == [1, 2, 3, 4])
            #expect(try await list(SlotFilter(job: JobID(1))) == [1, 2, 3])
            #expect(try await list(SlotFilter(node: NodeID(1))) == [1, 4])
            #expect(try await list(SlotFilter(job: JobID(1), node: NodeID(1))) == [1])
            #expect(try await list(SlotFilter(states: [.pending, .finished])) == [3, 4])
            #expect(try await list(SlotFilter(after: SlotID(1), limit: 2)) == [2, 3])
            #expect(try await list(SlotFilter(after: SlotID(.max))) == [])
        }
    }

    @Test("Released nodes only if asked for", arguments: StoreKind.allCases)
    func nodes(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            _ = try store.commit([
                .putNode(.example(2)), .putNode(.example(3, state: .released)),
                .putNode(.example(1, state: .lost)),
            ])
            let reader = store.reader
            #expect(try await reader.nodes(includingReleased: false).map(\.node.rawValue) == [1, 2])
            #expect(try await reader.nodes(includingReleased: true).map(\.node.rawValue) == [1, 2, 3])
            let name = NodeRecord.example(2).name
            #expect(try await reader.nodes(named: name) == [.example(2)])
            #expect(try await reader.nodes(named: NodeRecord.example(3).name) == [])
            #expect(try await reader.nodes(named: "no such node") == [])
        }
    }
}
