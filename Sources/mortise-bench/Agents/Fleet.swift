import ClusterTypes
import NIOCore
import NIOPosix
import TLSIdentity

/// All pretended agents of a run, on a few event loops.
final class Fleet: Sendable {
    private let loops: [NIOLoopBoundBox<FleetLoop>]
    private let settings: FleetSettings
    let count: Int

    init(
        _ identities: [(name: String, identity: NodeIdentity)], endpoints: [String], settings: FleetSettings,
        group: any EventLoopGroup
    ) async throws {
        self.settings = settings
        count = identities.count
        let eventLoops = Array(group.makeIterator())
        loops = eventLoops.map { eventLoop in
            NIOLoopBoundBox.makeBoxSendingValue(FleetLoop(eventLoop: eventLoop), eventLoop: eventLoop)
        }
        for (position, loop) in loops.enumerated() {
            let share = stride(from: position, to: identities.count, by: loops.count).map { identities[$0] }
            try await loop.eventLoop.submit { loop.value.add(share, endpoints: endpoints, settings) }.get()
        }
    }

    /// Each loop starts its share of so many a second.
    func start() async throws {
        let rate = settings.startsPerSecond == 0 ? 0 : max(1, settings.startsPerSecond / loops.count)
        try await onEach { $0.start(perSecond: rate) }
    }

    func stop() async throws { try await onEach { $0.stop() } }
    func openWindow() async throws { try await onEach { $0.openWindow() } }
    func closeWindow() async throws { try await onEach { $0.closeWindow() } }

    func figures() async throws -> FleetFigures {
        var sum = FleetFigures()
        for loop in loops {
            sum.add(try await loop.eventLoop.submit { loop.value.takeFigures() }.get())
        }
        return sum
    }

    /// Ends one agent without a word; the last ones first.
    ///
    /// - Parameter keepingConnection: as a machine that hangs, not as a process that is killed.
    func kill(_ number: Int, keepingConnection: Bool) async throws -> (name: String, node: NodeID) {
        let loop = loops[number % loops.count]
        return try await loop.eventLoop.submit {
            let agents = loop.value.agents
            let agent = agents[agents.count - 1 - number / self.loops.count]
            if keepingConnection { agent.silence() } else { agent.cut() }
            return (agent.name, agent.node)
        }.get()
    }

    private func onEach(_ body: @escaping @Sendable (FleetLoop) -> Void) async throws {
        for loop in loops { try await loop.eventLoop.submit { body(loop.value) }.get() }
    }
}
