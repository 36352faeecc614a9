import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Writes that are made fewer")
struct CoalescingTests {
    private func slot(_ number: UInt64, _ state: SlotState) -> Write {
        .putSlot(
            SlotRecord(
                slot: SlotID(number), job: JobID(1), state: state, createdAt: .epoch, since: .epoch))
    }

    private func job(_ number: UInt64, _ reason: String) -> Write {
        .putJob(
            JobRecord(
                job: JobID(number), specification: .tasks(1), reason: reason, submitter: "",
                submittedAt: .epoch))
    }

    @Test("of one row the last value stays, at the place of the first")
    func lastValue() {
        let writes = [
            job(1, "a"), slot(1, .pending), job(2, "b"), slot(1, .assigned), job(1, "c"), slot(2, .pending),
        ]
        #expect(
            writes.coalesced() == [job(1, "c"), slot(1, .assigned), job(2, "b"), slot(2, .pending)])
    }

    @Test("rows of different kinds with one number are different rows")
    func kinds() {
        let token = TokenRecord(
            token: TokenID(1), name: "t", purpose: .api(.viewer), secretHash: "", createdAt: .epoch)
        let node = NodeRecord(
            node: NodeID(1), name: "n", pool: "p", since: .epoch, keyFingerprint: "", enrolledAt: .epoch)
        let writes = [.putToken(token), .putNode(node), job(1, "a"), slot(1, .pending)]
        #expect(writes.coalesced() == writes)
    }

    @Test("what adds rows stays, all of it and in its order")
    func additions() {
        let event = Write.addEvent(EventRecord(at: .epoch, subject: .cluster, message: "m"))
        let tasks = Write.putTasks(JobID(1), [TaskRecord(index: 1, state: .ready, attempt: 1)])
        let payloads = Write.appendPayloads(JobID(1), first: 0, payloads: ["a"])
        let writes = [job(1, "a"), event, tasks, job(1, "b"), payloads, event, tasks]
        #expect(writes.coalesced() == [job(1, "b"), event, tasks, payloads, event, tasks])
    }

    @Test("nothing and one stay what they are")
    func few() {
        #expect([Write]().coalesced() == [])
        #expect([job(1, "a")].coalesced() == [job(1, "a")])
    }
}
