import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("While the store cannot be written")
struct StoreFailureTests {
    private func failing() -> (Fixture, NodeID, ConnectionID) {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join()
        _ = fixture.submit(.tasks(4))
        fixture.run(SlotKey(1, 1), on: connection)
        _ = fixture.say(.pullTasks(SlotKey(1, 1), credits: 1), on: connection)
        #expect(fixture.handle(.storeFailed(reason: "disk full")) == Output())
        return (fixture, node, connection)
    }

    @Test("every command that changes something is refused, every other is answered")
    func commands() {
        var (fixture, node, _) = failing()
        let changing: [Command] = [
            .submitJob(.tasks(1), payloads: [], submitter: ""),
            .appendTasks(JobID(1), payloads: [], close: true),
            .cancelJob(JobID(1)), .pauseJob(JobID(1)), .resumeJob(JobID(1)), .retryTasks(JobID(1), nil),
            .drainNode(node, reason: ""), .cordonNode(node, reason: ""), .uncordonNode(node),
            .acceptNode(node),
            .removeNode(node, reason: ""), .revokeToken(TokenID(1)),
            .createToken(name: "", purpose: .api(.viewer), secretHash: "", expiresAt: nil, uses: nil),
            .enrollNode(secretHash: Fixture.joinSecretHash, name: "x", keyFingerprint: "x"),
        ]
        for command in changing {
            let output = fixture.command(command)
            #expect(output.writes == [])
            guard case .reply(_, .refused(let refusal)) = output.actions.first else {
                Issue.record("\(command) is done")
                continue
            }
            #expect(refusal.code == .storeUnavailable && output.actions.count == 1)
        }
        for command in [
            Command.explainJob(JobID(1)), .explainTask(JobID(1), 1), .explainNode(node), .locateNode(node),
        ] {
            if case .refused = fixture.reply(to: command) { Issue.record("\(command) is refused") }
        }
    }

    @Test("leases are renewed; results and ends are taken, and acknowledged when they are written")
    func messages() {
        var (fixture, _, connection) = failing()
        let key = SlotKey(1, 1)
        #expect(
            fixture.say(.heartbeat(Heartbeat(sequence: 4)), on: connection)
                == .actions([.send(connection, .heartbeatAcknowledged(sequence: 4))]))
        // The driver keeps acknowledgements until what they speak of is written.
        let results = fixture.say(.taskResults(key, [TaskResult(1)]), on: connection)
        #expect(results.actions == [.send(connection, .taskResultsAcknowledged(key, [TaskAttempt(1)]))])
        #expect(results.actions.allSatisfy { !$0.isIndependentOfWrites } && !results.writes.isEmpty)
        let end = SlotReport(key: key, state: .finished, at: fixture.now)
        let ended = fixture.say(.slotReport(end), on: connection)
        #expect(ended.actions == [.send(connection, .slotEndAcknowledged(key))])
        #expect(fixture.core.jobs[JobID(1)]?.record.counts == TaskCounts(ready: 3, succeeded: 1))
    }

    @Test("a slot that asks meanwhile is given its tasks when the store is back: it will not ask again")
    func asking() {
        var (fixture, _, connection) = failing()
        let key = SlotKey(1, 1)
        #expect(fixture.say(.pullTasks(key, credits: 2), on: connection) == Output())
        let output = fixture.handle(.storeRecovered)
        #expect(
            output.actions
                == [
                    .sendTasks(
                        connection, key, JobID(1), [TaskAttempt(2), TaskAttempt(3)], hasPayloads: false)
                ])
    }

    @Test("a slot that starts meanwhile is known to have started: that is said only once")
    func starting() {
        var (fixture, _, connection) = failing()
        _ = fixture.handle(.storeRecovered)
        _ = fixture.submit(.single(.service))
        _ = fixture.handle(.storeFailed(reason: "disk full"))
        fixture.run(SlotKey(2, 1), on: connection)
        #expect(fixture.core.slots[SlotID(2)]?.record.state == .running)
    }

    @Test("an agent that connects is asked to come again, so that nothing piles up")
    func hello() {
        var (fixture, node, connection) = failing()
        _ = fixture.handle(.agentDisconnected(connection, reason: "reset"))
        let next = fixture.connect(node)
        #expect(
            fixture.say(.hello(.example(node)), on: next)
                == .actions([
                    .refuse(
                        next,
                        Refusal(
                            .overloaded, "the store cannot be written now (disk full)",
                            retryAfterMilliseconds: 5_000))
                ]))
    }

    @Test("nothing is placed, and no wakeup is due for it")
    func placing() {
        var (fixture, _, connection) = failing()
        _ = fixture.say(.pull(credits: 9), on: connection)
        #expect(fixture.core.needsPlacement)
        #expect(fixture.core.nextWakeup.map { $0 > fixture.now } ?? true)
        #expect(fixture.handle(.wakeup) == Output())
        _ = fixture.handle(.storeRecovered)
        #expect(fixture.core.nextWakeup.map { $0 <= fixture.now } ?? false)
    }
}
