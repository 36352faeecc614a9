import ClusterTypes
import ProtocolMessages
import Testing

@testable import AgentCore

@Suite("The agent's slots: the whole output of each event")
struct SlotTests {
    private let key = SlotKey(1, 1)

    private func report(_ state: SlotState, _ key: SlotKey? = nil, code: Int32? = nil) -> SlotReport {
        SlotReport(key: key ?? self.key, state: state, exitCode: code, at: .seconds(1_000))
    }

    @Test("an assignment starts one supervisor, however often it comes")
    func assignment() {
        var fixture = Fixture.open()
        #expect(fixture.hear(.assign(.example(key))) == [.startSlot(.example(key))])
        #expect(fixture.hear(.assign(.example(key))) == [])
        let running = report(.running)
        #expect(
            fixture.handle(.slotChanged(running)) == [.send(.slotReport(running)), .send(.pull(credits: 32))])
        #expect(
            fixture.hear(.assign(.example(key))) == [.send(.slotReport(running))], "it says what it knows")
        #expect(fixture.agent.slots.count == 1)
    }

    @Test("an older incarnation of the same slot is stopped, and its end told to nobody")
    func olderIncarnation() {
        var fixture = Fixture.open()
        fixture.run(key)
        let newer = SlotKey(1, 2)
        #expect(
            fixture.hear(.assign(.example(newer)))
                == [
                    .stopSlot(key, reason: "the coordinator has no use for it"),
                    .startSlot(.example(newer)), .send(.pull(credits: 0)),
                ])
        #expect(fixture.handle(.tasksWanted(key, credits: 3)) == [])
        #expect(
            fixture.handle(.tasksFinished(key, [TaskResult(1)])) == [.forgetResults(key, [TaskAttempt(1)])])
        #expect(
            fixture.handle(.slotChanged(report(.failed, code: 143)))
                == [.forgetSlot(key), .send(.pull(credits: 31))])
    }

    @Test("the pull counts slots that start; one that starts again hinders nobody")
    func pull() {
        var limits = AgentLimits.defaults
        limits.startingSlots = 2
        limits.slots = 3
        var fixture = Fixture.open(limits: limits)
        func pulls(_ actions: [Action]) -> [UInt32] {
            actions.compactMap { if case .send(.pull(let credits)) = $0 { credits } else { nil } }
        }
        #expect(pulls(fixture.hear(.assign(.example(key)))) == [])
        #expect(pulls(fixture.handle(.slotChanged(report(.starting)))) == [])
        #expect(pulls(fixture.handle(.slotChanged(report(.running)))) == [2])
        #expect(pulls(fixture.handle(.slotChanged(report(.starting)))) == [])
        _ = fixture.hear(.assign(.example(SlotKey(2, 1))))
        _ = fixture.hear(.assign(.example(SlotKey(3, 1))))
        #expect(
            pulls(fixture.handle(.slotChanged(report(.running, SlotKey(2, 1))))) == [], "no room for a fourth"
        )
        #expect(pulls(fixture.handle(.slotChanged(report(.finished, SlotKey(2, 1))))) == [])
        #expect(pulls(fixture.hear(.slotEndAcknowledged(SlotKey(2, 1)))) == [1])
    }

    @Test("after a slot that could not start others are asked for later and later, until one runs")
    func failedStarts() {
        var fixture = Fixture.open()
        /// Those of two slots that come together.
        func failedStart(_ generation: UInt64) -> [Action] {
            let keys = [SlotKey(1, generation), SlotKey(2, generation)]
            for key in keys { _ = fixture.hear(.assign(.example(key))) }
            let actions = keys.flatMap { fixture.handle(.slotChanged(report(.finished, $0))) }
            for key in keys { _ = fixture.hear(.slotEndAcknowledged(key)) }
            return actions
        }
        func first(_ generation: UInt64) -> [Action] {
            [SlotKey(1, generation), SlotKey(2, generation)].map { .send(.slotReport(report(.finished, $0))) }
        }
        var expected = first(1)
        expected.insert(.send(.pull(credits: 0)), at: 1)
        #expect(failedStart(1) == expected)
        #expect(fixture.pass(.milliseconds(900)) == [])
        #expect(fixture.pass(.milliseconds(200)) == [.send(.pull(credits: 32))])
        expected = first(2)
        expected.insert(.send(.pull(credits: 0)), at: 1)
        #expect(failedStart(2) == expected)
        #expect(fixture.pass(.milliseconds(1_900)) == [])
        #expect(fixture.pass(.milliseconds(200)) == [.send(.pull(credits: 32))])
        fixture.run(SlotKey(3, 1))
        _ = failedStart(3)
        #expect(fixture.pass(.milliseconds(1_100)) == [.send(.pull(credits: 32))])
    }

    @Test("tasks are given once, results are told at once and kept until they are recorded")
    func tasks() {
        var fixture = Fixture.open()
        fixture.run(key)
        #expect(fixture.handle(.tasksWanted(key, credits: 2)) == [.send(.pullTasks(key, credits: 2))])
        let orders = [TaskOrder(attempt: TaskAttempt(1)), TaskOrder(attempt: TaskAttempt(2), payload: "p")]
        #expect(fixture.hear(.assignTasks(key, orders)) == [.giveTasks(key, orders)])
        #expect(fixture.hear(.assignTasks(key, orders)) == [.send(.pullTasks(key, credits: 0))], "held")
        #expect(fixture.agent.slots[key]?.credits == 0)
        #expect(
            fixture.handle(.tasksFinished(key, [TaskResult(1)])) == [
                .send(.taskResults(key, [TaskResult(1)]))
            ])
        #expect(fixture.handle(.tasksFinished(key, [TaskResult(1)])) == [], "known")
        #expect(
            fixture.hear(.taskResultsAcknowledged(key, [TaskAttempt(1)]))
                == [.forgetResults(key, [TaskAttempt(1)])])
        #expect(fixture.agent.slots[key]?.held == [TaskAttempt(2)])
        #expect(fixture.hear(.assignTasks(SlotKey(9, 1), orders)) == [], "no such slot")
        #expect(fixture.hear(.taskResultsAcknowledged(SlotKey(9, 1), [TaskAttempt(1)])) == [])
    }

    @Test("what is not acknowledged is said again in a new session, results before ends")
    func newSession() {
        var fixture = Fixture.open()
        let second = SlotKey(2, 1)
        fixture.run(key)
        fixture.run(second)
        _ = fixture.handle(.tasksWanted(key, credits: 3))
        _ = fixture.hear(.assignTasks(key, [TaskOrder(attempt: TaskAttempt(1))]))
        _ = fixture.handle(.disconnected(reason: "reset"))
        #expect(fixture.handle(.tasksFinished(key, [TaskResult(1)])) == [])
        #expect(fixture.handle(.tasksWanted(key, credits: 4)) == [])
        var end = report(.finished, second)
        end.hasVanished = true
        #expect(fixture.handle(.slotChanged(end)) == [])
        fixture.now = fixture.agent.nextWakeup ?? fixture.now
        _ = fixture.handle(.wakeup)
        #expect(
            fixture.handle(.connected)
                == [
                    .send(
                        .hello(
                            .example([
                                RunningSlot(key: key, state: .running, tasks: [TaskAttempt(1)]),
                                RunningSlot(key: second, state: .finished, hasVanished: true),
                            ])))
                ])
        #expect(
            fixture.hear(.welcome(.example(keep: [key, second])))
                == [
                    .setLease(until: fixture.now + .seconds(25)),
                    .send(.slotReport(report(.running))),
                    .send(.pullTasks(key, credits: 4)),
                    .send(.taskResults(key, [TaskResult(1)])),
                    .send(.slotReport(end)),
                    .send(.pull(credits: 32)),
                    .send(.heartbeat(Heartbeat(sequence: 1, runningSlots: 1))),
                ])
    }

    @Test("what is not acknowledged is not said again in the same session: a stream loses nothing")
    func repetition() {
        var fixture = Fixture.open()
        fixture.run(key)
        _ = fixture.hear(.assignTasks(key, [TaskOrder(attempt: TaskAttempt(1))]))
        _ = fixture.handle(.tasksFinished(key, [TaskResult(1)]))
        #expect(fixture.pass(.seconds(60)) == [])
        _ = fixture.hear(.taskResultsAcknowledged(key, [TaskAttempt(1)]))
        #expect(fixture.pass(.seconds(60)) == [])
    }

    @Test("an end is told when the results before it are recorded, and forgotten when it is")
    func endAfterResults() {
        var fixture = Fixture.open()
        fixture.run(key)
        _ = fixture.hear(
            .assignTasks(key, [TaskOrder(attempt: TaskAttempt(1)), TaskOrder(attempt: TaskAttempt(2))]))
        _ = fixture.handle(.tasksFinished(key, [TaskResult(1), TaskResult(2)]))
        let end = report(.finished)
        #expect(fixture.handle(.slotChanged(end)) == [])
        #expect(
            fixture.hear(.taskResultsAcknowledged(key, [TaskAttempt(1)]))
                == [.forgetResults(key, [TaskAttempt(1)])])
        #expect(fixture.hear(.stopSlot(key, reason: "late")) == [])
        #expect(
            fixture.hear(.taskResultsAcknowledged(key, [TaskAttempt(2)]))
                == [.forgetResults(key, [TaskAttempt(2)]), .send(.slotReport(end))])
        #expect(fixture.hear(.stopSlot(key, reason: "late")) == [.send(.slotReport(end))])
        #expect(fixture.hear(.slotEndAcknowledged(key)) == [.forgetSlot(key)])
        #expect(fixture.hear(.slotEndAcknowledged(key)) == [])
    }

    @Test("a task that crosses the word that it comes back costs no credit")
    func crossingReturn() {
        var fixture = Fixture.open()
        fixture.run(key)
        _ = fixture.handle(.tasksWanted(key, credits: 1))
        let order = TaskOrder(attempt: TaskAttempt(1))
        _ = fixture.hear(.assignTasks(key, [order]))
        var returned = TaskResult(1)
        returned.isUnstarted = true
        _ = fixture.handle(.tasksFinished(key, [returned]))
        _ = fixture.handle(.tasksWanted(key, credits: 1))
        // Repeated over a new connection, it meets the same task on its way to the same slot.
        #expect(fixture.hear(.assignTasks(key, [order])) == [.send(.pullTasks(key, credits: 1))])
        _ = fixture.hear(.taskResultsAcknowledged(key, [TaskAttempt(1)]))
        #expect(fixture.hear(.assignTasks(key, [order])) == [.giveTasks(key, [order])])
    }

    @Test("after an end nothing brings the slot back")
    func afterEnd() {
        var fixture = Fixture.open()
        fixture.run(key)
        _ = fixture.handle(.slotChanged(report(.failed, code: 1)))
        #expect(fixture.handle(.slotChanged(report(.running))) == [])
        #expect(fixture.handle(.slotChanged(report(.finished, code: 0))) == [])
        #expect(fixture.handle(.tasksWanted(key, credits: 2)) == [])
        #expect(fixture.hear(.assignTasks(key, [TaskOrder(attempt: TaskAttempt(3))])) == [])
        #expect(fixture.agent.slots[key]?.end == report(.failed, code: 1))
    }

    @Test("an order to stop is passed on; of a slot that is not here it says so")
    func stop() {
        var fixture = Fixture.open()
        fixture.run(key)
        #expect(fixture.hear(.stopSlot(key, reason: "canceled")) == [.stopSlot(key, reason: "canceled")])
        let absent = SlotKey(9, 2)
        #expect(
            fixture.hear(.stopSlot(absent, reason: "canceled"))
                == [
                    .send(
                        .slotReport(
                            SlotReport(
                                key: absent, state: .finished, reason: "it does not run here", at: fixture.now
                            )))
                ])
    }

    @Test("what supervisors say of slots that nobody knows has no effect")
    func unknownSlots() {
        var fixture = Fixture.open()
        #expect(fixture.handle(.slotChanged(report(.running))) == [])
        #expect(fixture.handle(.tasksWanted(key, credits: 1)) == [])
        #expect(fixture.handle(.tasksFinished(key, [TaskResult(1)])) == [])
    }

    @Test("a restarted agent learns from its supervisors what was not acknowledged")
    func restart() {
        let held = RunningSlot(key: key, state: .running, tasks: [TaskAttempt(1), TaskAttempt(2)])
        var fixture = Fixture.open(adopting: [held], keep: [key])
        let running = report(.running)
        #expect(fixture.handle(.slotChanged(running)) == [.send(.slotReport(running))])
        #expect(
            fixture.handle(.tasksFinished(key, [TaskResult(1)])) == [
                .send(.taskResults(key, [TaskResult(1)]))
            ])
        #expect(fixture.agent.slots[key]?.held == [TaskAttempt(1), TaskAttempt(2)])
    }

    // MARK: Shutdown

    @Test("an agent that keeps its slots says no more and goes")
    func shutdownKeepingSlots() {
        var fixture = Fixture.open()
        fixture.run(key)
        #expect(
            fixture.handle(.shutdownRequested(.keepSlots))
                == [.send(.pull(credits: 0)), .disconnect(reason: "the agent ends"), .exit(.left)])
        #expect(fixture.agent.nextWakeup == nil)
        #expect(fixture.handle(.slotChanged(report(.finished))) == [])
    }

    @Test("an agent that stops its slots waits until their ends are recorded, says that it leaves, and goes")
    func shutdownStoppingSlots() {
        var fixture = Fixture.open()
        fixture.run(key)
        #expect(
            fixture.handle(.shutdownRequested(.stopSlots))
                == [.send(.pull(credits: 0)), .stopSlot(key, reason: "the agent leaves")])
        #expect(fixture.handle(.shutdownRequested(.stopSlots)) == [])
        #expect(fixture.hear(.assign(.example(SlotKey(5, 1)))) == [], "it crossed the wish for no more")
        let end = report(.finished)
        #expect(fixture.handle(.slotChanged(end)) == [.send(.slotReport(end))])
        #expect(
            fixture.hear(.slotEndAcknowledged(key))
                == [
                    .forgetSlot(key), .send(.leaving(reason: "ordered on the node")),
                    .disconnect(reason: "the agent ends"), .exit(.left),
                ])
    }

    @Test("with nothing to stop it leaves at once")
    func shutdownIdle() {
        var fixture = Fixture.open()
        #expect(
            fixture.handle(.shutdownRequested(.stopSlots))
                == [
                    .send(.pull(credits: 0)), .send(.leaving(reason: "ordered on the node")),
                    .disconnect(reason: "the agent ends"), .exit(.left),
                ])
    }

    @Test("slots that do not end in time keep it a minute, and then it does not claim that nothing runs")
    func shutdownTimeout() {
        var fixture = Fixture.open()
        fixture.run(key)
        _ = fixture.handle(.shutdownRequested(.stopSlots))
        #expect(fixture.pass(.milliseconds(59_999)) == [])
        #expect(
            fixture.pass(.milliseconds(1)) == [.disconnect(reason: "the agent ends"), .exit(.left)])
    }

    @Test("without a session the ends are enough")
    func shutdownOffline() {
        var fixture = Fixture.open()
        fixture.run(key)
        _ = fixture.handle(.disconnected(reason: "reset"))
        #expect(
            fixture.handle(.shutdownRequested(.stopSlots)) == [.stopSlot(key, reason: "the agent leaves")])
        #expect(
            fixture.handle(.slotChanged(report(.finished)))
                == [.disconnect(reason: "the agent ends"), .exit(.left)])
    }
}
