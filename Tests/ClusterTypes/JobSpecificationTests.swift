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
        specification.bindsProcessors = true
        specification.admission = Admission()
        specification.admission?.freeSpace = [.init("/scratch", 1 << 40)]
        specification.admission?.directoryQuota = [.init("/out ü", 1)]
        specification.admission?.check = "true \"x\""
        specification.admission?.intervalSeconds = 3_600
        specification.retries = RetryPolicy(any: 1, rules: [RetryPolicy.Rule(exitCode: 137, count: 3)])
        specification.priority = -5
        specification.onDisconnect = .keep
        specification.onLost = .fail
        specification.crashLimit = 9
        specification.resources.counted = [CountedResource("license.matlab", 2)]
        specification.placement.alternatives = [
            ResourceRequest(resources: Resources(milliCPU: 64_000)),
            ResourceRequest(devices: DeviceRequest(type: .npu)),
        ]
        specification.placement.preferences = [.label(key: "zone", value: "b"), .apart(job: "resize")]
        specification.placement.slotsPerNode = 3
        specification.placement.spread = "zone"
        specification.placement.gang = Gang(port: 1, startSeconds: 2)
        specification.placement.virtualCluster = "physics"
        specification.placement.isPreemptible = true
        specification.placement.startsPerMinute = 10
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
        #expect(specification.placement == PlacementRules())
        #expect(specification.resources.counted.isEmpty)
    }

    @Test func partsOfPlacementThatAreLeftOutHaveTheDefaults() throws {
        func rules(_ json: String) throws -> PlacementRules {
            try JSONDecoder().decode(PlacementRules.self, from: Data(json.utf8))
        }
        #expect(try rules("{}") == PlacementRules())
        #expect(try rules(#"{"gang":{}}"#).gang == Gang(port: 29_500, startSeconds: 600))
        #expect(try rules(#"{"gang":{"port":7}}"#).gang == Gang(port: 7))
        #expect(
            try rules(#"{"alternatives":[{"resources":{"memoryBytes":5}}]}"#).alternatives
                == [ResourceRequest(resources: Resources(milliCPU: 1_000, memoryBytes: 5))])
        #expect(throws: DecodingError.self) { try rules(#"{"preferences":["zone=a"]}"#) }
        #expect(throws: DecodingError.self) { try rules(#"{"gang":{"port":65536}}"#) }
    }

    @Test func placementIsReadableJSON() throws {
        let object = try #require(
            JSONSerialization.jsonObject(with: JSONEncoder().encode(full)) as? [String: Any])
        let placement = try #require(object["placement"] as? [String: Any])
        #expect(placement["preferences"] as? [String] == ["label:zone=b", "apart=resize"])
        #expect(placement["gang"] as? [String: Int] == ["port": 1, "startSeconds": 2])
        let resources = try #require(object["resources"] as? [String: Any])
        let counted = try #require(resources["counted"] as? [[String: Any]])
        #expect(counted.first?["name"] as? String == "license.matlab" && counted.first?["count"] as? Int == 2)
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
        #expect(context.debugDescription.contains("nodes=REGEX:COUNT"))
    }

    @Test(arguments: [
        ("arch=amd64", Constraint.architecture(.amd64)), ("pool=gpu pool", .pool("gpu pool")),
        ("node=n=1", .node("n=1")),
        ("label:zone=a=b", .label(key: "zone", value: "a=b")),
        ("label:zone=", .label(key: "zone", value: "")),
        ("labels:zone=a,b", .labelAmong(key: "zone", values: ["a", "b"])),
        ("labels:zone=a", .labelAmong(key: "zone", values: ["a"])),
        ("labels:zone=,a=b", .labelAmong(key: "zone", values: ["", "a=b"])),
        ("label:zone", .hasLabel("zone")), ("label:a:b", .hasLabel("a:b")),
        ("!label:zone", .lacksLabel("zone")),
        ("nodes=h0:1", .nodes(pattern: "h0", slots: 1)), ("nodes=c.+", .nodes(pattern: "c.+", slots: nil)),
        ("nodes=a:b", .nodes(pattern: "a:b", slots: nil)), ("nodes=a:4:", .nodes(pattern: "a:4", slots: nil)),
        ("nodes=a:4:2", .nodes(pattern: "a:4", slots: 2)), ("nodes=a::", .nodes(pattern: "a:", slots: nil)),
        ("nodes=a{2}:0", .nodes(pattern: "a{2}", slots: 0)),
        ("with=db=1", .with(job: "db=1")), ("apart=web", .apart(job: "web")),
        // A mark that makes one character with what stands before it.
        ("node=\u{301}x", .node("\u{301}x")),
        ("label:\u{301}=\u{301}", .label(key: "\u{301}", value: "\u{301}")),
        ("labels:a=\u{301},\u{301}", .labelAmong(key: "a", values: ["\u{301}", "\u{301}"])),
    ])
    func aConstraintIsParsedAndPrintedAlike(text: String, constraint: Constraint) {
        #expect(Constraint(parsing: text) == constraint)
        #expect(constraint.description == text)
    }

    @Test func aCountThatNobodyHasRoomForStaysACount() {
        #expect(Constraint(parsing: "nodes=n:99999999999") == .nodes(pattern: "n", slots: .max))
        #expect(Constraint(parsing: "nodes=n:+5") == .nodes(pattern: "n:+5", slots: nil))
    }

    @Test(arguments: [
        "", "=", "arch", "arch=", "arch=x86", "label:=v", "label=v", "zone=a", "Pool=x", "label:", "!label:",
        "!label:a=b", "labels:a", "labels:=a", "labels=a", "!pool=x", "near=x", "nodes",
    ])
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
