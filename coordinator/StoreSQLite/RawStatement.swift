import ClusterTypes
import CoordinatorStoreRows
import GRDB
import GRDBSQLite

/// One prepared statement of GRDB's cache, bound and stepped through SQLite's own interface.
///
/// GRDB's arguments box and validate every value, which costs more than the insertion itself, and its strings
/// end at the first NUL. Here a value is bound to the next position, with its length. Only used while the
/// database connection is.
struct RawStatement: RowSink {
    /// Keeps `pointer` alive.
    private let statement: Statement
    private let database: Database
    private let pointer: OpaquePointer
    private var position: Int32 = 0
    private var bindingResult: Int32 = SQLITE_OK

    /// Tells SQLite to copy the bytes before the call returns (SQLITE_TRANSIENT).
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    /// - Parameter isCached: false for texts of many shapes, which would fill the cache.
    init(_ database: Database, _ sql: String, isCached: Bool = true) throws {
        statement = try isCached ? database.cachedStatement(sql: sql) : database.makeStatement(sql: sql)
        pointer = statement.sqliteStatement
        self.database = database
    }

    mutating func bind(_ value: Int64) {
        position += 1
        note(sqlite3_bind_int64(pointer, position, value))
    }

    mutating func bind(_ value: Int64?) {
        guard let value else { return bindNull() }
        bind(value)
    }

    mutating func bindNull() {
        position += 1
        note(sqlite3_bind_null(pointer, position))
    }

    mutating func bind(_ text: String) {
        position += 1
        var text = text
        let result = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                guard let start = characters.baseAddress else {
                    return sqlite3_bind_text(pointer, position, "", 0, Self.copied)
                }
                return sqlite3_bind_text64(
                    pointer, position, start, UInt64(characters.count), Self.copied, UInt8(SQLITE_UTF8))
            }
        }
        note(result)
    }

    mutating func bind(_ text: String?) {
        guard let text else { return bindNull() }
        bind(text)
    }

    mutating func bind(_ bytes: [UInt8]) {
        position += 1
        note(
            bytes.withUnsafeBytes {
                // Nothing at all would be NULL.
                guard let start = $0.baseAddress, !$0.isEmpty else {
                    return sqlite3_bind_zeroblob(pointer, position, 0)
                }
                return sqlite3_bind_blob64(pointer, position, start, UInt64($0.count), Self.copied)
            })
    }

    mutating func bind(_ value: Bool) { bind(value ? 1 as Int64 : 0) }

    /// Performs a statement without results; the next `bind` is its first value again.
    /// - Returns: how many rows it has changed.
    @discardableResult
    mutating func run() throws -> Int {
        defer { rewind() }
        try check(bindingResult)
        let result = sqlite3_step(pointer)
        guard result == SQLITE_DONE || result == SQLITE_ROW else { throw failure(result) }
        return Int(sqlite3_changes(database.sqliteConnection))
    }

    /// Calls `body` with every row until it returns false.
    mutating func forEachRow(_ body: (inout Columns) throws -> Bool) throws {
        defer { rewind() }
        try check(bindingResult)
        while true {
            let result = sqlite3_step(pointer)
            if result == SQLITE_DONE { return }
            guard result == SQLITE_ROW else { throw failure(result) }
            var columns = Columns(pointer)
            guard try body(&columns) else { return }
        }
    }

    mutating func rows<Row>(_ decode: (inout Columns) throws -> Row) throws -> [Row] {
        var rows: [Row] = []
        try forEachRow { columns in
            rows.append(try decode(&columns))
            return true
        }
        return rows
    }

    mutating func firstRow<Row>(_ decode: (inout Columns) throws -> Row) throws -> Row? {
        var row: Row?
        try forEachRow { columns in
            row = try decode(&columns)
            return false
        }
        return row
    }

    private mutating func note(_ result: Int32) {
        if result != SQLITE_OK && bindingResult == SQLITE_OK { bindingResult = result }
    }

    private mutating func rewind() {
        sqlite3_reset(pointer)
        position = 0
        bindingResult = SQLITE_OK
    }

    private func check(_ result: Int32) throws {
        guard result == SQLITE_OK else { throw failure(result) }
    }

    private func failure(_ result: Int32) -> DatabaseError {
        DatabaseError(resultCode: ResultCode(rawValue: result), message: database.lastErrorMessage)
    }
}
