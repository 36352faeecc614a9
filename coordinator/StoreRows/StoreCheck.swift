import ClusterTypes
import CoordinatorCore
import CoordinatorStore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads everything that a store holds, and says what cannot be right.
package struct StoreCheck<Connection: RowConnection> {
    package struct Findings: Sendable {
        package var rows: [(table: String, rows: Int)] = []
        /// A sentence each; at most `StoreCheck.limit` of one kind.
        package var faults: [String] = []
    }

    package static var limit: Int { 20 }

    private let connection: Connection
    private let reader = RowReader()

    package init(_ connection: Connection) { self.connection = connection }

    /// - Parameter progress: is told how many rows of a table are read.
    package func findings(progress: (_ table: Table, _ rows: Int) -> Void = { _, _ in }) throws -> Findings {
        var findings = Findings()
        findings.faults += try connection.integrityFaults()
        for table in Table.all {
            var count = 0
            var damaged = 0
            try connection.forEachPage(of: table) { page in
                for row in page {
                    do { try decode(row, of: table) } catch let damage as DamagedValue {
                        damaged += 1
                        guard damaged <= Self.limit else { continue }
                        findings.faults.append(
                            "\(table.name) (\(row.keyText(in: table))): \(damage.column) holds '\(damage.value)', not"
                                + " \(damage.expected)")
                    }
                }
                count += page.count
                progress(table, count)
            }
            if damaged > Self.limit {
                findings.faults.append("\(table.name): \(damaged) rows hold what cannot be read")
            }
            findings.rows.append((table.name, count))
        }
        for rule in rules { findings.faults += try faults(rule) }
        return findings
    }

    private func decode(_ row: RawRow, of table: Table) throws {
        var columns = RawRowReader(row, of: table)
        switch table.name {
        case Table.node.name: _ = try reader.node(&columns)
        case Table.job.name: _ = try reader.job(&columns)
        case Table.slot.name: _ = try reader.slot(&columns)
        case Table.task.name: _ = try reader.task(&columns)
        case Table.taskInput.name: try PayloadChunks.check(&columns)
        case Table.token.name: _ = try reader.token(&columns)
        case Table.history.name: _ = try reader.history(&columns)
        case Table.usage.name: _ = try reader.usage(&columns)
        case Table.virtualCluster.name: _ = try reader.virtualCluster(&columns)
        case Table.pool.name: _ = try reader.pool(&columns)
        case Table.launch.name: _ = try reader.launch(&columns)
        case Table.fairShare.name: _ = try reader.fairShare(&columns)
        case Table.event.name:
            _ = columns.integer()
            _ = try reader.event(&columns)
        default: break
        }
    }

    /// A query for the rows that break it, and what it says of one: `job 7: …`.
    private typealias Rule = (subject: String, sql: String, says: String)

    private var rules: [Rule] {
        let orphans = ["task", "task_input", "slot"].map { table -> Rule in
            (
                "job",
                """
                SELECT DISTINCT job FROM \(table) WHERE NOT EXISTS (SELECT 1 FROM job WHERE job.job = \(table).job)
                    AND NOT EXISTS (SELECT 1 FROM dropped_job WHERE dropped_job.job = \(table).job)
                """, "\(table) has rows of it, but it is not there"
            )
        }
        let counts = ["succeeded", "failed"].map { state -> Rule in
            (
                "job",
                """
                SELECT job FROM job WHERE kind = 'tasks' AND \(state) <> (
                    SELECT count(*) FROM task WHERE task.job = job.job AND task.state = '\(state)')
                """, "its row counts other tasks as \(state) than there are"
            )
        }
        let numbers = ["node", "job", "slot", "token", "launch"].map { table -> Rule in
            (
                table,
                """
                SELECT \(table) FROM \(table) WHERE \(table) > coalesce(
                    (SELECT value FROM meta WHERE name = 'last_\(table)'), 0)
                """, "its number is above the last one given"
            )
        }
        return orphans + counts + numbers + [
            (
                "slot",
                """
                SELECT slot FROM slot WHERE node IS NOT NULL
                    AND NOT EXISTS (SELECT 1 FROM node WHERE node.node = slot.node)
                """, "its node is not there"
            )
        ]
    }

    private func faults(_ rule: Rule) throws -> [String] {
        let statement = BoundStatement("\(rule.sql) ORDER BY 1 LIMIT \(Self.limit)")
        return try connection.rows(statement) { "\(rule.subject) \($0.integer()): \(rule.says)" }
    }
}
