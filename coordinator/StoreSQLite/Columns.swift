import CoordinatorStoreRows
import GRDBSQLite

/// The columns of the row that a statement stands on, read one after the other in the order of the query.
package struct Columns: ColumnReader {
    private let pointer: OpaquePointer
    private var position: Int32 = 0

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    package mutating func integer() -> Int64 {
        defer { position += 1 }
        return sqlite3_column_int64(pointer, position)
    }

    package mutating func optionalInteger() -> Int64? {
        guard sqlite3_column_type(pointer, position) != SQLITE_NULL else {
            position += 1
            return nil
        }
        return integer()
    }

    /// With everything in it, NULs included; an empty text for NULL.
    package mutating func text() -> String {
        defer { position += 1 }
        guard let bytes = sqlite3_column_text(pointer, position) else { return "" }
        let count = Int(sqlite3_column_bytes(pointer, position))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    package mutating func optionalText() -> String? {
        guard sqlite3_column_type(pointer, position) != SQLITE_NULL else {
            position += 1
            return nil
        }
        return text()
    }

    package mutating func bytes() -> [UInt8] {
        defer { position += 1 }
        guard let start = sqlite3_column_blob(pointer, position) else { return [] }
        let count = Int(sqlite3_column_bytes(pointer, position))
        return [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    package mutating func boolean() -> Bool { integer() != 0 }

    package var lastColumn: String {
        sqlite3_column_name(pointer, position - 1).map { String(cString: $0) } ?? "\(position)"
    }
}
