import ClusterTypes
import ProtocolMessages
import Testing

@testable import AgentCore

@Suite("The agent's session: the whole output of each event")
struct SessionTests {
    @Test("it connects at once, says hello and nothing else before the welcome")
    func hello() {
        var fixture = Fixture()
        #expect(fixture.agent.nextWakeup.map { $0 <= fixture.now } == true)
        #expect(fixture.handle(.wakeup) == [.connect])
        #expect(fixture.handle(.wakeup) == [], "one attempt at a time")
        #expect(fixture.agent.nextWakeup == nil)
        #expect(fixture.handle(.connected) == [.send(.hello(.example()))])
        #expect(fixture.handle(.connected) == [])
        #expect(fixture.handle(.hardwareChanged(.example)) == [])
        #expect(fixture.handle(.certificateDue(certificateRequest: [1])) == [])
    }

    @Test("hello names what runs here, with what it holds")
    func helloWithSlots() {
        let slots = [
            RunningSlot(key: SlotKey(1, 2), state: .running, tasks: [TaskAttempt(4)]),
            RunningSlot(key: SlotKey(2, 1), state: .finished),
        ]
        var fixture = Fixture(adopting: slots)
        _ = fixture.handle(.wakeup)
        #expect(fixture.handle(.connected) == [.send(.hello(.example(slots)))])
    }

