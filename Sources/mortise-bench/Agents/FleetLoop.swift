import AgentCore
import ClusterTypes
import NIOCore
import Platform
import ProtocolMessages
import TLSIdentity

struct FleetSettings: Sendable {
    var devices: Int
    var taskTime: Duration
    var seed: UInt64
    /// New sessions in a second at the start; 0 is all at once.
    var startsPerSecond: Int
}

/// The pretended agents of one event loop, with one clock and one table of deadlines for all of them.
///
/// A timer of NIO for each would cost more than the agents: cancelling one looks through all.
final class FleetLoop {
    /// Agents wake this late at most, and together with those of the same tick.
    private static let tick = TimeAmount.milliseconds(5)
    /// At the start so many dial at a time: more would only share the same processors until all time out.
    private static let dialingAtOnce = 128

    let eventLoop: any EventLoop
    /// Read once a tick, and anew for each message that comes.
    private(set) var now = Instant(microseconds: SteadyClock.now())
    private(set) var agents: [PretendedAgent] = []
    private var deadlines = DeadlineQueue<Int>()
    private var figures = FleetFigures()
    private var ticking: RepeatedTask?
    private var lastTick: Instant?
    /// Agents from here on have not begun.
    private var nextToStart = 0
    /// Those that have begun and were never welcomed.
    private var unwelcomed = 0
    private var startsPerSecond = 0
    private var startedAt = Instant.epoch

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func add(
        _ identities: [(name: String, identity: NodeIdentity)], endpoints: [String], _ settings: FleetSettings
    ) {
        for (name, identity) in identities {
            agents.append(
                PretendedAgent(
                    fleet: self, index: agents.count, name: name, identity: identity, endpoints: endpoints,
                    settings: settings))
        }
    }

    /// All begin to dial: so many a second at most, or at once.
    func start(perSecond: Int) {
        readClock()
        startsPerSecond = perSecond
        startedAt = now
        let fleet = NIOLoopBound(self, eventLoop: eventLoop)
        ticking = eventLoop.scheduleRepeatedTask(initialDelay: Self.tick, delay: Self.tick) { _ in
            fleet.value.runTick()
        }
    }

    func stop() {
        ticking?.cancel()
        for agent in agents { agent.cut() }
    }

    func readClock() { now = Instant(microseconds: SteadyClock.now()) }

    func setDeadline(of index: Int, to moment: Instant?) {
        if let moment { deadlines.set(index, to: moment) } else { deadlines.remove(index) }
    }

    private func runTick() {
        readClock()
        if let lastTick {
            let late = now - lastTick - .nanoseconds(Self.tick.nanoseconds)
            if figures.isOpen { figures.generatorDelay.record(max(.zero, late)) }
        }
        startSome()
        for index in deadlines.popExpired(at: now) { agents[index].wake() }
        // The next tick is counted from here: NIO schedules it after this one has ended.
        readClock()
        lastTick = now
    }

    private func startSome() {
        let due =
            startsPerSecond == 0
            ? agents.count : Int((now - startedAt).wholeMilliseconds) * startsPerSecond / 1_000 + 1
        while nextToStart < min(due, agents.count),
            startsPerSecond == 0 || unwelcomed < Self.dialingAtOnce
        {
            unwelcomed += 1
            nextToStart += 1
            agents[nextToStart - 1].start()
        }
    }

    // MARK: Figures

    /// Of everything since the window was opened, but for `welcomed`, which is of now.
    func takeFigures() -> FleetFigures {
        figures.agents = agents.count
        figures.welcomed = agents.count { $0.isWelcomed }
        return figures
    }

    /// Beats that are sent from now on count.
    func openWindow() {
        readClock()
        let former = figures
        figures = FleetFigures(opened: now)
        figures.firstHello = former.firstHello
        figures.lastWelcome = former.lastWelcome
    }

    /// Beats that are sent from now on do not count; acknowledgements of those before do.
    func closeWindow() {
        readClock()
        figures.closed = now
    }

    func noteHello() {
        if figures.firstHello == nil { figures.firstHello = now }
        figures.hellos += 1
    }

    func noteWelcome(isFirst: Bool) {
        figures.lastWelcome = now
        if isFirst { unwelcomed -= 1 }
    }

    func noteLoss(_ reason: String) { figures.add(loss: reason) }
    func noteFailure(_ reason: String) { figures.add(failure: reason) }
    func noteRefusal(_ code: String) { figures.refusals[code, default: 0] += 1 }
    func noteSlotEnd() { figures.slotsFinished += 1 }

    func note(exit reason: ExitReason) {
        if case .refused(let refusal) = reason {
            figures.add(failure: "turned away for good: \(refusal.message)")
        }
    }

    func noteBeat(at moment: Instant) { if figures.counts(moment) { figures.beatsSent += 1 } }

    func noteAcknowledgement(ofBeatAt moment: Instant) {
        if figures.counts(moment) { figures.beatLag.record(now - moment) }
    }

    func noteResults(_ count: Int, at moment: Instant) {
        figures.tasksFinished += count
        if figures.counts(moment) { figures.resultLag.record(now - moment) }
    }
}
