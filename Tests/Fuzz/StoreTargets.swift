import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import CoordinatorStoreRows
import GRDBSQLite

@testable import CoordinatorStoreSQLite

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

// Rows of a database that anybody may have edited: what is no record of ours is named, and what is one can be
// written again, calculated with and started from.

/// Rows as text: `@node` begins one, and each line after it is a column: nothing for NULL, `#5` an integer, `.5` a
/// real number, `!x` bytes, anything else a text.
private struct WrittenRow {
    var kind: Substring
    var columns: [Substring] = []

    static func rows(of text: String) -> [WrittenRow] {
        var rows: [WrittenRow] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.first == "@" {
                rows.append(WrittenRow(kind: line.dropFirst()))
            } else if !rows.isEmpty {
                rows[rows.count - 1].columns.append(line)
            }
        }
        return rows
    }
}

/// A statement of SQLite that gives back what is bound to it.
private final class Echo {
    private let statement: OpaquePointer
    /// More than any table has; the rest is NULL.
    private static let columns: Int32 = 32
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    init() {
        var database: OpaquePointer?
        var statement: OpaquePointer?
        let places = (1...Echo.columns).map { "?\($0)" }.joined(separator: ", ")
        guard sqlite3_open(":memory:", &database) == SQLITE_OK,
            sqlite3_prepare_v2(database, "SELECT \(places)", -1, &statement, nil) == SQLITE_OK, let statement
        else { fatalError("SQLite cannot be used") }
        self.statement = statement
    }

    /// - Returns: nil where the reader says that a value is not ours; it throws nothing else.
    func read<Record>(_ row: WrittenRow, _ decode: (inout Columns) throws -> Record) -> Record? {
        sqlite3_reset(statement)
        sqlite3_clear_bindings(statement)
        for (position, column) in zip(Int32(1)..., row.columns.prefix(Int(Echo.columns))) {
            bind(column, position)
        }
        precondition(sqlite3_step(statement) == SQLITE_ROW, "SQLite gives no row")
        var columns = Columns(statement)
        do {
            return try decode(&columns)
        } catch let damage as DamagedValue {
            precondition(!damage.column.isEmpty && !damage.expected.isEmpty, "\(damage)")
            return nil
        } catch {
            preconditionFailure("an error that names no column: \(error)")
        }
    }

    private func bind(_ column: Substring, _ position: Int32) {
        let bytes = Array(column.utf8)
        let rest = column.dropFirst()
        switch bytes.first {
        case nil: return
        case UInt8(ascii: "#"):
            if let number = Int64(rest) { sqlite3_bind_int64(statement, position, number) }
        case UInt8(ascii: "."):
            if let number = Double(rest) { sqlite3_bind_double(statement, position, number) }
        case UInt8(ascii: "!"):
            sqlite3_bind_blob(statement, position, bytes, Int32(bytes.count), Echo.copied)
        default:
            String(column).withCString { start in
                _ = sqlite3_bind_text(statement, position, start, Int32(bytes.count), Echo.copied)
            }
        }
    }
}

extension FuzzTarget {
    /// Small lists as text.
    static var storeTexts: FuzzTarget {
        FuzzTarget(name: "store-texts", inputBytes: 256) { bytes in
            let text = text(bytes)
            if let attempts = TaskList.parse(text) {
                precondition(attempts.count <= TaskList.countLimit, "\(attempts.count) tasks")
                precondition(TaskList.parse(TaskList.text(attempts)) == attempts, "not the same: \(text)")
            }
            if let grants = DeviceList.parse(text) {
                precondition(DeviceList.parse(DeviceList.text(grants)) == grants, "not the same: \(text)")
            }
            if let nodes = NodeList.parse(text) {
                precondition(NodeList.parse(NodeList.text(nodes) ?? "") == nodes, "not the same: \(text)")
            }
        }
    }

