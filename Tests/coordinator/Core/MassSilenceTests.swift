import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Mass silence: a pool that falls silent as a whole is not declared lost")
struct MassSilenceTests {
    private typealias Joined = (node: NodeID, connection: ConnectionID)

    private func joined(_ count: Int, limits: Limits = .defaults) -> (Fixture, [Joined]) {
        var fixture = Fixture.withToken(limits: limits)
        let nodes = (0..<count).map { _ in fixture.join() }
        return (fixture, nodes)
    }

    /// Each second's event lines, with the second.
    private func events(
        _ fixture: inout Fixture, seconds: Int, beatsOn connections: [ConnectionID] = []
    ) -> [String] {
        let start = fixture.now
        var seen: [String] = []
        for second in 1...seconds {
            fixture.now = start + .seconds(second)
            var outputs = connections.map { fixture.say(.heartbeat(Heartbeat(sequence: 1)), on: $0) }
            outputs.append(fixture.place())
            for case .addEvent(let event) in outputs.flatMap(\.writes) {
                let subject = event.subject == .cluster ? "" : "node "
                seen.append("\(second) \(subject)\(event.message)")
            }
        }
        return seen
    }

    private func states(_ fixture: Fixture) -> [NodeState] { fixture.core.nodes.values.map(\.record.state) }

    @Test("more than half of a pool silent: no loss until they are back, and it is said at both ends")
    func brake() {
        var (fixture, nodes) = joined(4)
        let beating = [nodes[0].connection]
        #expect(
            events(&fixture, seconds: 60, beatsOn: beating)
                == Array(repeating: "15 node suspect: no sign of life", count: 3) + [
                    "15 mass silence in pool 'default': 3 of 4 nodes are silent; "
                        + "none is declared lost for up to 600 s"
                ])
        let line =
            "mass silence in pool 'default': 3 of 4 nodes are silent; "
            + "none is declared lost while it lasts, for up to 600 s"
        #expect(fixture.reply(to: .explainCluster) == .explanation([line]))
        guard case .explanation(let lines) = fixture.reply(to: .explainNode(nodes[3].node)) else {
            Issue.record("not explained")
            return
        }
        #expect(lines.contains(line))
        let output = fixture.say(.heartbeat(Heartbeat(sequence: 1)), on: nodes[1].connection)
        #expect(
            output.writes.last
                == .addEvent(
                    EventRecord(
                        at: fixture.now, subject: .cluster,
                        message: "mass silence in pool 'default' is over: 2 of 4 nodes are silent")))
        #expect(fixture.reply(to: .explainCluster) == .explanation([]))
        // The rest are waited for as long as a lease: they may be about to come back too.
        let more = beating + [nodes[1].connection]
        #expect(
            events(&fixture, seconds: 60, beatsOn: more)
                == Array(repeating: "25 node lost: its lease is over", count: 2))
    }

    @Test("the brake holds for ten minutes, then losses go on")
    func overdue() {
        var (fixture, _) = joined(5)
        let seen = events(&fixture, seconds: 700)
        #expect(
            Array(seen.dropFirst(5))
                == [
                    "15 mass silence in pool 'default': 3 of 5 nodes are silent; none is declared lost for up to 600 s"
                ] + Array(repeating: "615 node lost: its lease is over", count: 5) + [
                    "615 mass silence in pool 'default' lasts longer than 600 s: its silent nodes are declared lost",
                    "615 mass silence in pool 'default' is over: 3 of 3 nodes are silent",
                ])
    }

    @Test("half of a pool, a small pool, and nodes that leave in order are no mass silence")
    func unbraked() {
        var (half, nodes) = joined(4)
        _ = events(&half, seconds: 30, beatsOn: nodes.prefix(2).map(\.connection))
        #expect(states(half) == [.ready, .ready, .lost, .lost])

        var (small, _) = joined(3)
        _ = events(&small, seconds: 30)
        #expect(states(small) == [.lost, .lost, .lost])

        var (leaving, all) = joined(8)
        for (node, _) in all.prefix(4) { _ = leaving.reply(to: .drainNode(node, reason: "")) }
        _ = leaving.say(.leaving(reason: "done"), on: all[4].connection)
        _ = events(&leaving, seconds: 30)
        #expect(states(leaving) == Array(repeating: .lost, count: 8))

        var limits = Limits.defaults
        limits.massSilencePercent = 100
        var (off, _) = joined(4, limits: limits)
        _ = events(&off, seconds: 30)
        #expect(states(off) == Array(repeating: .lost, count: 4))
    }

    @Test("pools are counted apart, and so is what is silent in them")
    func pools() {
        var fixture = Fixture.withToken()
        _ = fixture.command(
            .createToken(name: "b", purpose: .join(pool: "b"), secretHash: "b", expiresAt: nil, uses: nil))
        let living = (0..<4).map { _ in fixture.join().connection }
        for number in 5...6 as ClosedRange<UInt64> {
            _ = fixture.command(
                .enrollNode(secretHash: "b", name: "n\(number)", keyFingerprint: "key of \(number)"))
            let connection = fixture.connect(NodeID(number))
            _ = fixture.say(.hello(.example(NodeID(number))), on: connection)
        }
        fixture.pass(30, beatsOn: living)
        #expect(states(fixture) == Array(repeating: .ready, count: 4) + [.lost, .lost])
    }

    @Test("a stall of the coordinator's own neither begins a mass silence nor shortens one")
    func stall() {
        var (fixture, nodes) = joined(4)
        fixture.now = fixture.now + .seconds(300)
        #expect(events(&fixture, seconds: 1).count == 1)
        fixture.pass(20, beatsOn: nodes.map(\.connection))
        #expect(states(fixture) == Array(repeating: .ready, count: 4))
        fixture.pass(500)
        fixture.now = fixture.now + .seconds(300)
        fixture.pass(100)
        #expect(states(fixture) == Array(repeating: .suspect, count: 4))
        fixture.pass(20)
        #expect(states(fixture) == Array(repeating: .lost, count: 4))
    }
}
