/// The tables of virtual clusters, and of who had how much lately.
enum SchemaSharing {
    static let tables = [
        """
        CREATE TABLE virtual_cluster (
            name text COLLATE "C" PRIMARY KEY,
            weight bigint NOT NULL,
            quotas json NOT NULL,
            user_quotas json NOT NULL,
            created_at bigint NOT NULL
        )
        """,
        """
        CREATE TABLE fair_share (
            virtual_cluster text COLLATE "C" NOT NULL,
            submitter text COLLATE "C" NOT NULL,
            as_of bigint NOT NULL,
            milli_cpu_seconds bigint NOT NULL,
            memory_mib_seconds bigint NOT NULL,
            device_share_seconds bigint NOT NULL,
            PRIMARY KEY (virtual_cluster, submitter)
        )
        """,
        "ALTER TABLE slot ADD COLUMN alternative bigint NOT NULL DEFAULT 0",
    ]

    static let comments = [
        "COMMENT ON COLUMN slot.alternative IS 'Which of its job''s requests it was placed with; 0 is the first choice'",
        "COMMENT ON TABLE virtual_cluster IS 'Parts of the cluster that jobs are counted against'",
        "COMMENT ON COLUMN virtual_cluster.weight IS 'It is due so many parts where others are due one'",
        "COMMENT ON COLUMN virtual_cluster.quotas IS 'Whole devices or cores, by vendor_type_architecture or cpu'",
        "COMMENT ON COLUMN virtual_cluster.user_quotas IS 'What each of its users may have of them'",
        "COMMENT ON COLUMN virtual_cluster.created_at IS 'microseconds since 1970-01-01 UTC'",
        "COMMENT ON TABLE fair_share IS 'What users had lately; half of it counts after a day'",
        "COMMENT ON COLUMN fair_share.virtual_cluster IS 'Empty for jobs without one'",
        "COMMENT ON COLUMN fair_share.as_of IS 'When it was so much; microseconds since 1970-01-01 UTC'",
        "COMMENT ON COLUMN fair_share.device_share_seconds IS '1/1000 devices times seconds'",
    ]
}
