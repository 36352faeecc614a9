import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import CoordinatorStorePostgres
import CoordinatorStoreRows
import CoordinatorStoreSQLite
import GRDB
import PostgreSQL
import PostgresServer
import Testing

@Suite("Copies and checks of stores", .ownThreads)
struct CopyTests {
    private enum Kind: String, CaseIterable, CustomTestStringConvertible {
        case sqlite, postgres
        static let allCases: [Kind] = PostgresServer.isInstalled ? [.sqlite, .postgres] : [.sqlite]
        var testDescription: String { rawValue }
    }

    private func withStore<Result>(
        _ kind: Kind, _ body: (any RowStore) async throws -> Result
    ) async throws -> Result {
        switch kind {
        case .sqlite:
            return try await withTemporaryDirectory { directory in
                let store = try SQLiteStore(path: directory + "/cluster.db")
                defer { try? store.close() }
                return try await body(store)
            }
        case .postgres:
            return try await withDatabase { address in
                let store = try PostgresStore(address)
                defer { try? store.close() }
                return try await body(store)
            }
        }
    }

    private func copy(_ source: some RowStore, _ destination: some RowStore) throws -> [String: Int] {
        let counts = try StoreCopy.copy(source, to: destination)
        return Dictionary(uniqueKeysWithValues: counts.map { ($0.table.name, $0.rows) })
    }

    private func faults(_ store: some RowStore) throws -> [String] {
        try store.readRows { try StoreCheck($0).findings().faults }
    }

    @Test(
        "From each kind to each, everything arrives, and the copy goes on", arguments: Kind.allCases,
        Kind.allCases)
    private func everything(from: Kind, to: Kind) async throws {
        try await withStore(from) { source in
            var history = RandomWrites(seed: 11)
            for _ in 1...25 { _ = try source.commit(history.batch()) }
            _ = try source.commit([
                .appendPayloads(JobID(1), first: 0, payloads: difficultTexts),
                .putHistory(
                    HistoryRecord(
                        resolution: .full, from: .seconds(1), through: .seconds(2), block: [0, 1, 255, 0])),
                .putUsage([UsageRecord(from: .seconds(5), job: JobID(1), resource: "cpu", user: "ada")]),
                .putTasks(JobID(1), (0..<9_000).map { .example($0) }),
            ])
            try await withStore(to) { destination in
                let counts = try copy(source, destination)
                #expect(counts["task"] ?? 0 >= 9_000 && counts["history"] == 1 && counts["usage"] == 1)
                #expect(try !destination.isUnfinishedCopy)
                let expected = try await Contents(of: source)
                #expect(try await Contents(of: destination) == expected)
                let snapshot = SnapshotValue(try source.snapshot(endedJobs: 100))
                #expect(SnapshotValue(try destination.snapshot(endedJobs: 100)) == snapshot)
                #expect(
                    try destination.payloads(JobID(1), at: difficultTexts.indices.map { TaskIndex($0) })
                        == difficultTexts)
                // A second copy would be mixed with the first.
                let error = try storeError { try copy(source, destination) }
                #expect(error?.message.contains("holds something") == true)
            }
        }
    }

    @Test(
        "A copy goes on where its source was: revisions and numbers of events follow",
        arguments: Kind.allCases)
    private func goesOn(to: Kind) async throws {
        try await withStore(.sqlite) { source in
            let event = EventRecord(at: .seconds(1), subject: .cluster, message: "one")
            _ = try source.commit([.putNode(.example(3)), .addEvent(event)])
            try await withDirectoryOrDatabase(to) { open in
                let first = try open()
                _ = try copy(source, first)
                try first.close()
                let second = try open()
                var next = event
                next.message = "two"
                #expect(try second.commit([.addEvent(next)]) == 2)
                #expect(try await second.reader.events(nil, limit: 9).map(\.message) == ["two", "one"])
                #expect(try second.snapshot(endedJobs: 0).lastNode == 3)
                try second.close()
            }
        }
    }

    private func withDirectoryOrDatabase(
        _ kind: Kind, _ body: (() throws -> any RowStore) async throws -> Void
    ) async throws {
        switch kind {
        case .sqlite:
            try await withTemporaryDirectory { directory in
                try await body { try SQLiteStore(path: directory + "/cluster.db") }
            }
        case .postgres:
            try await withDatabase { address in try await body { try PostgresStore(address) } }
        }
    }

    @Test("An unfinished copy is known as one, and is begun again", arguments: Kind.allCases)
    private func unfinished(to: Kind) async throws {
        let interruption = StoreError(.failed, "interrupted")
        func interrupt(_ source: some RowStore, _ destination: some RowStore) throws {
            _ = try StoreCopy.copy(source, to: destination) { table, _, _ in
                if table.name == "task" { throw interruption }
            }
        }
        try await withStore(.sqlite) { source in
            _ = try source.commit([
                .putNode(.example(1)), .putJob(.example(1)), .putTasks(JobID(1), [.example(0)]),
            ])
            try await withStore(to) { destination in
                #expect(try storeError { try interrupt(source, destination) }?.message == "interrupted")
                #expect(try destination.isUnfinishedCopy)
                _ = try source.commit([.putNode(.example(2))])
                #expect(try copy(source, destination)["node"] == 2)
                #expect(try !destination.isUnfinishedCopy)
                #expect(try await Contents(of: destination) == Contents(of: source))
            }
        }
    }

    @Test("What cannot be right is found, and a sound store has no fault", arguments: Kind.allCases)
    private func check(kind: Kind) async throws {
        func change(_ store: some RowStore, _ sql: String) throws {
            try store.changeRows { _ = try $0.run(BoundStatement(sql)) }
        }
        try await withStore(kind) { store in
            var job = JobRecord.example(1)
            job.counts = TaskCounts(ready: 0, running: 0, succeeded: 3, failed: 0, canceled: 0)
            _ = try store.commit([
                .putNode(.example(1)), .putJob(job), .putSlot(.example(1)),
                .putTasks(JobID(1), (0..<3).map { .example($0) }),
                .appendPayloads(JobID(1), first: 0, payloads: ["a", "b"]), .putToken(.example(1)),
                .putVirtualCluster(.example("a")),
                .addEvent(EventRecord(at: .seconds(1), subject: .cluster, message: "began")),
            ])
            #expect(try faults(store).isEmpty)
            for (sql, fault) in [
                ("UPDATE node SET state = 'asleep'", "node (node 1): state holds 'asleep'"),
                ("UPDATE task SET state = 'failed' WHERE task_index = 1", "counts other tasks as failed"),
                ("UPDATE slot SET node = 9", "slot 1: its node is not there"),
                ("UPDATE task_input SET count = 7", "as many as the column count says (7)"),
                ("UPDATE meta SET value = 0 WHERE name = 'last_job'", "job 1: its number is above"),
                (
                    "UPDATE virtual_cluster SET quotas = '{\"tpu\":3}'",
                    "virtual_cluster (name a): quotas holds"
                ),
                ("UPDATE event SET subject = 'moon'", "event (event 1): subject holds 'moon'"),
                ("DELETE FROM job", "job 1: task has rows of it"),
            ] {
                try change(store, sql)
                let found = try faults(store)
                #expect(found.contains { $0.contains(fault) }, "\(sql): \(found)")
            }
        }
    }
}
