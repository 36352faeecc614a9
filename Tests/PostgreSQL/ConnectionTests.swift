import PostgreSQL
import PostgresServer
import Testing

@Suite(
    "A connection", .ownThreads,
    .enabled(if: PostgresServer.isInstalled, "needs PostgreSQL (dev/install-dependencies --tests)"))
struct ConnectionTests {
    private let connection: Connection

    init() throws { connection = try PostgresServer.shared().connect() }

    private func error(_ body: () throws -> some Any) -> PostgresError? {
        do { _ = try body() } catch { return error as? PostgresError }
        return nil
    }

    @Test func valuesComeBackAsTheyWent() throws {
        let all = (0...255).map { UInt8($0) }
        let result = try connection.execute(
            Statement(
                "SELECT $1::bigint, $2::text, $3::boolean, $4::bytea, $5::text, $6::bytea, $7::text, 7::int, 5::int2"
            ),
            [
                .integer(.min), .text("👩‍💻 'x' \\ \u{1}"), .boolean(true), .bytes(all), .null, .bytes([]),
                .text(""),
            ])
        #expect(result.rowCount == 1)
        #expect(result.integer(0, 0) == .min)
        #expect(result.text(0, 1) == "👩‍💻 'x' \\ \u{1}")
        #expect(result.boolean(0, 2) == true)
        #expect(result.bytes(0, 3) == all)
        #expect(result.text(0, 4) == nil && result.integer(0, 4) == nil)
        #expect(result.bytes(0, 5) == [] && result.text(0, 6) == "")
        #expect(result.integer(0, 7) == 7 && result.integer(0, 8) == 5)
        #expect(result.columnName(0) == "int8")
    }

    @Test func listsBecomeRows() throws {
        var flags = ArrayParameter(.boolean)
        flags.append(true)
        flags.append(false)
        flags.appendNull()
        var blocks = ArrayParameter(.bytes)
        for block in [[1, 0, 2], [], [255]] as [[UInt8]] { blocks.append(block) }
        let result = try connection.execute(
            Statement(
                """
                SELECT * FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::bytea[]) AS x(a, b, c, d)
                """),
            [.integers([1, nil, .max]), .texts(["x", "", nil]), .array(flags), .array(blocks)])
        #expect((0..<3).map { result.integer($0, 0) } == [1, nil, .max])
        #expect((0..<3).map { result.text($0, 1) } == ["x", "", nil])
        #expect((0..<3).map { result.boolean($0, 2) } == [true, false, nil])
        #expect((0..<3).map { result.bytes($0, 3) } == [[1, 0, 2], [], [255]])
        let none = try connection.execute(
            Statement("SELECT count(*) FROM unnest($1::bigint[])"), [.integers([])])
        #expect(none.integer(0, 0) == 0)
    }

    @Test func aPipelineIsOneTransactionAndEndsAtItsFirstFailure() throws {
        try connection.execute(script: "CREATE TEMP TABLE t (n bigint PRIMARY KEY)")
        let insert = Statement("insert_t", "INSERT INTO t VALUES ($1)")
        let failed = error {
            try connection.execute([1, 2, 1, 3].map { Execution(insert, [.integer($0)]) })
        }
        #expect(failed?.sqlState == "23505")
        #expect(try connection.execute(Statement("SELECT count(*) FROM t")).integer(0, 0) == 0)
        let results = try connection.execute((1...500).map { Execution(insert, [.integer($0)]) })
        #expect(results.count == 500 && results.allSatisfy { $0.affectedRows == 1 })
        #expect(try connection.execute(Statement("SELECT count(*) FROM t")).integer(0, 0) == 500)
        #expect(try connection.execute([]).isEmpty)
    }

    @Test func megabytesGoBothWaysAtOnce() throws {
        let text = String(repeating: "0123456789abcdef", count: 1 << 16)
        let echo = Statement("echo", "SELECT $1::text")
        let results = try connection.execute((0..<24).map { _ in Execution(echo, [.text(text)]) })
        #expect(results.allSatisfy { $0.text(0, 0) == text })
    }

