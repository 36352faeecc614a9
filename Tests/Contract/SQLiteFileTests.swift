import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import CoordinatorStoreSQLite
import Foundation
import GRDB
import Testing

@Suite("The file of a SQLite store")
struct SQLiteFileTests {
    @Test("It belongs to its owner alone, and so do the files beside it")
    func mode() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/cluster.db"
            let store = try SQLiteStore(path: path)
            _ = try store.commit([.putNode(.example(1))])
            let files = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
            #expect(files == ["cluster.db", "cluster.db-shm", "cluster.db-wal", "cluster.db.lock"])
            for file in files {
                let attributes = try FileManager.default.attributesOfItem(atPath: directory + "/" + file)
                #expect(attributes[.posixPermissions] as? Int == 0o600, "\(file)")
            }
            try store.close()
            #expect(FileManager.default.fileExists(atPath: path + "-wal") == false)
        }
    }

    @Test("It says whose it is, is logged ahead and written through at every commit")
    func settings() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/cluster.db"
            let store = try SQLiteStore(path: path)
            #expect(try integer("PRAGMA application_id", in: path) == 0x4D4F_5254)
            #expect(try text("PRAGMA journal_mode", in: path) == "wal")
            #expect(try store.synchronousMode() == 2)
            try store.close()
        }
    }

    @Test("A second coordinator is told who has the store, by whatever path it comes")
    func inUse() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/cluster.db"
            let first = try SQLiteStore(path: path)
            try FileManager.default.createSymbolicLink(
                atPath: directory + "/link.db", withDestinationPath: path)
            for other in [path, directory + "/link.db"] {
                let error = try storeError { try SQLiteStore(path: other) }
                #expect(error?.code == .inUse)
                #expect(error?.message.contains(path) == true)
                #expect(
                    error?.message.contains("process \(ProcessInfo.processInfo.processIdentifier)") == true)
            }
            _ = try first.commit([.putNode(.example(1))])
            try first.close()
            let second = try SQLiteStore(path: path)
            #expect(try await second.reader.nodes(includingReleased: false) == [.example(1)])
            try second.close()
        }
    }

    @Test("After closing, every call says so, and closing again does nothing")
    func closed() async throws {
        try await withTemporaryDirectory { directory in
            let store = try SQLiteStore(path: directory + "/cluster.db")
            try store.close()
            try store.close()
            #expect(try storeError { try store.commit([]) }?.code == .failed)
            #expect(try storeError { try store.snapshot(endedJobs: 1) }?.code == .failed)
            await #expect(throws: StoreError.self) { try await store.reader.revision() }
        }
    }

    @Test("A folder that does not exist is named")
    func noFolder() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/missing/cluster.db"
            let error = try storeError { try SQLiteStore(path: path) }
            #expect(error?.code == .failed)
            #expect(error?.message.contains(path) == true)
        }
    }

    @Test("Any other file is refused and left as it is")
    func foreign() async throws {
        try await withTemporaryDirectory { directory in
            let text = directory + "/notes.txt"
            try Data(String(repeating: "not a database\n", count: 300).utf8).write(
                to: URL(fileURLWithPath: text))
            let database = directory + "/other.db"
            try sqlite(database) { try $0.execute(sql: "CREATE TABLE song (title TEXT)") }
            for path in [text, database] {
                let before = try Data(contentsOf: URL(fileURLWithPath: path))
                let error = try storeError { try SQLiteStore(path: path) }
                #expect(error?.code == .corrupt)
                #expect(error?.message.contains(path) == true)
                #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
            }
        }
    }

    @Test("An empty file, or an SQLite file without tables, becomes a store")
    func empty() async throws {
        try await withTemporaryDirectory { directory in
            try Data().write(to: URL(fileURLWithPath: directory + "/empty.db"))
            try sqlite(directory + "/blank.db") { try $0.execute(sql: "PRAGMA user_version = 0; VACUUM") }
            for name in ["/empty.db", "/blank.db"] {
                let store = try SQLiteStore(path: directory + name)
                #expect(try store.commit([.putNode(.example(1))]) == 1)
                try store.close()
            }
        }
    }

    @Test("A file that a newer version has migrated is refused")
    func tooNew() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/cluster.db"
            try SQLiteStore(path: path).close()
            try sqlite(path) {
                try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('9999 from the future')")
            }
            let error = try storeError { try SQLiteStore(path: path) }
            #expect(error?.code == .tooNew)
            #expect(error?.message.contains(path) == true)
        }
    }

    @Test(
        "A value that was changed by hand to nonsense is reported, with its column",
        arguments: [
            ("job", "state", "'bogus'"), ("job", "specification", "'{'"), ("job", "task_count", "-1"),
            ("slot", "tasks", "'5-1:1'"), ("slot", "tasks", "'0-4294967295:1'"), ("slot", "tasks", "'x'"),
            ("slot", "devices", "'0'"), ("node", "capacity", "'[]'"), ("token", "purpose", "'party'"),
            ("task", "attempt", "'a'"), ("task", "state", "''"), ("task", "crashes", "'3,5'"),
            ("task", "pardoned", "-1"),
            ("slot", "crashes", "'x'"), ("node", "quarantine", "'{}'"),
            // With these a coordinator could be started, and would end at the first sum.
            ("slot", "devices", "'4294967295:1'"), ("slot", "devices", "'0:4294967295'"),
            ("slot", "generation", "-1"), ("slot", "attempts", "4294967295"),
            ("job", "canceled", "4294967295"),
            ("job", "specification", "json_set(specification, '$.resources.resources.memoryBytes', 1 << 62)"),
            ("job", "specification", "json_set(specification, '$.array', json('{\"first\":1,\"last\":20}'))"),
            (
                "job", "specification",
                "json_set(specification, '$.array', json('{\"first\":1,\"last\":90,\"step\":0}'))"
            ),
            (
                "job", "specification",
                "json_set(specification, '$.placement.alternatives[1].resources.milliCPU', 1 << 62)"
            ),
            ("job", "specification", "json_set(specification, '$.placement.slotsPerNode', 0)"),
            ("job", "specification", "json_set(specification, '$.placement.startsPerMinute', 0)"),
            ("job", "specification", "json_set(specification, '$.constraints[0]', 'zone=a')"),
            (
                "job", "specification",
                """
                json_set(specification, '$.placement.alternatives',
                    (WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 65)
                     SELECT json_group_array(json('{}')) FROM n))
                """
            ),
            ("node", "capacity", "json_set(capacity, '$.resources.milliCPU', -1)"),
            ("node", "since", "9223372036854775807"), ("node", "ends_at", "-9223372036854775808"),
            ("node", "damping_count", "4294967295"),
            ("node", "quarantine", "json_set(quarantine, '$.periodSeconds', 4294967295)"),
            ("node", "device_quarantines", "json_set(device_quarantines, '$[0].device', 4294967295)"),
            ("meta", "value", "-1"),
        ])
    func damaged(table: String, column: String, value: String) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/cluster.db"
            let store = try SQLiteStore(path: path)
            _ = try store.commit([
                .putNode(.example(1)), .putJob(.example(1)), .putSlot(.example(1)), .putToken(.example(1)),
                .putTasks(JobID(1), [.example(1)]),
            ])
            try sqlite(path) { try $0.execute(sql: "UPDATE \(table) SET \(column) = \(value)") }
            // SQLite reads a word as the number 0.
            guard value != "'a'" else {
                #expect(try store.snapshot(endedJobs: 0).jobs[0].tasks[0].attempt == 0)
                return
            }
            let error = try storeError { try store.snapshot(endedJobs: 0) }
            #expect(error?.code == .corrupt)
            #expect(error?.message.contains(column) == true)
            #expect(error?.message.contains(path) == true)
        }
    }

    @Test("After a crash the committed is there and the uncommitted is not")
    func crash() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/cluster.db"
            let copy = directory + "/copy.db"
            let store = try SQLiteStore(path: path)
            var history = RandomWrites(seed: 77)
            for _ in 1...20 { _ = try store.commit(history.batch()) }
            let expected = SnapshotValue(try store.snapshot(endedJobs: 100))

            // A transaction that has reached the log, but not its commit, when the machine stops.
            let committedBytes = try size(path + "-wal")
            try sqlite(path) { database in
                try database.execute(sql: "PRAGMA cache_size = 2")
                try database.beginTransaction(.immediate)
                try database.execute(sql: "UPDATE meta SET value = 999 WHERE name = 'revision'")
                for number in 1...2_000 {
                    try database.execute(
                        sql: "INSERT INTO event (at, subject, message) VALUES (?, 'cluster', 'uncommitted')",
                        arguments: [number])
                }
                try FileManager.default.copyItem(atPath: path, toPath: copy)
                try FileManager.default.copyItem(atPath: path + "-wal", toPath: copy + "-wal")
                try database.rollback()
            }
            #expect(try size(copy + "-wal") > committedBytes)

            let recovered = try SQLiteStore(path: copy)
            #expect(SnapshotValue(try recovered.snapshot(endedJobs: 100)) == expected)
            #expect(try await Contents(of: recovered) == Contents(of: store))
            #expect(try recovered.commit([.putNode(.example(1))]) == 21)
            try recovered.close()
            try store.close()
        }
    }

    @Test("A job of a million tasks is one row; a hundred thousand payloads are a hundred")
    func rowCounts() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/cluster.db"
            let store = try SQLiteStore(path: path)
            var job = JobRecord.example(1)
            job.specification.array = TaskArray(first: 1, last: 1_000_000)
            job.taskCount = 1_000_000
            _ = try store.commit([.putJob(job)])
            #expect(try integer("SELECT count(*) FROM job", in: path) == 1)
            #expect(try integer("SELECT count(*) FROM task", in: path) == 0)
            #expect(try integer("SELECT count(*) FROM task_input", in: path) == 0)

            let small = (0..<100_000).map { "p\($0)" }
            let large = [String](repeating: String(repeating: "x", count: 400_000), count: 5)
            _ = try store.commit([
                .appendPayloads(JobID(2), first: 0, payloads: small),
                .appendPayloads(JobID(3), first: 0, payloads: large),
            ])
            #expect(try integer("SELECT count(*) FROM task_input WHERE job = 2", in: path) == 100)
            #expect(try integer("SELECT count(*) FROM task_input WHERE job = 3", in: path) == 3)
            #expect(try integer("SELECT sum(count) FROM task_input WHERE job = 3", in: path) == 5)
            try store.close()
        }
    }

    @Test("Plain SQL reads states, names, times and payloads")
    func views() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/cluster.db"
            let store = try SQLiteStore(path: path)
            var task = TaskRecord.example(0)
            task.node = NodeID(1)
            _ = try store.commit([
                .putNode(.example(1)), .putJob(.example(1)), .putSlot(.example(1)),
                .putTasks(JobID(1), [task]),
                .appendPayloads(JobID(1), first: 0, payloads: ["it's", "two\nlines"]),
                .addEvent(EventRecord(at: .seconds(1), subject: .node(NodeID(1)), message: "joined")),
            ])
            #expect(
                try text(
                    "SELECT name || ' ' || since || ' ' || cores || ' ' || devices FROM node_status", in: path
                )
                    == "node-1 2026-03-01T12:00:00.123456Z 64.0 2")
            #expect(
                try text("SELECT name || ' ' || total || ' ' || percent_decided FROM job_progress", in: path)
                    == "epoch 15 80.0")
            #expect(
                try text(
                    "SELECT node_name || ' ' || started_at || ' ' || duration_seconds FROM task_result",
                    in: path)
                    == "node-1 1970-01-01T00:00:20.000000Z 1.5")
            #expect(
                try text("SELECT job_name || ' ' || tasks || ' ' || since FROM slot_history", in: path)
                    == "epoch 17-19:1 40:1 39:1 38:1 4294967295:1 41-42:2 4294967294-4294967295:4294967295"
                    + " 1970-01-01T00:00:12.000000Z")
            #expect(
                try text("SELECT at || ' ' || message FROM event_log", in: path)
                    == "1970-01-01T00:00:01.000000Z joined")
            let payloads =
                "SELECT group_concat((first + key) || '=' || value, ';') FROM task_input, json_each(payloads)"
            #expect(try text(payloads, in: path) == "0=it's;1=two\nlines")
            try store.close()
        }
    }
}

