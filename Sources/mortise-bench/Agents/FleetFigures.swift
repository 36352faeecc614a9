import ClusterTypes

/// What a fleet has seen; of several event loops they add up.
struct FleetFigures: Sendable {
    /// Different reasons that are kept; a run that fails in more ways has enough to look at.
    private static let reasonLimit = 20

    var opened: Instant?
    var closed: Instant?
    var agents = 0
    var welcomed = 0
    var hellos = 0
    var firstHello: Instant?
    var lastWelcome: Instant?
    var beatsSent = 0
    /// From the sending of a beat to its acknowledgement.
    var beatLag = LatencyFigures()
    /// From the sending of results to their acknowledgement: there is a commit between.
    var resultLag = LatencyFigures()
    /// How much later than planned this process looked at its agents: its own share of all lags.
    var generatorDelay = LatencyFigures()
    var tasksFinished = 0
    var slotsFinished = 0
    var losses: [String: Int] = [:]
    var failures: [String: Int] = [:]
    var refusals: [String: Int] = [:]

    init(opened: Instant? = nil) { self.opened = opened }

    var isOpen: Bool { opened != nil && closed == nil }

    /// Something that was sent at this moment belongs to the window.
    func counts(_ moment: Instant) -> Bool {
        guard let opened else { return false }
        return moment >= opened && closed.map { moment < $0 } ?? true
    }

    mutating func add(loss reason: String) { Self.add(1, to: &losses, reason) }
    mutating func add(failure reason: String) { Self.add(1, to: &failures, reason) }

    private static func add(_ count: Int, to reasons: inout [String: Int], _ reason: String) {
        let isNew = reasons[reason] == nil
        reasons[isNew && reasons.count >= reasonLimit ? "other reasons" : reason, default: 0] += count
    }

    mutating func add(_ other: FleetFigures) {
        agents += other.agents
        welcomed += other.welcomed
        hellos += other.hellos
        firstHello = .earlier(firstHello, other.firstHello)
        lastWelcome = [lastWelcome, other.lastWelcome].compactMap(\.self).max()
        beatsSent += other.beatsSent
        beatLag.add(other.beatLag)
        resultLag.add(other.resultLag)
        generatorDelay.add(other.generatorDelay)
        tasksFinished += other.tasksFinished
        slotsFinished += other.slotsFinished
        for (reason, count) in other.losses { Self.add(count, to: &losses, reason) }
        for (reason, count) in other.failures { Self.add(count, to: &failures, reason) }
        refusals.merge(other.refusals, uniquingKeysWith: +)
    }
}
