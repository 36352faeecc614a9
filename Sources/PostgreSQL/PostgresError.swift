/// What a server or its connection refused, by SQLSTATE (appendix A of PostgreSQL's manual).
///
/// Holds neither values of parameters nor passwords: of a server's answer only the primary message is kept.
package struct PostgresError: Error, Sendable, CustomStringConvertible {
    package struct Kind: RawRepresentable, Hashable, Sendable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        /// No connection could be made: nobody listens, no route, no name, or TLS was refused.
        package static let cannotConnect = Kind(rawValue: "cannot_connect")
        /// The connection ended, or the server said that it ends it. What was under way may have happened.
        package static let connectionLost = Kind(rawValue: "connection_lost")
        /// No answer in time; the connection is given up. What was under way may have happened.
        package static let deadlinePassed = Kind(rawValue: "deadline_passed")
        /// Starting, stopping or recovering (57P03), or without a free place (53300): later it will work.
        package static let notReady = Kind(rawValue: "not_ready")
        /// 28xxx
        package static let authenticationFailed = Kind(rawValue: "authentication_failed")
        /// 3D000
        package static let undefinedDatabase = Kind(rawValue: "undefined_database")
        /// 40001
        package static let serializationFailure = Kind(rawValue: "serialization_failure")
        /// 40P01
        package static let deadlock = Kind(rawValue: "deadlock")
        /// 55P03: a lock was not to be had in time.
        package static let lockNotAvailable = Kind(rawValue: "lock_not_available")
        /// 57014: canceled by request or by the server's own limit.
        package static let canceled = Kind(rawValue: "canceled")
        /// 53100
        package static let diskFull = Kind(rawValue: "disk_full")
        /// 53200
        package static let outOfMemory = Kind(rawValue: "out_of_memory")
        /// 25006: a standby, or a server that was set to read only.
        package static let readOnly = Kind(rawValue: "read_only")
        /// 42501
        package static let insufficientPrivilege = Kind(rawValue: "insufficient_privilege")
        /// 42P01 and 3F000
        package static let undefinedTable = Kind(rawValue: "undefined_table")
        /// XX001 and XX002
        package static let damaged = Kind(rawValue: "damaged")
        /// The connection string cannot be used.
        package static let invalidAddress = Kind(rawValue: "invalid_address")
        package static let other = Kind(rawValue: "other")
    }

    package let kind: Kind
    /// Five characters; nil when it is not the server that says it.
    package let sqlState: String?
    /// In one line.
    package let message: String

    package init(_ kind: Kind, _ message: String, sqlState: String? = nil) {
        self.kind = kind
        self.message = Self.oneLine(message)
        self.sqlState = sqlState
    }

    package init(sqlState: String, message: String) {
        self.init(Self.kind(of: sqlState), message, sqlState: sqlState)
    }

    package var description: String {
        sqlState.map { "\(message) (SQLSTATE \($0))" } ?? message
    }

    /// The transaction was undone for the sake of another one, and can be done again as it is.
    package var isRetriable: Bool { kind == .serializationFailure || kind == .deadlock }

    /// The connection is of no further use, and whether the last transaction was committed is not known.
    package var isConnectionLost: Bool { kind == .connectionLost || kind == .deadlinePassed }

    static func kind(of sqlState: String) -> Kind {
        switch sqlState {
        case "40001": .serializationFailure
        case "40P01": .deadlock
        case "55P03": .lockNotAvailable
        case "57014": .canceled
        // Admin and crash shutdown, a database dropped, an idle session ended: the server closes the connection.
        case "57P01", "57P02", "57P04", "57P05", "25P03": .connectionLost
        case "57P03", "53300": .notReady
        case "53100": .diskFull
        case "53200": .outOfMemory
        case "25006": .readOnly
        case "42501": .insufficientPrivilege
        case "42P01", "3F000": .undefinedTable
        case "3D000": .undefinedDatabase
        case "XX001", "XX002": .damaged
        default:
            switch sqlState.prefix(2) {
            case "28": .authenticationFailed
            // But for a violation of the protocol, such as a parameter of another type: the connection goes on.
            case "08": sqlState == "08P01" ? .other : .connectionLost
            default: .other
            }
        }
    }

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).map { line in
            String(line.drop(while: \.isWhitespace))
        }.joined(separator: "; ")
    }
}
