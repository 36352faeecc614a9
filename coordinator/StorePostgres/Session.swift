import PostgreSQL

/// Connections that are set up for a store.
struct Session: Sendable {
    enum Purpose {
        case writing
        /// Read only, and every transaction sees one committed state.
        case reading
    }

    let address: PostgresAddress
    let options: PostgresOptions

    func open(_ purpose: Purpose, until deadline: Deadline) throws(PostgresError) -> Connection {
        let connection = try Connection(address, options.connection, until: deadline)
        // The server gives up before we do, so that its reason is heard. It notices a peer that is gone within half a
        // minute, and lets go of its locks.
        let milliseconds = max(1, options.connection.answerSeconds - 1) * 1_000
        var settings = [
            ("search_path", options.schema), ("statement_timeout", "\(milliseconds)"),
            ("lock_timeout", "\(milliseconds)"),
            ("idle_in_transaction_session_timeout", "\(2 * milliseconds)"),
            ("tcp_keepalives_idle", "10"), ("tcp_keepalives_interval", "5"), ("tcp_keepalives_count", "3"),
            ("standard_conforming_strings", "on"),
        ]
        if purpose == .reading {
            settings += [
                ("default_transaction_isolation", "repeatable read"), ("default_transaction_read_only", "on"),
            ]
        }
        var executions = settings.map { name, value in
            Execution(Statement("SELECT set_config($1, $2, false)"), [.text(name), .text(value)])
        }
        if purpose == .writing {
            // What a commit has answered survives the loss of power, whatever the server's default.
            executions.append(
                Execution(
                    Statement(
                        """
                        SELECT set_config('synchronous_commit', 'on', false)
                        WHERE current_setting('synchronous_commit') = 'off'
                        """)))
        }
        try connection.execute(executions, until: deadline)
        return connection
    }
}

/// Waits that grow, for something that will be there again.
struct Backoff {
    private var milliseconds: Int64 = 10

    mutating func pause(until deadline: Deadline) {
        deadline.pause(milliseconds: milliseconds)
        milliseconds = min(milliseconds * 2, 1_000)
    }
}

extension PostgresError {
    /// The server may be there again in a moment.
    var isOutage: Bool { isConnectionLost || kind == .notReady || kind == .cannotConnect }
}
