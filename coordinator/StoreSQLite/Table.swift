/// A table's columns in the order in which rows are bound and read, and the statements made of them. Every
/// statement that writes numbers its parameters in that order.
struct Table {
    /// `SELECT` of all columns, to be continued with `WHERE`.
    let select: String
    /// Puts a whole row in the place of the one with the same key.
    let put: String

    /// Changes the row of this key if it is there with the same indexed columns, and nothing else: a row that
    /// only counts on leaves its indexes' pages alone. nil where no index would be spared.
    let update: String?

    /// - Parameter indexed: those of the columns that stand in an index or its condition.
    private init(_ name: String, key: [String], indexed: [String] = [], _ columns: [String]) {
        let all = key + columns
        let numbered = all.enumerated().map { (column: $1, parameter: "?\($0 + 1)") }
        select = "SELECT \(all.joined(separator: ", ")) FROM \(name)"
        put = """
            INSERT INTO \(name) (\(all.joined(separator: ", ")))
            VALUES (\(numbered.map(\.parameter).joined(separator: ", ")))
            ON CONFLICT (\(key.joined(separator: ", "))) DO UPDATE SET
            \(columns.map { "\($0) = excluded.\($0)" }.joined(separator: ", "))
            """
        let kept = Set(key + indexed)
        let assignments = numbered.filter { !kept.contains($0.column) }.map {
            "\($0.column) = \($0.parameter)"
        }
        let conditions = numbered.filter { kept.contains($0.column) }.map {
            "\($0.column) IS \($0.parameter)"
        }
        update =
            indexed.isEmpty
            ? nil
            : """
            UPDATE \(name) SET \(assignments.joined(separator: ", "))
            WHERE \(conditions.joined(separator: " AND "))
            """
    }

    static let meta = Table("meta", key: ["name"], ["value"])

    static let node = Table(
        "node", key: ["node"],
        [
            "name", "pool", "state", "reason", "since", "is_cordoned", "is_draining", "labels", "capacity",
            "key_fingerprint", "address", "build", "boot_id", "enrolled_at", "has_left", "cordon_reason",
            "declared_milli_cpu", "declared_memory_bytes", "declared_devices", "damped_until",
            "damping_count",
            "removal", "ends_at", "quarantine", "device_quarantines", "revision",
        ])

    static let job = Table(
        "job", key: ["job"], indexed: ["app", "state", "ended_at"],
        [
            "app", "name", "kind", "priority", "state", "reason", "task_count", "is_open", "ready", "running",
            "succeeded", "failed", "canceled", "retried", "submitter", "submitted_at", "ended_at", "revision",
            "specification",
        ])

    static let slot = Table(
        "slot", key: ["slot"], indexed: ["job", "node", "state"],
        [
            "generation", "job", "state", "reason", "node", "devices", "exit_code", "attempts", "tasks",
            "created_at", "since", "crashes", "revision",
        ])

    static let task = Table(
        "task", key: ["job", "task_index"],
        [
            "state", "attempt", "exit_code", "reason", "slot", "generation", "node", "started_at",
            "duration_microseconds", "crashes", "pardoned",
        ])

    static let taskInput = Table("task_input", key: ["job", "first"], ["count", "payloads"])

    static let history = Table(
        "history", key: ["resolution", "from_at"], ["through_at", "bytes", "block"])

    static let usage = Table(
        "usage", key: ["from_at", "job", "resource"],
        [
            "user", "booked_microseconds", "idle_microseconds", "unknown_microseconds", "used_microseconds",
            "memory_booked_mib_seconds", "memory_used_mib_seconds",
        ])

    static let token = Table(
        "token", key: ["token"],
        [
            "name", "purpose", "pool", "role", "secret_hash", "expires_at", "uses_left", "is_revoked",
            "created_at",
        ])
}
