import CoordinatorStoreRows
import GRDB

/// The tables and views; docs/database.md explains them to those who read them.
///
/// Migrations only go forward, and one that has been released never changes. Nothing here needs an SQLite
/// newer than 3.26, so that the `sqlite3` of an old head node reads the file.
enum Schema {
    /// "MORT": marks the file as ours (`PRAGMA application_id`).
    static let applicationID: Int32 = 0x4D4F_5254

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("0001 foundation") { database in
            try database.execute(sql: "PRAGMA application_id = \(applicationID)")
            for statement in tables + indexes + views { try database.execute(sql: statement) }
        }
        migrator.registerMigration("0002 liveness") { database in
            for statement in liveness { try database.execute(sql: statement) }
        }
        migrator.registerMigration("0003 crashes") { database in
            for statement in crashes { try database.execute(sql: statement) }
        }
        migrator.registerMigration("0004 removal and walltime") { database in
            for column in ["removal TEXT", "ends_at INTEGER"] {
                try database.execute(sql: "ALTER TABLE node ADD COLUMN \(column)")
            }
        }
        migrator.registerMigration("0005 quarantines") { database in
            for statement in quarantines { try database.execute(sql: statement) }
        }
        migrator.registerMigration("0006 pardons") { database in
            try database.execute(sql: "ALTER TABLE task ADD COLUMN pardoned INTEGER NOT NULL DEFAULT 0")
        }
        migrator.registerMigration("0007 history") { database in
            for statement in history { try database.execute(sql: statement) }
        }
        migrator.registerMigration("0008 retention") { database in
            for statement in retention { try database.execute(sql: statement) }
        }
        migrator.registerMigration("0009 virtual clusters") { database in
            for statement in sharing { try database.execute(sql: statement) }
            try database.execute(sql: "ALTER TABLE slot ADD COLUMN alternative INTEGER NOT NULL DEFAULT 0")
        }
        migrator.registerMigration("0010 pools") { database in
            for statement in pools { try database.execute(sql: statement) }
        }
        return migrator
    }

    private static let tables = [
        """
        CREATE TABLE meta (
            name TEXT PRIMARY KEY NOT NULL,
            value INTEGER NOT NULL
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE node (
            node INTEGER PRIMARY KEY NOT NULL,
            name TEXT NOT NULL,
            pool TEXT NOT NULL,
            state TEXT NOT NULL,
            reason TEXT NOT NULL,
            since INTEGER NOT NULL,
            is_cordoned INTEGER NOT NULL,
            is_draining INTEGER NOT NULL,
            labels TEXT NOT NULL,
            capacity TEXT NOT NULL,
            key_fingerprint TEXT NOT NULL,
            address TEXT NOT NULL,
            build TEXT NOT NULL,
            boot_id TEXT NOT NULL,
            enrolled_at INTEGER NOT NULL,
            revision INTEGER NOT NULL
        )
        """,
        """
        CREATE TABLE job (
            job INTEGER PRIMARY KEY NOT NULL,
            app TEXT NOT NULL,
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            priority INTEGER NOT NULL,
            state TEXT NOT NULL,
            reason TEXT NOT NULL,
            task_count INTEGER NOT NULL,
            is_open INTEGER NOT NULL,
            ready INTEGER NOT NULL,
            running INTEGER NOT NULL,
            succeeded INTEGER NOT NULL,
            failed INTEGER NOT NULL,
            canceled INTEGER NOT NULL,
            retried INTEGER NOT NULL,
            submitter TEXT NOT NULL,
            submitted_at INTEGER NOT NULL,
            ended_at INTEGER,
            revision INTEGER NOT NULL,
            specification TEXT NOT NULL
        )
        """,
        """
        CREATE TABLE slot (
            slot INTEGER PRIMARY KEY NOT NULL,
            generation INTEGER NOT NULL,
            job INTEGER NOT NULL REFERENCES job (job),
            state TEXT NOT NULL,
            reason TEXT NOT NULL,
            node INTEGER REFERENCES node (node),
            devices TEXT NOT NULL,
            exit_code INTEGER,
            attempts INTEGER NOT NULL,
            tasks TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            since INTEGER NOT NULL,
            revision INTEGER NOT NULL
        )
        """,
        """
        CREATE TABLE task (
            job INTEGER NOT NULL REFERENCES job (job),
            task_index INTEGER NOT NULL,
            state TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            exit_code INTEGER,
            reason TEXT NOT NULL,
            slot INTEGER REFERENCES slot (slot),
            generation INTEGER,
            node INTEGER REFERENCES node (node),
            started_at INTEGER,
            duration_microseconds INTEGER NOT NULL,
            PRIMARY KEY (job, task_index)
        ) WITHOUT ROWID
        """,
        // Rows of up to 1 MiB: with a rowid, so that the search tree stays small.
        """
        CREATE TABLE task_input (
            job INTEGER NOT NULL REFERENCES job (job),
            first INTEGER NOT NULL,
            count INTEGER NOT NULL,
            payloads TEXT NOT NULL,
            PRIMARY KEY (job, first)
        )
        """,
        """
        CREATE TABLE token (
            token INTEGER PRIMARY KEY NOT NULL,
            name TEXT NOT NULL,
            purpose TEXT NOT NULL,
            pool TEXT,
            role TEXT,
            secret_hash TEXT NOT NULL,
            expires_at INTEGER,
            uses_left INTEGER,
            is_revoked INTEGER NOT NULL,
            created_at INTEGER NOT NULL
        )
        """,
        """
        CREATE TABLE event (
            event INTEGER PRIMARY KEY NOT NULL,
            at INTEGER NOT NULL,
            subject TEXT NOT NULL,
            subject_number INTEGER,
            message TEXT NOT NULL
        )
        """,
    ]

    private static let liveness = [
        "ALTER TABLE node ADD COLUMN has_left INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE node ADD COLUMN cordon_reason TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE node ADD COLUMN declared_milli_cpu INTEGER",
        "ALTER TABLE node ADD COLUMN declared_memory_bytes INTEGER",
        "ALTER TABLE node ADD COLUMN declared_devices INTEGER",
        "ALTER TABLE node ADD COLUMN damped_until INTEGER",
        "ALTER TABLE node ADD COLUMN damping_count INTEGER NOT NULL DEFAULT 0",
        // What only the reason said until now.
        "UPDATE node SET has_left = 1 WHERE state = 'lost' AND reason LIKE 'left: %'",
        "UPDATE node SET cordon_reason = reason WHERE state = 'cordoned'",
    ]

    private static let crashes = [
        "ALTER TABLE task ADD COLUMN crashes TEXT", "ALTER TABLE slot ADD COLUMN crashes TEXT",
    ]

    private static let quarantines = [
        "ALTER TABLE node ADD COLUMN quarantine TEXT", "ALTER TABLE node ADD COLUMN device_quarantines TEXT",
    ]

    private static let history = [
        // Rows of up to megabytes: with a rowid, so that the search tree stays small. `bytes` spares a look at them.
        """
        CREATE TABLE history (
            resolution TEXT NOT NULL,
            from_at INTEGER NOT NULL,
            through_at INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            block BLOB NOT NULL,
            PRIMARY KEY (resolution, from_at)
        )
        """,
        """
        CREATE TABLE usage (
            from_at INTEGER NOT NULL,
            job INTEGER NOT NULL,
            resource TEXT NOT NULL,
            user TEXT NOT NULL,
            booked_microseconds INTEGER NOT NULL,
            idle_microseconds INTEGER NOT NULL,
            unknown_microseconds INTEGER NOT NULL,
            used_microseconds INTEGER NOT NULL,
            memory_booked_mib_seconds INTEGER NOT NULL,
            memory_used_mib_seconds INTEGER NOT NULL,
            PRIMARY KEY (from_at, job, resource)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX usage_by_job ON usage (job, from_at)",
        """
        CREATE VIEW usage_hours AS SELECT
            \(time("from_at", as: "since")), user, job, resource,
            round(booked_microseconds / 3.6e9, 3) AS booked_hours,
            round(idle_microseconds / 3.6e9, 3) AS idle_hours,
            round(unknown_microseconds / 3.6e9, 3) AS unknown_hours,
            round(used_microseconds / 3.6e9, 3) AS used_hours,
            round(100.0 * used_microseconds
                / nullif(booked_microseconds - idle_microseconds - unknown_microseconds, 0), 1)
                AS nonidle_percent
        FROM usage
        """,
    ]

    private static let retention = [
        // Jobs whose row is gone, and whose tasks and slots still have to go.
        "CREATE TABLE dropped_job (job INTEGER PRIMARY KEY NOT NULL)",
        "CREATE INDEX slot_by_end ON slot (since) WHERE \(Table.isEndedSlot)",
        // Usage that is not summed up by days yet.
        "CREATE INDEX usage_within_day ON usage (from_at) WHERE \(Table.isWithinDay)",
    ]

    private static let sharing = [
        """
        CREATE TABLE virtual_cluster (
            name TEXT PRIMARY KEY NOT NULL,
            weight INTEGER NOT NULL,
            quotas TEXT NOT NULL,
            user_quotas TEXT NOT NULL,
            created_at INTEGER NOT NULL
        ) WITHOUT ROWID
        """,
        // `virtual_cluster` is empty for jobs without one.
        """
        CREATE TABLE fair_share (
            virtual_cluster TEXT NOT NULL,
            submitter TEXT NOT NULL,
            as_of INTEGER NOT NULL,
            milli_cpu_seconds INTEGER NOT NULL,
            memory_mib_seconds INTEGER NOT NULL,
            device_share_seconds INTEGER NOT NULL,
            PRIMARY KEY (virtual_cluster, submitter)
        ) WITHOUT ROWID
        """,
    ]

    private static let pools = [
        """
        CREATE TABLE pool (
            name TEXT PRIMARY KEY NOT NULL,
            is_paused INTEGER NOT NULL,
            minimum INTEGER,
            maximum INTEGER,
            failures INTEGER NOT NULL,
            last_failure_at INTEGER,
            failure_reason TEXT NOT NULL,
            learned TEXT,
            period_began INTEGER,
            spent_node_seconds INTEGER NOT NULL
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE launch (
            launch INTEGER PRIMARY KEY NOT NULL,
            pool TEXT NOT NULL,
            count INTEGER NOT NULL,
            state TEXT NOT NULL,
            reason TEXT NOT NULL,
            cause TEXT NOT NULL,
            requested_at INTEGER NOT NULL,
            ended_at INTEGER,
            token INTEGER,
            allocations TEXT NOT NULL
        )
        """,
    ]

    private static let indexes = [
        "CREATE INDEX job_by_state ON job (state, job)",
        "CREATE INDEX job_by_app ON job (app, job)",
        "CREATE INDEX job_by_end ON job (ended_at, job) WHERE \(Table.isEndedJob)",
        "CREATE INDEX job_open ON job (job) WHERE \(Table.isOpenJob)",
        "CREATE INDEX slot_by_job ON slot (job, slot)",
        "CREATE INDEX slot_by_node ON slot (node, slot)",
        "CREATE INDEX slot_open ON slot (slot) WHERE \(Table.isOpenSlot)",
        "CREATE INDEX token_by_secret ON token (secret_hash)",
        "CREATE INDEX event_by_subject ON event (subject, subject_number, event)",
    ]

    private static let views = [
        """
        CREATE VIEW node_status AS SELECT
            node, name, pool, state, reason, \(time("since")), address,
            json_extract(capacity, '$.architecture') AS architecture,
            json_extract(capacity, '$.resources.milliCPU') / 1000.0 AS cores,
            json_extract(capacity, '$.resources.memoryBytes') AS memory_bytes,
            json_array_length(capacity, '$.devices') AS devices,
            is_cordoned, is_draining, build, \(time("enrolled_at"))
        FROM node
        """,
        """
        CREATE VIEW job_progress AS SELECT
            job, app, name, kind, state, reason, priority,
            ready + running + succeeded + failed + canceled AS total,
            ready, running, succeeded, failed, canceled, retried,
            round(100.0 * (succeeded + failed + canceled)
                / nullif(ready + running + succeeded + failed + canceled, 0), 1) AS percent_decided,
            submitter, \(time("submitted_at")), \(time("ended_at"))
        FROM job
        """,
        """
        CREATE VIEW task_result AS SELECT
            task.job, job.name AS job_name, task.task_index, task.state, task.attempt, task.exit_code,
            task.reason, task.slot, task.generation, task.node, node.name AS node_name,
            \(time("task.started_at", as: "started_at")),
            CASE WHEN task.started_at IS NULL THEN NULL ELSE task.duration_microseconds / 1e6 END
                AS duration_seconds
        FROM task LEFT JOIN job ON job.job = task.job LEFT JOIN node ON node.node = task.node
        """,
        """
        CREATE VIEW slot_history AS SELECT
            slot.slot, slot.generation, slot.job, job.name AS job_name, slot.state, slot.reason,
            slot.node, node.name AS node_name, slot.devices, slot.exit_code, slot.attempts, slot.tasks,
            \(time("slot.created_at", as: "created_at")), \(time("slot.since", as: "since"))
        FROM slot LEFT JOIN job ON job.job = slot.job LEFT JOIN node ON node.node = slot.node
        """,
        """
        CREATE VIEW event_log AS SELECT
            event, \(time("at")), subject, subject_number, message
        FROM event
        """,
    ]

    /// Microseconds as `2026-03-01T12:00:00.000000Z`.
    private static func time(_ column: String, as name: String? = nil) -> String {
        """
        strftime('%Y-%m-%dT%H:%M:%S', \(column) / 1000000, 'unixepoch')
            || printf('.%06dZ', \(column) % 1000000) AS \(name ?? column)
        """
    }
}
