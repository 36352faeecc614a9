/// Who launches and removes nodes.
protocol ReplayPolicy {
    /// False of one that does all at the beginning.
    var hasTicks: Bool { get }
    /// When it acts again; looked at after each time.
    var next: Int { get }
    /// Before the first job.
    mutating func begin(_ replay: inout JobReplay)
    mutating func act(_ replay: inout JobReplay)
    /// After all that happens at one moment.
    mutating func momentEnds(_ replay: inout JobReplay)
}

extension ReplayPolicy {
    var hasTicks: Bool { true }
    mutating func begin(_ replay: inout JobReplay) {}
    mutating func momentEnds(_ replay: inout JobReplay) {}
}
