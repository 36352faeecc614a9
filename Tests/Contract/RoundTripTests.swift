import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import CoordinatorStoreSQLite
import PostgresServer
import Testing

@Suite("What is written is read back whole", .ownThreads)
struct RoundTripTests {
    @Test("A node, with everything in it", arguments: StoreKind.allCases)
    func node(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let record = NodeRecord.example(3)
            _ = try store.commit([.putNode(record)])
            #expect(try await store.reader.node(NodeID(3)) == record)
            #expect(try await store.reader.node(NodeID(4)) == nil)
            #expect(try await store.reader.nodes(includingReleased: false) == [record])
            #expect(try store.snapshot(endedJobs: 0).nodes == [record])
        }
    }

    @Test("A job, with everything in it, and the revision that put it", arguments: StoreKind.allCases)
    func job(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let record = JobRecord.example(8)
            _ = try store.commit([])
            let revision = try store.commit([.putJob(record)])
            _ = try store.commit([.putJob(.example(9))])
            #expect(try await store.reader.job(JobID(8)) == Stored(record, revision: revision))
            #expect(try await store.reader.job(JobID(7)) == nil)
            #expect(try await store.reader.job(JobID(.max)) == nil)
            #expect(try store.snapshot(endedJobs: 0).jobs.map(\.record) == [record, .example(9)])
        }
    }

    @Test("A job that changes keeps the rest of its specification", arguments: StoreKind.allCases)
    func changedJob(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            var record = JobRecord.example(1)
            for change in 1...3 {
                record.counts.succeeded += 1
                record.specification.priority = Int32(change / 2)
                _ = try store.commit([.putJob(record)])
                #expect(try await store.reader.job(JobID(1))?.record == record)
            }
            record.state = .finished
            record.endedAt = .seconds(77)
            let revision = try store.commit([.putJob(record)])
            #expect(try await store.reader.job(JobID(1)) == Stored(record, revision: revision))
        }
    }

    @Test("A slot, with its devices and tasks in their order", arguments: StoreKind.allCases)
    func slot(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let placed = SlotRecord.example(5)
            let pending = SlotRecord(
                slot: SlotID(6), job: JobID(1), createdAt: .epoch, since: Instant(microseconds: -1))
            _ = try store.commit([.putJob(.example(1)), .putSlot(placed), .putSlot(pending)])
            #expect(try await store.reader.slot(SlotID(5)) == placed)
            #expect(try await store.reader.slots(SlotFilter()) == [placed, pending])
            #expect(try store.snapshot(endedJobs: 0).slots == [placed, pending])
        }
    }

    @Test("A task, with and without a last execution", arguments: StoreKind.allCases)
    func task(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let tried = TaskRecord.example(.max, state: .ready)
            let canceled = TaskRecord(index: 0, state: .canceled, attempt: 0)
            let worn = TaskRecord(index: 1, state: .failed, attempt: 70_000)
            _ = try store.commit([
                .putJob(.example(1)), .putJob(.example(2)), .putTasks(JobID(2), [.example(9)]),
                .putTasks(JobID(1), [tried, canceled, worn]),
            ])
            #expect(try await store.reader.tasks(JobID(1), TaskFilter()) == [canceled, worn, tried])
            let marks = try store.snapshot(endedJobs: 0).jobs[0].tasks
            #expect(
                marks == [
                    Snapshot.TaskMark(index: 0, state: .canceled, attempt: 0),
                    Snapshot.TaskMark(index: 1, state: .failed, attempt: .max),
                    Snapshot.TaskMark(index: .max, state: .ready, attempt: 3),
                ])
            let history = Snapshot.TaskHistory(index: .max, crashes: tried.crashes, pardoned: tried.pardoned)
            #expect(try store.snapshot(endedJobs: 0).jobs[0].histories == [history])
        }
    }

    @Test(
        "A token of each purpose; by its secret only while it is not revoked", arguments: StoreKind.allCases)
    func token(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            var endless = TokenRecord.example(3, purpose: .api(.operator))
            endless.expiresAt = nil
            endless.usesLeft = nil
            let records = [
                TokenRecord.example(1), .example(2, purpose: .api(.admin), isRevoked: true), endless,
            ]
            _ = try store.commit(records.map { .putToken($0) })
            #expect(try await store.reader.tokens() == records)
            #expect(try await store.reader.token(secretHash: "hash-1") == records[0])
            #expect(try await store.reader.token(secretHash: "hash-2") == nil)
            #expect(try await store.reader.token(secretHash: "hash-3") == endless)
            #expect(try await store.reader.token(secretHash: "") == nil)
            #expect(try store.snapshot(endedJobs: 0).tokens == [records[0], endless])
        }
    }

    @Test("Virtual clusters, put, put again and deleted", arguments: StoreKind.allCases)
    func virtualClusters(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let bare = VirtualClusterRecord(name: "b", createdAt: .seconds(2))
            _ = try store.commit([.putVirtualCluster(bare), .putVirtualCluster(.example("a"))])
            #expect(try store.snapshot(endedJobs: 0).virtualClusters == [.example("a"), bare])
            let changed = VirtualClusterRecord.example("a", gpus: 3, weight: 1_000)
            _ = try store.commit([
                .dropVirtualCluster("a"), .putVirtualCluster(changed), .putVirtualCluster(.example("c")),
                .dropVirtualCluster("b"), .dropVirtualCluster("c"), .dropVirtualCluster("never"),
            ])
            #expect(try store.snapshot(endedJobs: 0).virtualClusters == [changed])
        }
    }

    @Test("Pools and launches, put, put again and dropped", arguments: StoreKind.allCases)
    func pools(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            _ = try store.commit([
                .putPool(.example("b")), .putPool(.example("a", failures: 0)), .putLaunch(.example(7)),
                .putLaunch(.example(9)), .putLaunch(.example(8, state: .failed)),
            ])
            var snapshot = try store.snapshot(endedJobs: 0)
            #expect(snapshot.pools == [.example("a", failures: 0), .example("b")])
            #expect(snapshot.launches == [.example(7), .example(8, state: .failed), .example(9)])
            #expect(snapshot.lastLaunch == 9)
            _ = try store.commit([
                .dropLaunch(LaunchID(7)), .dropLaunch(LaunchID(9)), .putLaunch(.example(8, state: .up)),
                .putPool(.example("b", failures: 3)), .dropLaunch(LaunchID(5)),
            ])
            snapshot = try store.snapshot(endedJobs: 0)
            #expect(snapshot.pools == [.example("a", failures: 0), .example("b", failures: 3)])
            #expect(snapshot.launches == [.example(8, state: .up)])
            #expect(snapshot.lastLaunch == 9)
        }
    }

    @Test("Usage of users, the newest of each that has any", arguments: StoreKind.allCases)
    func fairShares(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            func record(_ name: String?, _ user: String, _ amount: Int64) -> FairShareRecord {
                FairShareRecord(
                    virtualCluster: name, user: user, asOf: .seconds(amount % 1_000), milliCPUSeconds: amount,
                    memoryMebibyteSeconds: 2 * amount, deviceShareSeconds: 3 * amount)
            }
            _ = try store.commit([
                .putFairShare([record("a", "ada", 5), record(nil, "ada", 6), record("a", "bob", 1 << 60)]),
                .putFairShare([]),
            ])
            _ = try store.commit([.putFairShare([record("a", "ada", 0), record(nil, "ada", 7)])])
            #expect(
                try store.snapshot(endedJobs: 0).fairShare == [
                    record(nil, "ada", 7), record("a", "bob", 1 << 60),
                ])
        }
    }

    @Test("Events of every subject, newest first", arguments: StoreKind.allCases)
    func events(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let subjects: [EventRecord.Subject] = [
                .cluster, .node(NodeID(1)), .job(JobID(1)), .slot(SlotID(1)), .node(NodeID(2)),
            ]
            let events = subjects.enumerated().map { number, subject in
                EventRecord(
                    at: .seconds(Int64(number)), subject: subject, message: difficultTexts[number + 3])
            }
            _ = try store.commit(events.map { .addEvent($0) })
            let reader = store.reader
            #expect(try await reader.events(nil, limit: 100) == events.reversed())
            #expect(try await reader.events(nil, limit: 2) == [events[4], events[3]])
            #expect(try await reader.events(.cluster, limit: 9) == [events[0]])
            #expect(try await reader.events(.node(NodeID(2)), limit: 9) == [events[4]])
            #expect(try await reader.events(.job(JobID(2)), limit: 9) == [])
            #expect(try await reader.events(nil, limit: -1) == [])
        }
    }

    @Test("Every text field keeps every character", arguments: StoreKind.allCases)
    func texts(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            for (number, text) in zip(UInt64(1)..., difficultTexts) {
                var node = NodeRecord.example(number)
                node.reason = text
                node.labels = [Label(text, text)]
                var job = JobRecord.example(number)
                job.specification.command = .argv([text, ""])
                job.submitter = text
                var task = TaskRecord.example(TaskIndex(number))
                task.reason = text
                _ = try store.commit([.putNode(node), .putJob(job), .putTasks(JobID(1), [task])])
                let reader = store.reader
                #expect(bytes(try await reader.node(node.node)?.reason) == Array(text.utf8))
                #expect(bytes(try await reader.node(node.node)?.labels[0].key) == Array(text.utf8))
                #expect(try await reader.job(job.job)?.record == job)
                #expect(bytes(try await reader.job(job.job)?.record.submitter) == Array(text.utf8))
                let tasks = try await reader.tasks(JobID(1), TaskFilter(first: task.index, last: task.index))
                #expect(bytes(tasks.first?.reason) == Array(text.utf8))
            }
        }
    }

    private func bytes(_ text: String?) -> [UInt8]? { text.map { Array($0.utf8) } }
}

