import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Nodes that are kept for a job which has waited long")
struct BackfillTests {
    /// A node with 3 CPUs of which one is in use for an hour, and kept for a job that wants all of them.
    private func waiting() throws -> (Fixture, node: NodeID, job: JobID) {
        var limits = Limits.defaults
        limits.patienceSeconds = 10
        var fixture = Fixture.withToken(limits: limits)
        let (node, connection) = fixture.join(cpus: 3)
        _ = fixture.submit(.single(.batch) { $0.timeoutSeconds = 3_600 })
        fixture.run(SlotKey(1, 1), on: connection)
        let job = fixture.submit(.single(.service, cpus: 3))
        fixture.pass(9, beatsOn: [connection])
        #expect(fixture.core.jobs[job]?.heldNodes == [])
        fixture.pass(2, beatsOn: [connection])
        #expect(fixture.core.jobs[job]?.heldNodes == [node])
        return (fixture, node, job)
    }

    private func node(of job: JobID, in fixture: Fixture) -> NodeID? {
        fixture.core.jobs[job]?.slots.first.flatMap { fixture.core.slots[$0]?.record.node }
    }

    @Test("take a batch job that says that it is over before that one starts")
    func backfill() throws {
        var (fixture, node, _) = try waiting()
        let short = fixture.submit(.single(.batch) { $0.timeRequestSeconds = 600 })
        #expect(self.node(of: short, in: fixture) == node)
    }

    @Test("take nothing that may run on: no longer job, none that does not say, no service, no tasks")
    func noBackfill() throws {
        var (fixture, _, _) = try waiting()
        let long = fixture.submit(.single(.batch) { $0.timeRequestSeconds = 3_600 })
        let silent = fixture.submit(.single(.batch))
        let service = fixture.submit(.single(.service))
        let tasks = fixture.submit(.tasks(5) { $0.timeRequestSeconds = 1 })
        for job in [long, silent, service, tasks] { #expect(node(of: job, in: fixture) == nil, "job \(job)") }
    }

    @Test("are there for all when the job does not want them any more")
    func release() throws {
        var (fixture, node, job) = try waiting()
        let service = fixture.submit(.single(.service))
        #expect(self.node(of: service, in: fixture) == nil)
        _ = fixture.reply(to: .cancelJob(job))
        #expect(self.node(of: service, in: fixture) == node)
    }
}
