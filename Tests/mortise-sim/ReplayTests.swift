import ClusterTypes
import CoordinatorAutoscale
import Testing

@testable import mortise_sim

@Suite("The replay of job traces")
struct ReplayTests {
    /// Jobs of submission, seconds and slots.
    private func trace(_ jobs: [(Int, Int, Int)]) throws -> SWFTrace {
        let lines = jobs.enumerated().map { index, job in
            "\(index + 1) \(job.0) -1 \(job.1) \(job.2) -1 -1 \(job.2) -1 -1 -1 1 1 -1 -1 -1 -1 -1"
        }
        return try SWFTrace(text: "; a remark\n" + lines.joined(separator: "\n") + "\n", path: "test.swf")
    }

    private func run(
        _ jobs: [(Int, Int, Int)], _ policy: AutoscalePolicyName, slots: Int = 2, max: Int = 8,
        boot: Int = 100
    ) throws -> ReplayResult {
        policy.run(
            try trace(jobs), JobReplay.Options(slotsPerNode: slots, maxNodes: max, bootSeconds: boot))
    }

    @Test func waitsAndNodeHoursAreThoseOfPencilAndPaper() throws {
        // Three slots at 0: two nodes, up at 100. The short jobs end at 1,000, the long one at 3,700.
        let result = try run([(0, 900, 1), (0, 3_600, 1), (0, 900, 1)], .ray)
        #expect(result.waitMean == 100 && result.waitMax == 100)
        #expect(result.boots == 2)
        // The second node is idle from 1,000, and gone at the first tick after 1,300.
        #expect(result.nodeHours == Double(3_700 + 1_305) / 3_600)
        #expect(abs(result.utilization - 5_400 / (2 * 5_005)) < 1e-12)
        #expect(result.boundedSlowdown == (1_000.0 / 900 + 3_700.0 / 3_600 + 1_000.0 / 900) / 3)
    }

    @Test func jobsBeginInTheOrderOfSubmission() throws {
        // Four slots in all. The second needs all of them: the third waits for it, though there is room.
        let result = try run([(0, 1_000, 2), (1, 100, 4), (2, 100, 1)], .staticPeak, max: 2)
        #expect(result.waitMax == 1_098)
        #expect(result.waitMean == Double(0 + 999 + 1_098) / 3)
    }

    @Test func aJobLargerThanAllNodesIsLeftOut() throws {
        let result = try run([(0, 10, 1), (0, 10, 17)], .demand)
        #expect(result.jobs == 1 && result.unserved == 1)
    }

    @Test func theHybridCloudLoopAddsOneNodeABootTime() throws {
        // Nodes at 0, 104, 208: the third job's slots are up at 308.
        let result = try run([(0, 1_000, 2), (0, 1_000, 2), (0, 1_000, 2)], .seed1)
        #expect(result.waitMax == 308)
        #expect(result.waitMean == Double(100 + 204 + 308) / 3)
    }

    @Test func hyperQueueHasOneNodeOnItsWay() throws {
        // The second is asked for at 120, half a minute after the last look at which nothing had come.
        let result = try run([(0, 1_000, 2), (0, 1_000, 2)], .hyperqueue)
        #expect(result.waitMax == 220)
    }

