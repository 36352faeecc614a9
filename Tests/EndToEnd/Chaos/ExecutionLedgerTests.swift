import Testing

/// The checker is checked: each rule has a ledger that breaks it.
@Suite struct ExecutionLedgerTests {
    private static func ledger(_ lines: String...) -> ExecutionLedger {
        ExecutionLedger(lines: lines.map { $0[...] })
    }

    private static func outcome(
        slot: String = "1", attempt: String = "1", isSucceeded: Bool = true, reason: String = ""
    ) -> [String: ExecutionLedger.Outcome] {
        ["7": .init(isSucceeded: isSucceeded, slot: slot, attempt: attempt, reason: reason)]
    }

    @Test("Executions one after another break no rule")
    func good() {
        let ledger = Self.ledger(
            "begin 1 1 1 7 1 birch", "begin 2 9 1 - 0 cedar", "alive 1 1 1 7 1 birch",
            "begin 1 2 1 7 1 cedar",
            "end 1 2 1 7 1 cedar", "begin 2 9 2 - 0 birch", "alive 2 9 2 - 0 birch", "end 2 9 2 - 0 birch")
        #expect(ledger.faults == [])
        #expect(ledger.executions == 4)
        #expect(ledger.repetitions(of: "1") == 1)
        #expect(ledger.faults(of: "1", outcomes: Self.outcome(slot: "2"), isAtMostOnce: false) == [])
        #expect(ledger.isFinished(slot: "9"))
        #expect(!ledger.isFinished(slot: "1"))
    }

    @Test(
        "Each line that breaks a rule is found",
        arguments: [
            (["begin 2 9 2 - 0 birch", "begin 2 9 1 - 0 cedar"], "lived after generation 2"),
            (
                ["begin 2 9 1 - 0 birch", "begin 2 9 2 - 0 cedar", "end 2 9 1 - 0 birch"],
                "lived after generation 2"
            ),
            (
                ["begin 1 1 1 7 1 birch", "begin 1 2 1 7 1 cedar", "alive 1 1 1 7 1 birch"],
                "lived after the beginning"
            ),
            (["begin 1 1 1 7 1 birch", "begin 1 1 1 7 1 birch"], "began twice"),
            (["end 1 1 1 7 1 birch"], "without a beginning"),
            (["begin 1 1 1 7 birch"], "is no line"),
        ])
    func lines(_ lines: [String], _ sentence: String) {
        let faults = ExecutionLedger(lines: lines.map { $0[...] }).faults
        #expect(faults.count == 1 && faults.allSatisfy { $0.contains(sentence) }, "\(faults)")
    }

    @Test("An outcome that no execution bears out is found")
    func outcomes() {
        let ledger = Self.ledger(
            "begin 1 1 1 7 1 birch", "end 1 1 1 7 1 birch", "begin 1 2 1 7 1 cedar")
        // It ran again after its outcome; it never came to the end that is recorded; nobody knows it; it was lost.
        for outcome in [
            Self.outcome(slot: "1"), Self.outcome(slot: "2"), [:],
            Self.outcome(isSucceeded: false, reason: "exit code 1"),
            Self.outcome(isSucceeded: false, reason: "lost: node 'birch' is lost"),
        ] {
            #expect(ledger.faults(of: "1", outcomes: outcome, isAtMostOnce: false).count == 1, "\(outcome)")
        }
        let never = Self.ledger()
        #expect(never.faults(of: "1", outcomes: Self.outcome(), isAtMostOnce: true).count == 1)
    }

    @Test("A task that runs at most once may be lost, and may not run twice")
    func atMostOnce() {
        let lost = Self.outcome(isSucceeded: false, reason: "lost: node 'birch' is lost")
        let once = Self.ledger("begin 1 1 1 7 1 birch")
        #expect(once.faults(of: "1", outcomes: lost, isAtMostOnce: true) == [])
        let twice = Self.ledger("begin 1 1 1 7 1 birch", "begin 1 2 1 7 1 cedar")
        #expect(twice.faults(of: "1", outcomes: lost, isAtMostOnce: true).count == 1)
        let failed = Self.outcome(isSucceeded: false, reason: "exit code 1")
        #expect(once.faults(of: "1", outcomes: failed, isAtMostOnce: true).count == 1)
    }
}
