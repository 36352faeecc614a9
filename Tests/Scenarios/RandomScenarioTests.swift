import Foundation
import Testing

@Suite("Both machines, whatever happens")
struct RandomScenarioTests {
    /// MORTISE_SEEDS=100-400 runs others, for longer searches.
    static let seeds: ClosedRange<UInt64> = {
        let bounds = (ProcessInfo.processInfo.environment["MORTISE_SEEDS"] ?? "").split(separator: "-")
        guard let first = bounds.first.flatMap({ UInt64($0) }),
            let last = bounds.last.flatMap({ UInt64($0) }),
            first <= last
        else { return 1...16 }
        return first...last
    }()

    @Test("nothing breaks under faults, and when they are over all work ends", arguments: seeds)
    func faultsThenCalm(seed: UInt64) {
        let scenario = RandomScenario(seed: seed)
        scenario.start()
        for _ in 0..<500 where scenario.faults.isEmpty { scenario.step() }
        scenario.heal()
        let story = scenario.history.suffix(120).joined(separator: "\n")
        #expect(scenario.faults.prefix(5) == [], "seed \(seed); the last commands:\n\(story)")
    }
}