@Suite("A SQLite store without space")
struct FullStoreTests {
    private let large: Write = .appendPayloads(
        JobID(1), first: 0, payloads: [String](repeating: String(repeating: "x", count: 1 << 20), count: 3))

    @Test("A commit beyond the size limit leaves nothing, and the next one works when there is space")
    func sizeLimit() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/cluster.db"
            var options = SQLiteOptions.defaults
            options.maximumBytes = 1 << 20
            let store = try SQLiteStore(path: path, options: options)
            _ = try store.commit([.putNode(.example(1)), .putJob(.example(1))])
            let before = try await Contents(of: store)

            let error = try storeError {
                try store.commit([.putNode(.example(2)), large, .putNode(.example(3))])
            }
            #expect(error?.code == .full)
            #expect(error?.message.contains(path) == true)
            #expect(try await Contents(of: store) == before)
            #expect(try await store.reader.payload(JobID(1), at: 0) == nil)

            // What fits is still accepted; with more space, what did not fit is.
            #expect(try store.commit([.putNode(.example(4))]) == 2)
            try store.setMaximumBytes(nil)
            #expect(try store.commit([large]) == 3)
            #expect(try store.payloads(JobID(1), at: [2]).map(\.utf8.count) == [1 << 20])
            try store.close()
        }
    }

    @Test(
        "A commit on a full disk leaves nothing, and the next one works when there is space",
        .enabled(if: SmallDisk.isPermitted, "needs the right to mount a tmpfs (root with CAP_SYS_ADMIN)"))
    func fullDisk() async throws {
        try await withTemporaryDirectory { directory in
            let disk = try SmallDisk(at: directory + "/disk", bytes: 8 << 20)
            defer { disk.unmount() }
            let filler = URL(fileURLWithPath: disk.path + "/filler")
            try Data(count: 6 << 20).write(to: filler)

            let path = disk.path + "/cluster.db"
            let store = try SQLiteStore(path: path)
            _ = try store.commit([.putNode(.example(1)), .putJob(.example(1))])
            let before = try await Contents(of: store)
            for _ in 1...2 {
                let error = try storeError { try store.commit([.putNode(.example(2)), large]) }
                #expect(error?.code == .full)
                #expect(error?.message.contains(path) == true)
                #expect(try await Contents(of: store) == before)
            }
            try FileManager.default.removeItem(at: filler)
            #expect(try store.commit([large]) == 2)
            try store.close()

            let reopened = try SQLiteStore(path: path)
            #expect(try reopened.payloads(JobID(1), at: [1]).map(\.utf8.count) == [1 << 20])
            #expect(try await reopened.reader.nodes(includingReleased: true) == [.example(1)])
            try reopened.close()
        }
    }
}

// Another program that looks at the file.

private func sqlite<Result>(_ path: String, _ body: (Database) throws -> Result) throws -> Result {
    let queue = try DatabaseQueue(path: path)
    let result = try queue.inDatabase(body)
    try queue.close()
    return result
}

private func integer(_ sql: String, in path: String) throws -> Int? {
    try sqlite(path) { try Int.fetchOne($0, sql: sql) }
}

private func text(_ sql: String, in path: String) throws -> String? {
    try sqlite(path) { try String.fetchOne($0, sql: sql) }
}

private func size(_ path: String) throws -> Int {
    try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
}
