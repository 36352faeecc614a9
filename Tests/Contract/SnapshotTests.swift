import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import CoordinatorStoreSQLite
import PostgresServer
import Testing

@Suite("Snapshots", .ownThreads)
struct SnapshotTests {
    @Test("An empty store has an empty one", arguments: StoreKind.allCases)
    func empty(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let snapshot = SnapshotValue(try store.snapshot(endedJobs: 100))
            #expect(snapshot == SnapshotValue(Snapshot()))
        }
    }

    @Test("What is over is left out, but its numbers are not given again", arguments: StoreKind.allCases)
    func over(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            _ = try store.commit([
                .putNode(.example(1)), .putNode(.example(9, state: .released)),
                .putJob(.example(1)), .putJob(.example(8, state: .failed, endedAt: .seconds(1))),
                .putSlot(.example(1, state: .lost)), .putSlot(.example(2, state: .finished)),
                .putSlot(.example(3, state: .failed)), .putSlot(.example(7, job: 8, state: .failed)),
                .putToken(.example(1)), .putToken(.example(6, isRevoked: true)),
            ])
            let snapshot = try store.snapshot(endedJobs: 0)
            #expect(snapshot.nodes.map(\.node) == [NodeID(1)])
            #expect(snapshot.jobs.map(\.record.job) == [JobID(1)])
            #expect(snapshot.slots.map(\.slot) == [SlotID(1)])
            #expect(snapshot.tokens.map(\.token) == [TokenID(1)])
            #expect(SnapshotValue(snapshot).last == [9, 8, 7, 6, 0])
        }
    }

    @Test("An ended job is kept while a slot of it has not ended", arguments: StoreKind.allCases)
    func stopping(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            _ = try store.commit([
                .putNode(.example(1)),
                .putJob(.example(1, state: .canceled, endedAt: .seconds(1))),
                .putJob(.example(2, state: .finished, endedAt: .seconds(2))),
                .putJob(.example(3, state: .finished, endedAt: .seconds(3))),
                .putSlot(.example(1, job: 1, state: .stopping)),
                .putSlot(.example(2, job: 2, state: .finished)),
                .putSlot(.example(3, job: 3, state: .stopping)),
            ])
            func kept(_ endedJobs: Int) throws -> [UInt64] {
                try store.snapshot(endedJobs: endedJobs).jobs.map(\.record.job.rawValue)
            }
            #expect(try kept(0) == [1, 3])
            #expect(try kept(2) == [1, 2, 3])
            #expect(try store.snapshot(endedJobs: 0).slots.map(\.slot) == [SlotID(1), SlotID(3)])
        }
    }

    @Test("Of the ended jobs, those that ended last are kept", arguments: StoreKind.allCases)
    func endedJobs(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            _ = try store.commit([
                .putJob(.example(1, state: .finished, endedAt: .seconds(50))),
                .putJob(.example(2, state: .canceled, endedAt: .seconds(20))),
                .putJob(.example(3, state: .failed, endedAt: .seconds(40))),
                .putJob(.example(4, state: .finished)),
                .putJob(.example(5, state: .finished, endedAt: .seconds(20))),
                .putJob(.example(6, state: .paused)),
                .putTasks(JobID(3), [.example(4)]),
            ])
            func kept(_ endedJobs: Int) throws -> [UInt64] {
                try store.snapshot(endedJobs: endedJobs).jobs.map(\.record.job.rawValue)
            }
            #expect(try kept(-1) == [6])
            #expect(try kept(0) == [6])
            #expect(try kept(2) == [1, 3, 6])
            #expect(try kept(3) == [1, 3, 5, 6])
            #expect(try kept(100) == [1, 2, 3, 4, 5, 6])
            #expect(try store.snapshot(endedJobs: 2).jobs[1].tasks.map(\.index) == [4])
        }
    }

    @Test("An array of a million tasks is one row, and nothing in memory", arguments: StoreKind.allCases)
    func millionTasks(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            var job = JobRecord.example(1)
            job.specification.array = TaskArray(first: 1, last: 1_000_000)
            job.taskCount = 1_000_000
            job.counts = TaskCounts(ready: 1_000_000)
            _ = try store.commit([.putJob(job)])
            #expect(try await store.reader.tasks(JobID(1), TaskFilter()) == [])
            let snapshot = try store.snapshot(endedJobs: 0)
            #expect(snapshot.jobs.map(\.record) == [job])
            #expect(snapshot.jobs[0].tasks.capacity == 0)
        }
    }

    @Test("A decided task costs eight bytes of it", arguments: StoreKind.allCases)
    func marks(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let count: UInt32 = 50_000
            var job = JobRecord.example(1)
            job.taskCount = count
            job.counts = TaskCounts(succeeded: count)
            _ = try store.commit([.putJob(job)])
            for first in stride(from: 0, to: count, by: 5_000) {
                _ = try store.commit([.putTasks(JobID(1), (first..<first + 5_000).map { .example($0) })])
            }
            let tasks = try store.snapshot(endedJobs: 0).jobs[0].tasks
            #expect(tasks.map(\.index) == Array(0..<count))
            #expect(MemoryLayout<Snapshot.TaskMark>.stride == 8)
            #expect(tasks.capacity < 2 * Int(count))
        }
    }

    @Test(
        "After any history, a reopened SQLite store holds what a memory store holds",
        arguments: 1...6 as ClosedRange<UInt64>)
    func history(seed: UInt64) async throws {
        try await withTemporaryDirectory { directory in
            let memory = MemoryStore()
            var history = RandomWrites(seed: seed)
            for _ in 1...4 {
                let store = try SQLiteStore(path: directory + "/cluster.db")
                for _ in 1...15 {
                    let writes = history.batch()
                    #expect(try store.commit(writes) == memory.commit(writes), "seed \(seed)")
                }
                try store.close()
            }
            let store = try SQLiteStore(path: directory + "/cluster.db")
            for endedJobs in [0, 3, 100] {
                let read = SnapshotValue(try store.snapshot(endedJobs: endedJobs))
                let expected = SnapshotValue(try memory.snapshot(endedJobs: endedJobs))
                #expect(read == expected, "seed \(seed), ended jobs \(endedJobs)")
            }
            let read = try await Contents(of: store)
            let expected = try await Contents(of: memory)
            #expect(read == expected, "seed \(seed)")
            for job in 1...12 as ClosedRange<UInt64> {
                let positions: [TaskIndex] = [0, 1, 999, 1_000, 1_001, 2_499, 4_000, 7_777]
                for position in positions {
                    let read = try await store.reader.payload(JobID(job), at: position)
                    let expected = try await memory.reader.payload(JobID(job), at: position)
                    #expect(read.map { Array($0.utf8) } == expected.map { Array($0.utf8) }, "seed \(seed)")
                }
            }
            try store.close()
        }
    }
}
