import ClusterTypes
import ProtocolMessages
import Testing

@testable import AgentCore

@Suite("The agent says that it is empty when it is")
struct EmptinessTests {
    private func end(_ key: SlotKey, at now: Instant) -> Event {
        .slotChanged(SlotReport(key: key, state: .finished, at: now))
    }

    @Test("an agent that runs nothing answers at once, and once")
    func idle() {
        var fixture = Fixture.open()
        #expect(fixture.hear(.confirmEmpty(generation: 0)) == [.send(.empty(generation: 0))])
        #expect(fixture.hear(.heartbeatAcknowledged(sequence: 99)) == [])
        #expect(fixture.hear(.confirmEmpty(generation: 0)) == [.send(.empty(generation: 0))], "asked again")
    }

    @Test("the answer waits for the last slot, and for those that nobody wants any more")
    func busy() {
        let wanted = SlotKey(1, 1)
        let abandoned = SlotKey(2, 1)
        let slots = [wanted, abandoned].map { RunningSlot(key: $0, state: .running) }
        var fixture = Fixture.open(adopting: slots, keep: [wanted])
        #expect(fixture.hear(.confirmEmpty(generation: 0)) == [])
        let first = fixture.handle(end(wanted, at: fixture.now))
        #expect(!first.contains(.send(.empty(generation: 0))))
        #expect(fixture.handle(end(abandoned, at: fixture.now)).contains(.send(.empty(generation: 0))))
    }

    @Test("an assignment that was just taken is not nothing")
    func justAssigned() {
        var fixture = Fixture.open()
        let key = SlotKey(1, 1)
        _ = fixture.hear(.assign(.example(key)))
        #expect(fixture.hear(.confirmEmpty(generation: 1)) == [])
        #expect(fixture.handle(end(key, at: fixture.now)).last == .send(.empty(generation: 1)))
    }

    @Test("what has not come yet is waited for; the newest question replaces older ones")
    func notSeenYet() {
        var fixture = Fixture.open()
        let key = SlotKey(1, 1)
        #expect(fixture.hear(.confirmEmpty(generation: 1)) == [])
        _ = fixture.hear(.assign(.example(key)))
        #expect(fixture.hear(.confirmEmpty(generation: 2)) == [])
        _ = fixture.handle(end(key, at: fixture.now))
        let second = SlotKey(2, 1)
        _ = fixture.hear(.assign(.example(second)))
        #expect(fixture.handle(end(second, at: fixture.now)).contains(.send(.empty(generation: 2))))
    }

    @Test("a question dies with its connection")
    func newConnection() {
        let key = SlotKey(1, 1)
        var fixture = Fixture.open()
        fixture.run(key)
        _ = fixture.hear(.confirmEmpty(generation: 1))
        _ = fixture.handle(.disconnected(reason: "reset"))
        #expect(!fixture.handle(end(key, at: fixture.now)).contains(.send(.empty(generation: 1))))
        _ = fixture.pass(.seconds(1))
        fixture.open(keep: [key])
        #expect(fixture.hear(.slotEndAcknowledged(key)).contains(.forgetSlot(key)))
        #expect(fixture.hear(.confirmEmpty(generation: 0)) == [.send(.empty(generation: 0))])
    }
}
