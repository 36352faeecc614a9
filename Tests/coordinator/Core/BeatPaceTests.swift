import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Beat pace: intervals follow the coordinator's load, within what the lease allows")
struct BeatPaceTests {
    private func pace(_ permilles: [UInt32], _ limits: Limits = .defaults) -> [UInt32] {
        var pace = BeatPace()
        var now = Instant(microseconds: 1)
        return permilles.map { permille in
            now = now + .seconds(1)
            pace.note(busyPermille: permille, at: now, limits)
            return pace.milliseconds(limits)
        }
    }

    @Test("it grows an eighth a second while busy, up to eight seconds")
    func grows() {
        #expect(
            pace(Array(repeating: 900, count: 7)) == [5_625, 6_250, 6_875, 7_500, 8_000, 8_000, 8_000])
    }

    @Test("it shrinks a step in half a minute of calm; load in between is waited out")
    func shrinks() {
        let busy = Array(repeating: 1_000 as UInt32, count: 2)
        let calm = Array(repeating: 100 as UInt32, count: 30)
        #expect(pace(busy + calm).suffix(2) == [6_250, 5_625])
        #expect(pace(busy + calm.dropLast() + [500] + calm).suffix(2) == [6_250, 5_625])
        #expect(pace(busy + calm + calm + calm).last == 5_000)
    }

    @Test("in between it stays")
    func stays() {
        #expect(pace([800, 600, 500, 400, 690]) == [5_625, 5_625, 5_625, 5_625, 5_625])
    }

    @Test("the suspect mark of the longest interval is before the end of the lease")
    func withinTheLease() {
        for lease in stride(from: 1_600, through: 60_000, by: 700) as StrideThrough<UInt32> {
            var limits = Limits.defaults
            limits.heartbeatMilliseconds = 500
            limits.leaseMilliseconds = lease
            #expect(limits.validate().isEmpty)
            let longest = limits.heartbeatLongestMilliseconds
            #expect(longest * limits.suspectAfterBeats < lease, "lease \(lease)")
            #expect(longest >= 500 && longest <= 800)
        }
    }

    @Test("an agent is told with its next beat, once; its silence is measured by what it was told")
    func told() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        func beat(_ sequence: UInt64) -> [Action] {
            fixture.handle(.heartbeats([ReceivedBeat(connection, sequence: sequence)])).actions
        }
        #expect(beat(1) == [.send(connection, .heartbeatAcknowledged(sequence: 1))])
        for _ in 0..<8 { _ = fixture.handle(.loadMeasured(permille: 1_000)) }
        #expect(
            beat(2) == [.send(connection, .heartbeatAcknowledged(sequence: 2, heartbeatMilliseconds: 8_000))])
        #expect(beat(3) == [.send(connection, .heartbeatAcknowledged(sequence: 3))])
        let heard = fixture.now
        var suspectAfter: Duration?
        for _ in 0..<60 where suspectAfter == nil {
            fixture.now = fixture.now + .seconds(1)
            _ = fixture.place()
            if fixture.core.nodes[node]?.record.state == .suspect { suspectAfter = fixture.now - heard }
        }
        #expect(suspectAfter == .seconds(24))
    }

    @Test("many beats at one moment are as many acknowledgements; one before hello is refused")
    func batch() {
        var fixture = Fixture.withToken()
        let joined = (0..<3).map { _ in fixture.join() }
        let stranger = ConnectionID(99)
        let peer = PeerIdentity(node: joined[0].node, keyFingerprint: "f", address: "127.0.0.1")
        _ = fixture.handle(.agentConnected(stranger, peer))
        let beats = joined.map { ReceivedBeat($0.connection, sequence: 4) }
        let unknown = ReceivedBeat(ConnectionID(1_000), sequence: 1)
        let output = fixture.handle(
            .heartbeats([unknown] + beats + [ReceivedBeat(stranger, sequence: 1)]))
        #expect(
            output.actions
                == joined.map { .send($0.connection, .heartbeatAcknowledged(sequence: 4)) } + [
                    .refuse(stranger, Refusal(.protocolViolation, "say hello first"))
                ])
        #expect(output.writes.isEmpty)
    }
}
