import ClusterTypes
import Foundation
import Testing

@Suite struct JobSpecificationTests {
    private var full: JobSpecification {
        var specification = JobSpecification(
            app: "images", job: "resize", kind: .tasks, command: .argv(["convert", "{}"]))
        specification.environment = ["A=1", "B="]
        specification.directory = "/data"
        specification.resources = ResourceRequest(
            resources: Resources(milliCPU: 2_000, memoryBytes: 1 << 30, diskBytes: 5),
            devices: DeviceRequest(type: .gpu, count: 2, shares: 500, memoryBytes: 7, model: "H100"))
        specification.constraints = [
            .architecture(.arm64), .pool("big"), .node("n1"), .label(key: "zone", value: "a"),
        ]
        specification.slots = SlotCount(minimum: 2, maximum: 8)
        specification.array = TaskArray(first: 1, last: 99, step: 2)
        specification.isOpen = true
        specification.timeoutSeconds = 60
        specification.timeRequestSeconds = 50
        specification.warningSignal = .int
        specification.retries = RetryPolicy(any: 1, rules: [RetryPolicy.Rule(exitCode: 137, count: 3)])
        specification.priority = -5
        specification.onDisconnect = .keep
        specification.onLost = .fail
        specification.crashLimit = 9
        return specification
    }

    @Test func jsonComesBackAsItWasWritten() throws {
        let minimal = JobSpecification(app: "a", job: "b", kind: .batch, command: .script("echo hi\n"))
        for specification in [full, minimal] {
            let json = try JSONEncoder().encode(specification)
            #expect(try JSONDecoder().decode(JobSpecification.self, from: json) == specification)
        }
    }

    @Test func whatAnOlderVersionHasWrittenHasTheDefaults() throws {
        let json = #"{"app":"a","job":"b","kind":"batch","command":{"script":"true"}}"#
        let specification = try JSONDecoder().decode(JobSpecification.self, from: Data(json.utf8))
        #expect(specification.crashLimit == 3)
    }

    @Test func commandsAndConstraintsAreReadableJSON() throws {
        let json = try JSONEncoder().encode(full)
        let object = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
        #expect(object["command"] as? [String: [String]] == ["argv": ["convert", "{}"]])
        #expect(object["constraints"] as? [String] == ["arch=arm64", "pool=big", "node=n1", "label:zone=a"])
        #expect(object["kind"] as? String == "tasks")
        #expect(object["onDisconnect"] as? String == "keep")
        #expect(object["onLost"] as? String == "fail")
        #expect(object["runtime"] as? String == "process")
        let script = try JSONEncoder().encode(JobCommand.script("true"))
        #expect(String(decoding: script, as: UTF8.self) == #"{"script":"true"}"#)
    }

    @Test func aBadConstraintInJSONSaysWhatToWrite() throws {
        let error = #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([Constraint].self, from: Data(#"["cpu=4"]"#.utf8))
        }
        guard case .dataCorrupted(let context) = try #require(error) else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(context.debugDescription.contains("'cpu=4' is no constraint"))
        #expect(context.debugDescription.contains("label:KEY=VALUE"))
    }

    @Test(arguments: [
        ("arch=amd64", Constraint.architecture(.amd64)), ("pool=gpu pool", .pool("gpu pool")),
        ("node=n=1", .node("n=1")),
        ("label:zone=a=b", .label(key: "zone", value: "a=b")),
        ("label:zone=", .label(key: "zone", value: "")),
    ])
    func aConstraintIsParsedAndPrintedAlike(text: String, constraint: Constraint) {
        #expect(Constraint(parsing: text) == constraint)
        #expect(constraint.description == text)
    }

    @Test(arguments: ["", "=", "arch", "arch=", "arch=x86", "label:=v", "label=v", "zone=a", "Pool=x"])
    func whatIsNoConstraintIsNotParsed(text: String) {
        #expect(Constraint(parsing: text) == nil)
    }

    @Test func anExactExitCodeWinsOverAny() {
        let policy = RetryPolicy(
            any: 2,
            rules: [RetryPolicy.Rule(exitCode: 1, count: 0), RetryPolicy.Rule(exitCode: 137, count: 5)])
        #expect(policy.count(forExitCode: 1) == 0)
        #expect(policy.count(forExitCode: 137) == 5)
        #expect(policy.count(forExitCode: 3) == 2)
        #expect(RetryPolicy().count(forExitCode: 1) == 0)
    }
}
