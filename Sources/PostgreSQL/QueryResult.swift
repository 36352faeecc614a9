import CPostgreSQL

/// What one statement gave. Rows in binary form; kept until the last reference to it goes.
package final class QueryResult: @unchecked Sendable {
    // Never changed once it is made, so several threads may read it.
    private let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) { self.pointer = pointer }

    deinit { PQclear(pointer) }

    var status: ExecStatusType { PQresultStatus(pointer) }
    var errorMessage: String { String(cString: PQresultErrorMessage(pointer)) }

    /// - Parameter name: one of libpq's `PG_DIAG_…`.
    func errorField(_ name: Int32) -> String? {
        PQresultErrorField(pointer, name).map { String(cString: $0) }
    }

    package var rowCount: Int { Int(PQntuples(pointer)) }

    /// How many rows the statement has inserted, changed, removed or given.
    package var affectedRows: Int { Int(String(cString: PQcmdTuples(pointer))) ?? 0 }

    package func columnName(_ column: Int) -> String {
        PQfname(pointer, Int32(column)).map { String(cString: $0) } ?? "\(column + 1)"
    }

    /// nil for NULL. The bytes may be used within `body` only.
    package func withBytes<Result>(
        _ row: Int, _ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result? {
        let (row, column) = (Int32(row), Int32(column))
        guard PQgetisnull(pointer, row, column) == 0, let start = PQgetvalue(pointer, row, column) else {
            return nil
        }
        return try body(UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(pointer, row, column))))
    }

    /// `bigint`, `integer` or `smallint`; nil for NULL, and for anything else.
    package func integer(_ row: Int, _ column: Int) -> Int64? {
        withBytes(row, column) { bytes in
            switch bytes.count {
            case 8: Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
            case 4: Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
            case 2: Int64(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
            default: nil
            }
        } ?? nil
    }

    /// `text`, `json`, `name`
    package func text(_ row: Int, _ column: Int) -> String? {
        withBytes(row, column) { String(decoding: $0, as: UTF8.self) }
    }

    package func boolean(_ row: Int, _ column: Int) -> Bool? {
        withBytes(row, column) { $0.first.map { $0 != 0 } ?? false }
    }

    /// `bytea`
    package func bytes(_ row: Int, _ column: Int) -> [UInt8]? {
        withBytes(row, column) { [UInt8]($0) }
    }
}
