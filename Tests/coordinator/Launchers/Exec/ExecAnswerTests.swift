import ClusterTypes
import CoordinatorCore
import Testing

@testable import CoordinatorLaunchers

@Suite("Answers of a launcher program")
struct ExecAnswerTests {
    private func read(_ text: String, of launch: LaunchID? = nil) throws(LaunchFailure) -> [Allocation] {
        try ExecAnswer(Array(text.utf8)).allocations(Launching.scope, of: launch)
    }

    private func failure(_ text: String, of launch: LaunchID? = nil) async -> LaunchFailure {
        await Launching.failure { () throws(LaunchFailure) in try read(text, of: launch) }
    }

    @Test func `Allocations are read, and keys that nobody knows are passed over`() throws {
        let found = try read(
            """
            {"allocations": [
              {"name": "i-0abc", "launch": 12, "state": "running", "reason": "", "host": "10.0.0.7", "zone": "a"},
              {"name": "i-0def", "launch": "mortise-1f3a9c20-cloud-13", "state": "waiting", "reason": "in the queue"},
              {"name": "c:1/x_2.3", "launch": "14", "state": "timed_out", "host": null}
            ], "took_seconds": 1.5}
            """)
        #expect(
            found == [
                Allocation(name: "i-0abc", launch: LaunchID(12), state: .running, host: "10.0.0.7"),
                Allocation(name: "i-0def", launch: LaunchID(13), state: .waiting, reason: "in the queue"),
                Allocation(name: "c:1/x_2.3", launch: LaunchID(14), state: .timedOut),
            ])
        #expect(try read(#"{"allocations":[]}"#) == [])
    }

    @Test func `The answer to a launch need not repeat its number`() throws {
        let found = try read(#"{"allocations":[{"name":"a","state":"waiting"}]}"#, of: LaunchID(7))
        #expect(found == [Allocation(name: "a", launch: LaunchID(7))])
    }

    @Test(arguments: [
        ("", "printed nothing"),
        ("\n \n", "printed nothing"),
        ("[]", "not one JSON object: []"),
        ("{} {}", "not one JSON object: {} {}"),
        ("i-0abc running", "not one JSON object: i-0abc running"),
        ("{}", "allocations is missing; it has to be a list"),
        (#"{"allocations": {}}"#, "allocations is {}; it has to be a list"),
        (#"{"allocations": [7]}"#, "allocations[0] is 7; it has to be an object"),
        (#"{"allocations": [{"state":"running","launch":1}]}"#, "allocations[0].name is missing"),
        (
            #"{"allocations": [{"name":"a b","state":"running","launch":1}]}"#,
            #"allocations[0].name is "a b""#
        ),
        (#"{"allocations": [{"name":"","state":"running","launch":1}]}"#, #"allocations[0].name is """#),
        (
            #"{"allocations": [{"name":"a","state":"running","launch":1},{"name":"b","state":"up","launch":1}]}"#,
            #"allocations[1].state is "up"; it has to be one of waiting, running, completed, failed, timed_out, canceled"#
        ),
        (#"{"allocations": [{"name":"a","state":"running"}]}"#, "allocations[0].launch is missing"),
        (#"{"allocations": [{"name":"a","state":"running","launch":0}]}"#, "allocations[0].launch is 0"),
        (#"{"allocations": [{"name":"a","state":"running","launch":-3}]}"#, "allocations[0].launch is -3"),
        (
            #"{"allocations": [{"name":"a","state":"running","launch":"mortise-ffffffff-cloud-1"}]}"#,
            #"allocations[0].launch is "mortise-ffffffff-cloud-1"; it has to be the number of a launch, or a name that begins with mortise-1f3a9c20-cloud-"#
        ),
        (
            #"{"allocations": [{"name":"a","state":"running","launch":1,"reason":5}]}"#,
            "allocations[0].reason is 5"
        ),
        (
            #"{"allocations": [{"name":"a","state":"running","launch":1,"host":"a b"}]}"#,
            "allocations[0].host is"
        ),
        (
            #"{"allocations": [{"name":"a","state":"running","launch":1},{"name":"a","state":"failed","launch":1}]}"#,
            "allocations[1].name is 'a', which stands there twice"
        ),
        (#"{"error": "no"}"#, #"error is "no"; it has to be an object"#),
        (
            #"{"error": {"code":"broken","message":"x"}}"#,
            #"error.code is "broken"; it has to be one of unavailable, no_capacity"#
        ),
        (#"{"error": {"code":"quota"}}"#, "error.message is missing"),
    ])
    func `A value that cannot be is named with its key`(text: String, message: String) async {
        let failure = await failure(text)
        #expect(failure.code == .invalidAnswer)
        #expect(failure.message.contains(message), "\(failure.message)")
    }

    @Test func `Another launch than the one asked for is no answer`() async {
        let failure = await failure(
            #"{"allocations":[{"name":"a","state":"waiting","launch":8}]}"#, of: LaunchID(7))
        #expect(
            failure.code == .invalidAnswer && failure.message.contains("the launch that it was asked for, 7"))
    }

    @Test(arguments: LaunchFailure.Code.allCases)
    func `The program says why it did not`(code: LaunchFailure.Code) async {
        let failure = await failure(
            #"{"error":{"code":"\#(code.rawValue)","message":"none left in zone a"}}"#)
        #expect(failure == LaunchFailure(code, "none left in zone a"))
    }

    @Test func `What a program says of itself has to be of this protocol`() async throws {
        let good = try ExecAnswer(Array(#"{"protocol":1,"name":"cloud"}"#.utf8)).description()
        #expect(good == ExecAnswer.Description(name: "cloud", protocolNumber: 1))
        let failure = await Launching.failure { () throws(LaunchFailure) in
            try ExecAnswer(Array(#"{"protocol":2,"name":"cloud"}"#.utf8)).description()
        }
        #expect(failure.message.contains("protocol is 2; it has to be 1"))
    }

    @Test func `Long words are cut, control characters and secrets taken out`() {
        let text = ForeignText(masking: ["secret-one", "one", "secret"])
        #expect(text.beginning(of: "\u{1B}[31mred\u{07} secret-one and secret\n") == "[31mred  *** and ***")
        #expect(text.beginning(of: String(repeating: "x", count: 2_000)).count == 1_001)
        let lines = (1...20).map { "line \($0)" }.joined(separator: "\n")
        #expect(text.lastLines(of: Array(lines.utf8), lines: 2) == "line 19\nline 20")
    }
}
