import CoordinatorStore

/// Copies all rows of one store into another one, and compares both afterwards.
package enum StoreCopy {
    /// A row of `meta` while the copy is not whole.
    private static let mark = "copying"

    static func isUnfinished(on connection: some RowConnection) throws -> Bool {
        let statement = BoundStatement(Table.meta.select + " WHERE name = ?", [.text(mark)])
        return try connection.first(statement) { _ in true } ?? false
    }

    /// - Parameters:
    ///   - destination: must be empty, or the unfinished copy of an attempt before.
    ///   - progress: is told how many rows of a table are written, then how many are compared.
    /// - Returns: how many rows each table has.
    /// - Throws: `StoreError`. The destination is then marked as unfinished, and cannot be served.
    package static func copy<Source: RowStore, Destination: RowStore>(
        _ source: Source, to destination: Destination,
        progress: (_ table: Table, _ rows: Int, _ isCompared: Bool) throws -> Void = { _, _, _ in }
    ) throws -> [(table: Table, rows: Int)] {
        let numbers = try source.readRows { try Numbers(on: $0) }
        try clear(destination)
        var counts: [(table: Table, rows: Int)] = []
        for table in Table.all {
            var count = 0
            try source.readRows { source in
                count = 0
                try source.forEachPage(of: table) { page in
                    try destination.changeRows { try $0.put(page, into: table) }
                    count += page.count
                    try progress(table, count, false)
                }
            }
            counts.append((table, count))
        }
        for table in Table.all {
            try source.readRows { source in
                try destination.readRows { destination in
                    try compare(table, source, destination) { try progress(table, $0, true) }
                }
            }
        }
        try destination.changeRows { connection in
            try connection.put(
                numbers.changes(since: Numbers()).map { RawRow([.text($0.name), .integer($0.value)]) },
                into: .meta)
            try connection.run(BoundStatement("DELETE FROM meta WHERE name = ?", [.text(mark)]))
        }
        return counts
    }

    private static func clear(_ destination: some RowStore) throws {
        try destination.changeRows { connection in
            if try isUnfinished(on: connection) {
                for table in Table.all { try connection.run(BoundStatement("DELETE FROM \(table.name)")) }
            } else {
                let numbers = try Numbers(on: connection)
                guard numbers == Numbers() else {
                    throw StoreError(
                        .failed,
                        "cannot copy to a store that holds something (\(numbers.revision) commits): name an empty one"
                    )
                }
            }
            try connection.put([RawRow([.text(mark), .integer(1)])], into: .meta)
        }
    }

    private static func compare(
        _ table: Table, _ source: some RowConnection, _ destination: some RowConnection,
        progress: (Int) throws -> Void
    ) throws {
        var count = 0
        var last: RawRow?
        while true {
            let page = try source.page(of: table, after: last)
            let copy = try destination.page(of: table, after: last)
            if page != copy {
                let place =
                    zip(page, copy).first { $0 != $1 }?.0 ?? (page.count > copy.count ? page : copy).last
                throw StoreError(
                    .failed,
                    "the copy differs from its source in table \(table.name), at"
                        + " \(place?.keyText(in: table) ?? "its end"); was either changed meanwhile?")
            }
            guard let end = page.last else { return }
            count += page.count
            try progress(count)
            last = end
        }
    }
}
