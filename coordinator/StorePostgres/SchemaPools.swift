/// The tables of pools whose nodes are launched, and of the launches.
enum SchemaPools {
    static let tables = [
        """
        CREATE TABLE pool (
            name text COLLATE "C" PRIMARY KEY,
            is_paused boolean NOT NULL,
            minimum bigint,
            maximum bigint,
            failures bigint NOT NULL,
            last_failure_at bigint,
            failure_reason text NOT NULL,
            learned json,
            period_began bigint,
            spent_node_seconds bigint NOT NULL
        )
        """,
        """
        CREATE TABLE launch (
            launch bigint PRIMARY KEY,
            pool text NOT NULL,
            count bigint NOT NULL,
            state text NOT NULL,
            reason text NOT NULL,
            cause text NOT NULL,
            requested_at bigint NOT NULL,
            ended_at bigint,
            token bigint,
            allocations json NOT NULL
        )
        """,
    ]

    static let comments = [
        "COMMENT ON TABLE pool IS 'What pools have come to whose nodes are launched, and orders about them'",
        "COMMENT ON COLUMN pool.minimum IS 'Ordered, in place of what the pool file says'",
        "COMMENT ON COLUMN pool.maximum IS 'Ordered, in place of what the pool file says'",
        "COMMENT ON COLUMN pool.failures IS 'Launches that failed one after the other'",
        "COMMENT ON COLUMN pool.last_failure_at IS 'microseconds since 1970-01-01 UTC'",
        "COMMENT ON COLUMN pool.learned IS 'What the last node that joined is like'",
        "COMMENT ON COLUMN pool.period_began IS 'Of its budget; microseconds since 1970-01-01 UTC'",
        "COMMENT ON COLUMN pool.spent_node_seconds IS 'In this period, of nodes that were there, in use or not'",
        "COMMENT ON TABLE launch IS 'Requests to launchers for nodes; ended ones only as far as they are remembered'",
        "COMMENT ON COLUMN launch.count IS 'Nodes that were asked for'",
        "COMMENT ON COLUMN launch.reason IS 'Why it has failed, or what its launcher says'",
        "COMMENT ON COLUMN launch.cause IS 'Why it was made'",
        "COMMENT ON COLUMN launch.requested_at IS 'microseconds since 1970-01-01 UTC'",
        "COMMENT ON COLUMN launch.ended_at IS 'microseconds since 1970-01-01 UTC'",
        "COMMENT ON COLUMN launch.token IS 'The join token of its nodes'",
        "COMMENT ON COLUMN launch.allocations IS 'What its nodes run in, as the launcher names it, and the nodes that joined'",
    ]
}
