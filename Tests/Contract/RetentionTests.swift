import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import CoordinatorStorePostgres
import CoordinatorStoreSQLite
import GRDB
import PostgreSQL
import PostgresServer
import Testing

@Suite("What is old or too much goes", .ownThreads)
struct RetentionTests {
    private static let nothing = Retention(
        endedBefore: .epoch, jobs: 1_000, leastJobs: 0, slots: 1_000, eventsBefore: .epoch, events: 1_000)

    private func retention(_ change: (inout Retention) -> Void) -> Retention {
        var retention = Self.nothing
        change(&retention)
        return retention
    }

    /// In steps of so many rows.
    private func drop(_ store: any Store, rows: Int, _ retention: Retention) throws {
        var steps = 0
        while try store.drop(beyond: retention, rows: rows) {
            steps += 1
            try #require(steps < 10_000, "no end")
        }
    }

    private func job(_ number: UInt64, endedAt: Int64?, _ state: JobState = .finished) -> Write {
        .putJob(.example(number, state: state, endedAt: endedAt.map { .seconds($0) }))
    }

    private func slot(
        _ number: UInt64, job: UInt64, _ state: SlotState = .finished, since: Int64 = 50
    ) -> Write {
        var slot = SlotRecord.example(number, job: job, state: state)
        slot.since = .seconds(since)
        return .putSlot(slot)
    }

    private func jobs(_ store: any Store) async throws -> [UInt64] {
        try await store.reader.jobs(JobFilter()).map(\.record.job.rawValue)
    }

    @Test(
        "Jobs go by age and by number, with all that is theirs; those that ended last stay whatever their age",
        arguments: StoreKind.allCases)
    func jobs(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            _ = try store.commit(
                [
                    job(1, endedAt: 40), job(2, endedAt: 10), job(3, endedAt: 30), job(4, endedAt: 20),
                    job(5, endedAt: nil, .running), job(6, endedAt: 50),
                ]
                    + (1...6).map { .putTasks(JobID($0), (0..<20).map { .example($0) }) }
                    + (1...6).map { .appendPayloads(JobID($0), first: 0, payloads: ["a", "b"]) }
                    + (1...6).map { slot($0, job: $0) })
            func rest(of job: UInt64) async throws -> Int {
                let job = JobID(job)
                let payload = try await store.reader.payload(job, at: 1)
                return try await store.reader.tasks(job, TaskFilter()).count
                    + store.reader.slots(SlotFilter(job: job)).count + (payload == nil ? 0 : 1)
            }
            try drop(store, rows: 7, Self.nothing)
            #expect(try await jobs(store) == [6, 5, 4, 3, 2, 1])
            try drop(store, rows: 7, retention { $0.jobs = 4 })
            #expect(try await jobs(store) == [6, 5, 4, 3, 1])
            try drop(store, rows: 7, retention { $0.endedBefore = .seconds(31) })
            #expect(try await jobs(store) == [6, 5, 1])
            for gone in [2, 3, 4] as [UInt64] { #expect(try await rest(of: gone) == 0, "job \(gone)") }
            for kept in [1, 5, 6] as [UInt64] { #expect(try await rest(of: kept) == 22, "job \(kept)") }
            try drop(
                store, rows: 7,
                retention {
                    $0.endedBefore = .seconds(45)
                    $0.leastJobs = 2
                })
            #expect(try await jobs(store) == [6, 5, 1])
            // Numbers are not given again.
            try drop(store, rows: 7, retention { $0.jobs = 0 })
            #expect(try await jobs(store) == [5])
            let snapshot = try store.snapshot(endedJobs: 10)
            #expect(snapshot.lastJob == 6 && snapshot.lastSlot == 6)
        }
    }

    @Test(
        "A job of which a slot may still run stays, and does not keep others", arguments: StoreKind.allCases)
    func stopping(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            _ = try store.commit([
                job(1, endedAt: 1), job(2, endedAt: 2), slot(1, job: 1, .lost), slot(2, job: 1),
                slot(3, job: 2),
            ])
            let all = retention { $0.jobs = 0 }
            try drop(store, rows: 1, all)
            #expect(try await jobs(store) == [1])
            _ = try store.commit([slot(1, job: 1)])
            try drop(store, rows: 1, all)
            #expect(try await jobs(store).isEmpty)
            #expect(try await store.reader.slots(SlotFilter()).isEmpty)
        }
    }

