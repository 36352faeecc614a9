extension SchemaFoundation {
    /// What `\d+` and database browsers show beside tables and columns.
    static let comments =
        tableComments.map { "COMMENT ON TABLE \($0) IS '\($1)'" }
        + viewComments.map { "COMMENT ON VIEW \($0) IS '\($1)'" }
        + columnComments.map { "COMMENT ON COLUMN \($0) IS '\($1)'" }

    private static let tableComments = [
        ("schema_migration", "What was done to this schema, by which a newer or older version knows it"),
        ("meta", "The revision of the newest commit, the last numbers given, and who has written last"),
        ("node", "One agent''s machine or container"),
        ("job", "One job"),
        ("slot", "The placement of a job on a node; only its newest incarnation"),
        ("task", "Tasks that have run at least once or were canceled; one without a row is ready or running"),
        ("task_input", "The payloads of tasks, up to 1,000 neighbours or 1 MiB in one row"),
        ("token", "What admits agents and users; only hashes of the secrets"),
        ("event", "What happened, oldest first"),
        ("history", "What nodes did, as blocks of bytes; read it with: mortise node history"),
        ("usage", "What a job has had of one kind of resource, and made of it, in an hour or less"),
    ]

    private static let viewComments = [
        ("node_status", "Nodes with cores, memory, number of devices and readable times"),
        ("job_progress", "Jobs with counts and percent_decided"),
        ("task_result", "Tasks with the names of job and node, start and duration"),
        ("slot_history", "Slots with the names of job and node"),
        ("event_log", "Events with readable times"),
        ("usage_hours", "Usage in hours, with the mean utilization of what was at work"),
    ]

    private static let microseconds = "microseconds since 1970-01-01 UTC"

    private static let columnComments = [
        ("node.since", "Of the state; \(microseconds)"),
        ("node.is_cordoned", "As the operator has ordered"),
        ("node.is_draining", "As the operator has ordered"),
        ("node.capacity", "resources (milliCPU, memoryBytes, diskBytes), devices, architecture, labels"),
        ("node.key_fingerprint", "SHA-256 of the agent''s public key, hex"),
        ("node.enrolled_at", microseconds),
        ("node.has_left", "Its agent said that it leaves, and has not come back since"),
        ("node.cordon_reason", "The operator''s, or why it did not return to service by itself"),
        ("node.declared_milli_cpu", "The most that it ever reported, or what was accepted last"),
        ("node.damped_until", "Given nothing new until then because it flapped; \(microseconds)"),
        ("node.removal", "Why it is to be removed, once nothing of it runs any more"),
        ("node.ends_at", "When it will be gone, as its agent says; \(microseconds)"),
        ("node.quarantine", "until (missing on probation), periodSeconds, reason"),
        ("node.revision", "The commit that wrote the row last"),
        ("job.app", "A copy from the specification, as are name, kind and priority"),
        ("job.task_count", "Tasks accepted so far"),
        ("job.is_open", "More tasks may be appended"),
        ("job.ready", "Tasks (batch and service: slots) in this state; waiting counts as ready"),
        ("job.retried", "Attempts that failed and were tried again"),
        ("job.submitted_at", microseconds),
        ("job.ended_at", microseconds),
        ("job.revision", "The commit that wrote the row last"),
        ("job.specification", "The whole job, as in the API"),
        ("slot.generation", "How often it was assigned"),
        ("slot.node", "NULL while it is pending"),
        ("slot.devices", "device:shares with shares in 1/1000"),
        ("slot.exit_code", "Of a batch slot: the last one"),
        ("slot.attempts", "Of a batch slot: executions that failed"),
        ("slot.tasks", "What it holds: index:attempt or first-last:attempt"),
        ("slot.crashes", "Of a batch slot: the nodes of its executions that went down"),
        ("slot.created_at", microseconds),
        ("slot.since", "Of the state; \(microseconds)"),
        ("task.task_index", "The array index, or the position of the payload from 0"),
        ("task.state", "ready (to be tried again), succeeded, failed or canceled"),
        ("task.attempt", "Executions so far"),
        ("task.started_at", "Of the last execution; \(microseconds)"),
        ("task.crashes", "The nodes of its executions that went down"),
        ("task.pardoned", "Executions that do not count against the job''s retries"),
        ("task_input.first", "The position of the first; the others follow it"),
        ("task_input.payloads", "A JSON array of texts"),
        ("token.purpose", "join (with pool) or api (with role)"),
        ("token.secret_hash", "SHA-256 of the secret, hex"),
        ("token.uses_left", "NULL: no limit"),
        ("event.at", microseconds),
        ("event.subject_number", "NULL for the cluster"),
        ("history.resolution", "full (samples) or coarse (steps of 5 minutes)"),
        ("history.from_at", "Of the first sample; \(microseconds)"),
        ("history.through_at", "Of the last sample; \(microseconds)"),
        ("usage.from_at", microseconds),
        ("usage.resource", "cpu, or the model of a device"),
        ("usage.booked_microseconds", "Time multiplied by devices (or CPUs)"),
        ("usage.idle_microseconds", "What of it was not used at all for five minutes"),
        ("usage.unknown_microseconds", "What of it nobody could read"),
        ("usage.used_microseconds", "Time multiplied by utilization"),
        ("usage.memory_used_mib_seconds", "MiB times seconds; of cpu alone"),
    ]
}