    @Test func aStatementIsPreparedOnceAndSurvivesARollback() throws {
        let count = Statement("SELECT count(*) FROM pg_prepared_statements WHERE name = 'once'")
        let once = Statement("once", "SELECT $1::bigint / $2::bigint")
        for divisor in [1, 0, 2] as [Int64] {
            let failed = error { try connection.execute(once, [.integer(4), .integer(divisor)]) }
            #expect((failed != nil) == (divisor == 0))
            #expect(try connection.execute(count).integer(0, 0) == 1)
        }
    }

    @Test func failuresHaveTheirKind() throws {
        func kind(_ sql: String) -> PostgresError.Kind? {
            error { try connection.execute(Statement(sql)) }?.kind
        }
        #expect(kind("SELECT * FROM nothing") == .undefinedTable)
        #expect(kind("SELEKT") == .other)
        #expect(kind("SELECT 'a\u{0}b'") != nil)
        try connection.execute(Statement("SET default_transaction_read_only = on"))
        #expect(kind("CREATE TABLE x (n int)") == .readOnly)
        try connection.execute(Statement("SET default_transaction_read_only = off"))
        try connection.execute(Statement("SET statement_timeout = 10"))
        #expect(kind("SELECT pg_sleep(60)") == .canceled)
        for (state, kind) in [
            ("40001", PostgresError.Kind.serializationFailure), ("40P01", .deadlock), ("53100", .diskFull),
            ("53300", .notReady), ("57P01", .connectionLost), ("57P03", .notReady),
            ("28P01", .authenticationFailed),
            ("08006", .connectionLost), ("42501", .insufficientPrivilege),
        ] {
            #expect(PostgresError(sqlState: state, message: "").kind == kind)
        }
        #expect(PostgresError(sqlState: "40001", message: "").isRetriable)
    }

    @Test func aRaisedStateIsRecognized() {
        for state in ["40001", "53100", "42501"] {
            let failed = error {
                try connection.execute(script: "DO $$ BEGIN RAISE 'no' USING ERRCODE = '\(state)'; END $$")
            }
            #expect(failed?.sqlState == state && failed?.message == "no")
        }
    }

    @Test func aDeadlineEndsTheWaitAndTheConnection() throws {
        let failed = error {
            try connection.execute(Statement("SELECT pg_sleep(600)"), until: .after(.milliseconds(50)))
        }
        #expect(failed?.kind == .deadlinePassed && failed?.isConnectionLost == true)
        #expect(!connection.isOpen)
        #expect(error { try connection.execute(Statement("SELECT 1")) }?.kind == .connectionLost)
    }

    @Test func anotherThreadCancels() throws {
        let watcher = try PostgresServer.shared().connect()
        let canceller = try #require(connection.canceller())
        let process = Int64(connection.serverProcess)
        let cancellation = OnThread {
            let active = Statement(
                "SELECT count(*) FROM pg_stat_activity WHERE pid = $1::bigint AND query LIKE '%pg_sleep%'")
            while try watcher.execute(active, [.integer(process)]).integer(0, 0) == 0 {}
            return canceller.cancel()
        }
        let failed = error {
            try connection.execute(Statement("SELECT pg_sleep(600)"), until: .after(.seconds(60)))
        }
        #expect(try cancellation.result())
        #expect(failed?.kind == .canceled)
        #expect(try connection.execute(Statement("SELECT 1")).rowCount == 1)
    }

    @Test func aServerThatEndsTheConnectionIsHeard() throws {
        let other = try PostgresServer.shared().connect()
        try other.execute(
            Statement("SELECT pg_terminate_backend($1::bigint::int)"),
            [.integer(Int64(connection.serverProcess))])
        let gone = Statement("SELECT count(*) FROM pg_stat_activity WHERE pid = $1::bigint")
        let process = Int64(connection.serverProcess)
        while try other.execute(gone, [.integer(process)]).integer(0, 0) != 0 {}
        let failed = error { try connection.execute(Statement("SELECT 1")) }
        #expect(failed?.isConnectionLost == true)
        #expect(!connection.isOpen)
    }

    @Test func nothingIsPrintedAndOurNameIsShown() throws {
        try connection.execute(script: "DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
        let name = try connection.execute(Statement("SELECT current_setting('application_name')"))
        #expect(name.text(0, 0) == "mortise-coordinator")
        #expect(!connection.isEncrypted)
    }
}
