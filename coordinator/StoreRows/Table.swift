/// A table: its columns in the order in which rows are written and read.
package struct Table: Sendable {
    package enum Kind: Sendable {
        case integer, text, boolean, json, bytes
    }

    package let name: String
    package let key: [String]
    /// Those of the columns that stand in an index or its condition.
    package let indexed: [String]
    /// The key's first.
    package let columns: [String]

    private init(_ name: String, key: [String], indexed: [String] = [], _ columns: [String]) {
        self.name = name
        self.key = key
        self.indexed = indexed
        self.columns = key + columns
    }

    /// `SELECT` of all columns, to be continued with `WHERE`.
    package var select: String { "SELECT \(columnNames) FROM \(name)" }

    package var columnNames: String { columns.map(Self.quoted).joined(separator: ", ") }

    /// `user` is a word of SQL.
    package static func quoted(_ column: String) -> String { column == "user" ? "\"user\"" : column }

    /// The conditions of the partial indexes; a query must say the same to use them. What is not known to be
    /// over is open, so that no row is overlooked because of a word that nobody expects.
    package static let isEndedJob = "state IN ('finished', 'failed', 'canceled')"
    package static let isOpenJob = "state NOT IN ('finished', 'failed', 'canceled')"
    package static let isOpenSlot = "state NOT IN ('finished', 'failed')"
    /// Of usage: that does not begin with a day of UTC, as sums of days do.
    package static let isWithinDay = "from_at % 86400000000 <> 0"
    package static let isEndedSlot = "state IN ('finished', 'failed')"

    /// What a column of this name holds, in every table.
    package static func kind(of column: String) -> Kind {
        if column.hasPrefix("is_") || column.hasPrefix("has_") { return .boolean }
        if json.contains(column) { return .json }
        if column == "block" { return .bytes }
        return texts.contains(column) ? .text : .integer
    }

    private static let json: Set = [
        "labels", "capacity", "quarantine", "device_quarantines", "specification", "payloads", "quotas",
        "user_quotas", "allocations", "learned",
    ]
    private static let texts: Set = [
        "address", "app", "boot_id", "build", "cause", "cordon_reason", "crashes", "devices",
        "failure_reason",
        "key_fingerprint", "kind", "name", "pool", "purpose", "reason", "removal", "resolution",
        "resource", "role", "secret_hash", "state", "submitter", "subject", "message", "tasks", "user",
        "virtual_cluster",
    ]

    package static let meta = Table("meta", key: ["name"], ["value"])

    package static let node = Table(
        "node", key: ["node"],
        [
            "name", "pool", "state", "reason", "since", "is_cordoned", "is_draining", "labels", "capacity",
            "key_fingerprint", "address", "build", "boot_id", "enrolled_at", "has_left", "cordon_reason",
            "declared_milli_cpu", "declared_memory_bytes", "declared_devices", "damped_until",
            "damping_count",
            "removal", "ends_at", "quarantine", "device_quarantines", "revision",
        ])

    package static let job = Table(
        "job", key: ["job"], indexed: ["app", "state", "ended_at"],
        [
            "app", "name", "kind", "priority", "state", "reason", "task_count", "is_open", "ready", "running",
            "succeeded", "failed", "canceled", "retried", "submitter", "submitted_at", "ended_at", "revision",
            "specification",
        ])

    package static let slot = Table(
        "slot", key: ["slot"], indexed: ["job", "node", "state"],
        [
            "generation", "job", "state", "reason", "node", "devices", "exit_code", "attempts", "tasks",
            "created_at", "since", "crashes", "alternative", "revision",
        ])

    package static let task = Table(
        "task", key: ["job", "task_index"],
        [
            "state", "attempt", "exit_code", "reason", "slot", "generation", "node", "started_at",
            "duration_microseconds", "crashes", "pardoned",
        ])

    package static let taskInput = Table("task_input", key: ["job", "first"], ["count", "payloads"])

    package static let history = Table(
        "history", key: ["resolution", "from_at"], ["through_at", "bytes", "block"])

    package static let usage = Table(
        "usage", key: ["from_at", "job", "resource"],
        [
            "user", "booked_microseconds", "idle_microseconds", "unknown_microseconds", "used_microseconds",
            "memory_booked_mib_seconds", "memory_used_mib_seconds",
        ])

    package static let token = Table(
        "token", key: ["token"],
        [
            "name", "purpose", "pool", "role", "secret_hash", "expires_at", "uses_left", "is_revoked",
            "created_at",
        ])

    package static let virtualCluster = Table(
        "virtual_cluster", key: ["name"], ["weight", "quotas", "user_quotas", "created_at"])

    package static let fairShare = Table(
        "fair_share", key: ["virtual_cluster", "submitter"],
        ["as_of", "milli_cpu_seconds", "memory_mib_seconds", "device_share_seconds"])

    package static let pool = Table(
        "pool", key: ["name"],
        [
            "is_paused", "minimum", "maximum", "failures", "last_failure_at", "failure_reason", "learned",
            "period_began", "spent_node_seconds",
        ])

    package static let launch = Table(
        "launch", key: ["launch"],
        [
            "pool", "count", "state", "reason", "cause", "requested_at", "ended_at", "token", "allocations",
        ])

    package static let event = Table(
        "event", key: ["event"], ["at", "subject", "subject_number", "message"])

    package static let droppedJob = Table("dropped_job", key: ["job"], [])

    /// All but `meta`.
    package static let all: [Table] = [
        .node, .job, .slot, .task, .taskInput, .token, .event, .history, .usage, .droppedJob,
        .virtualCluster, .fairShare, .pool, .launch,
    ]
}
