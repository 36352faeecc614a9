package struct ConnectionOptions: Hashable, Sendable {
    /// To get a connection, all hosts of the address together; the look-up of names alone is not bounded by it.
    /// 1...600 s.
    package var connectSeconds: Int = 5
    /// To get the answers of one call, unless it says another time. 1...3,600 s.
    package var answerSeconds: Int = 30
    /// What `pg_stat_activity` shows, unless the address says otherwise.
    package var applicationName = "mortise-coordinator"

    package static let defaults = ConnectionOptions()
    package init() {}
}
