import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import CoordinatorStoreSQLite
import GRDB
import Synchronization
import PostgresServer
import Testing

@Suite("History in a store", .ownThreads)
struct HistoryTests {
    private let always = Instant.seconds(-1_000)...Instant.seconds(1_000_000)

    private func block(
        _ resolution: HistoryRecord.Resolution, _ from: Int64, through: Int64, bytes: Int = 3
    ) -> HistoryRecord {
        HistoryRecord(
            resolution: resolution, from: .seconds(from), through: .seconds(through),
            block: [UInt8](repeating: UInt8(truncatingIfNeeded: from), count: bytes))
    }

    private func history(
        _ store: any Store, _ resolution: HistoryRecord.Resolution, _ range: ClosedRange<Instant>? = nil
    ) async throws -> [HistoryRecord] {
        let found = Mutex<[HistoryRecord]>([])
        try await store.reader.readHistory(resolution, in: range ?? always) { record in
            found.withLock { $0.append(record) }
        }
        return found.withLock { $0 }
    }

    @Test(
        "Blocks come back whole, by time and resolution; one that is put again has grown",
        arguments: StoreKind.allCases)
    func blocks(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let early = block(.full, 100, through: 199, bytes: 100_000)
            let late = block(.full, 200, through: 299, bytes: 0)
            let step = block(.coarse, 100, through: 100)
            _ = try store.commit([.putHistory(late), .putHistory(early), .putHistory(step)])
            #expect(try await history(store, .full) == [early, late])
            #expect(try await history(store, .full, .seconds(150)...(.seconds(160))) == [early])
            #expect(try await history(store, .full, .seconds(199)...(.seconds(200))) == [early, late])
            #expect(try await history(store, .full, .seconds(300)...(.seconds(301))) == [])
            let grown = block(.coarse, 100, through: 400, bytes: 9)
            _ = try store.commit([.putHistory(grown)])
            #expect(try await history(store, .coarse) == [grown])
        }
    }

    @Test("A visitor that throws ends the reading", arguments: StoreKind.allCases)
    func visitor(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            _ = try store.commit([
                .putHistory(block(.full, 1, through: 2)), .putHistory(block(.full, 3, through: 4)),
            ])
            let visits = Atomic(0)
            await #expect(throws: StoreError.self) {
                try await store.reader.readHistory(.full, in: always) { _ in
                    visits.add(1, ordering: .relaxed)
                    throw StoreError(.corrupt, "damaged")
                }
            }
            #expect(visits.load(ordering: .relaxed) == 1)
        }
    }

    @Test(
        "What is too old goes, and beyond the bytes the oldest of each resolution",
        arguments: StoreKind.allCases)
    func retention(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            func blocks(_ resolution: HistoryRecord.Resolution, _ count: Int64) -> [HistoryRecord] {
                (0..<count).map { block(resolution, $0 * 100, through: $0 * 100 + 99, bytes: 10) }
            }
            let full = blocks(.full, 6)
            let coarse = blocks(.coarse, 3)
            let writes: [Write] = (full + coarse).map { .putHistory($0) }
            _ = try store.commit(writes)
            func drop(_ fullBefore: Int64, _ coarseBefore: Int64, _ bytes: Int64) throws {
                _ = try store.commit([
                    .dropHistory(
                        HistoryRetention(
                            fullBefore: .seconds(fullBefore), coarseBefore: .seconds(coarseBefore),
                            maximumBytesEach: bytes))
                ])
            }
            try drop(199, 0, 1_000)
            #expect(try await history(store, .full) == Array(full[1...]))
            #expect(try await history(store, .coarse) == coarse)
            try drop(0, 0, 30)
            #expect(try await history(store, .full) == Array(full[3...]))
            #expect(try await history(store, .coarse) == coarse)
            try drop(0, 250, 29)
            #expect(try await history(store, .full) == Array(full[4...]))
            #expect(try await history(store, .coarse) == [coarse[2]])
        }
    }

    private func usage(
        _ from: Int64, job: UInt64 = 1, _ resource: String = "H100", user: String = "ada", booked: Int64 = 100
    ) -> UsageRecord {
        UsageRecord(
            from: .seconds(from), job: JobID(job), resource: resource, user: user, bookedMicroseconds: booked,
            idleMicroseconds: 1, unknownMicroseconds: 2, usedMicroseconds: 3, memoryBookedMebibyteSeconds: 4,
            memoryUsedMebibyteSeconds: 5)
    }

    @Test(
        "Usage adds up by job or by user, within a range, the most booked first",
        arguments: StoreKind.allCases)
    func sums(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            _ = try store.commit([
                .putUsage([
                    usage(0), usage(3_600), usage(0, "cpu", booked: 5), usage(0, job: 2, booked: 300),
                    usage(0, job: 3, user: "bob", booked: 1_000),
                ]),
                // Again, grown.
                .putUsage([usage(3_600, booked: 150)]),
            ])
            let all = try await store.reader.usage(UsageFilter(range: always))
            #expect(all.map(\.job.rawValue) == [3, 2, 1, 1])
            #expect(all[2].bookedMicroseconds == 250 && all[2].memoryUsedMebibyteSeconds == 10)
            #expect(all[2].from == .seconds(0) && all[3].resource == "cpu")
            let users = try await store.reader.usage(UsageFilter(range: always, isByUser: true))
            #expect(users.map(\.user) == ["bob", "ada", "ada"])
            #expect(users.map(\.bookedMicroseconds) == [1_000, 550, 5])
            #expect(users.allSatisfy { $0.job == JobID(0) })
            let first = UsageFilter(
                range: .seconds(0)...(.seconds(3_599)), job: JobID(1), user: "ada", limit: 1)
            #expect(try await store.reader.usage(first).map(\.bookedMicroseconds) == [100])
        }
    }

    @Test("Usage that is no history any more stays as sums of days", arguments: StoreKind.allCases)
    func days(_ kind: StoreKind) async throws {
        let day: Int64 = 86_400
        try await kind.withStore { store in
            func sumUp(before: Int64) throws {
                let retention = HistoryRetention(
                    fullBefore: .epoch, coarseBefore: .seconds(before), maximumBytesEach: 0)
                _ = try store.commit([.dropHistory(retention)])
            }
            func booked(_ range: ClosedRange<Int64>, isByUser: Bool = false) async throws -> [Int64] {
                let filter = UsageFilter(
                    range: .seconds(range.lowerBound)...(.seconds(range.upperBound)), isByUser: isByUser)
                return try await store.reader.usage(filter).map(\.bookedMicroseconds)
            }
            _ = try store.commit([
                .putUsage([
                    usage(0, booked: 1), usage(3_600, booked: 10), usage(7_200, booked: 100),
                    usage(3_600, job: 2, booked: 7), usage(3_600, "cpu", booked: 3),
                    usage(day + 3_600, booked: 1_000), usage(2 * day + 3_600, booked: 5),
                ])
            ])
            let all = try await booked(0...9 * day)
            // Its day is not over.
            try sumUp(before: day - 1)
            #expect(try await booked(0...0) == [1])
            try sumUp(before: 2 * day)
            #expect(try await booked(0...9 * day) == all)
            #expect(try await booked(0...0) == [111, 7, 3])
            #expect(try await booked(1...(day - 1)).isEmpty)
            #expect(try await booked(day...day) == [1_000])
            #expect(try await booked((2 * day)...(3 * day)) == [5])
            #expect(try await booked(0...(9 * day), isByUser: true) == [1_123, 3])
            // What comes late is added, and nothing twice.
            _ = try store.commit([.putUsage([usage(10_800, booked: 1_000)])])
            for _ in 1...2 { try sumUp(before: 2 * day) }
            #expect(try await booked(0...0) == [1_111, 7, 3])
            let sums = try await store.reader.usage(UsageFilter(range: .epoch...(.epoch)))
            #expect(sums[0].memoryUsedMebibyteSeconds == 20 && sums[0].user == "ada")
        }
    }

    @Test("A store from before has no history, and keeps what it is given")
    func migration() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/cluster.db"
            let old = try SQLiteStore(path: path)
            _ = try old.commit([.putNode(.example(1))])
            try old.close()
            let queue = try DatabaseQueue(path: path)
            try await queue.write { database in
                try database.execute(
                    sql: """
                        DROP VIEW usage_hours; DROP TABLE usage; DROP TABLE history;
                        DELETE FROM grdb_migrations WHERE identifier = '0007 history'
                        """)
            }
            try queue.close()
            let store = try SQLiteStore(path: path)
            #expect(try await store.reader.nodes(includingReleased: true) == [.example(1)])
            let written = block(.full, 1, through: 2)
            _ = try store.commit([.putHistory(written), .putUsage([usage(0)])])
            #expect(try await history(store, .full) == [written])
            try store.close()
        }
    }
}
