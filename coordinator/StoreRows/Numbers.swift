import ClusterTypes
package import CoordinatorCore

/// What the table `meta` holds: the revision of the newest commit, and the last number given of each kind.
package struct Numbers: Equatable, Sendable {
    package var revision: UInt64 = 0
    package var lastNode: UInt64 = 0
    package var lastJob: UInt64 = 0
    package var lastSlot: UInt64 = 0
    package var lastToken: UInt64 = 0
    package var lastLaunch: UInt64 = 0

    package init() {}

    package init(on connection: some RowConnection) throws {
        try connection.forEachRow(BoundStatement(Table.meta.select)) { columns in
            try take(&columns)
            return true
        }
    }

    /// The names of the rows.
    package static var names: [(name: String, path: WritableKeyPath<Numbers, UInt64>)] {
        [
            ("revision", \.revision), ("last_node", \.lastNode), ("last_job", \.lastJob),
            ("last_slot", \.lastSlot), ("last_token", \.lastToken), ("last_launch", \.lastLaunch),
        ]
    }

    /// Takes in one row, read in the order of `Table.meta`; a name that is not known says nothing.
    package mutating func take(_ columns: inout some ColumnReader) throws {
        let name = columns.text()
        let value: UInt64 = try columns.number()
        if let path = Self.names.first(where: { $0.name == name })?.path { self[keyPath: path] = value }
    }

    /// The numbers after these writes in one more commit.
    package func advanced(by writes: [Write]) -> Numbers {
        var numbers = self
        numbers.revision += 1
        for write in writes {
            switch write {
            case .putNode(let record): numbers.lastNode = max(numbers.lastNode, record.node.rawValue)
            case .putJob(let record): numbers.lastJob = max(numbers.lastJob, record.job.rawValue)
            case .putSlot(let record): numbers.lastSlot = max(numbers.lastSlot, record.slot.rawValue)
            case .putToken(let record): numbers.lastToken = max(numbers.lastToken, record.token.rawValue)
            case .putLaunch(let record):
                numbers.lastLaunch = max(numbers.lastLaunch, record.launch.rawValue)
            case .appendPayloads, .putTasks, .putVirtualCluster, .dropVirtualCluster, .putPool, .dropLaunch,
                .putFairShare,
                .addEvent, .putHistory, .putUsage, .dropHistory:
                break
            }
        }
        return numbers
    }

    /// What to write where the database holds `old`.
    package func changes(since old: Numbers) -> [(name: String, value: Int64)] {
        Self.names.filter { self[keyPath: $0.path] != old[keyPath: $0.path] }.map { name, path in
            (name, Int64(bitPattern: self[keyPath: path]))
        }
    }
}
