import CoordinatorStore
import CoordinatorStoreRows
import GRDB
import GRDBSQLite

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Performs `body`; whatever it throws becomes a `StoreError` that names the store and says what to do.
/// - Parameter doing: completes "cannot …", for example "commit to".
func reportingFailures<Result>(doing: String, on path: String, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch { throw storeError(error, doing: doing, on: path) }
}

/// The same around what suspends.
func reportingFailures<Result: Sendable>(
    doing: String, on path: String, _ body: @Sendable () async throws -> Result
) async throws -> Result {
    do { return try await body() } catch { throw storeError(error, doing: doing, on: path) }
}

/// A failure of SQLite with the system's own reason, read before the connection does anything else.
struct SystemFailure: Error {
    let error: DatabaseError
    let systemError: Int32
}

/// Performs `body`, adding the system's reason to a failure.
func notingSystemError(of database: Database, _ body: () throws -> Void) throws {
    do {
        try body()
    } catch let error as DatabaseError {
        throw SystemFailure(error: error, systemError: sqlite3_system_errno(database.sqliteConnection))
    }
}

private func storeError(_ error: any Error, doing: String, on path: String) -> any Error {
    switch error {
    case is StoreError, is CancellationError:
        return error
    case let error as DamagedValue:
        return StoreError(
            .corrupt,
            "cannot \(doing) the store \(path): column \(error.column) holds '\(error.value)', not"
                + " \(error.expected); was it changed by hand? Correct it, or restore the file from a backup")
    case let failure as SystemFailure:
        return storeError(failure.error, systemError: failure.systemError, doing: doing, on: path)
    case let error as DatabaseError:
        return storeError(error, systemError: 0, doing: doing, on: path)
    default:
        return StoreError(.failed, "cannot \(doing) the store \(path): \(error)")
    }
}

private func storeError(_ error: DatabaseError, systemError: Int32, doing: String, on path: String)
    -> StoreError
{
    let said = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
    let code = error.resultCode
    if code == .SQLITE_FULL || (code == .SQLITE_IOERR && [ENOSPC, EDQUOT].contains(systemError)) {
        return StoreError(
            .full,
            "cannot \(doing) the store \(path): no space left (\(said)); nothing was written. Free some space"
                + " on that file system, or raise the limit that is set for the store or its user")
    }
    switch code {
    case .SQLITE_CORRUPT, .SQLITE_NOTADB:
        return StoreError(
            .corrupt,
            "cannot \(doing) the store \(path): it is damaged or no Mortise store (\(said)); restore it from"
                + " a backup, or choose another path with --store")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
        return StoreError(
            .failed,
            "cannot \(doing) the store \(path): another program keeps it locked (\(said)); end that program's"
                + " transaction; to look at the file, use sqlite3 -readonly")
    case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
        return StoreError(
            .failed,
            "cannot \(doing) the store \(path): \(said); the coordinator's user must be able to write the"
                + " file and its folder")
    default:
        let system = systemError == 0 ? "" : ", \(reason(systemError))"
        return StoreError(
            .failed,
            "cannot \(doing) the store \(path): \(said)\(system) (code \(error.extendedResultCode.rawValue));"
                + " check the disk and the system's log")
    }
}
