import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Admission: many hellos at once are spread")
struct HelloAdmissionTests {
    @Test(
        "a second's worth is let in at once; the n-th of the others is told a later time than the one before")
    func window() {
        var limits = Limits.defaults
        limits.hellosPerSecond = 2
        var fixture = Fixture.withToken(limits: limits)
        for number in 1...5 {
            _ = fixture.command(
                .enrollNode(
                    secretHash: Fixture.joinSecretHash, name: "n\(number)", keyFingerprint: "key of \(number)"
                ))
        }
        let answers: [Action?] = (1...5 as ClosedRange<UInt64>).map { number in
            let node = NodeID(number)
            let connection = fixture.connect(node)
            return fixture.say(.hello(.example(node)), on: connection).actions.first
        }
        let refused = zip([3, 4, 5] as [UInt64], [1_501, 2_001, 2_501] as [UInt32]).map { connection, wait in
            Action.refuse(
                ConnectionID(connection),
                Refusal(
                    .overloaded, "many agents connect at once: your turn comes", retryAfterMilliseconds: wait)
            )
        }
        #expect(answers.suffix(3) == refused.map(Optional.some))
        #expect(
            fixture.core.nodes.values.map(\.record.state) == [.ready, .ready, .joining, .joining, .joining])
        fixture.pass(2)
        let late = fixture.connect(NodeID(3))
        _ = fixture.say(.hello(.example(NodeID(3))), on: late)
        #expect(fixture.core.nodes[NodeID(3)]?.record.state == .ready)
    }

    /// The agents' side is played as they do it: jitter up to two seconds on top of what they are told.
    @Test("10,000 agents that come at once are all in within half a lease")
    func herd() {
        let limits = Limits.defaults
        var admission = HelloAdmission()
        var random = SeededRandom(seed: 1)
        var due = DeadlineQueue<NodeID>()
        for number in 1...10_000 as ClosedRange<UInt64> { due.set(NodeID(number), to: .seconds(100)) }
        var now = Instant.seconds(100)
        var admitted = 0
        var refused = 0
        while !due.isEmpty {
            for node in due.popExpired(at: now) {
                guard let wait = admission.admit(at: now, limits) else {
                    admitted += 1
                    continue
                }
                refused += 1
                let jitter = Int64.random(in: 0...min(wait.wholeMilliseconds, 2_000), using: &random)
                due.set(node, to: now + wait + .milliseconds(jitter))
            }
            now = now + .milliseconds(1)
        }
        #expect(admitted == 10_000)
        #expect(refused < 11_000, "hardly anybody is refused twice")
        #expect(now - .seconds(100) < .seconds(12.5))
    }
}