    /// Each row through the reader that the store uses.
    static var storeRows: FuzzTarget {
        let echo = Echo()
        let reader = RowReader()
        func checkWritten<Value: Codable & Equatable>(_ value: Value) {
            let json = try? JSONText().text(value)
            let again = json.flatMap { try? JSONDecoder().decode(Value.self, from: Data($0.utf8)) }
            precondition(again == value, "not the same after JSON: \(value)")
        }
        func checkShown(_ instants: Instant?...) {
            for instant in instants { precondition((instant?.rfc3339 ?? "Z").hasSuffix("Z")) }
        }
        func check(_ record: NodeRecord) {
            checkWritten(record.labels)
            checkWritten(record.capacity)
            checkWritten(record.quarantine)
            checkWritten(record.deviceQuarantines)
            checkShown(record.since, record.enrolledAt, record.dampedUntil, record.endsAt)
            checkShown(record.quarantine?.until)
        }
        func check(_ record: JobRecord) {
            checkWritten(record.specification)
            checkShown(record.submittedAt, record.endedAt)
            precondition(record.counts.decided <= record.counts.total)
            guard let array = record.specification.array, array.count > 0 else { return }
            precondition(array.position(of: array.index(at: array.count - 1)) == array.count - 1, "\(array)")
            precondition(record.taskCount <= array.count, "an index that is none")
        }
        return FuzzTarget(name: "store-rows", inputBytes: 2_048) { bytes in
            for row in WrittenRow.rows(of: text(bytes)).prefix(4) {
                switch row.kind {
                case "node": if let record = echo.read(row, reader.node) { check(record) }
                case "job": if let stored = echo.read(row, reader.job) { check(stored.record) }
                case "slot":
                    guard let record = echo.read(row, reader.slot) else { continue }
                    precondition(TaskList.parse(TaskList.text(record.tasks)) == record.tasks)
                    checkShown(record.createdAt, record.since)
                    precondition(record.generation < record.generation.next)
                case "task":
                    guard let record = echo.read(row, reader.task) else { continue }
                    precondition(NodeList.parse(NodeList.text(record.crashes) ?? "") == record.crashes)
                    checkShown(record.startedAt)
                case "token":
                    guard let record = echo.read(row, reader.token) else { continue }
                    checkShown(record.expiresAt, record.createdAt)
                case "event": if let record = echo.read(row, reader.event) { checkShown(record.at) }
                case "input": _ = echo.read(row) { try $0.json(reader.decoder) as [String] }
                default: break
                }
            }
        }
    }

    /// A coordinator starts from whatever rows the store gives it, and goes on for a while.
    static var storeSnapshots: FuzzTarget {
        let echo = Echo()
        let reader = RowReader()
        /// Ten million tasks are allowed and take long.
        func isSmall(_ record: JobRecord) -> Bool {
            record.taskCount <= 1_000 && (record.specification.array?.count ?? 0) <= 1_000
        }
        return FuzzTarget(name: "store-snapshots", inputBytes: 4_096) { bytes in
            var snapshot = Snapshot()
            for row in WrittenRow.rows(of: text(bytes)).prefix(12) {
                switch row.kind {
                case "node": if let record = echo.read(row, reader.node) { snapshot.nodes.append(record) }
                case "job":
                    guard let record = echo.read(row, reader.job)?.record, isSmall(record) else { continue }
                    snapshot.jobs.append(Snapshot.Job(record: record, tasks: []))
                case "slot":
                    // Seven of the largest can still be added up; no node holds more than it has.
                    guard snapshot.slots.count < 7, let record = echo.read(row, reader.slot) else { continue }
                    snapshot.slots.append(record)
                case "token": if let record = echo.read(row, reader.token) { snapshot.tokens.append(record) }
                case "task":
                    guard let record = echo.read(row, reader.task), let job = snapshot.jobs.indices.last
                    else { continue }
                    snapshot.jobs[job].tasks.append(
                        Snapshot.TaskMark(
                            index: record.index, state: record.state,
                            attempt: UInt16(clamping: record.attempt)))
                    if let history = Snapshot.TaskHistory(record) {
                        snapshot.jobs[job].histories.append(history)
                    }
                default: break
                }
            }
            var now = Instant(microseconds: 1_772_366_400_000_000)
            var coordinator = Coordinator(cluster: "alpha", restoring: snapshot, at: now)
            var output = Output()
            for _ in 0..<3 {
                guard let next = coordinator.nextWakeup else { break }
                now = max(now, next)
                coordinator.handle(.wakeup, at: now, into: &output)
            }
            for node in snapshot.nodes {
                coordinator.handle(
                    .commandReceived(RequestID(1), .explainNode(node.node)), at: now, into: &output)
            }
            for job in snapshot.jobs.map(\.record.job) {
                coordinator.handle(.commandReceived(RequestID(2), .explainJob(job)), at: now, into: &output)
                coordinator.handle(.commandReceived(RequestID(3), .cancelJob(job)), at: now, into: &output)
            }
        }
    }
}
