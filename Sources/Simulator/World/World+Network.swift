import AgentCore
import ClusterTypes
import CoordinatorCore
import ProtocolMessages

// Links: streams in order, with delay, stalls, one-way silence and sudden ends.
extension World {
    /// For one address: `LinkConfiguration.connectTimeout`.
    private static let dialPatience: Int64 = 15_000_000

    // MARK: Dialling

    /// All addresses in their order, each time anew.
    func dial(from host: Host) {
        host.dial += 1
        dial(coordinators[0], from: host)
    }

    private func dial(_ process: CoordinatorProcess, from host: Host) {
        let isSilent =
            host.isBlockedUp || host.isBlockedDown || process.isSuspended || host.isCutOff(from: process)
        let isOpen = process.machine != nil && !process.isStopping
        let pause: Int64
        if isSilent || (isOpen && process.isStalled) {
            pause = Self.dialPatience
        } else {
            // A standby opens no port for agents.
            pause = isOpen ? 3 * delay(of: host) : delay(of: host)
        }
        let isAnswered = isOpen && !isSilent && !process.isStalled
        queue.push(
            .dialEnded, at: now + pause, host: UInt32(host.index), subject: host.dial,
            detail: UInt8(process.index) << 1 | (isAnswered ? 1 : 0))
    }

    /// - Parameter outcome: whom it dialled; and 1 for a connection that stands, if the coordinator is still there.
    func endDial(of host: Host, _ dial: UInt64, _ outcome: UInt8) {
        guard dial == host.dial, host.agent != nil else { return }
        let process = coordinators[Int(outcome >> 1)]
        let isOpen = process.isRunning && !process.isStopping
        guard outcome & 1 == 1, isOpen, let node = host.node else {
            if process.index + 1 < coordinators.count {
                self.dial(coordinators[process.index + 1], from: host)
            } else {
                drive(host, .disconnected(reason: "connection refused"))
            }
            return
        }
        statistics.connections += 1
        lastConnection += 1
        let connection = ConnectionID(lastConnection)
        let link = Link(connection: connection, host: host.index, coordinator: process)
        links[connection.rawValue] = link
        host.link = link
        let peer = PeerIdentity(
            node: node, keyFingerprint: host.keyFingerprint, address: host.name)
        send(.opened(peer), up: link)
        drive(host, .connected)
    }

    // MARK: Sending

    private func delay(of host: Host) -> Int64 {
        var delay = host.latency + networkDice.below(host.latency)
        if hits(.delay, &networkDice) { delay += networkDice.spread(10_000, 2_000_000) }
        // What is lost on the way is sent again: a stream stalls instead.
        if hits(.loss, &networkDice) { delay += 200_000 << networkDice.below(6) }
        return delay
    }

    func send(_ item: Link.Upward, up link: Link) {
        let moment = max(link.lastUpAt, now + delay(of: hosts[link.host]))
        link.lastUpAt = moment
        link.upward.append(item)
        queue.push(
            .arrivedAtCoordinator, at: moment, host: UInt32(link.host), subject: link.connection.rawValue)
        if link.upward.count > Bounds.link {
            report(
                "bounded queues", "\(link.upward.count) messages are on the way from \(hosts[link.host].name)"
            )
        }
    }

    private func send(_ item: Link.Downward, down link: Link) {
        let host = hosts[link.host]
        var delay = delay(of: host)
        if host.isSlowReader { delay += 500_000 + networkDice.below(3_000_000) }
        let moment = max(link.lastDownAt, now + delay)
        link.lastDownAt = moment
        link.downward.append(item)
        queue.push(.arrivedAtAgent, at: moment, host: UInt32(link.host), subject: link.connection.rawValue)
        if link.downward.count > Bounds.link {
            report("bounded queues", "\(link.downward.count) messages are on the way to \(host.name)")
        }
    }

    /// From the coordinator to an agent.
    func send(_ message: CoordinatorMessage, over connection: ConnectionID) {
        guard let link = links[connection.rawValue], link.isOpenAtCoordinator else { return }
        send(.message(message), down: link)
    }

    /// From an agent to the coordinator.
    func send(_ message: AgentMessage, from host: Host) {
        guard let link = host.link else { return }
        if case .heartbeat(let beat) = message, exchange(beat, from: host, over: link) { return }
        send(.message(message), up: link)
        if message.mayComeTwice, hits(.duplication, &networkDice) {
            send(.message(message), up: link)
        }
    }

    // MARK: Arriving

