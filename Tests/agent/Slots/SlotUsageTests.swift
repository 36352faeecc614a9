import ClusterTypes
import Platform
import Testing

@testable import AgentSlots

@Suite struct SlotUsageTests {
    private func line(_ process: Int, _ parent: Int, ticks: Int = 0, pages: Int = 0, name: String = "sh")
        -> String
    {
        "\(process) (\(name)) S \(parent) 7 7 0 -1 4194304 1 2 3 4 \(ticks) 0 0 0 20 0 1 0 900 1000 \(pages) 1 2 3"
    }

    @Test func everythingBelowASupervisorIsItsSlots() {
        let lines = [
            line(10, 1, ticks: 1, pages: 10), line(11, 10, ticks: 20, pages: 100),
            line(12, 11, ticks: 300, pages: 1_000), line(20, 1, ticks: 7, pages: 70),
            line(99, 1, ticks: 5_000),
            // Below nobody, and a loop of numbers that were used again.
            line(98, 97, ticks: 5_000), line(96, 95), line(95, 96),
        ].compactMap { ProcessStat(parsing: $0) }
        #expect(
            SlotUsage.sum(lines, slots: [10: "1.1", 20: "2.1"])
                == [
                    "1.1": ProcessTotals(ticks: 321, pages: 1_110), "2.1": ProcessTotals(ticks: 7, pages: 70),
                ])
    }

    @Test func timeBecomesProcessors() {
        let second = UInt64(100)
        #expect(SlotUsage.milliCPU(ticks: second * 4, over: 2_000_000) == 2_000)
        #expect(SlotUsage.milliCPU(ticks: second, over: 0) == 0)
    }
}