    @Test(
        "Ended slots of jobs that go on go by age and number, running ones never",
        arguments: StoreKind.allCases)
    func slots(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            _ = try store.commit(
                [job(1, endedAt: nil, .running), slot(1, job: 1, .running, since: 1)]
                    + (2...9).map { slot($0, job: 1, since: Int64($0)) })
            func numbers() async throws -> [UInt64] {
                try await store.reader.slots(SlotFilter()).map(\.slot.rawValue)
            }
            try drop(store, rows: 2, retention { $0.endedBefore = .seconds(4) })
            #expect(try await numbers() == [1, 4, 5, 6, 7, 8, 9])
            try drop(store, rows: 2, retention { $0.slots = 3 })
            #expect(try await numbers() == [1, 7, 8, 9])
        }
    }

    @Test("Events go by age and number", arguments: StoreKind.allCases)
    func events(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            _ = try store.commit(
                (1...9).map { number in
                    .addEvent(EventRecord(at: .seconds(number), subject: .cluster, message: "\(number)"))
                })
            func texts() async throws -> [String] {
                try await store.reader.events(nil, limit: 100).reversed().map(\.message)
            }
            try drop(store, rows: 2, retention { $0.eventsBefore = .seconds(4) })
            #expect(try await texts() == ["4", "5", "6", "7", "8", "9"])
            try drop(store, rows: 2, retention { $0.events = 2 })
            #expect(try await texts() == ["8", "9"])
            _ = try store.commit([.addEvent(EventRecord(at: .seconds(10), subject: .cluster, message: "10"))])
            #expect(try await texts() == ["8", "9", "10"])
        }
    }

    @Test("A dropped job is gone with the first step, and a step takes no more than its rows")
    func steps() async throws {
        for kind in StoreKind.allCases where kind != .memory {
            try await kind.withStore { store in
                _ = try store.commit([
                    job(1, endedAt: 1), .putTasks(JobID(1), (0..<100).map { .example($0) }),
                ])
                let all = retention { $0.jobs = 0 }
                #expect(try store.drop(beyond: all, rows: 10))
                #expect(try await store.reader.job(JobID(1)) == nil)
                let left = try await store.reader.tasks(JobID(1), TaskFilter()).count
                #expect(left == 91, "\(kind)")
                try drop(store, rows: 10, all)
                #expect(try await store.reader.tasks(JobID(1), TaskFilter()).isEmpty)
            }
        }
    }

    @Test(
        "After anything was written and dropped, a store holds what a memory store holds",
        arguments: StoreKind.allCases, 1...4 as ClosedRange<UInt64>)
    func histories(_ kind: StoreKind, seed: UInt64) async throws {
        try await kind.withStore { store in
            let memory = MemoryStore()
            var history = RandomWrites(seed: seed)
            for round in 1...6 {
                for _ in 1...10 {
                    let writes = history.batch()
                    _ = try store.commit(writes)
                    _ = try memory.commit(writes)
                }
                let kept = retention {
                    $0.endedBefore = .seconds(Int64(round))
                    $0.jobs = 6 - round
                    $0.leastJobs = 2
                    $0.slots = 3
                    $0.events = 20
                }
                try drop(store, rows: 3, kept)
                try drop(memory, rows: 3, kept)
                let read = try await Contents(of: store)
                let expected = try await Contents(of: memory)
                #expect(read == expected, "seed \(seed), round \(round)")
            }
        }
    }
}
