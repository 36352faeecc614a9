import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import CoordinatorStorePostgres
import CoordinatorStoreSQLite
import Foundation
import PostgresServer
import Testing

/// Every store that must keep the contract.
enum StoreKind: String, CaseIterable, CustomTestStringConvertible {
    case memory, sqlite, postgres

    /// All that can be had on this machine.
    static let allCases: [StoreKind] = [.memory, .sqlite] + (PostgresServer.isInstalled ? [.postgres] : [])

    var testDescription: String { rawValue }

    /// Runs `body` on an empty store in a directory of its own.
    func withStore<Result>(_ body: (any Store) async throws -> Result) async throws -> Result {
        switch self {
        case .memory:
            return try await body(MemoryStore())
        case .sqlite:
            return try await withTemporaryDirectory { directory in
                let store = try SQLiteStore(path: directory + "/cluster.db")
                let result = try await body(store)
                try store.close()
                return result
            }
        case .postgres:
            return try await withDatabase { address in
                let store = try PostgresStore(address)
                let result = try await body(store)
                try store.close()
                return result
            }
        }
    }
}

/// A database of its own, empty, on the server that all tests share.
func withDatabase<Result>(_ body: (_ address: String) async throws -> Result) async throws -> Result {
    let server = try PostgresServer.shared()
    let name = try server.createDatabase()
    do {
        let result = try await body(server.address(name))
        try server.dropDatabase(name)
        return result
    } catch {
        try? server.dropDatabase(name)
        throw error
    }
}

func withTemporaryDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let directory = FileManager.default.temporaryDirectory
        .appendingPathComponent("mortise-store-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    return try await body(directory.path)
}

/// A snapshot as a value that can be compared.
struct SnapshotValue: Hashable {
    struct Job: Hashable {
        var record: JobRecord
        var tasks: [Snapshot.TaskMark]
        var histories: [Snapshot.TaskHistory]
    }

    var nodes: [NodeRecord]
    var jobs: [Job]
    var slots: [SlotRecord]
    var tokens: [TokenRecord]
    var virtualClusters: [VirtualClusterRecord]
    var pools: [PoolRecord]
    var launches: [LaunchRecord]
    var fairShare: [FairShareRecord]
    var last: [UInt64]

    init(_ snapshot: Snapshot) {
        nodes = snapshot.nodes
        jobs = snapshot.jobs.map { Job(record: $0.record, tasks: $0.tasks, histories: $0.histories) }
        slots = snapshot.slots
        tokens = snapshot.tokens
        virtualClusters = snapshot.virtualClusters
        pools = snapshot.pools
        launches = snapshot.launches
        fairShare = snapshot.fairShare
        last = [
            snapshot.lastNode, snapshot.lastJob, snapshot.lastSlot, snapshot.lastToken, snapshot.lastLaunch,
        ]
    }
}

/// Everything that a reader lists.
struct Contents: Hashable {
    var revision: UInt64
    var nodes: [NodeRecord]
    var jobs: [Stored<JobRecord>]
    var tasks: [[TaskRecord]]
    var slots: [SlotRecord]
    var tokens: [TokenRecord]
    var events: [EventRecord]

    init(of store: any Store) async throws {
        let reader = store.reader
        revision = try await reader.revision()
        nodes = try await reader.nodes(includingReleased: true)
        jobs = try await reader.jobs(JobFilter(limit: .max))
        tasks = []
        for job in jobs { tasks.append(try await reader.tasks(job.record.job, TaskFilter(limit: .max))) }
        slots = try await reader.slots(SlotFilter(limit: .max))
        tokens = try await reader.tokens()
        events = try await reader.events(nil, limit: .max)
    }
}

/// The code of the `StoreError` that `body` throws; anything else is passed on.
func storeError(_ body: () throws -> some Any) throws -> StoreError? {
    do {
        _ = try body()
        return nil
    } catch let error as StoreError {
        return error
    }
}