    @Test("a welcome opens the session: the lease counts from hello, the first beat and the pull go out")
    func welcome() {
        var fixture = Fixture()
        _ = fixture.handle(.wakeup)
        _ = fixture.handle(.connected)
        let greeted = fixture.now
        fixture.now = fixture.now + .seconds(2)
        #expect(
            fixture.hear(.welcome(.example()))
                == [
                    .setLease(until: greeted + .seconds(25)), .send(.pull(credits: 32)),
                    .send(.heartbeat(Heartbeat(sequence: 1))),
                ])
        #expect(fixture.hear(.welcome(.example())) == [], "a second one is none")
    }

    @Test("a welcome keeps what it names; all else is stopped, and nothing is pulled while it runs")
    func keep() {
        let slots = [
            RunningSlot(key: SlotKey(1, 1), state: .running),
            RunningSlot(key: SlotKey(2, 1), state: .running),
            RunningSlot(key: SlotKey(3, 1), state: .starting),
        ]
        var fixture = Fixture(adopting: slots)
        _ = fixture.handle(.wakeup)
        _ = fixture.handle(.connected)
        let reason = "the coordinator has no use for it"
        let actions = fixture.hear(.welcome(.example(keep: [SlotKey(1, 1), SlotKey(9, 9)])))
        #expect(
            actions
                == [
                    .setLease(until: fixture.now + .seconds(25)),
                    .stopSlot(SlotKey(2, 1), reason: reason), .stopSlot(SlotKey(3, 1), reason: reason),
                    .send(.heartbeat(Heartbeat(sequence: 1, runningSlots: 3))),
                ])
        // Their ends are told to nobody; with the last one there is room again.
        func end(_ slot: UInt64) -> Event {
            .slotChanged(SlotReport(key: SlotKey(slot, 1), state: .finished, at: fixture.now))
        }
        #expect(fixture.handle(end(2)) == [.forgetSlot(SlotKey(2, 1))])
        #expect(fixture.handle(end(3)) == [.forgetSlot(SlotKey(3, 1)), .send(.pull(credits: 32))])
    }

    @Test("an unwanted slot that has ended already is forgotten at the welcome")
    func endedAndUnwanted() {
        let key = SlotKey(1, 1)
        var fixture = Fixture(adopting: [RunningSlot(key: key, state: .running)])
        _ = fixture.handle(.slotChanged(SlotReport(key: key, state: .failed, at: fixture.now)))
        _ = fixture.handle(.wakeup)
        _ = fixture.handle(.connected)
        let actions = fixture.hear(.welcome(.example()))
        #expect(actions.contains(.forgetSlot(key)))
        #expect(fixture.agent.slots.isEmpty)
    }

    @Test("the lease is renewed from the moment at which the acknowledged beat was sent")
    func lease() {
        var fixture = Fixture()
        _ = fixture.handle(.wakeup)
        _ = fixture.handle(.connected)
        let sent = fixture.now
        _ = fixture.hear(.welcome(.example()))
        fixture.now = fixture.now + .seconds(3)
        #expect(fixture.hear(.heartbeatAcknowledged(sequence: 1)) == [.setLease(until: sent + .seconds(25))])
        #expect(fixture.hear(.heartbeatAcknowledged(sequence: 1)) == [], "known")
        #expect(fixture.hear(.heartbeatAcknowledged(sequence: 77)) == [], "never sent")
    }

    @Test("an acknowledgement of a later beat stands for those before it")
    func laterBeat() {
        var fixture = Fixture.open()
        _ = fixture.pass(.seconds(11), acknowledging: false)
        let open = fixture.agent.open
        guard open.sent.count == 2 else {
            Issue.record("not two beats")
            return
        }
        #expect(
            fixture.hear(.heartbeatAcknowledged(sequence: open.sent[1].sequence))
                == [.setLease(until: open.sent[1].at + .seconds(25))])
        #expect(fixture.hear(.heartbeatAcknowledged(sequence: open.sent[0].sequence)) == [])
    }

    @Test("beats come at the interval, spread by a tenth", arguments: 1...10 as ClosedRange<UInt64>)
    func beats(seed: UInt64) {
        var fixture = Fixture.open(seed: seed)
        var last = fixture.now
        var gaps: Set<Int64> = []
        for _ in 0..<50 {
            guard let wakeup = fixture.agent.nextWakeup else { break }
            fixture.now = wakeup
            for action in fixture.handle(.wakeup) {
                guard case .send(.heartbeat(let beat)) = action else { continue }
                let gap = fixture.now - last
                #expect(gap >= .milliseconds(4_500) && gap <= .milliseconds(5_500), "seed \(seed)")
                gaps.insert(gap.wholeMilliseconds)
                last = fixture.now
                _ = fixture.hear(.heartbeatAcknowledged(sequence: beat.sequence))
            }
        }
        #expect(gaps.count > 10, "seed \(seed): beats are not spread")
    }

    @Test("a beat carries the newest load and the number of slots that run")
    func load() {
        var fixture = Fixture.open()
        fixture.run(SlotKey(1, 1))
        _ = fixture.handle(.loadMeasured(Heartbeat(sequence: 0, loadMilli: 1_500)))
        fixture.now = fixture.agent.nextWakeup ?? fixture.now
        #expect(
            fixture.handle(.wakeup)
                == [.send(.heartbeat(Heartbeat(sequence: 2, loadMilli: 1_500, runningSlots: 1)))])
    }

    @Test("without a word for three intervals the connection is given up")
    func silence() {
        var fixture = Fixture.open()
        let heard = fixture.now
        let actions = fixture.pass(.milliseconds(14_999), acknowledging: false)
        #expect(actions == [])
        fixture.now = heard + .seconds(15)
        #expect(fixture.handle(.wakeup) == [.disconnect(reason: "no word from the coordinator")])
        #expect(fixture.handle(.disconnected(reason: "late")) == [])
    }

    @Test("without an answer to hello for fifteen seconds the connection is given up")
    func greetingTimeout() {
        var fixture = Fixture()
        _ = fixture.handle(.wakeup)
        _ = fixture.handle(.connected)
        fixture.now = fixture.now + .seconds(15)
        #expect(fixture.agent.nextWakeup == fixture.now)
        #expect(fixture.handle(.wakeup) == [.disconnect(reason: "no answer to hello")])
    }

    @Test(
        "attempts to connect back off, doubled each time, with full jitter, and never beyond the longest",
        arguments: 1...10 as ClosedRange<UInt64>)
    func backOff(seed: UInt64) {
        var fixture = Fixture(seed: seed)
        var ceiling = Duration.milliseconds(500)
        var sum = Duration.zero
        for attempt in 0..<40 {
            fixture.now = fixture.agent.nextWakeup ?? fixture.now
            #expect(fixture.handle(.wakeup) == [.connect])
            #expect(fixture.handle(.disconnected(reason: "refused")) == [])
            guard let next = fixture.agent.nextWakeup else {
                Issue.record("seed \(seed): it has given up")
                return
            }
            let wait = next - fixture.now
            #expect(wait >= .zero && wait <= ceiling, "seed \(seed), attempt \(attempt)")
            if attempt >= 5 { sum += wait }
            ceiling = min(ceiling * 2, .seconds(15))
        }
        // 35 draws between 0 and 15 s: about 262 s.
        #expect(sum > .seconds(130) && sum < .seconds(400), "seed \(seed)")
    }

    @Test(
        "only an acknowledged beat ends the back-off: a coordinator that welcomes and fails is not hammered")
    func backOffAfterWelcome() {
        var fixture = Fixture()
        for _ in 0..<8 {
            fixture.now = fixture.agent.nextWakeup ?? fixture.now
            _ = fixture.handle(.wakeup)
            _ = fixture.handle(.connected)
            _ = fixture.hear(.welcome(.example()))
            _ = fixture.handle(.disconnected(reason: "reset"))
        }
        #expect(fixture.agent.failures == 8)
        fixture.now = fixture.agent.nextWakeup ?? fixture.now
        _ = fixture.handle(.wakeup)
        fixture.open()
        #expect(fixture.agent.failures == 0)
    }

    @Test("words of a past or coming session have no effect")
    func wordsOutsideSession() {
        let messages: [CoordinatorMessage] = [
            .assign(.example(SlotKey(1, 1))), .stopSlot(SlotKey(1, 1), reason: ""),
            .assignTasks(SlotKey(1, 1), []), .slotEndAcknowledged(SlotKey(1, 1)),
            .requestHardware(request: 1), .heartbeatAcknowledged(sequence: 1),
        ]
        var fixture = Fixture.open()
        _ = fixture.handle(.disconnected(reason: "reset"))
        for message in messages { #expect(fixture.hear(message) == []) }
        #expect(fixture.hear(.welcome(.example())) == [])
        #expect(fixture.hear(.refusal(Refusal(.revoked, "late"))) == [])
        fixture.now = fixture.agent.nextWakeup ?? fixture.now
        _ = fixture.handle(.wakeup)
        _ = fixture.handle(.connected)
        for message in messages { #expect(fixture.hear(message) == []) }
    }

    @Test(
        "a refusal with a time is obeyed: it comes again after that, and not at once",
        arguments: 1...10 as ClosedRange<UInt64>)
    func retryAfter(seed: UInt64) throws {
        var fixture = Fixture(seed: seed)
        _ = fixture.handle(.wakeup)
        _ = fixture.handle(.connected)
        let refusal = Refusal(.identityInUse, "another agent", retryAfterMilliseconds: 4_000)
        #expect(fixture.hear(.refusal(refusal)) == [.disconnect(reason: "another agent")])
        let wait = try #require(fixture.agent.nextWakeup) - fixture.now
        #expect(wait >= .seconds(4) && wait <= .seconds(6))
    }

    @Test(
        "a refusal without a time ends the agent, unless a new connection may do better",
        arguments: Refusal.Code.allCases)
    func refusals(_ code: Refusal.Code) {
        let key = SlotKey(1, 1)
        var fixture = Fixture.open()
        fixture.run(key)
        let refusal = Refusal(code, "because")
        let actions = fixture.hear(.refusal(refusal))
        let stop = Action.stopSlot(key, reason: "the coordinator has no use for it")
        let end: [Action] = [.disconnect(reason: "the agent ends"), .exit(.refused(refusal))]
        switch code {
        case .replaced, .protocolViolation, .overloaded, .shuttingDown:
            #expect(actions == [.disconnect(reason: "because")])
            #expect(fixture.agent.nextWakeup != nil)
        case .versionMismatch, .identityInUse:
            #expect(actions == end, "what runs may be found by an agent that fits")
            #expect(fixture.agent.nextWakeup == nil)
        case .revoked, .unknownNode, .foreignCluster:
            #expect(actions == [stop] + end)
            #expect(fixture.agent.nextWakeup == nil)
        }
    }

    @Test("questions are passed on, answers go out while there is a session")
    func questions() {
        var fixture = Fixture.open()
        let request = LogRequest(request: 5, key: SlotKey(1, 1), task: nil, stream: .stdout, follow: false)
        #expect(fixture.hear(.requestLog(request)) == [.readLog(request)])
        #expect(fixture.hear(.cancelLog(request: 5)) == [.cancelLog(request: 5)])
        #expect(fixture.hear(.requestHardware(request: 6)) == [.probeHardware(request: 6)])
        #expect(
            fixture.handle(.hardwareProbed(.example, request: 6)) == [.send(.hardware(.example, request: 6))])
        #expect(fixture.handle(.hardwareChanged(.example)) == [.send(.hardware(.example, request: 0))])
        let chunk = LogChunk(request: 5, bytes: [1], isEnd: true)
        #expect(fixture.handle(.logRead(chunk)) == [.send(.logChunk(chunk))])
        _ = fixture.handle(.disconnected(reason: "reset"))
        #expect(fixture.handle(.logRead(chunk)) == [])
        #expect(fixture.handle(.hardwareChanged(.example)) == [])
    }

    @Test("a certificate request waits for a session, and is repeated in each until it is answered")
    func certificate() {
        var fixture = Fixture()
        _ = fixture.handle(.certificateDue(certificateRequest: [1]))
        _ = fixture.handle(.wakeup)
        _ = fixture.handle(.connected)
        let request = Action.send(.renewCertificate(certificateRequest: [1]))
        #expect(fixture.hear(.welcome(.example())).contains(request))
        _ = fixture.handle(.disconnected(reason: "reset"))
        fixture.now = fixture.agent.nextWakeup ?? fixture.now
        _ = fixture.handle(.wakeup)
        _ = fixture.handle(.connected)
        #expect(fixture.hear(.welcome(.example())).contains(request))
        #expect(fixture.hear(.certificate(pem: "pem")) == [.storeCertificate(pem: "pem")])
        _ = fixture.handle(.disconnected(reason: "reset"))
        fixture.now = fixture.agent.nextWakeup ?? fixture.now
        _ = fixture.handle(.wakeup)
        _ = fixture.handle(.connected)
        #expect(!fixture.hear(.welcome(.example())).contains(request))
    }

    @Test("the same seed gives the same actions")
    func determinism() {
        func actions(_ seed: UInt64) -> [Action] {
            var fixture = Fixture(seed: seed)
            var actions: [Action] = []
            for _ in 0..<20 {
                fixture.now = fixture.agent.nextWakeup ?? fixture.now
                actions += fixture.handle(.wakeup)
                _ = fixture.handle(.connected)
                actions += fixture.hear(.welcome(.example()))
                actions += fixture.handle(.disconnected(reason: "reset"))
            }
            return actions
        }
        #expect(actions(3) == actions(3))
        #expect(actions(3) != actions(4))
    }

    @Test("an assignment that is found when the lease is over starts nothing: the session is given up")
    func assignmentAfterTheLease() {
        var fixture = Fixture.open()
        fixture.now = fixture.now + .milliseconds(24_999)
        let inTime = fixture.hear(.assign(.example(SlotKey(1, 1))))
        #expect(inTime.contains { if case .startSlot = $0 { true } else { false } })
        fixture.now = fixture.now + .milliseconds(1)
        let late = fixture.hear(.assign(.example(SlotKey(2, 1))))
        #expect(late == [.disconnect(reason: "the lease is over")])
    }

    @Test("hardware that changes between hello and welcome is told after the welcome")
    func hardwareWhileGreeting() {
        var fixture = Fixture()
        _ = fixture.handle(.wakeup)
        _ = fixture.handle(.connected)
        var changed = HardwareReport.example
        changed.hostname = "renamed"
        #expect(fixture.handle(.hardwareChanged(changed)) == [])
        let opened = fixture.hear(.welcome(.example()))
        #expect(opened.contains(.send(.hardware(changed, request: 0))))
        _ = fixture.handle(.disconnected(reason: "reset"))
        _ = fixture.pass(.seconds(1))
        _ = fixture.handle(.connected)
        let again = fixture.hear(.welcome(.example()))
        #expect(!again.contains(.send(.hardware(changed, request: 0))), "hello said it")
    }
}
