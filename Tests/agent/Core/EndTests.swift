import ClusterTypes
import ProtocolMessages
import Testing

@testable import AgentCore

@Suite("The end of a machine's time: the whole output of each event")
struct EndTests {
    private let key = SlotKey(1, 1)

    @Test("an end that is known from the start is told in hello, as what remains")
    func hello() {
        var fixture = Fixture()
        let end = fixture.now + .seconds(3_600)
        #expect(
            fixture.handle(.endLearned(end, isNotice: false))
                == [.setEnd(warnAt: end - .seconds(60), until: end - .seconds(2)), .connect])
        fixture.now = fixture.now + .seconds(10)
        var hello = Hello.example()
        hello.lifetime = Lifetime(remainingMilliseconds: 3_590_000)
        #expect(fixture.handle(.connected) == [.send(.hello(hello))])
        let welcome = fixture.hear(.welcome(.example()))
        #expect(!welcome.contains { if case .send(.lifetime) = $0 { true } else { false } }, "known by hello")
    }

    @Test("a tenth of a short lifetime is enough for the warning, a quarter of that for the farewell")
    func shortLifetime() {
        var fixture = Fixture.open()
        let end = fixture.now + .seconds(40)
        #expect(
            fixture.handle(.endLearned(end, isNotice: false))
                == [
                    .setEnd(warnAt: end - .seconds(4), until: end - .seconds(1)),
                    .send(.lifetime(Lifetime(remainingMilliseconds: 40_000))),
                ])
    }

    @Test("of two ends the earlier counts")
    func earlierEnd() {
        var fixture = Fixture.open()
        _ = fixture.handle(.endLearned(fixture.now + .seconds(600), isNotice: false))
        #expect(fixture.handle(.endLearned(fixture.now + .seconds(700), isNotice: false)) == [])
        #expect(fixture.handle(.endLearned(fixture.now + .seconds(500), isNotice: false)).count == 2)
        #expect(fixture.agent.endsAt == fixture.now + .seconds(500))
    }

    @Test("at the warning it takes nothing new and says so; when its last slot is over it leaves in order")
    func drain() {
        var fixture = Fixture.open()
        fixture.run(key)
        let end = fixture.now + .seconds(600)
        _ = fixture.handle(.endLearned(end, isNotice: false))
        #expect(fixture.pass(.seconds(539)) == [])
        #expect(
            fixture.pass(.seconds(1)) == [
                .send(.pull(credits: 0)),
                .send(.lifetime(Lifetime(remainingMilliseconds: 60_000, isEnding: true))),
            ])
        #expect(fixture.hear(.assign(.example(SlotKey(2, 1)))) == [], "it crossed the wish for no more")
        let report = SlotReport(key: key, state: .finished, reason: "its node's time ends", at: fixture.now)
        #expect(fixture.handle(.slotChanged(report)) == [.send(.slotReport(report))])
        #expect(
            fixture.hear(.slotEndAcknowledged(key)) == [
                .forgetSlot(key), .send(.leaving(reason: "its time is over")),
                .disconnect(reason: "the agent ends"), .exit(.left),
            ])
    }

    @Test("a slot that does not end keeps the agent until the end, and then no order is claimed")
    func stubbornSlot() {
        var fixture = Fixture.open()
        fixture.run(key)
        _ = fixture.handle(.endLearned(fixture.now + .seconds(600), isNotice: false))
        _ = fixture.pass(.seconds(599))
        #expect(
            fixture.pass(.seconds(1)) == [.disconnect(reason: "the agent ends"), .exit(.left)])
    }

    @Test("a notice begins the leave at once; an agent that runs nothing is gone with it")
    func notice() {
        var fixture = Fixture.open()
        fixture.run(key)
        let end = fixture.now + .seconds(120)
        #expect(
            fixture.handle(.endLearned(end, isNotice: true)) == [
                .setEnd(warnAt: fixture.now, until: end - .seconds(2)), .send(.pull(credits: 0)),
                .send(.lifetime(Lifetime(remainingMilliseconds: 120_000, isEnding: true))),
            ])
        var idle = Fixture.open()
        #expect(
            idle.handle(.endLearned(end, isNotice: true)).suffix(2) == [
                .disconnect(reason: "the agent ends"), .exit(.left),
            ])
    }

    @Test("a second notice can only shorten the time")
    func secondNotice() {
        var fixture = Fixture.open()
        fixture.run(key)
        _ = fixture.handle(.endLearned(fixture.now + .seconds(120), isNotice: true))
        #expect(fixture.handle(.endLearned(fixture.now + .seconds(130), isNotice: true)) == [])
        let end = fixture.now + .seconds(30)
        #expect(
            fixture.handle(.endLearned(end, isNotice: true)) == [
                .setEnd(warnAt: fixture.now, until: end - .seconds(2)),
                .send(.lifetime(Lifetime(remainingMilliseconds: 30_000, isEnding: true))),
            ])
        #expect(fixture.pass(.seconds(30)).last == .exit(.left))
    }

    @Test("an order to leave is obeyed while the end draws near")
    func orderWhileEnding() {
        var fixture = Fixture.open()
        fixture.run(key)
        _ = fixture.handle(.endLearned(fixture.now + .seconds(120), isNotice: true))
        #expect(
            fixture.handle(.shutdownRequested(.stopSlots)).contains(
                .stopSlot(key, reason: "the agent leaves")))
        #expect(fixture.handle(.endLearned(fixture.now + .seconds(1), isNotice: true)) == [])
    }

    @Test("what was learned while the connection was made is told after the welcome")
    func learnedWhileGreeting() {
        var fixture = Fixture()
        _ = fixture.handle(.wakeup)
        _ = fixture.handle(.connected)
        fixture.now = fixture.now + .seconds(1)
        _ = fixture.handle(.endLearned(fixture.now + .seconds(600), isNotice: false))
        #expect(
            fixture.hear(.welcome(.example())).contains(
                .send(.lifetime(Lifetime(remainingMilliseconds: 600_000)))))
    }

    @Test("a coordinator that does not know the word is not told it; it sees that nothing is pulled")
    func oldCoordinator() {
        var fixture = Fixture()
        _ = fixture.handle(.wakeup)
        _ = fixture.handle(.connected)
        var welcome = Welcome.example()
        welcome.version = ProtocolVersion(major: 1, minor: 0)
        _ = fixture.hear(.welcome(welcome))
        _ = fixture.hear(.heartbeatAcknowledged(sequence: 1))
        fixture.run(key)
        #expect(fixture.handle(.endLearned(fixture.now + .seconds(600), isNotice: false)).count == 1)
        #expect(fixture.pass(.seconds(540)) == [.send(.pull(credits: 0))])
    }

    @Test("without a connection it still leaves when nothing runs")
    func disconnected() {
        var fixture = Fixture.open()
        _ = fixture.handle(.disconnected(reason: "reset"))
        let actions = fixture.handle(.endLearned(fixture.now + .seconds(60), isNotice: true))
        #expect(actions.last == .exit(.left))
        #expect(!actions.contains(.send(.leaving(reason: "its time is over"))))
    }
}
