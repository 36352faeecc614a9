import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import CoordinatorStoreSQLite
import PostgresServer
import Testing

@Suite("Payloads", .ownThreads)
struct PayloadTests {
    @Test("Every character comes back, NULs included", arguments: StoreKind.allCases)
    func characters(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            _ = try store.commit([.appendPayloads(JobID(1), first: 0, payloads: difficultTexts)])
            let read = try store.payloads(JobID(1), at: difficultTexts.indices.map { TaskIndex($0) })
            #expect(read.map { Array($0.utf8) } == difficultTexts.map { Array($0.utf8) })
            for (position, text) in zip(TaskIndex(0)..., difficultTexts) {
                let payload = try await store.reader.payload(JobID(1), at: position)
                #expect(payload.map { Array($0.utf8) } == Array(text.utf8))
            }
        }
    }

    @Test("Payloads of a mebibyte come back", arguments: StoreKind.allCases)
    func large(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let large = (0..<3).map { String(repeating: "x\"\n\($0)", count: 1 << 18) }
            _ = try store.commit([.appendPayloads(JobID(1), first: 0, payloads: ["small"] + large + ["last"])]
            )
            #expect(try store.payloads(JobID(1), at: [3, 0, 4]) == [large[2], "small", "last"])
            #expect(try await store.reader.payload(JobID(1), at: 1) == large[0])
        }
    }

    @Test("A hundred thousand in one append are found in any order", arguments: StoreKind.allCases)
    func many(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let payloads = (0..<100_000).map { "sample-\($0)" }
            _ = try store.commit([.appendPayloads(JobID(1), first: 0, payloads: payloads)])
            let inOrder = Array(0..<100_000 as Range<TaskIndex>)
            #expect(try store.payloads(JobID(1), at: inOrder) == payloads)
            var random = SeededRandom(seed: 4)
            let positions = (0..<500).map { _ in TaskIndex.random(in: 0..<100_000, using: &random) }
            #expect(try store.payloads(JobID(1), at: positions) == positions.map { "sample-\($0)" })
        }
    }

    @Test("Appends follow each other, and jobs have their own", arguments: StoreKind.allCases)
    func appends(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            _ = try store.commit([
                .appendPayloads(JobID(1), first: 0, payloads: ["a", "b"]),
                .appendPayloads(JobID(2), first: 0, payloads: ["z"]),
            ])
            #expect(try store.payloads(JobID(1), at: [1]) == ["b"])
            #expect(try await store.reader.payload(JobID(1), at: 2) == nil)
            _ = try store.commit([.appendPayloads(JobID(1), first: 2, payloads: ["c"])])
            #expect(try store.payloads(JobID(1), at: [2, 0, 1, 0]) == ["c", "a", "b", "a"])
            #expect(try store.payloads(JobID(2), at: [0]) == ["z"])
            #expect(try store.payloads(JobID(2), at: []) == [])
        }
    }

    @Test("A position without a payload is an error that names it", arguments: StoreKind.allCases)
    func missing(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            _ = try store.commit([.appendPayloads(JobID(1), first: 0, payloads: ["a"])])
            let error = try storeError { try store.payloads(JobID(1), at: [0, 1]) }
            #expect(error?.code == .failed)
            #expect(error?.message.contains("task 1 of job 1") == true)
            #expect(try await store.reader.payload(JobID(3), at: 0) == nil)
        }
    }
}
