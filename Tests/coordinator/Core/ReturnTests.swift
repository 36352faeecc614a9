import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Returns: what a node's coming back says about it")
struct ReturnTests {
    /// Joined, silent until it is lost, and not yet back.
    private func lost(_ policy: ReturnToService = .automatic, gpus: Int = 0) -> (Fixture, NodeID) {
        var limits = Limits.defaults
        limits.returnToService = policy
        var fixture = Fixture.withToken(limits: limits)
        let (node, _) = fixture.join(gpus: gpus)
        fixture.pass(26)
        return (fixture, node)
    }

    private func back(_ fixture: inout Fixture, _ node: NodeID, bootID: String = "boot", gpus: Int = 0)
        -> Output
    {
        var hello = Hello.example(node, gpus: gpus)
        hello.bootID = bootID
        return fixture.say(.hello(hello), on: fixture.connect(node))
    }

    private func record(_ fixture: Fixture, _ node: NodeID) -> NodeRecord? {
        fixture.core.nodes[node]?.record
    }

    private func events(_ output: Output) -> [String] {
        output.writes.compactMap {
            if case .addEvent(let event) = $0 { event.message } else { nil }
        }
    }

    // MARK: Reboots

    @Test("another boot id is an event, unless the node was drained or left")
    func reboot() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        _ = fixture.handle(.agentDisconnected(connection, reason: "reset"))
        #expect(
            events(back(&fixture, node, bootID: "second"))
                == ["rebooted unexpectedly: boot id boot -> second"])
        _ = fixture.reply(to: .drainNode(node, reason: "kernel"))
        if let connection = fixture.core.nodes[node]?.connection {
            _ = fixture.say(.empty(generation: 0), on: connection)
        }
        #expect(record(fixture, node)?.state == .drained)
        #expect(events(back(&fixture, node, bootID: "third")) == [])
        _ = fixture.reply(to: .uncordonNode(node))
        guard let connection = fixture.core.nodes[node]?.connection else {
            Issue.record("not connected")
            return
        }
        _ = fixture.say(.leaving(reason: "ordered on the node"), on: connection)
        #expect(record(fixture, node)?.hasLeft == true)
        #expect(events(back(&fixture, node, bootID: "fourth")) == ["ready"])
        #expect(record(fixture, node)?.hasLeft == false)
        #expect(record(fixture, node)?.bootID == "fourth")
    }

    // MARK: Return to service

    private static let uncordon = ": uncordon it to give it work again"

    @Test("automatic: whatever was lost is ready when it is back")
    func automatic() {
        var (fixture, node) = lost(.automatic)
        #expect(
            events(back(&fixture, node, bootID: "second"))
                == ["rebooted unexpectedly: boot id boot -> second", "ready"])
    }

    @Test("manual: whatever was lost is cordoned until an operator uncordons it")
    func manual() {
        var (fixture, node) = lost(.manual)
        let reason = "it was lost and is back" + Self.uncordon
        #expect(events(back(&fixture, node)) == ["cordoned: \(reason)"])
        #expect(record(fixture, node)?.reason == reason)
        // Silence in between takes nothing of it back.
        fixture.pass(15)
        #expect(record(fixture, node)?.state == .suspect)
        if let connection = fixture.core.nodes[node]?.connection {
            _ = fixture.say(.heartbeat(Heartbeat(sequence: 1)), on: connection)
        }
        #expect(record(fixture, node)?.reason == reason)
        _ = fixture.reply(to: .uncordonNode(node))
        #expect(record(fixture, node)?.state == .ready)
    }

    @Test("manual: one that left in order is started anew by somebody, and ready")
    func manualAfterLeaving() {
        var limits = Limits.defaults
        limits.returnToService = .manual
        var fixture = Fixture.withToken(limits: limits)
        let (node, connection) = fixture.join()
        _ = fixture.say(.leaving(reason: "done"), on: connection)
        #expect(events(back(&fixture, node)) == ["ready"])
    }

    @Test("unreachable: ready if the machine ran on and lacks nothing, else cordoned")
    func unreachable() {
        var (fixture, node) = lost(.unreachable, gpus: 2)
        #expect(events(back(&fixture, node, gpus: 2)) == ["ready"])

        (fixture, node) = lost(.unreachable)
        #expect(
            events(back(&fixture, node, bootID: "second")) == [
                "rebooted unexpectedly: boot id boot -> second",
                "cordoned: it was lost and is back after a reboot" + Self.uncordon,
            ])

        (fixture, node) = lost(.unreachable, gpus: 2)
        let unfit = "unfit: 1 of 2 devices (1 not there)"
        #expect(
            events(back(&fixture, node, gpus: 1))
                == ["cordoned: it was lost and is back \(unfit)\(Self.uncordon); \(unfit)"])
        _ = fixture.reply(to: .uncordonNode(node))
        #expect(record(fixture, node)?.state == .cordoned && record(fixture, node)?.reason == unfit)
    }

    @Test("a node that the operator has cordoned keeps the operator's reason")
    func cordoned() {
        var (fixture, node) = lost(.manual)
        _ = fixture.reply(to: .cordonNode(node, reason: "noise"))
        #expect(events(back(&fixture, node)) == ["cordoned: noise"])
    }

    // MARK: Hardware

    @Test("less than declared is unfit, until it is back; more is declared; the disk is nobody's business")
    func unfit() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join(cpus: 4, gpus: 8)
        func report(_ change: (inout HardwareReport) -> Void) -> String {
            var report = HardwareReport.example(cpus: 4, gpus: 8)
            change(&report)
            _ = fixture.say(.hardware(report, request: 0), on: connection)
            guard let record = record(fixture, node) else { return "gone" }
            return record.reason.isEmpty
                ? record.state.rawValue : "\(record.state.rawValue): \(record.reason)"
        }
        #expect(
            report { $0.devices[3].health = .failed }
                == "ready")
        #expect(
            report {
                $0.devices.removeLast()
                $0.devices[0].health = .failed
                $0.processor.usableMilliCPU = 3_500
            } == "cordoned: unfit: 7 of 8 devices (1 not there), 3.500 of 4 CPUs")
        #expect(report { _ in } == "ready")
        #expect(report { $0.memory.totalBytes = ((8 << 30) / 100) * 96 } == "ready")
        #expect(
            report { $0.memory.totalBytes = 7 << 30 } == "cordoned: unfit: 7168 of 8192 MiB of memory")
        #expect(report { $0.disk.availableBytes = 1 } == "ready")
        #expect(report { $0.processor.usableMilliCPU = 6_000 } == "ready")
        #expect(report { _ in } == "cordoned: unfit: 4 of 6 CPUs")
        #expect(
            record(fixture, node)?.declared
                == DeclaredHardware(milliCPU: 6_000, memoryBytes: 8 << 30, devices: 8))
    }

    @Test("the operator can accept what is there as all that should be there")
    func accept() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join(cpus: 4)
        _ = fixture.say(.hardware(.example(cpus: 2), request: 0), on: connection)
        #expect(record(fixture, node)?.state == .cordoned)
        guard case .node(let accepted) = fixture.reply(to: .acceptNode(node)) else {
            Issue.record("not accepted")
            return
        }
        #expect(accepted.state == .ready)
        #expect(accepted.declared == DeclaredHardware(milliCPU: 2_000, memoryBytes: 8 << 30, devices: 0))
        // A node that has never reported has nothing to accept, and declares with its first report.
        _ = fixture.command(
            .enrollNode(secretHash: Fixture.joinSecretHash, name: "n2", keyFingerprint: "key of 2"))
        _ = fixture.reply(to: .acceptNode(NodeID(2)))
        #expect(record(fixture, NodeID(2))?.declared == nil)
    }

    // MARK: Flaps

    /// Silent until it is suspect, then heard.
    private func flap(_ fixture: inout Fixture, _ connection: ConnectionID) {
        fixture.pass(15)
        _ = fixture.say(.heartbeat(Heartbeat(sequence: 1)), on: connection)
    }

    private static func flapping(_ seconds: Int) -> String {
        "flapping: silent and back 5 times within 600 s; nothing new for \(seconds) s"
    }

    @Test("the fifth return within the window gives a node nothing new for a minute, then for two")
    func damping() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        for _ in 1...4 { flap(&fixture, connection) }
        #expect(record(fixture, node)?.state == .ready)
        flap(&fixture, connection)
        #expect(record(fixture, node)?.state == .cordoned)
        #expect(record(fixture, node)?.reason == Self.flapping(60))
        _ = fixture.submit(.single(.batch))
        fixture.pass(59, beatsOn: [connection])
        #expect(fixture.core.nodes[node]?.slots == [])
        fixture.pass(1, beatsOn: [connection])
        #expect(record(fixture, node)?.state == .ready)
        #expect(fixture.core.nodes[node]?.slots.count == 1)
        for _ in 1...5 { flap(&fixture, connection) }
        #expect(record(fixture, node)?.reason == Self.flapping(120))
        // A restart of the coordinator takes nothing of it back.
        var snapshot = Snapshot()
        snapshot.nodes = fixture.core.nodes.values.map(\.record)
        var restored = Fixture(restoring: snapshot, at: fixture.now)
        let again = restored.connect(node)
        _ = restored.say(.hello(.example(node)), on: again)
        restored.pass(119, beatsOn: [again])
        #expect(record(restored, node)?.state == .cordoned)
        restored.pass(1, beatsOn: [again])
        #expect(record(restored, node)?.state == .ready)
    }

    @Test("an operator's uncordon ends a damping at once, and what was counted is forgotten")
    func uncordon() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        for _ in 1...5 { flap(&fixture, connection) }
        guard case .node(let record) = fixture.reply(to: .uncordonNode(node)) else {
            Issue.record("refused")
            return
        }
        #expect(record.state == .ready && record.dampedUntil == nil && record.dampingCount == 0)
    }

    @Test("returns that lie further apart than the window, and dampings never longer than an hour")
    func window() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        for _ in 1...8 {
            flap(&fixture, connection)
            fixture.pass(140, beatsOn: [connection])
        }
        #expect(record(fixture, node)?.dampingCount == 0)
        #expect(
            [1, 2, 6, 7, 1_000].map { Limits.defaults.damping($0) }
                == [.seconds(60), .seconds(120), .seconds(1_920), .seconds(3_600), .seconds(3_600)])
    }

    @Test("a pool that goes and comes as a whole blames no node for it")
    func massReturns() {
        var fixture = Fixture.withToken()
        let connections = (0..<4).map { _ in fixture.join().connection }
        for _ in 1...6 {
            fixture.pass(15)
            for connection in connections {
                _ = fixture.say(.heartbeat(Heartbeat(sequence: 1)), on: connection)
            }
        }
        #expect(fixture.core.nodes.values.allSatisfy { $0.record.state == .ready })
    }

    @Test("an order that is refused changes nothing")
    func refusedOrder() {
        var fixture = Fixture.withToken()
        let (node, _) = fixture.join()
        _ = fixture.assignments(of: .single(.service))
        fixture.core.nodes[node]?.record.dampingCount = 3
        _ = fixture.command(.removeNode(node, reason: "sold"))
        let before = fixture.core.nodes[node]?.record
        for order in [
            Command.uncordonNode(node), .cordonNode(node, reason: ""), .drainNode(node, reason: ""),
        ] {
            let output = fixture.command(order)
            #expect(output.writes.isEmpty && output.actions.count == 1)
            #expect(fixture.core.nodes[node]?.record == before)
        }
        #expect(before?.removal == "sold" && before?.dampingCount == 3)
    }
}
