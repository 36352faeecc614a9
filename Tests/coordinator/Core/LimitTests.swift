import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Every limit of the coordinator")
struct LimitTests {
    private func refusal(_ reply: Reply?) -> CommandRefusal.Code? {
        if case .refused(let refusal) = reply { return refusal.code }
        return nil
    }

    private func submit(_ specification: JobSpecification, _ payloads: [String] = []) -> Command {
        .submitJob(specification, payloads: payloads, submitter: "ada")
    }

    @Test("active jobs, and that ended ones do not count")
    func activeJobs() {
        var limits = Limits.defaults
        limits.activeJobs = 1
        var fixture = Fixture(limits: limits)
        let job = fixture.submit(.tasks(1))
        #expect(refusal(fixture.reply(to: submit(.tasks(1)))) == .limitReached)
        _ = fixture.reply(to: .cancelJob(job))
        #expect(refusal(fixture.reply(to: submit(.tasks(1)))) == nil)
    }

    @Test("tasks of a job, in an array, in payloads and appended")
    func tasksPerJob() {
        var limits = Limits.defaults
        limits.tasksPerJob = 3
        var fixture = Fixture(limits: limits)
        #expect(refusal(fixture.reply(to: submit(.tasks(4)))) == .limitReached)
        #expect(refusal(fixture.reply(to: submit(.tasks(0), ["a", "b", "c", "d"]))) == .limitReached)
        let job = fixture.submit(.tasks(0) { $0.isOpen = true }, payloads: ["a", "b"])
        #expect(
            refusal(fixture.reply(to: .appendTasks(job, payloads: ["c", "d"], close: false))) == .limitReached
        )
        #expect(refusal(fixture.reply(to: .appendTasks(job, payloads: ["c"], close: false))) == nil)
    }

    @Test("payloads of one command, and the size of each")
    func payloads() {
        var limits = Limits.defaults
        limits.payloadsPerCommand = 2
        var fixture = Fixture(limits: limits)
        #expect(refusal(fixture.reply(to: submit(.tasks(0), ["a", "b", "c"]))) == .limitReached)
        let large = String(repeating: "x", count: ProtocolLimits.payloadBytes + 1)
        #expect(refusal(fixture.reply(to: submit(.tasks(0), [large]))) == .invalid)
        #expect(refusal(fixture.reply(to: submit(.tasks(0), [String(large.dropLast())]))) == nil)
    }

    @Test("slots of a job: none is no job, of any kind", arguments: JobKind.allCases)
    func slotsPerJob(_ kind: JobKind) {
        var limits = Limits.defaults
        limits.slotsPerJob = 5
        var fixture = Fixture(limits: limits)
        func job(_ slots: UInt32) -> JobSpecification {
            kind == .tasks ? .tasks(9, slots: slots) : .single(kind, slots: slots)
        }
        #expect(refusal(fixture.reply(to: submit(job(0)))) == .invalid)
        // A tasks job has as many as fit and have tasks: its maximum may say "any number".
        #expect(refusal(fixture.reply(to: submit(job(6)))) == (kind == .tasks ? nil : .invalid))
        #expect(refusal(fixture.reply(to: submit(job(5)))) == nil)
    }

    @Test("what does not go together is refused")
    func invalidJobs() {
        var fixture = Fixture()
        #expect(refusal(fixture.reply(to: submit(.tasks(0)))) == .invalid, "no tasks")
        #expect(refusal(fixture.reply(to: submit(.tasks(2), ["a"]))) == .invalid, "an array and payloads")
        #expect(
            refusal(fixture.reply(to: submit(.tasks(2) { $0.isOpen = true }))) == .invalid, "an open array")
        #expect(
            refusal(fixture.reply(to: submit(.single(.batch), ["a"]))) == .invalid, "tasks of a batch job")
        #expect(
            refusal(fixture.reply(to: submit(.single(.batch) { $0.isOpen = true }))) == .invalid,
            "an open batch job")
    }

    @Test("tasks that one slot holds")
    func tasksPerSlot() {
        var limits = Limits.defaults
        limits.tasksPerSlot = 3
        var fixture = Fixture.withToken(limits: limits)
        let (_, connection) = fixture.join()
        _ = fixture.submit(.tasks(9))
        let key = SlotKey(1, 1)
        fixture.run(key, on: connection)
        _ = fixture.say(.pullTasks(key, credits: 2), on: connection)
        _ = fixture.say(.pullTasks(key, credits: .max), on: connection)
        #expect(fixture.core.slots[SlotID(1)]?.record.tasks.count == 3)
        _ = fixture.say(.taskResults(key, [TaskResult(1), TaskResult(2)]), on: connection)
        #expect(fixture.core.slots[SlotID(1)]?.record.tasks.count == 3)
    }

    @Test(
        "slots that fail in a row; a task that was decided starts the count again, an unstarted one does not")
    func slotFailures() {
        var limits = Limits.defaults
        limits.slotFailuresInARow = 3
        var fixture = Fixture.withToken(limits: limits)
        let (_, connection) = fixture.join()
        let job = fixture.submit(.tasks(9))
        func fail(_ results: [TaskResult] = []) {
            guard
                let key = fixture.core.slots.values.map(\.record).first(where: { $0.state == .assigned })?.key
            else { return }
            fixture.run(key, on: connection)
            if !results.isEmpty {
                _ = fixture.say(.pullTasks(key, credits: 1), on: connection)
                _ = fixture.say(.taskResults(key, results), on: connection)
            }
            let report = SlotReport(key: key, state: .failed, reason: "no image", at: fixture.now)
            _ = fixture.say(.slotReport(report), on: connection)
            _ = fixture.place()
        }
        fail()
        fail()
        fail([TaskResult(1, exit: 1)])
        fail([.unstarted(2)])
        #expect(fixture.core.jobs[job]?.record.state == .running)
        fail()
        #expect(fixture.core.jobs[job]?.record.state == .failed)
        #expect(fixture.core.jobs[job]?.record.counts == TaskCounts(failed: 1, canceled: 8))
    }

    @Test("ended jobs are kept up to a number; one with slots to stop stays, and does not keep others")
    func endedJobs() {
        var limits = Limits.defaults
        limits.endedJobsKept = 1
        var fixture = Fixture.withToken(limits: limits)
        let (_, connection) = fixture.join()
        let stopping = fixture.submit(.single(.batch))
        _ = fixture.reply(to: .cancelJob(stopping))
        var ended: [JobID] = []
        for _ in 0..<3 {
            ended.append(
                fixture.submit(.single(.batch) { $0.constraints = [.label(key: "no", value: "where")] }))
        }
        #expect(ended.count == 3)
        #expect(fixture.core.jobs.keys == [stopping], "impossible jobs are not accepted")
        for _ in 0..<3 {
            let job = fixture.submit(.single(.batch, cpus: 2))
            _ = fixture.reply(to: .cancelJob(job))
            ended.append(job)
        }
        #expect(fixture.core.jobs.keys == [stopping])
        let end = SlotReport(key: SlotKey(1, 1), state: .finished, at: fixture.now)
        _ = fixture.say(.slotReport(end), on: connection)
        #expect(fixture.core.jobs.keys == [stopping])
        #expect(fixture.core.endedJobs == [stopping])
    }

    @Test("rows that one order writes")
    func rows() {
        var limits = Limits.defaults
        limits.rowsPerCommand = 2
        var fixture = Fixture(limits: limits)
        let job = fixture.submit(.tasks(4))
        _ = fixture.reply(to: .cancelJob(job))
        #expect(
            refusal(fixture.reply(to: .retryTasks(job, [1]))) == .limitReached, "three rows of the others")
        #expect(fixture.reply(to: .retryTasks(job, [1, 2])) == .tasksRetried(count: 2))
    }

    @Test("tokens")
    func tokens() {
        var limits = Limits.defaults
        limits.tokens = 1
        var fixture = Fixture(limits: limits)
        func create(_ hash: String) -> Command {
            .createToken(name: hash, purpose: .api(.viewer), secretHash: hash, expiresAt: nil, uses: nil)
        }
        #expect(refusal(fixture.reply(to: create("a"))) == nil)
        #expect(refusal(fixture.reply(to: create("b"))) == .limitReached)
        _ = fixture.reply(to: .revokeToken(TokenID(1)))
        #expect(refusal(fixture.reply(to: create("b"))) == nil)
    }
}
