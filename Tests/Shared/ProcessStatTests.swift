import Platform
import Testing

@Suite struct ProcessStatTests {
    @Test func aNameMayHoldAnything() throws {
        let text = "42 (a) S 1 (b) R 7 7 7 0 -1 4194304 1 2 3 4 5 6 70 80 20 0 1 0 900 1000 9 1 2 3"
        let stat = try #require(ProcessStat(parsing: text))
        #expect(stat.process == 42)
        #expect(stat.parent == 7)
        #expect(stat.ticks == 11)
        #expect(stat.childTicks == 150)
        #expect(stat.startedAt == 900)
        #expect(stat.residentPages == 9)
    }

    @Test(arguments: ["", "42", "42 (sh", "42 (sh) S", "x (sh) S 1 2 3", ")("])
    func whatIsNoLineIsNothing(text: String) { #expect(ProcessStat(parsing: text) == nil) }

    @Test func thisProcessIsAChildOfItsParent() throws {
        guard let own = ProcessStat.ofThisProcess() else { return }
        #expect(own.process == Host.processID)
        #expect(own.residentPages > 0)
        #expect(ProcessTable.parent(of: own.process) == own.parent)
    }
}
