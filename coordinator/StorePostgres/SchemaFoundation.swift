import CoordinatorStoreRows

/// The first version of the tables and views; docs/database.md explains them to those who read them.
///
/// Words that are compared or sorted have the collation "C": by their bytes, in every database, whatever its locale or
/// the version of its system's library.
enum SchemaFoundation {
    static let tables = [
        """
        CREATE TABLE meta (
            name text COLLATE "C" PRIMARY KEY,
            value bigint NOT NULL
        )
        """,
        """
        CREATE TABLE node (
            node bigint PRIMARY KEY,
            name text COLLATE "C" NOT NULL,
            pool text COLLATE "C" NOT NULL,
            state text COLLATE "C" NOT NULL,
            reason text NOT NULL,
            since bigint NOT NULL,
            is_cordoned boolean NOT NULL,
            is_draining boolean NOT NULL,
            labels json NOT NULL,
            capacity json NOT NULL,
            key_fingerprint text NOT NULL,
            address text NOT NULL,
            build text NOT NULL,
            boot_id text NOT NULL,
            enrolled_at bigint NOT NULL,
            has_left boolean NOT NULL,
            cordon_reason text NOT NULL,
            declared_milli_cpu bigint,
            declared_memory_bytes bigint,
            declared_devices bigint,
            damped_until bigint,
            damping_count bigint NOT NULL,
            removal text,
            ends_at bigint,
            quarantine json,
            device_quarantines json,
            revision bigint NOT NULL
        )
        """,
        """
        CREATE TABLE job (
            job bigint PRIMARY KEY,
            app text COLLATE "C" NOT NULL,
            name text COLLATE "C" NOT NULL,
            kind text COLLATE "C" NOT NULL,
            priority bigint NOT NULL,
            state text COLLATE "C" NOT NULL,
            reason text NOT NULL,
            task_count bigint NOT NULL,
            is_open boolean NOT NULL,
            ready bigint NOT NULL,
            running bigint NOT NULL,
            succeeded bigint NOT NULL,
            failed bigint NOT NULL,
            canceled bigint NOT NULL,
            retried bigint NOT NULL,
            submitter text COLLATE "C" NOT NULL,
            submitted_at bigint NOT NULL,
            ended_at bigint,
            revision bigint NOT NULL,
            specification json NOT NULL
        ) WITH (fillfactor = 50)
        """,
        """
        CREATE TABLE slot (
            slot bigint PRIMARY KEY,
            generation bigint NOT NULL,
            job bigint NOT NULL,
            state text COLLATE "C" NOT NULL,
            reason text NOT NULL,
            node bigint,
            devices text NOT NULL,
            exit_code bigint,
            attempts bigint NOT NULL,
            tasks text NOT NULL,
            created_at bigint NOT NULL,
            since bigint NOT NULL,
            crashes text,
            revision bigint NOT NULL
        ) WITH (fillfactor = 70)
        """,
        """
        CREATE TABLE task (
            job bigint NOT NULL,
            task_index bigint NOT NULL,
            state text COLLATE "C" NOT NULL,
            attempt bigint NOT NULL,
            exit_code bigint,
            reason text NOT NULL,
            slot bigint,
            generation bigint,
            node bigint,
            started_at bigint,
            duration_microseconds bigint NOT NULL,
            crashes text,
            pardoned bigint NOT NULL,
            PRIMARY KEY (job, task_index)
        )
        """,
        """
        CREATE TABLE task_input (
            job bigint NOT NULL,
            first bigint NOT NULL,
            count bigint NOT NULL,
            payloads json NOT NULL,
            PRIMARY KEY (job, first)
        )
        """,
        """
        CREATE TABLE token (
            token bigint PRIMARY KEY,
            name text NOT NULL,
            purpose text COLLATE "C" NOT NULL,
            pool text COLLATE "C",
            role text COLLATE "C",
            secret_hash text COLLATE "C" NOT NULL,
            expires_at bigint,
            uses_left bigint,
            is_revoked boolean NOT NULL,
            created_at bigint NOT NULL
        )
        """,
        """
        CREATE TABLE event (
            event bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            at bigint NOT NULL,
            subject text COLLATE "C" NOT NULL,
            subject_number bigint,
            message text NOT NULL
        )
        """,
        """
        CREATE TABLE history (
            resolution text COLLATE "C" NOT NULL,
            from_at bigint NOT NULL,
            through_at bigint NOT NULL,
            bytes bigint NOT NULL,
            block bytea NOT NULL,
            PRIMARY KEY (resolution, from_at)
        )
        """,
        """
        CREATE TABLE usage (
            from_at bigint NOT NULL,
            job bigint NOT NULL,
            resource text COLLATE "C" NOT NULL,
            "user" text COLLATE "C" NOT NULL,
            booked_microseconds bigint NOT NULL,
            idle_microseconds bigint NOT NULL,
            unknown_microseconds bigint NOT NULL,
            used_microseconds bigint NOT NULL,
            memory_booked_mib_seconds bigint NOT NULL,
            memory_used_mib_seconds bigint NOT NULL,
            PRIMARY KEY (from_at, job, resource)
        )
        """,
        // They are compressed already.
        "ALTER TABLE history ALTER COLUMN block SET STORAGE EXTERNAL",
    ]

    static let indexes = [
        "CREATE INDEX node_by_name ON node (name)",
        "CREATE INDEX job_by_state ON job (state, job)",
        "CREATE INDEX job_by_app ON job (app, job)",
        "CREATE INDEX job_by_end ON job (ended_at DESC NULLS LAST, job DESC) WHERE \(Table.isEndedJob)",
        "CREATE INDEX job_open ON job (job) WHERE \(Table.isOpenJob)",
        "CREATE INDEX slot_by_job ON slot (job, slot)",
        "CREATE INDEX slot_by_node ON slot (node, slot)",
        "CREATE INDEX slot_open ON slot (slot) WHERE \(Table.isOpenSlot)",
        "CREATE INDEX token_by_secret ON token (secret_hash)",
        "CREATE INDEX event_by_subject ON event (subject, subject_number, event)",
        "CREATE INDEX usage_by_job ON usage (job, from_at)",
    ]

    static let views = [
        // A NUL character in a label, which PostgreSQL's JSON functions refuse, must not spoil the whole view.
        """
        CREATE VIEW node_status AS SELECT
            node, name, pool, state, reason, \(time("since")), address,
            readable ->> 'architecture' AS architecture,
            round((readable -> 'resources' ->> 'milliCPU')::numeric / 1000, 3) AS cores,
            (readable -> 'resources' ->> 'memoryBytes')::bigint AS memory_bytes,
            json_array_length(readable -> 'devices') AS devices,
            is_cordoned, is_draining, build, \(time("enrolled_at"))
        FROM node, LATERAL (
            SELECT CASE WHEN strpos(capacity::text, '\\u0000') = 0 THEN capacity END AS readable) AS safe
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
            CASE WHEN task.started_at IS NOT NULL
                THEN round(task.duration_microseconds / 1e6, 6) END AS duration_seconds
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
        CREATE VIEW event_log AS SELECT event, \(time("at")), subject, subject_number, message FROM event
        """,
        """
        CREATE VIEW usage_hours AS SELECT
            \(time("from_at", as: "since")), "user", job, resource,
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

    /// Microseconds as a time of PostgreSQL, exactly.
    private static func time(_ column: String, as name: String? = nil) -> String {
        "timestamptz 'epoch' + \(column) * interval '1 microsecond' AS \(name ?? column)"
    }
}