@Suite("Commits", .ownThreads)
struct CommitTests {
    @Test("Each one has the next revision, an empty one too", arguments: StoreKind.allCases)
    func revision(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let first = try await store.reader.revision()
            #expect(first == 0)
            for expected in 1...5 as ClosedRange<UInt64> {
                let revision = try store.commit(expected == 3 ? [] : [.putNode(.example(expected))])
                #expect(revision == expected)
                #expect(try await store.reader.revision() == expected)
            }
        }
    }

    @Test("The last write of a row wins, within a commit and between commits", arguments: StoreKind.allCases)
    func order(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            _ = try store.commit([.putNode(.example(1, state: .ready)), .putNode(.example(1, state: .lost))])
            #expect(try await store.reader.node(NodeID(1))?.state == .lost)
            _ = try store.commit([
                .putTasks(JobID(1), [.example(1, state: .ready), .example(1, state: .failed)]),
                .putTasks(JobID(1), [.example(2), .example(1, state: .canceled)]),
            ])
            let tasks = try await store.reader.tasks(JobID(1), TaskFilter())
            #expect(tasks == [.example(1, state: .canceled), .example(2)])
        }
    }

    @Test("A put leaves nothing of the row before it", arguments: StoreKind.allCases)
    func replacement(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let slot = SlotRecord(slot: SlotID(5), job: JobID(1), createdAt: .epoch, since: .epoch)
            let task = TaskRecord(index: 1, state: .ready, attempt: 1)
            _ = try store.commit([.putSlot(.example(5)), .putTasks(JobID(1), [.example(1)])])
            _ = try store.commit([.putSlot(slot), .putTasks(JobID(1), [task])])
            #expect(try await store.reader.slot(SlotID(5)) == slot)
            #expect(try await store.reader.tasks(JobID(1), TaskFilter()) == [task])
        }
    }

    @Test("The same writes again leave the same rows", arguments: StoreKind.allCases)
    func repetition(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let writes: [Write] = [
                .putNode(.example(1)), .putJob(.example(1)), .putSlot(.example(1)),
                .putTasks(JobID(1), [.example(1), .example(2)]), .putToken(.example(1)),
                .appendPayloads(JobID(1), first: 0, payloads: (0..<2_500).map { "p\($0)" }),
            ]
            _ = try store.commit(writes)
            let before = SnapshotValue(try store.snapshot(endedJobs: 9))
            #expect(try store.payloads(JobID(1), at: [0, 2_499]) == ["p0", "p2499"])
            #expect(try store.commit(writes) == 2)
            #expect(SnapshotValue(try store.snapshot(endedJobs: 9)) == before)
            #expect(try store.payloads(JobID(1), at: [2_499, 0, 1_000]) == ["p2499", "p0", "p1000"])
        }
    }

    @Test("A reader sees all of a commit or nothing of it", arguments: StoreKind.allCases)
    func isolation(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let reader = store.reader
            _ = try store.commit([.putJob(.example(1)), .putJob(.example(2))])
            async let seen: Int = {
                var seen = 0
                while true {
                    try Task.checkCancellation()
                    let jobs = try await reader.jobs(JobFilter())
                    #expect(Set(jobs.map(\.record.retried)).count == 1)
                    #expect(Set(jobs.map(\.revision)).count == 1)
                    seen += 1
                    if jobs.allSatisfy({ $0.record.retried == 300 }) { return seen }
                }
            }()
            for round in 1...300 as ClosedRange<UInt32> {
                var jobs = [JobRecord.example(1), .example(2)]
                for index in jobs.indices { jobs[index].retried = round }
                _ = try store.commit(jobs.map { .putJob($0) })
            }
            #expect(try await seen > 0)
        }
    }
}
