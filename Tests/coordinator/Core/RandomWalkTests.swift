import ClusterTypes
import Foundation
import Testing

@testable import CoordinatorCore

@Suite("Whatever happens")
struct RandomWalkTests {
    /// What the walks have seen must have happened, else they prove nothing.
    private func words(_ outputs: [Output]) -> [String] {
        outputs.flatMap(\.writes).flatMap { write -> [String] in
            switch write {
            case .putNode(let record): ["node \(record.state.rawValue)"]
            case .putJob(let record): ["job \(record.state.rawValue)"]
            case .putSlot(let record): ["slot \(record.state.rawValue)"]
            case .putTasks(_, let records): records.map { "task \($0.state.rawValue)" }
            case .putLaunch(let record): ["launch \(record.state.rawValue)"]
            case .appendPayloads, .putToken, .putVirtualCluster, .dropVirtualCluster, .putPool,
                .dropLaunch, .putFairShare,
                .addEvent, .putHistory, .putUsage, .dropHistory:
                []
            }
        }
    }

    /// MORTISE_SEEDS=100-400 runs others, for longer searches.
    private static let seeds: ClosedRange<UInt64> = {
        let bounds = (ProcessInfo.processInfo.environment["MORTISE_SEEDS"] ?? "").split(separator: "-")
        guard let first = bounds.first.flatMap({ UInt64($0) }),
            let last = bounds.last.flatMap({ UInt64($0) }),
            first <= last
        else { return 1...16 }
        return first...last
    }()

    @Test("all invariants hold, and a restart changes nothing")
    func invariants() {
        var seen: [String: Int] = [:]
        for seed in Self.seeds {
            var walk = RandomWalk(seed: seed)
            for step in 1...2_500 where walk.faults.isEmpty {
                walk.step()
                if step % 50 == 0 { walk.restart(isTakingOver: step % 300 == 0) }
            }
            #expect(walk.faults.prefix(3) == [], "seed \(seed)")
            for word in words(walk.outputs) { seen[word, default: 0] += 1 }
        }
        let states =
            NodeState.allCases.map { "node \($0.rawValue)" } + JobState.allCases.map { "job \($0.rawValue)" }
            + SlotState.allCases.map { "slot \($0.rawValue)" }
            + LaunchState.allCases.map { "launch \($0.rawValue)" }
            + [TaskState.ready, .succeeded, .failed, .canceled].map { "task \($0.rawValue)" }
        for state in states { #expect(seen[state, default: 0] > 10, "'\(state)' was hardly ever seen") }
    }

    @Test("the same seed gives the same outputs", arguments: 21...23 as ClosedRange<UInt64>)
    func determinism(seed: UInt64) {
        var first = RandomWalk(seed: seed)
        var second = RandomWalk(seed: seed)
        for step in 1...600 {
            first.step()
            second.step()
            guard first.outputs.last == second.outputs.last else {
                Issue.record("seed \(seed): the walks differ at step \(step)")
                return
            }
        }
        #expect(first.outputs == second.outputs)
        #expect(first.outputs.contains { !$0.actions.isEmpty })
    }

    @Test("walks of different seeds are different walks")
    func seeds() {
        var first = RandomWalk(seed: 31)
        var second = RandomWalk(seed: 32)
        for _ in 1...100 {
            first.step()
            second.step()
        }
        #expect(first.outputs != second.outputs)
    }
}
