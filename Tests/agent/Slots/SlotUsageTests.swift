import ClusterTypes
import Testing

@testable import AgentSlots

@Suite struct SlotUsageTests {
    private func line(_ process: Int, _ parent: Int, ticks: Int = 0, pages: Int = 0, name: String = "sh")
        -> String
    {
        "\(process) (\(name)) S \(parent) 7 7 0 -1 4194304 1 2 3 4 \(ticks) 0 0 0 20 0 1 0 900 1000 \(pages) 1 2 3"
    }

    @Test func aNameMayHoldAnything() throws {
        let parsed = try #require(ProcessLine(parsing: line(42, 7, ticks: 5, pages: 9, name: "a) S 1 (b")))
        #expect(parsed.process == 42)
        #expect(parsed.parent == 7)
        #expect(parsed.startedAt == 900)
        #expect(parsed.usage == ProcessUsage(ticks: 5, pages: 9))
    }

    @Test(arguments: ["", "42", "42 (sh", "42 (sh) S", "x (sh) S 1 2 3", ")("])
    func whatIsNoLineIsNothing(text: String) { #expect(ProcessLine(parsing: text) == nil) }

    @Test func everythingBelowASupervisorIsItsSlots() {
        let lines = [
            line(10, 1, ticks: 1, pages: 10), line(11, 10, ticks: 20, pages: 100),
            line(12, 11, ticks: 300, pages: 1_000), line(20, 1, ticks: 7, pages: 70),
            line(99, 1, ticks: 5_000),
            // Below nobody, and a loop of numbers that were used again.
            line(98, 97, ticks: 5_000), line(96, 95), line(95, 96),
        ].compactMap { ProcessLine(parsing: $0) }
        #expect(
            SlotUsage.sum(lines, slots: [10: "1.1", 20: "2.1"])
                == ["1.1": ProcessUsage(ticks: 321, pages: 1_110), "2.1": ProcessUsage(ticks: 7, pages: 70)])
    }

    @Test func timeBecomesProcessors() {
        let second = UInt64(100)
        #expect(SlotUsage.milliCPU(ticks: second * 4, over: 2_000_000) == 2_000)
        #expect(SlotUsage.milliCPU(ticks: second, over: 0) == 0)
    }
}
