import CPostgreSQL
import Platform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One connection to a server, used from one thread at a time: whoever holds it keeps the others away.
///
/// Every call blocks, until its deadline at the latest; libpq itself never does (but for looking up names). A
/// connection that has failed (`PostgresError.isConnectionLost`) is closed and stays so.
package final class Connection: @unchecked Sendable {
    // Unchecked: one holder at a time, as said above; nothing here is shared between connections.
    package let address: PostgresAddress
    let options: ConnectionOptions
    /// nil once closed.
    private var pointer: OpaquePointer?
    private var prepared: Set<String> = []

    /// - Throws: `PostgresError`.
    package init(
        _ address: PostgresAddress, _ options: ConnectionOptions = .defaults, until deadline: Deadline? = nil
    ) throws(PostgresError) {
        self.address = address
        self.options = options
        let limit = Duration.seconds(options.connectSeconds)
        try connect(until: deadline?.orAfter(limit) ?? .after(limit))
    }

    deinit { close() }

    package func close() {
        if let pointer { PQfinish(pointer) }
        pointer = nil
    }

    /// As far as is known without asking the server.
    package var isOpen: Bool { pointer.map { PQstatus($0) == CONNECTION_OK } ?? false }

    /// The number of the server's process that serves this connection; 0 when it is closed.
    package var serverProcess: Int32 { pointer.map { PQbackendPID($0) } ?? 0 }

    /// TLS is in use.
    package var isEncrypted: Bool { pointer.map { PQsslInUse($0) != 0 } ?? false }

    private func connect(until deadline: Deadline) throws(PostgresError) {
        // In this order: what comes later wins. The address may say everything but the encoding, which texts are
        // read by.
        let settings = [
            ("fallback_application_name", options.applicationName), ("keepalives", "1"),
            ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "30000"), ("dbname", address.text), ("client_encoding", "UTF8"),
        ]
        guard let pointer = Self.start(settings) else {
            throw PostgresError(.outOfMemory, "cannot make a connection: out of memory")
        }
        self.pointer = pointer
        // Otherwise notices are printed.
        PQsetNoticeReceiver(pointer, { _, _ in }, nil)
        do throws(PostgresError) {
            guard PQstatus(pointer) != CONNECTION_BAD else { throw connectFailure(pointer) }
            var wanted = PGRES_POLLING_WRITING
            while wanted != PGRES_POLLING_OK {
                guard wanted != PGRES_POLLING_FAILED else { throw connectFailure(pointer) }
                guard wait(pointer, forWriting: wanted == PGRES_POLLING_WRITING, until: deadline) else {
                    throw PostgresError(
                        .cannotConnect, "no answer within \(options.connectSeconds) s from the server")
                }
                wanted = PQconnectPoll(pointer)
            }
            PQsetnonblocking(pointer, 1)
        } catch {
            close()
            throw error
        }
    }

    private static func start(_ settings: [(String, String)]) -> OpaquePointer? {
        let copies = settings.map { (strdup($0.0), strdup($0.1)) }
        defer {
            for (name, value) in copies {
                free(name)
                free(value)
            }
        }
        let names = copies.map { UnsafePointer($0.0) } + [nil]
        let values = copies.map { UnsafePointer($0.1) } + [nil]
        return PQconnectStartParams(names, values, 1)
    }

    /// libpq gives no SQLSTATE for what a server says to one who wants in.
    private func connectFailure(_ pointer: OpaquePointer) -> PostgresError {
        let message = String(cString: PQerrorMessage(pointer))
        let kinds: [(String, PostgresError.Kind)] = [
            ("authentication failed", .authenticationFailed), ("no password supplied", .authenticationFailed),
            ("pg_hba.conf", .authenticationFailed), ("is not permitted to log in", .authenticationFailed),
            ("requires a valid client certificate", .authenticationFailed),
            ("the database system is", .notReady), ("too many c", .notReady), ("connection slots", .notReady),
        ]
        let isUndefined = message.contains("database \"") && message.contains("does not exist")
        let isUnknownRole = message.contains("role \"") && message.contains("does not exist")
        let known =
            isUndefined
            ? .undefinedDatabase
            : isUnknownRole
                ? .authenticationFailed
                : kinds.first { message.contains($0.0) }?.1
        return PostgresError(known ?? .cannotConnect, message)
    }

    /// Waits for the socket.
    /// - Returns: whether something happened before the deadline.
    func wait(_ pointer: OpaquePointer, forWriting: Bool, until deadline: Deadline)
        -> Bool
    {
        var places = PollSet(places: 1)
        while true {
            places.watch(0, PQsocket(pointer), forWriting: forWriting)
            places.wait(microseconds: deadline.microsecondsLeft)
            if places.isReadable(0) || places.isWritable(0) { return true }
            if deadline.isOver { return false }
        }
    }
}

