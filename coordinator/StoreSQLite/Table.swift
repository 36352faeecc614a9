/// A table's columns in the order in which rows are bound and read, and the two statements made of them.
struct Table {
    /// `SELECT` of all columns, to be continued with `WHERE`.
    let select: String
    /// Puts a whole row in the place of the one with the same key.
    let put: String

    private init(_ name: String, key: [String], _ columns: [String]) {
        let all = key + columns
        select = "SELECT \(all.joined(separator: ", ")) FROM \(name)"
        put = """
            INSERT INTO \(name) (\(all.joined(separator: ", ")))
            VALUES (\(all.map { _ in "?" }.joined(separator: ", ")))
            ON CONFLICT (\(key.joined(separator: ", "))) DO UPDATE SET
            \(columns.map { "\($0) = excluded.\($0)" }.joined(separator: ", "))
            """
    }

    static let meta = Table("meta", key: ["name"], ["value"])

    static let node = Table(
        "node", key: ["node"],
        [
            "name", "pool", "state", "reason", "since", "is_cordoned", "is_draining", "labels", "capacity",
            "key_fingerprint", "address", "build", "boot_id", "enrolled_at", "revision",
        ])

    static let job = Table(
        "job", key: ["job"],
        [
            "app", "name", "kind", "priority", "state", "reason", "task_count", "is_open", "ready", "running",
            "succeeded", "failed", "canceled", "retried", "submitter", "submitted_at", "ended_at", "revision",
            "specification",
        ])

    static let slot = Table(
        "slot", key: ["slot"],
        [
            "generation", "job", "state", "reason", "node", "devices", "exit_code", "attempts", "tasks",
            "created_at", "since", "revision",
        ])

    static let task = Table(
        "task", key: ["job", "task_index"],
        [
            "state", "attempt", "exit_code", "reason", "slot", "generation", "node", "started_at",
            "duration_microseconds",
        ])

    static let taskInput = Table("task_input", key: ["job", "first"], ["count", "payloads"])

    static let token = Table(
        "token", key: ["token"],
        [
            "name", "purpose", "pool", "role", "secret_hash", "expires_at", "uses_left", "is_revoked",
            "created_at",
        ])
}
