package import ClusterTypes
import ProtocolMessages

/// When this machine will be gone, and what is done before.
struct KnownEnd: Sendable, Equatable {
    let at: Instant
    /// From here on nothing new is taken, and what runs is warned.
    let warnAt: Instant
    /// By then every slot has to be over: the rest is for telling it.
    let slotsUntil: Instant
    /// When the coordinator would last have heard something new of it.
    var changedAt: Instant
}

// The end of a machine's time (a batch system's limit, a spot notice): the agent drains before it, its supervisors
// warn and stop what runs in time, and it leaves in order.
extension Agent {
    /// For people; nil: no end is known.
    package var endsAt: Instant? { end?.at }

    /// Of several ends the earliest counts; a notice begins the leave now, whatever was planned.
    mutating func learnEnd(_ moment: Instant, isNotice: Bool, at now: Instant, into output: inout Output) {
        guard shutdown == nil || shutdown == .timeEnds else { return }
        let isEarlier = end.map { moment < $0.at } ?? true
        guard isEarlier || (isNotice && shutdown == nil) else { return }
        let moment = max(now, min(moment, end?.at ?? moment))
        let warning = isNotice ? moment - now : min(limits.warning, (moment - now) / 10)
        let known = KnownEnd(
            at: moment, warnAt: moment - warning, slotsUntil: moment - min(limits.farewell, warning / 4),
            changedAt: now)
        end = known
        output.actions.append(.setEnd(warnAt: known.warnAt, until: known.slotsUntil))
        if shutdown == .timeEnds { shutdownDeadline = moment }
        // One that begins now is told as such.
        if shutdown == .timeEnds || known.warnAt > now { tellLifetime(at: now, into: &output) }
    }

    /// The time has come to take nothing new.
    mutating func beginEnd(at now: Instant, into output: inout Output) {
        guard let end, shutdown == nil, end.warnAt <= now else { return }
        self.end?.changedAt = now
        begin(.timeEnds, at: now, into: &output)
        shutdownDeadline = end.at
        tellLifetime(at: now, into: &output)
    }

    func lifetime(at now: Instant) -> Lifetime? {
        end.map {
            Lifetime(
                remainingMilliseconds: UInt64(max(0, ($0.at - now).wholeMilliseconds)),
                isEnding: shutdown == .timeEnds)
        }
    }

    mutating func tellLifetime(at now: Instant, into output: inout Output) {
        guard isOpen, open.version >= .withEmptiness,
            let lifetime = lifetime(at: now)
        else { return }
        send(.lifetime(lifetime), into: &output)
    }
}