// MARK: - Statements

extension Connection {
    /// Performs one statement.
    @discardableResult
    package func execute(
        _ statement: Statement, _ parameters: [Parameter] = [], until deadline: Deadline? = nil
    ) throws(PostgresError) -> QueryResult {
        let results = try execute([Execution(statement, parameters)], until: deadline)
        guard let result = results.first else { throw lost("the server gave no result") }
        return result
    }

    /// Performs statements in one round trip (pipeline mode), as one transaction unless they say `BEGIN` and `COMMIT`
    /// themselves; what follows a statement that fails is not performed.
    ///
    /// - Throws: the first failure. After one between `BEGIN` and `COMMIT` the transaction waits for a `ROLLBACK`.
    /// - Returns: one result for each.
    @discardableResult
    package func execute(
        _ executions: [Execution], until deadline: Deadline? = nil
    ) throws(PostgresError) -> [QueryResult] {
        guard !executions.isEmpty else { return [] }
        let pointer = try opened()
        let deadline = deadline ?? .after(.seconds(options.answerSeconds))
        guard PQenterPipelineMode(pointer) == 1 else { throw lost(pointer) }
        /// The statement that each expected result prepares, or nil for one that is given back.
        var expected: [String?] = []
        var named: Set<String> = []
        for execution in executions {
            let statement = execution.statement
            let isKnown =
                !statement.name.isEmpty
                && (prepared.contains(statement.name) || named.contains(statement.name))
            if !isKnown {
                guard PQsendPrepare(pointer, statement.name, statement.sql, 0, nil) == 1 else {
                    throw lost(pointer)
                }
                expected.append(statement.name)
                named.insert(statement.name)
            }
            guard send(execution, pointer) else { throw lost(pointer) }
            expected.append(nil)
        }
        guard PQpipelineSync(pointer) == 1 else { throw lost(pointer) }
        return try receive(expected, pointer, until: deadline)
    }

    /// Performs statements separated by semicolons, without parameters or results, as one transaction.
    package func execute(script: String, until deadline: Deadline? = nil) throws(PostgresError) {
        let pointer = try opened()
        let deadline = deadline ?? .after(.seconds(options.answerSeconds))
        guard PQsendQuery(pointer, script) == 1 else { throw lost(pointer) }
        var failure: PostgresError?
        while let result = try next(pointer, until: deadline) {
            let status = result.status
            if status == PGRES_FATAL_ERROR { failure = failure ?? error(of: result) }
        }
        if let failure { throw ended(failure) }
    }

    private func send(_ execution: Execution, _ pointer: OpaquePointer) -> Bool {
        let parameters = execution.parameters
        let count = parameters.count
        var values = [UnsafePointer<CChar>?](repeating: nil, count: count)
        let lengths = parameters.map { Int32(clamping: $0.bytes?.count ?? 0) }
        let formats = [Int32](repeating: 1, count: count)
        func send(_ position: Int) -> Bool {
            guard position < count else {
                return PQsendQueryPrepared(
                    pointer, execution.statement.name, Int32(count), values, lengths, formats, 1) == 1
            }
            guard let bytes = parameters[position].bytes else { return send(position + 1) }
            return bytes.withUnsafeBytes { bytes in
                // An empty array may have no address, which would be NULL.
                guard let start = bytes.baseAddress else {
                    return withUnsafeBytes(of: 0 as UInt64) { nothing in
                        values[position] = nothing.baseAddress?.assumingMemoryBound(to: CChar.self)
                        return send(position + 1)
                    }
                }
                values[position] = start.assumingMemoryBound(to: CChar.self)
                return send(position + 1)
            }
        }
        return send(0)
    }

