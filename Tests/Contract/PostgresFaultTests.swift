import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import CoordinatorStorePostgres
import Foundation
import PostgreSQL
import PostgresServer
import Synchronization
import Testing

@Suite(
    "A PostgreSQL store whose server or connection fails", .ownThreads,
    .enabled(if: PostgresServer.isInstalled))
struct PostgresFaultTests {
    private static var patient: PostgresOptions {
        var options = PostgresOptions.defaults
        options.outageSeconds = 120
        return options
    }

    /// Commits one event and one task after the other on a thread of its own until it is told to stop, and fails
    /// where a revision is not the next.
    private struct Ledger {
        private final class Progress: Sendable {
            let count = Atomic(0)
            let isStopping = Atomic(false)
        }

        let store: PostgresStore
        private let progress = Progress()
        private let work: OnThread<Void>

        init(_ store: PostgresStore) {
            self.store = store
            work = OnThread { [progress] in
                while !progress.isStopping.load(ordering: .relaxed) {
                    let number = progress.count.load(ordering: .relaxed)
                    let revision = try store.commit([
                        .addEvent(EventRecord(at: .epoch, subject: .cluster, message: "\(number)")),
                        .putTasks(
                            JobID(1), [TaskRecord(index: TaskIndex(number), state: .succeeded, attempt: 1)]),
                    ])
                    guard revision == UInt64(number + 1) else {
                        throw StoreError(.failed, "commit \(number + 1) has revision \(revision)")
                    }
                    progress.count.add(1, ordering: .relaxed)
                }
            }
        }

        /// Until so many more commits were acknowledged.
        func proceed(by commits: Int) throws {
            let target = progress.count.load(ordering: .relaxed) + commits
            let deadline = Deadline.after(.seconds(120))
            while progress.count.load(ordering: .relaxed) < target {
                try work.resultSoFar?.get()
                guard !deadline.isOver else { throw StoreError(.failed, "no commit in 120 s") }
                deadline.pause(milliseconds: 1)
            }
        }

        /// Stops, and holds what is stored against what was acknowledged.
        func close() async throws {
            progress.isStopping.store(true, ordering: .relaxed)
            try work.result()
            let done = progress.count.load(ordering: .relaxed)
            let events = try await store.reader.events(nil, limit: .max)
            #expect(events.reversed().map(\.message) == (0..<done).map { "\($0)" })
            let tasks = try await store.reader.tasks(JobID(1), TaskFilter(limit: .max))
            #expect(tasks.map(\.index) == (0..<done).map { TaskIndex($0) })
            #expect(try await store.reader.revision() == UInt64(done))
            try store.close()
        }
    }

    /// Until it is gone: what follows would find it at its work else.
    private func terminate(_ process: Int32, _ connection: Connection) throws {
        try connection.execute(
            Statement("SELECT pg_terminate_backend($1::bigint::int, 60000)"), [.integer(Int64(process))])
    }

    /// Waits until a process of the server waits for something.
    private func awaitWait(_ kind: String, _ connection: Connection) throws -> Int32 {
        let deadline = Deadline.after(.seconds(60))
        while true {
            let found = try connection.execute(
                Statement(
                    """
                    SELECT pid::bigint FROM pg_stat_activity
                    WHERE (wait_event_type = $1 OR wait_event = $1) AND pid <> pg_backend_pid()
                        AND backend_type = 'client backend' AND datname = current_database()
                    """), [.text(kind)])
            if let process = found.integer(0, 0), found.rowCount > 0 { return Int32(process) }
            guard !deadline.isOver else { throw StoreError(.failed, "nobody waits for \(kind)") }
        }
    }

    @Test("Connections that are ended at any moment lose nothing and repeat nothing")
    func terminations() async throws {
        try await withDatabase { address in
            let ledger = Ledger(try PostgresStore(address, options: Self.patient))
            let connection = try Connection(PostgresAddress(address))
            for _ in 1...20 {
                try ledger.proceed(by: 3)
                try terminate(ledger.store.serverProcess, connection)
            }
            try ledger.proceed(by: 3)
            connection.close()
            try await ledger.close()
        }
    }

    @Test("A connection that ends in the middle of a commit: it is done again")
    func middle() async throws {
        try await withDatabase { address in
            let store = try PostgresStore(address, options: Self.patient)
            let connection = try Connection(PostgresAddress(address))
            try connection.execute(script: "BEGIN; LOCK TABLE mortise.event IN EXCLUSIVE MODE")
            let revision = OnThread {
                try store.commit([
                    .putNode(.example(1)),
                    .addEvent(EventRecord(at: .epoch, subject: .cluster, message: "once")),
                ])
            }
            let watcher = try Connection(PostgresAddress(address))
            try terminate(try awaitWait("Lock", watcher), watcher)
            try connection.execute(script: "COMMIT")
            #expect(try revision.result() == 1)
            #expect(try await store.reader.events(nil, limit: 9).map(\.message) == ["once"])
            #expect(try store.commit([]) == 2)
            connection.close()
            watcher.close()
            try store.close()
        }
    }