    @Test func eventsOfOneMomentComeAsFromAPriorityQueueOfCxx() {
        var events = ReplayEvents()
        for number in 0..<8 { events.push(.init(at: 5, kind: .jobEnds, number: number)) }
        events.push(.init(at: 3, kind: .nodeIsReady, number: 8))
        events.push(.init(at: 5, kind: .jobEnds, number: 9))
        var order: [Int] = []
        while let event = events.pop() {
            order.append(event.number)
            if order.count == 5 { events.push(.init(at: 5, kind: .jobEnds, number: 10)) }
        }
        // What std::priority_queue of libstdc++ 12 gives for the same.
        #expect(order == [8, 2, 6, 9, 3, 5, 7, 10, 4, 0, 1])
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func eventsComeByTimeAndKind(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var events = ReplayEvents()
        var last: ReplayEvents.Event?
        for step in 0..<2_000 {
            if step < 1_000 || step.isMultiple(of: 3) {
                let kind = ReplayEvents.Kind(rawValue: Int.random(in: 0...3, using: &random)) ?? .tick
                let at = (last?.at ?? 0) + Int.random(in: step < 1_000 ? 0...50 : 1...50, using: &random)
                events.push(.init(at: at, kind: kind, number: step))
            }
            guard step >= 1_000, let event = events.pop() else { continue }
            if let last { #expect(!last.isLater(than: event), "seed \(seed)") }
            last = event
        }
    }

    @Test func aFixedIdleTimeIsKeptToTheSecond() throws {
        let result = try run([(0, 100, 2), (5_000, 100, 1)], .immediate)
        #expect(result.nodeHours == Double(200 + 300 + 200) / 3_600)
    }

    @Test func karpenterWaitsForASecondWithoutArrivals() throws {
        #expect(try run([(0, 1_000, 2)], .karpenter).waitMax == 101)
        #expect(try run([(0, 1_000, 1), (1, 1_000, 1)], .karpenter).waitMax == 102)
    }

    @Test func ourOwnLaunchesAtOnceAndReleasesAfterTheIdleTime() throws {
        let result = try run([(0, 100, 4), (5_000, 100, 1)], .demand)
        #expect(result.waitMax == 100)
        // Two nodes from 0 to 200 + 600, one from 5,000 to the end.
        #expect(result.nodeHours == Double(2 * 800 + 200) / 3_600)
        #expect(result.boots == 3)
    }

    @Test(arguments: AutoscalePolicyName.allCases)
    func everyJobIsServedOnceAndTheSameWayEachTime(policy: AutoscalePolicyName) throws {
        var random = SeededRandom(seed: 7)
        var at = 0
        let jobs = (0..<100).map { _ in
            at += Int.random(in: 0...300, using: &random)
            return (at, Int.random(in: 1...900, using: &random), Int.random(in: 1...9, using: &random))
        }
        let first = try run(jobs, policy)
        let second = try run(jobs, policy)
        #expect(first.jobs == 100 && first.unserved == 0)
        #expect(first.nodeHours == second.nodeHours && first.waitMean == second.waitMean)
        let work = jobs.reduce(0) { $0 + $1.1 * $1.2 }
        #expect(abs(first.utilization * first.nodeHours * 2 * 3_600 - Double(work)) < 1e-3 * Double(work))
        #expect(first.utilization > 0 && first.utilization <= 1)
    }
}

@Suite("SWF")
struct SWFTests {
    private func error(_ line: String) -> String {
        do {
            _ = try SWFTrace(text: "; remark\n" + line, path: "jobs.swf")
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func faultsNameFileLineAndField() {
        #expect(
            error("1 0 -1")
                == "jobs.swf, line 2: 3 fields; a job of SWF has 18, of which the first 5 are needed.")
        #expect(
            error("1 0 -1 ten 1 -1")
                == "jobs.swf, line 2, field 4 (run time): 'ten' is no number from -1 to 10000000000.")
        #expect(
            error("1 0 -1 10 -7 -1")
                == "jobs.swf, line 2, field 5 (processors): '-7' is no number from -1 to 10000000000.")
        #expect(error("; nothing but remarks") == "jobs.swf has no job that ran.")
    }

    @Test func jobsThatNeverRanAreSkippedAndTheRestIsOrdered() throws {
        let text = "1 50 -1 10 1\n2 40 -1 -1 1\n3 30 -1 7.6 2\n\n"
        let trace = try SWFTrace(text: text, path: "jobs.swf")
        #expect(trace.skipped == 1)
        #expect(trace.jobs.map(\.submitted) == [0, 20])
        #expect(trace.jobs.map(\.seconds) == [7, 10])
    }
}