    private func receive(
        _ expected: [String?], _ pointer: OpaquePointer, until deadline: Deadline
    ) throws(PostgresError) -> [QueryResult] {
        var results: [QueryResult] = []
        var failure: PostgresError?
        for preparation in expected {
            guard let result = try next(pointer, until: deadline) else { throw lost(pointer) }
            switch result.status {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
                if let preparation {
                    if !preparation.isEmpty { prepared.insert(preparation) }
                } else {
                    results.append(result)
                }
            case PGRES_PIPELINE_ABORTED: break
            default: failure = failure ?? error(of: result)
            }
            // The end of this statement's results.
            while try next(pointer, until: deadline) != nil {}
        }
        guard let sync = try next(pointer, until: deadline),
            sync.status == PGRES_PIPELINE_SYNC, PQexitPipelineMode(pointer) == 1
        else { throw lost(pointer) }
        if let failure { throw ended(failure) }
        return results
    }
}

// MARK: - Results and failures

extension Connection {
    /// Sends what is left to send, and takes the next result; nil at the end of a statement's results.
    func next(_ pointer: OpaquePointer, until deadline: Deadline) throws(PostgresError) -> QueryResult? {
        while true {
            let unsent = PQflush(pointer)
            // What the server said before it went is read first: it tells why.
            guard unsent >= 0 || PQisBusy(pointer) == 0 else { throw lost(pointer) }
            if PQisBusy(pointer) == 0 { break }
            guard wait(pointer, forWriting: unsent == 1, until: deadline) else {
                close()
                throw PostgresError(.deadlinePassed, "no answer from the server in time")
            }
            guard PQconsumeInput(pointer) == 1 else { throw lost(pointer) }
        }
        return PQgetResult(pointer).map { QueryResult(owning: $0) }
    }

    func opened() throws(PostgresError) -> OpaquePointer {
        guard let pointer else { throw PostgresError(.connectionLost, "the connection is closed") }
        return pointer
    }

    func error(of result: QueryResult) -> PostgresError {
        func field(_ name: Character) -> String? {
            let code = name.asciiValue.map { Int32($0) } ?? 0
            return result.errorField(code)
        }
        // Without details and context: they may quote values.
        let message = field("M") ?? result.errorMessage
        guard let sqlState = field("C") else { return PostgresError(.connectionLost, message) }
        return PostgresError(sqlState: sqlState, message: message)
    }

    /// Closes a connection that the server has ended.
    func ended(_ failure: PostgresError) -> PostgresError {
        if failure.isConnectionLost || !isOpen { close() }
        return failure
    }

    func lost(_ pointer: OpaquePointer) -> PostgresError {
        let message = String(cString: PQerrorMessage(pointer))
        return lost(message.isEmpty ? "the connection to the server was lost" : message)
    }

    func lost(_ message: String) -> PostgresError {
        close()
        return PostgresError(.connectionLost, message)
    }

    /// Asks the server to cancel what the connection is doing; may be called from any thread while another one waits,
    /// and does nothing when nothing is under way.
    package func canceller() -> Canceller? {
        pointer.flatMap { PQgetCancel($0) }.map { Canceller(owning: $0) }
    }
}

/// Cancels what a connection is doing, from another thread. It stays usable when the connection is closed.
package final class Canceller: @unchecked Sendable {
    // PQcancel may be called from any thread, as libpq's manual says.
    private let pointer: OpaquePointer

    fileprivate init(owning pointer: OpaquePointer) { self.pointer = pointer }

    deinit { PQfreeCancel(pointer) }

    /// Blocks for the time of a new connection.
    /// - Returns: whether the request was sent; not whether anything was canceled.
    @discardableResult
    package func cancel() -> Bool {
        var reason = [CChar](repeating: 0, count: 256)
        return PQcancel(pointer, &reason, Int32(reason.count)) == 1
    }
}
