import ClusterTypes
import JobFile
import Testing
import YAMLSections

struct QuantityTests {
    @Test(arguments: [
        ("0B", Int64(0)), ("512B", 512), ("1KB", 1_000), ("1KiB", 1_024), ("500MB", 500_000_000),
        ("2GiB", 2 << 30), ("1.5GiB", 3 << 29), ("0.1KiB", 102), ("1TB", 1_000_000_000_000),
        ("1PiB", 1 << 50),
        ("8191PiB", 8_191 << 50),
    ])
    func `Bytes have decimal or binary units`(text: String, bytes: Int64) throws {
        #expect(try Quantity.bytes(text) == bytes)
    }

    @Test(arguments: [
        "", "2", "GiB", "2 GiB", "-1GiB", "2gib", "2G", "1e3MB", "1.GB", "8192PiB", "99999999999999999999B",
    ])
    func `Other texts are no amounts of bytes`(text: String) {
        #expect(throws: GrammarError.self) { try Quantity.bytes(text) }
    }

    @Test func `A near unit is suggested`() {
        #expect(
            throws: GrammarError(
                "'2gib' has the unknown unit 'gib'; units are B KB MB GB TB PB KiB MiB GiB TiB PiB; did you mean '2GiB'?"
            )
        ) {
            try Quantity.bytes("2gib")
        }
        #expect(
            throws: GrammarError(
                "'2Mi' has the unknown unit 'Mi'; units are B KB MB GB TB PB KiB MiB GiB TiB PiB; did you mean '2MiB'?"
            )
        ) {
            try Quantity.bytes("2Mi")
        }
    }

    @Test(arguments: [
        ("250ms", Int64(250)), ("90s", 90_000), ("1.5m", 90_000), ("2h", 7_200_000), ("1d", 86_400_000),
        ("1h30m", 5_400_000), ("1d12h30m5s250ms", 131_405_250),
    ])
    func `Durations add up their parts`(text: String, milliseconds: Int64) throws {
        #expect(try Quantity.milliseconds(text) == milliseconds)
    }

    @Test(arguments: ["", "90", "s", "1h30", "1.5ms", "-5s", "5 s", "1w", "999999999999999999d"])
    func `Other texts are no durations`(text: String) {
        #expect(throws: GrammarError.self) { try Quantity.milliseconds(text) }
    }

    @Test func `Seconds are whole and fit`() throws {
        #expect(try Quantity.seconds("2000ms") == 2)
        #expect(throws: GrammarError.self) { try Quantity.seconds("1500ms") }
        #expect(throws: GrammarError.self) { try Quantity.seconds("100000d") }
    }

    @Test func `Cores and shares have steps of a thousandth`() throws {
        #expect(try Quantity.milliCPU("0.001") == 1)
        #expect(try Quantity.milliCPU("64") == 64_000)
        #expect(try Quantity.milliCPU("1.500") == 1_500)
        #expect(try Quantity.shares("0.25") == 250)
        #expect(try Quantity.shares("1") == 1_000)
        for text in ["0", "0.0005", "-1", "1,5", "", "four", "1e3"] {
            #expect(throws: GrammarError.self, "\(text)") { try Quantity.milliCPU(text) }
            #expect(throws: GrammarError.self, "\(text)") { try Quantity.shares(text) }
        }
        #expect(throws: GrammarError.self) { try Quantity.shares("1.001") }
    }

    @Test func `Whole numbers are digits and nothing else`() throws {
        #expect(try Quantity.whole("-7", as: Int32.self) == -7)
        #expect(try Quantity.whole("4294967295", as: UInt32.self) == .max)
        for text in ["", "-", "+5", "0x10", "1_000", "1.0", " 1", "٣"] {
            #expect(throws: GrammarError.self, "\(text)") { try Quantity.whole(text, as: Int32.self) }
        }
        #expect(throws: GrammarError("'4294967296' is out of range; it may be 0 to 4294967295")) {
            try Quantity.whole("4294967296", as: UInt32.self)
        }
    }
}

struct RetryGrammarTests {
    @Test func `A bare number counts for every code`() throws {
        #expect(try RetryPolicy(parsing: "3") == RetryPolicy(any: 3))
        #expect(try RetryPolicy(parsing: "0") == RetryPolicy())
    }

    @Test func `Rules name codes, one retry where the count is left out`() throws {
        let policy = try RetryPolicy(parsing: "91:1, 92:3, 137, *:2")
        #expect(
            policy
                == RetryPolicy(
                    any: 2,
                    rules: [
                        .init(exitCode: 91, count: 1), .init(exitCode: 92, count: 3),
                        .init(exitCode: 137, count: 1),
                    ]))
        #expect(try RetryPolicy(parsing: "*") == RetryPolicy(any: 1))
        #expect(try RetryPolicy(parsing: "91:0,*:5").count(forExitCode: 91) == 0)
    }

    @Test func `An exact code wins over the star wherever it stands`() throws {
        let policy = try RetryPolicy(parsing: "*:9, 91:1")
        #expect(policy.count(forExitCode: 91) == 1)
        #expect(policy.count(forExitCode: 1) == 9)
    }

    @Test(arguments: [
        "", ",", "91:", ":1", "91:1,", "91:x", "x:1", "91:1:2", "0:1", "256:1", "-1:2", "91:1, 91:2",
        "*:1, *:2",
        "91:-1", "three",
    ])
    func `Other texts are no rules`(text: String) {
        #expect(throws: GrammarError.self) { try RetryPolicy(parsing: text) }
    }

    @Test(arguments: ["3", "0", "91:1, 92:3", "91:1, *:2"])
    func `The text of a policy reads back as the policy`(text: String) throws {
        let policy = try RetryPolicy(parsing: text)
        #expect(policy.text == text)
        #expect(try RetryPolicy(parsing: policy.text) == policy)
    }
}

struct RangeGrammarTests {
    @Test func `Arrays are ranges with a step`() throws {
        #expect(try TaskArray(parsing: "1-1000") == TaskArray(first: 1, last: 1_000))
        #expect(try TaskArray(parsing: "0-99:10") == TaskArray(first: 0, last: 99, step: 10))
        #expect(try TaskArray(parsing: "7-7").count == 1)
        #expect(try TaskArray(parsing: "0-99:10").text == "0-99:10")
        for text in ["", "5", "1-", "-5", "1-2-3", "1-5:", "1-5:0", "5-1", "a-b", "1-4294967296", "1..5"] {
            #expect(throws: GrammarError.self, "\(text)") { try TaskArray(parsing: text) }
        }
    }

    @Test func `Slots are a number or a range`() throws {
        #expect(try SlotCount(parsing: "4") == SlotCount(minimum: 4, maximum: 4))
        #expect(try SlotCount(parsing: "1-100") == SlotCount(minimum: 1, maximum: 100))
        for text in ["", "0", "5-2", "1-", "x", "1-2-3"] {
            #expect(throws: GrammarError.self, "\(text)") { try SlotCount(parsing: text) }
        }
    }

    @Test func `Selected tasks are in order and each once`() throws {
        #expect(try TaskSelection.parse(["7", "3-5,4-6", "3"]) == [3, 4, 5, 6, 7])
        #expect(
            try TaskSelection.parse(["4294967295", "4294967294-4294967295"]) == [
                4_294_967_294, 4_294_967_295,
            ])
        for text in ["", "x", "5-3", "1-2-3", "1,", "0-4294967295"] {
            #expect(throws: GrammarError.self, "\(text)") { try TaskSelection.parse([text]) }
        }
    }
}