    func arriveAtCoordinator(_ connection: UInt64) {
        guard let link = links[connection] else { return }
        let host = hosts[link.host]
        if host.isBlockedUp || host.isCutOff(from: link.coordinator) {
            host.waitingUp.append(connection)
            return
        }
        guard let item = link.upward.popFirst(), link.isOpenAtCoordinator else { return }
        switch item {
        case .opened(let peer): deliver(.agentConnected(link.connection, peer), to: link.coordinator)
        case .message(let message):
            trace.explain("\(host.name) -> \(message)")
            deliver(.agentMessage(link.connection, message), to: link.coordinator)
        case .closed(let reason):
            link.isOpenAtCoordinator = false
            deliver(.agentDisconnected(link.connection, reason: reason), to: link.coordinator)
            forgetIfOver(link)
        }
    }

    func arriveAtAgent(_ connection: UInt64) {
        guard let link = links[connection] else { return }
        let host = hosts[link.host]
        if host.isBlockedDown || host.isCutOff(from: link.coordinator) {
            host.waitingDown.append(connection)
            return
        }
        guard let item = link.downward.popFirst(), link.isOpenAtAgent, host.link === link else { return }
        switch item {
        case .message(let message):
            if case .heartbeatAcknowledged = message {} else { observe(.delivered(message, to: host)) }
            let heard = options.plant.map { $0.disguise(message) } ?? message
            if let heard { drive(host, .messageReceived(heard)) }
        case .closed(let reason):
            closeAtAgent(link)
            drive(host, .disconnected(reason: reason))
        }
    }

    // MARK: Closing

    /// The coordinator's end closes: the agent hears of it after what was sent before.
    func closeAtCoordinator(_ link: Link, reason: String) {
        guard link.isOpenAtCoordinator else { return }
        link.isOpenAtCoordinator = false
        link.upward.removeAll()
        if link.isOpenAtAgent { send(.closed(reason: reason), down: link) }
        forgetIfOver(link)
    }

    /// The agent's end closes: the coordinator hears of it after what was sent before.
    func close(_ link: Link, reason: String) {
        guard link.isOpenAtAgent else { return }
        closeAtAgent(link)
        if link.isOpenAtCoordinator { send(.closed(reason: reason), up: link) }
    }

    private func closeAtAgent(_ link: Link) {
        link.isOpenAtAgent = false
        link.downward.removeAll()
        let host = hosts[link.host]
        if host.link === link { host.link = nil }
        forgetIfOver(link)
    }

    private func forgetIfOver(_ link: Link) {
        if !link.isOpenAtAgent, !link.isOpenAtCoordinator { links[link.connection.rawValue] = nil }
    }

    /// What was on its way is gone, and both ends hear of it, each in its time.
    func reset(_ link: Link) {
        link.upward.removeAll()
        link.downward.removeAll()
        if link.isOpenAtAgent { send(.closed(reason: "connection reset"), down: link) }
        if link.isOpenAtCoordinator { send(.closed(reason: "connection reset"), up: link) }
    }

    // MARK: Silence

    /// Nothing passes in these directions until the healing; nobody sees a broken connection.
    func block(_ host: Host, up: Bool, down: Bool, for pause: Int64) {
        host.isBlockedUp = host.isBlockedUp || up
        host.isBlockedDown = host.isBlockedDown || down
        host.healings += 1
        queue.push(.linkHeals, at: now + pause, host: UInt32(host.index), subject: host.healings)
    }

    /// - Parameter healing: of the newest silence; an older one was extended.
    func healLink(of host: Host, _ healing: UInt64) {
        guard healing == host.healings else { return }
        unblock(host)
        host.isSlowReader = false
    }

    func unblock(_ host: Host) {
        host.isBlockedUp = false
        host.isBlockedDown = false
        deliverWaiting(of: host)
    }

    /// What has waited for the end of a partition comes, or waits for that of another.
    func deliverWaiting(of host: Host) {
        let index = UInt32(host.index)
        for connection in host.waitingUp {
            queue.push(.arrivedAtCoordinator, at: now, host: index, subject: connection)
        }
        for connection in host.waitingDown {
            queue.push(.arrivedAtAgent, at: now, host: index, subject: connection)
        }
        host.waitingUp = []
        host.waitingDown = []
    }
}

extension AgentMessage {
    /// A stream repeats nothing by itself; that these replace what was said before has to hold all the same.
    fileprivate var mayComeTwice: Bool {
        switch self {
        case .heartbeat, .pull, .hardware, .pullTasks: true
        case .hello, .slotReport, .taskResults, .logChunk, .renewCertificate, .leaving, .empty, .lifetime:
            false
        }
    }
}
