import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import CoordinatorStorePostgres
import PostgreSQL
import PostgresServer
import Testing

@Suite("A PostgreSQL store", .ownThreads, .enabled(if: PostgresServer.isInstalled))
struct PostgresTests {
    @Test(
        "After any history, a reopened store holds what a memory store holds",
        arguments: 1...4 as ClosedRange<UInt64>)
    func history(seed: UInt64) async throws {
        try await withDatabase { address in
            let memory = MemoryStore()
            var history = RandomWrites(seed: seed)
            for _ in 1...3 {
                let store = try PostgresStore(address)
                for _ in 1...15 {
                    let writes = history.batch()
                    #expect(try store.commit(writes) == memory.commit(writes), "seed \(seed)")
                }
                try store.close()
            }
            let store = try PostgresStore(address)
            for endedJobs in [0, 3, 100] {
                let read = SnapshotValue(try store.snapshot(endedJobs: endedJobs))
                let expected = SnapshotValue(try memory.snapshot(endedJobs: endedJobs))
                #expect(read == expected, "seed \(seed), ended jobs \(endedJobs)")
            }
            let read = try await Contents(of: store)
            let expected = try await Contents(of: memory)
            #expect(read == expected, "seed \(seed)")
            try store.close()
        }
    }

    @Test("A second coordinator is refused while the first one has the store, and not afterwards")
    func exclusivity() async throws {
        try await withDatabase { address in
            let first = try PostgresStore(address)
            let error = try storeError { try PostgresStore(address) }
            #expect(error?.code == .inUse)
            #expect(error?.message.contains("process \(first.serverProcess) of the server") == true)
            #expect(try first.commit([]) == 1)
            try first.close()
            let second = try PostgresStore(address)
            #expect(try second.commit([]) == 2)
            try second.close()
        }
    }

    @Test("What is not ours, or of a newer version, is refused and left as it is")
    func refusals() async throws {
        try await withDatabase { address in
            let connection = try Connection(PostgresAddress(address))
            try connection.execute(script: "CREATE SCHEMA mortise; CREATE TABLE mortise.sales (n int)")
            #expect(try storeError { try PostgresStore(address) }?.code == .corrupt)
            let tables = try connection.execute(
                Statement("SELECT count(*) FROM pg_class WHERE relnamespace = 'mortise'::regnamespace"))
            #expect(tables.integer(0, 0) == 1)
            try connection.execute(script: "DROP TABLE mortise.sales")
            try PostgresStore(address).close()
            try connection.execute(
                script: "INSERT INTO mortise.schema_migration VALUES (999, 'from the future')")
            let error = try storeError { try PostgresStore(address) }
            #expect(error?.code == .tooNew)
            #expect(error?.message.contains("999") == true)
            connection.close()
        }
    }

    @Test("A value that was changed by hand to nonsense is reported, with its column")
    func damage() async throws {
        try await withDatabase { address in
            let store = try PostgresStore(address)
            _ = try store.commit([.putNode(.example(1)), .putJob(.example(1)), .putSlot(.example(1))])
            let connection = try Connection(PostgresAddress(address))
            for (table, column, value) in [
                ("node", "state", "'asleep'"), ("node", "capacity", "'[]'"), ("job", "task_count", "-1"),
                ("job", "specification", "'{}'"), ("slot", "tasks", "'7'"), ("slot", "since", "\(Int64.max)"),
            ] {
                try connection.execute(
                    script: "BEGIN; UPDATE mortise.\(table) SET \(column) = \(value); COMMIT")
                let error = try storeError { try store.snapshot(endedJobs: 0) }
                #expect(error?.code == .corrupt, "\(table).\(column)")
                #expect(error?.message.contains("column \(column)") == true, "\(error as Any)")
                _ = try store.commit([.putNode(.example(1)), .putJob(.example(1)), .putSlot(.example(1))])
            }
            connection.close()
            try store.close()
        }
    }

    @Test("Those who look have views with PostgreSQL's types, and the role does not show tokens")
    func views() async throws {
        try await withDatabase { address in
            let store = try PostgresStore(address)
            var strange = NodeRecord.example(2)
            strange.capacity.labels = [Label("nul", "\0")]
            _ = try store.commit([
                .putNode(.example(1)), .putNode(strange), .putJob(.example(1)), .putSlot(.example(1)),
                .putTasks(JobID(1), [.example(4)]), .putToken(.example(1)),
                .addEvent(EventRecord(at: .seconds(1), subject: .cluster, message: "began")),
                .putUsage([
                    UsageRecord(
                        from: .seconds(0), job: JobID(1), resource: "cpu", user: "ada",
                        bookedMicroseconds: 3_600_000_000)
                ]),
            ])
            let connection = try Connection(PostgresAddress(address))
            func text(_ sql: String) throws -> String? { try connection.execute(Statement(sql)).text(0, 0) }
            try connection.execute(
                script: "SET search_path = mortise; SET TimeZone = 'UTC'; SET ROLE mortise_reader")
            #expect(
                try text("SELECT since::text FROM node_status WHERE node = 1")
                    == "2026-03-01 12:00:00.123456+00")
            #expect(try text("SELECT cores || ' ' || devices FROM node_status WHERE node = 1") == "64.000 2")
            #expect(
                try text("SELECT coalesce(cores::text, 'none') FROM node_status WHERE node = 2") == "none")
            #expect(try text("SELECT percent_decided::text FROM job_progress") == "80.0")
            #expect(try text("SELECT node_name || ' ' || job_name FROM task_result") == "node-2 epoch")
            #expect(try text("SELECT duration_seconds::text FROM task_result") == "1.500000")
            #expect(try text("SELECT node_name FROM slot_history") == "node-1")
            #expect(try text("SELECT message FROM event_log") == "began")
            #expect(try text("SELECT booked_hours::text FROM usage_hours") == "1.000")
            #expect(throws: PostgresError.self) { try text("SELECT name FROM token") }
            #expect(throws: PostgresError.self) { try text("DELETE FROM node RETURNING name") }
            #expect(try text("SELECT obj_description('task'::regclass)")?.isEmpty == false)
            connection.close()
            try store.close()
        }
    }

    @Test("A role without rights is told what it needs; with a schema of its own it can be used")
    func privileges() async throws {
        try await withDatabase { address in
            let admin = try Connection(PostgresAddress(address))
            try admin.execute(
                script: """
                    DO $$ BEGIN CREATE ROLE limited LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$
                    """)
            let limited = address.replacing("user=postgres", with: "user=limited")
            let error = try storeError { try PostgresStore(limited) }
            #expect(error?.code == .failed)
            #expect(error?.message.contains("CREATE on the database") == true)
            try admin.execute(script: "CREATE SCHEMA mortise AUTHORIZATION limited")
            let store = try PostgresStore(limited)
            #expect(try store.commit([.putNode(.example(1))]) == 1)
            try store.close()
            admin.close()
        }
    }

    @Test("An address that cannot be used fails at once, and no error shows a password")
    func addresses() throws {
        for address in ["postgresql://ada:s3cret@127.0.0.1:1/mortise", "postgre://ada:s3cret@host/db"] {
            let error = try storeError { try PostgresStore(address) }
            #expect(error?.code == .failed)
            #expect(error?.description.contains("s3cret") == false)
        }
    }
}