    @Test("A commit that the server cannot put in order with another one is done again")
    func serializationFailure() async throws {
        try await withDatabase { address in
            let store = try PostgresStore(address, options: Self.patient)
            let connection = try Connection(PostgresAddress(address))
            // The first two commits fail. What a sequence has given is not taken back.
            try connection.execute(
                script: """
                    CREATE SEQUENCE mortise.attempts;
                    CREATE FUNCTION mortise.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                        IF nextval('mortise.attempts') <= 2 THEN
                            RAISE EXCEPTION 'not now' USING ERRCODE = 'serialization_failure';
                        END IF;
                        RETURN NULL;
                    END $$;
                    CREATE TRIGGER refuse AFTER INSERT ON mortise.event EXECUTE FUNCTION mortise.refuse();
                    """)
            let event = EventRecord(at: .epoch, subject: .cluster, message: "once")
            #expect(try store.commit([.addEvent(event)]) == 1)
            #expect(try await store.reader.events(nil, limit: 9) == [event])
            let attempts = try connection.execute(Statement("SELECT last_value FROM mortise.attempts"))
            #expect(attempts.integer(0, 0) == 3)
            connection.close()
            try store.close()
        }
    }

    @Test("A commit that is the victim of a deadlock is done again")
    func deadlock() async throws {
        try await withDatabase { address in
            let store = try PostgresStore(address, options: Self.patient)
            _ = try store.commit([.putNode(.example(1)), .putJob(.example(1))])
            let other = try Connection(PostgresAddress(address))
            try other.execute(script: "SET deadlock_timeout = '60s'; BEGIN")
            try other.execute(Statement("UPDATE mortise.job SET reason = 'theirs'"))
            // It has the node's row, and waits for the job's; the other one then waits for the node's.
            let revision = OnThread { try store.commit([.putNode(.example(1)), .putJob(.example(1))]) }
            let watcher = try Connection(PostgresAddress(address))
            _ = try awaitWait("Lock", watcher)
            try other.execute(Statement("UPDATE mortise.node SET reason = 'theirs'"))
            try other.execute(Statement("COMMIT"))
            #expect(try revision.result() == 2)
            #expect(try await store.reader.job(JobID(1))?.record == .example(1))
            #expect(try await store.reader.node(NodeID(1)) == .example(1))
            other.close()
            watcher.close()
            try store.close()
        }
    }

