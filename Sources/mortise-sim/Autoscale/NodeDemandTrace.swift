/// How many nodes of a cluster were in use, a row an interval: columns time, active, total.
struct NodeDemandTrace {
    struct Slot {
        /// As in the file, without what is finer than ten minutes.
        var name: String
        /// The most of its rows.
        var active: Int
        var total: Int
    }

    static let slotSeconds = 600

    /// Of ten minutes each, in the order of the file.
    private(set) var slots: [Slot] = []

    /// - Throws: `TraceError` with file and line.
    init(_ path: String) throws {
        for row in try TraceTable(path, needed: ["time", "active", "total"]).rows {
            // 2017-12-01 00:10:00: all but the last digit of the minutes.
            let name = String(row["time"].prefix(15))
            guard name.utf8.count == 15, row["time"].utf8.count >= 16 else {
                throw TraceError(
                    "\(path), line \(row.line), column time: '\(row["time"])' is no YYYY-MM-DD hh:mm:ss.")
            }
            let total = try row.number("total", in: 1...1_000_000)
            let active = try row.number("active", in: 0...total)
            if let last = slots.last, last.name == name {
                slots[slots.count - 1].active = max(last.active, active)
                slots[slots.count - 1].total = max(last.total, total)
            } else {
                if let last = slots.last, last.name > name {
                    throw TraceError("\(path), line \(row.line): the rows are not in the order of time.")
                }
                slots.append(Slot(name: name, active: active, total: total))
            }
        }
        guard !slots.isEmpty else { throw TraceError("\(path) has no rows.") }
    }
}
