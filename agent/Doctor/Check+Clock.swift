package import ClusterTypes

extension Check {
    /// Certificates of nodes are made valid from five minutes before on.
    private static let limitSeconds: Int64 = 300
    private static let noticeSeconds: Int64 = 5

    /// This machine's clock against the coordinator's.
    ///
    /// - Parameters:
    ///   - serverSeconds: since 1970, as its answer says; servers may keep the text for a second.
    ///   - asked: by the clock here.
    ///   - answered: the same.
    package static func clock(of subject: String, serverSeconds: Int64, asked: Instant, answered: Instant)
        -> Check
    {
        // The server's clock showed at least `serverSeconds` and less than two seconds more at some moment between.
        let ahead = (asked.microseconds - (serverSeconds + 2) * 1_000_000) / 1_000_000
        let behind = (serverSeconds * 1_000_000 - answered.microseconds) / 1_000_000
        let skew = max(ahead, behind)
        guard skew > noticeSeconds else {
            return Check("clock", of: subject, .ok, "within \(noticeSeconds) s of the coordinator's")
        }
        let direction = ahead > behind ? "ahead of" : "behind"
        return Check(
            "clock", of: subject, skew > limitSeconds ? .failed : .warning,
            "this machine's clock is about \(skew) s \(direction) the coordinator's",
            mend:
                "Set the wrong one of the two and let NTP keep it (chrony, systemd-timesyncd); in a container the "
                + "clock is the host's.")
    }

    package static func clockUnknown(of subject: String) -> Check {
        Check("clock", of: subject, .skipped, "the answer names no time that can be read")
    }
}
