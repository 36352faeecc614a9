import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("How nodes go: drained and removed only when nothing is left there")
struct DepartureTests {
    private func event(_ node: NodeID, _ message: String, at now: Instant) -> Write {
        .addEvent(EventRecord(at: now, subject: .node(node), message: message))
    }

    private func state(_ node: NodeID, _ fixture: Fixture) -> NodeState? {
        fixture.core.nodes[node]?.record.state
    }

    // MARK: Draining

    @Test("a node whose book is empty is asked, and drained when its agent agrees")
    func drain() throws {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        var record = try #require(fixture.core.nodes[node]?.record)
        record.isDraining = true
        record.state = .draining
        record.reason = "disk"
        record.since = fixture.now
        let order = fixture.command(.drainNode(node, reason: "disk"))
        #expect(
            order
                == Output(
                    [event(node, "draining: disk", at: fixture.now), .putNode(record)],
                    [
                        .send(connection, .confirmEmpty(generation: 0)),
                        .reply(fixture.request, .node(record)),
                    ]))
        fixture.now = fixture.now + .seconds(1)
        record.state = .drained
        record.since = fixture.now
        #expect(
            fixture.say(.empty(generation: 0), on: connection)
                == Output([event(node, "drained: disk", at: fixture.now), .putNode(record)]))
        #expect(fixture.say(.empty(generation: 0), on: connection) == Output(), "known")
    }

    @Test("the question follows the last end, and its number counts the assignments of this connection")
    func generation() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        _ = fixture.submit(.single(.batch, slots: 2))
        _ = fixture.command(.drainNode(node, reason: "disk"))
        func end(_ slot: UInt64) -> Output {
            fixture.say(
                .slotReport(
                    SlotReport(key: SlotKey(slot, 1), state: .finished, exitCode: 0, at: fixture.now)),
                on: connection)
        }
        #expect(!end(1).actions.contains(.send(connection, .confirmEmpty(generation: 2))))
        #expect(end(2).actions.contains(.send(connection, .confirmEmpty(generation: 2))))
        #expect(
            fixture.say(.empty(generation: 1), on: connection) == Output(), "an answer to another question")
        #expect(state(node, fixture) == .draining)
        _ = fixture.say(.empty(generation: 2), on: connection)
        #expect(state(node, fixture) == .drained)
    }

    @Test("an answer from before a newer assignment counts nothing")
    func staleAnswer() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        _ = fixture.command(.drainNode(node, reason: "disk"))
        _ = fixture.command(.uncordonNode(node))
        _ = fixture.place()
        _ = fixture.submit(.single(.batch))
        _ = fixture.command(.drainNode(node, reason: "disk again"))
        #expect(fixture.say(.empty(generation: 0), on: connection) == Output())
        #expect(state(node, fixture) == .draining)
        #expect(fixture.core.nodes[node]?.slots.count == 1)
    }

    @Test("a drain that is taken back and ordered again is asked for again")
    func drainTwice() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        for _ in 0..<2 {
            let order = fixture.command(.drainNode(node, reason: ""))
            #expect(order.actions.contains(.send(connection, .confirmEmpty(generation: 0))))
            _ = fixture.say(.empty(generation: 0), on: connection)
            #expect(state(node, fixture) == .drained)
            _ = fixture.command(.uncordonNode(node))
            #expect(state(node, fixture) == .ready)
        }
    }

    @Test("a new connection is asked anew, until it has answered once; a restarted coordinator asks too")
    func reconnect() throws {
        var fixture = Fixture.withToken()
        let (node, first) = fixture.join()
        _ = fixture.command(.drainNode(node, reason: ""))
        _ = fixture.handle(.agentDisconnected(first, reason: "reset"))
        #expect(state(node, fixture) == .draining)
        let second = fixture.connect(node)
        let hello = fixture.say(.hello(.example(node)), on: second)
        #expect(hello.actions.last == .send(second, .confirmEmpty(generation: 0)))

        var snapshot = Snapshot()
        snapshot.nodes = [try #require(fixture.core.nodes[node]?.record)]
        snapshot.lastNode = 1
        var restored = Fixture(restoring: snapshot)
        let third = restored.connect(node)
        let again = restored.say(.hello(.example(node)), on: third)
        #expect(again.actions.last == .send(third, .confirmEmpty(generation: 0)))
        _ = restored.say(.empty(generation: 0), on: third)
        #expect(state(node, restored) == .drained)
        _ = restored.handle(.agentDisconnected(third, reason: "reset"))
        let fourth = restored.connect(node)
        #expect(restored.say(.hello(.example(node)), on: fourth).actions.count == 1, "the welcome alone")
        #expect(state(node, restored) == .drained)
    }

    @Test("an agent that does not know the question is taken at the book's word")
    func oldAgent() {
        var fixture = Fixture.withToken()
        let (node, first) = fixture.join()
        _ = fixture.handle(.agentDisconnected(first, reason: "reset"))
        let connection = fixture.connect(node)
        var hello = Hello.example(node)
        hello.version = ProtocolVersion(major: 1, minor: 0)
        _ = fixture.say(.hello(hello), on: connection)
        let order = fixture.command(.drainNode(node, reason: ""))
        #expect(order.actions.count == 1, "the reply alone")
        #expect(state(node, fixture) == .drained)
        let removal = fixture.command(.removeNode(node, reason: "sold"))
        #expect(
            removal.actions.first == .refuse(connection, Refusal(.revoked, "the node was removed: sold")))
        #expect(state(node, fixture) == .released)
    }

    @Test("a silent node is not drained by silence: its lease decides")
    func silentNode() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        _ = fixture.handle(.agentDisconnected(connection, reason: "reset"))
        _ = fixture.command(.drainNode(node, reason: ""))
        fixture.pass(14)
        #expect(state(node, fixture) == .draining)
        fixture.pass(12)
        #expect(state(node, fixture) == .lost)
    }

    // MARK: Removal

    @Test("a node that runs nothing is asked, then told that it is removed; what is left of it is bounded")
    func removeIdle() throws {
        var limits = Limits.defaults
        limits.releasedNodesKept = 1
        var fixture = Fixture.withToken(limits: limits)
        let (first, connection) = fixture.join()
        var record = try #require(fixture.core.nodes[first]?.record)
        record.isDraining = true
        record.removal = "sold"
        record.state = .draining
        record.reason = "to be removed: sold"
        let order = fixture.command(.removeNode(first, reason: "sold"))
        #expect(
            order
                == Output(
                    [event(first, "draining: to be removed: sold", at: fixture.now), .putNode(record)],
                    [
                        .send(connection, .confirmEmpty(generation: 0)),
                        .reply(fixture.request, .node(record)),
                    ]))
        _ = fixture.place()
        record.removal = nil
        record.state = .released
        record.reason = "sold"
        #expect(
            fixture.say(.empty(generation: 0), on: connection)
                == Output(
                    [event(first, "released: sold", at: fixture.now), .putNode(record)],
                    [.refuse(connection, Refusal(.revoked, "the node was removed: sold"))]))
        _ = fixture.place()
        let (second, other) = fixture.join()
        _ = fixture.reply(to: .removeNode(second, reason: "sold"))
        _ = fixture.say(.empty(generation: 0), on: other)
        #expect(fixture.core.nodes.keys == [second])
        let late = fixture.connect(second)
        guard case .refuse(_, let refusal) = fixture.say(.hello(.example(second)), on: late).actions.first
        else {
            Issue.record("a removed node is let in")
            return
        }
        #expect(refusal.code == .revoked)
    }

    @Test("its slots are placed elsewhere when their ends are told, not before")
    func removeBusy() {
        var fixture = Fixture.withToken()
        let (first, connection) = fixture.join()
        let job = fixture.submit(.single(.batch))
        fixture.run(SlotKey(1, 1), on: connection)
        let (second, other) = fixture.join()
        let order = fixture.command(.removeNode(first, reason: "sold"))
        #expect(
            order.actions.first
                == .send(connection, .stopSlot(SlotKey(1, 1), reason: "its node is to be removed")))
        fixture.pass(20, beatsOn: [connection, other])
        #expect(fixture.core.slots[SlotID(1)]?.record.node == first)
        let stopped = SlotReport(key: SlotKey(1, 1), state: .finished, reason: "stopped", at: fixture.now)
        let end = fixture.say(.slotReport(stopped), on: connection)
        #expect(end.actions.contains(.send(connection, .confirmEmpty(generation: 1))))
        _ = fixture.place()
        #expect(fixture.core.slots[SlotID(1)]?.record.node == second)
        #expect(fixture.core.slots[SlotID(1)]?.record.attempts == 0)
        #expect(fixture.core.jobs[job]?.record.state == .running)
        #expect(state(first, fixture) == .draining)
        let empty = fixture.say(.empty(generation: 1), on: connection)
        #expect(empty.actions == [.refuse(connection, Refusal(.revoked, "the node was removed: sold"))])
        #expect(state(first, fixture) == .released)
    }

    @Test("a batch command that failed before the order to stop reached it has failed")
    func failureBeforeStop() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        let job = fixture.submit(.single(.batch))
        fixture.run(SlotKey(1, 1), on: connection)
        _ = fixture.command(.removeNode(node, reason: "sold"))
        let failed = SlotReport(key: SlotKey(1, 1), state: .failed, exitCode: 3, at: fixture.now)
        _ = fixture.say(.slotReport(failed), on: connection)
        #expect(fixture.core.jobs[job]?.record.state == .failed)
    }

    @Test("a node that falls silent while it is to be removed is gone with its lease, and so is what it kept")
    func removeSilent() {
        var fixture = Fixture.withToken()
        let (first, connection) = fixture.join()
        _ = fixture.submit(.single(.service) { $0.onDisconnect = .keep })
        fixture.run(SlotKey(1, 1), on: connection)
        let (second, other) = fixture.join()
        _ = fixture.command(.removeNode(first, reason: "burnt"))
        _ = fixture.handle(.agentDisconnected(connection, reason: "reset"))
        fixture.pass(25, beatsOn: [other])
        #expect(fixture.core.slots[SlotID(1)]?.record.node == first)
        fixture.pass(1, beatsOn: [other])
        #expect(state(first, fixture) == .released)
        #expect(fixture.core.slots[SlotID(1)]?.record.node == second)
    }

    @Test("the order survives a restart of the coordinator")
    func removalSurvives() throws {
        var fixture = Fixture.withToken()
        let (node, _) = fixture.join()
        _ = fixture.command(.removeNode(node, reason: "sold"))
        var snapshot = Snapshot()
        snapshot.nodes = [try #require(fixture.core.nodes[node]?.record)]
        snapshot.lastNode = 1
        var restored = Fixture(restoring: snapshot)
        let connection = restored.connect(node)
        let hello = restored.say(.hello(.example(node, instance: 8)), on: connection)
        #expect(hello.actions.last == .send(connection, .confirmEmpty(generation: 0)))
        _ = restored.say(.empty(generation: 0), on: connection)
        #expect(state(node, restored) == .released)

        var silent = Fixture(restoring: snapshot)
        silent.pass(26)
        #expect(state(node, silent) == .released)
    }

    @Test("a node that is lost, or has never come, is gone at once")
    func removeLost() {
        var fixture = Fixture.withToken()
        let (lost, _) = fixture.join()
        fixture.pass(26)
        _ = fixture.command(
            .enrollNode(secretHash: Fixture.joinSecretHash, name: "n2", keyFingerprint: "key of 2"))
        for node in [lost, NodeID(2)] {
            guard case .node(let record) = fixture.reply(to: .removeNode(node, reason: "")) else {
                Issue.record("refused")
                continue
            }
            #expect(record.state == .released)
        }
    }

    @Test("a removal is said once, and not taken back")
    func removalStands() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        _ = fixture.reply(to: .removeNode(node, reason: "sold"))
        let again = fixture.command(.removeNode(node, reason: "twice"))
        #expect(again.writes.isEmpty && again.actions.count == 1)
        for command in [
            Command.uncordonNode(node), .drainNode(node, reason: ""), .cordonNode(node, reason: ""),
        ] {
            guard case .refused(let refusal) = fixture.reply(to: command) else {
                Issue.record("\(command) is taken")
                continue
            }
            #expect(refusal.code == .conflict)
        }
        _ = fixture.say(.leaving(reason: "ordered"), on: connection)
        #expect(state(node, fixture) == .released, "who leaves needs no more to be asked")
    }
}
