import CoordinatorStore
import CoordinatorStoreRows
import PostgreSQL

/// Performs `body`; whatever it throws becomes a `StoreError` that names the store and says what to do.
/// - Parameter doing: completes "cannot …", for example "commit to".
func reportingFailures<Result>(
    doing: String, on address: PostgresAddress, _ body: () throws -> Result
) throws -> Result {
    do { return try body() } catch { throw storeError(error, doing: doing, on: address) }
}

func storeError(_ error: any Error, doing: String, on address: PostgresAddress) -> any Error {
    let place = "cannot \(doing) the PostgreSQL store (\(address))"
    switch error {
    case is StoreError, is CancellationError:
        return error
    case let error as DamagedValue:
        return StoreError(
            .corrupt,
            "\(place): column \(error.column) holds '\(error.value)', not \(error.expected); was it changed by"
                + " hand? Correct it, or restore the database from a backup")
    case let error as PostgresError:
        return StoreError(code(error), "\(place): \(error); \(advice(error))")
    default:
        return StoreError(.failed, "\(place): \(error)")
    }
}

private func code(_ error: PostgresError) -> StoreError.Code {
    switch error.kind {
    case .diskFull: .full
    case .damaged: .corrupt
    default: .failed
    }
}

private func advice(_ error: PostgresError) -> String {
    switch error.kind {
    case .diskFull:
        "nothing was written. Free some space on the server's disk"
    case .cannotConnect:
        "is the server running there, and does its certificate pass the sslmode that is asked for?"
    case .connectionLost, .deadlinePassed, .notReady:
        "check the server, its log and the network to it"
    case .authenticationFailed:
        "check user and password (PGPASSWORD, PGPASSFILE or service=, not the address) and the server's"
            + " pg_hba.conf"
    case .undefinedDatabase:
        "create it: CREATE DATABASE"
    case .readOnly:
        "this is a standby, or read only: name the primary, or all hosts with"
            + " target_session_attrs=read-write"
    case .insufficientPrivilege:
        "the coordinator's role needs to own its schema, or CREATE on the database for the first start"
    case .undefinedTable:
        "were the tables removed? Restore the database from a backup"
    case .damaged:
        "restore the database from a backup"
    case .lockNotAvailable, .canceled:
        "another program holds a lock on the tables; end its transaction"
    default:
        "see the server's log"
    }
}