    @Test(
        "Through pgbouncer, which keeps sessions, all is as without it", .enabled(if: PgBouncer.isInstalled))
    func bouncer() async throws {
        let server = try PostgresServer.shared()
        let bouncer = try PgBouncer(before: server)
        let database = try server.createDatabase()
        let address = bouncer.address(database)
        let memory = MemoryStore()
        var history = RandomWrites(seed: 3)
        /// The pooler takes its time to make a session of a closed connection's anew, and it has the lock until then.
        func open() throws -> PostgresStore {
            let deadline = Deadline.after(.seconds(60))
            while true {
                do {
                    return try PostgresStore(address, options: Self.patient)
                } catch let error as StoreError where error.code == .inUse && !deadline.isOver {
                    deadline.pause(milliseconds: 10)
                }
            }
        }
        for _ in 1...2 {
            let store = try open()
            #expect(try storeError { try PostgresStore(address) }?.code == .inUse)
            for _ in 1...15 {
                let writes = history.batch()
                #expect(try store.commit(writes) == memory.commit(writes))
            }
            try store.close()
        }
        let store = try open()
        #expect(try await Contents(of: store) == Contents(of: memory))
        try store.close()

        let other = try server.createDatabase()
        let ledger = Ledger(try PostgresStore(bouncer.address(other), options: Self.patient))
        let connection = try server.connect(other)
        for _ in 1...5 {
            try ledger.proceed(by: 3)
            try connection.execute(
                Statement(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                    """))
        }
        try ledger.proceed(by: 3)
        connection.close()
        try await ledger.close()
        try server.dropDatabase(database)
        try server.dropDatabase(other)
        bouncer.stop()
    }

    @Test("A commit that was in when its connection ended without an answer is not done again")
    func unanswered() async throws {
        let server = try PostgresServer()
        let ledger = Ledger(try PostgresStore(server.address(), options: Self.patient))
        let connection = try server.connect()
        try ledger.proceed(by: 1)
        // A commit is on disk, and then waits for a standby that never comes.
        try connection.execute(Statement("ALTER SYSTEM SET synchronous_standby_names = 'nobody'"))
        try connection.execute(Statement("SELECT pg_reload_conf()"))
        let process = try awaitWait("SyncRep", connection)
        try connection.execute(Statement("ALTER SYSTEM RESET synchronous_standby_names"))
        try terminate(process, connection)
        try connection.execute(Statement("SELECT pg_reload_conf()"))
        try ledger.proceed(by: 2)
        connection.close()
        try await ledger.close()
        #expect(server.log.contains("has already committed locally"))
        server.stop()
    }

    @Test("A server that is killed and comes back has every commit once")
    func crashes() async throws {
        let server = try PostgresServer()
        let ledger = Ledger(try PostgresStore(server.address(), options: Self.patient))
        for round in 1...4 {
            try ledger.proceed(by: 5)
            if round.isMultiple(of: 2) { server.crash() } else { server.kill() }
            try server.start()
        }
        try ledger.proceed(by: 5)
        try await ledger.close()
        server.stop()
    }

    @Test("A server that does not come back is an error in time, and the store goes on when it does")
    func outage() async throws {
        let server = try PostgresServer()
        var options = PostgresOptions.defaults
        options.outageSeconds = 1
        let store = try PostgresStore(server.address(), options: options)
        #expect(try store.commit([.putNode(.example(1))]) == 1)
        server.stop()
        let error = try storeError { try store.commit([.putNode(.example(2))]) }
        #expect(error?.code == .failed)
        #expect(error?.message.contains("host=\(server.directory)") == true)
        let reading = await #expect(throws: StoreError.self) { try await store.reader.revision() }
        #expect(reading?.code == .failed)
        try server.start()
        let revision = try store.commit([.putNode(.example(2))])
        #expect(revision == 2)
        #expect(try await store.reader.nodes(includingReleased: true) == [.example(1), .example(2)])
        try store.close()
        server.stop()
    }

    @Test("A coordinator that lost the store to another one is told so")
    func takenOver() async throws {
        try await withDatabase { address in
            let first = try PostgresStore(address)
            #expect(try first.commit([]) == 1)
            let connection = try Connection(PostgresAddress(address))
            let process = first.serverProcess
            try terminate(process, connection)
            let gone = Statement("SELECT count(*) FROM pg_stat_activity WHERE pid = $1::bigint")
            while try connection.execute(gone, [.integer(Int64(process))]).integer(0, 0) != 0 {}
            let second = try PostgresStore(address)
            #expect(try second.commit([]) == 2)
            try second.close()
            #expect(try storeError { try first.commit([.putNode(.example(1))]) }?.code == .inUse)
            #expect(try await first.reader.nodes(includingReleased: true) == [])
            connection.close()
            try first.close()
        }
    }

    @Test("A database that is read only is refused with what to do, and works again afterwards")
    func readOnly() async throws {
        try await withDatabase { address in
            let store = try PostgresStore(address)
            let connection = try Connection(PostgresAddress(address))
            func set(_ value: String) throws {
                try connection.execute(
                    script: """
                        DO $$ BEGIN EXECUTE format(
                            'ALTER DATABASE %I SET default_transaction_read_only = \(value)', current_database());
                        END $$
                        """)
                try terminate(store.serverProcess, connection)
            }
            try set("on")
            let error = try storeError { try store.commit([.putNode(.example(1))]) }
            #expect(error?.code == .failed)
            #expect(error?.message.contains("target_session_attrs=read-write") == true)
            try connection.execute(script: "SET default_transaction_read_only = off")
            try set("off")
            #expect(try store.commit([.putNode(.example(1))]) == 1)
            connection.close()
            try store.close()
        }
    }

    @Test("A standby is refused")
    func standby() async throws {
        let primary = try PostgresServer()
        let store = try PostgresStore(primary.address())
        _ = try store.commit([.putNode(.example(1))])
        let standby = try PostgresServer(copying: primary)
        let error = try storeError { try PostgresStore(standby.address()) }
        #expect(error?.code == .failed)
        #expect(error?.message.contains("standby") == true)
        try store.close()
        standby.stop()
        primary.stop()
    }

    @Test(
        "A commit on a full disk leaves nothing, and the next one works when there is space",
        .enabled(if: SmallDisk.isPermitted, "needs the right to mount a tmpfs (root with CAP_SYS_ADMIN)"))
    func fullDisk() async throws {
        try await withTemporaryDirectory { directory in
            let disk = try SmallDisk(at: directory + "/disk", bytes: 96 << 20)
            defer { disk.unmount() }
            try PostgresServer.giveToServer(directory, mode: 0o711)
            try PostgresServer.giveToServer(disk.path)
            let server = try PostgresServer(data: disk.path + "/data")
            let store = try PostgresStore(server.address())
            _ = try store.commit([.putNode(.example(1)), .putJob(.example(1))])
            let before = try await Contents(of: store)
            let filler = disk.path + "/filler"
            // Until there is no more.
            #expect(throws: ServerFailure.self) {
                try PostgresServer.run(["dd", "if=/dev/zero", "of=\(filler)", "bs=64k"], in: directory)
            }
            var random = SeededRandom(seed: 9)
            let payloads = (0..<64).map { _ in
                (0..<2_048).map { _ in String(UInt64.random(in: 0...(.max), using: &random), radix: 36) }
                    .joined()
            }
            let large = Write.appendPayloads(JobID(1), first: 0, payloads: payloads)
            for _ in 1...2 {
                let error = try storeError { try store.commit([.putNode(.example(2)), large]) }
                #expect(error?.code == .full, "\(error as Any)")
                #expect(try await Contents(of: store) == before)
            }
            try FileManager.default.removeItem(atPath: filler)
            #expect(try store.commit([large]) == 2)
            #expect(try store.payloads(JobID(1), at: [63]) == [payloads[63]])
            try store.close()
            server.stop()
        }
    }
}
