import APITypes
import ClusterTypes
import Testing

@Suite("What a job may ask for")
struct ValidationTests {
    static func faults(_ kind: JobKind = .tasks, _ change: (inout JobSpecification) -> Void) -> [Substring] {
        var specification = JobSpecification.sample(kind)
        change(&specification)
        return specification.validate().map { $0.prefix { $0 != ":" } }
    }

    @Test func `A plain job of each kind is good`() {
        for kind in JobKind.allCases { #expect(JobSpecification.sample(kind).validate().isEmpty) }
    }

    @Test func `Names are printable and short`() {
        for bad in ["", " a", "a ", "a\nb", "a\u{200B}b", "\u{202E}a", String(repeating: "ü", count: 127)] {
            #expect(Self.faults { $0.app = bad } == ["app"], "\(bad)")
            #expect(Self.faults { $0.job = bad } == ["job"], "\(bad)")
        }
        for good in ["a", "größe 7/b", "日本", String(repeating: "x", count: 253)] {
            #expect(faultOfName(good) == nil, "\(good)")
        }
    }

    @Test func `Commands are given, without NUL and short enough to run`() {
        #expect(Self.faults { $0.command = .argv([]) } == ["command.argv"])
        #expect(Self.faults { $0.command = .argv([""]) } == ["command.argv[0]"])
        #expect(Self.faults { $0.command = .argv(["a", "b\u{0}"]) } == ["command.argv[1]"])
        let long = String(repeating: "x", count: 131_072)
        #expect(Self.faults { $0.command = .argv(["a", long]) } == ["command.argv[1]"])
        #expect(
            Self.faults { $0.command = .argv(Array(repeating: String(long.dropFirst()), count: 8) + ["x"]) }
                == ["command.argv"])
        #expect(Self.faults { $0.command = .script(" \n") } == ["command.script"])
        #expect(Self.faults { $0.command = .script("a\u{0}") } == ["command.script"])
        #expect(
            Self.faults { $0.command = .script(String(repeating: "x", count: (1 << 20) + 1)) }
                == ["command.script"])
    }

    @Test func `Environment and directory have their form`() {
        #expect(
            Self.faults { $0.environment = ["A=", "B", "=c", "D=\u{0}"] }.sorted() == [
                "environment[1]", "environment[2]", "environment[3]",
            ])
        #expect(Self.faults { $0.directory = "work" } == ["directory"])
        #expect(Self.faults { $0.directory = "/work\u{0}" } == ["directory"])
        #expect(Self.faults { $0.directory = "/work" }.isEmpty)
    }

    @Test func `Numbers stay in their ranges`() {
        #expect(Self.faults { $0.timeoutSeconds = 0 } == ["timeoutSeconds"])
        #expect(Self.faults { $0.timeRequestSeconds = 0 } == ["timeRequestSeconds"])
        #expect(Self.faults { $0.timeoutSeconds = 31_536_001 } == ["timeoutSeconds"])
        #expect(Self.faults { $0.stopGraceSeconds = 3_601 } == ["stopGraceSeconds"])
        #expect(Self.faults { $0.priority = -1_001 } == ["priority"])
        #expect(Self.faults { $0.outputLimitBytes = 4_095 } == ["outputLimitBytes"])
        #expect(Self.faults { $0.outputLimitBytes = (1 << 30) + 1 } == ["outputLimitBytes"])
        #expect(Self.faults { $0.resources.resources.milliCPU = -1 } == ["resources.resources.milliCPU"])
        #expect(Self.faults { $0.resources.resources.diskBytes = .max } == ["resources.resources.diskBytes"])
        #expect(
            Self.faults {
                $0.resources.devices = DeviceRequest(type: .gpu, count: 0, shares: 1_001, model: "")
            } == [
                "resources.devices.count", "resources.devices.shares", "resources.devices.model",
            ])
    }

    @Test func `Slots, arrays and retries agree with themselves`() {
        #expect(Self.faults { $0.slots = SlotCount(minimum: 3, maximum: 2) } == ["slots"])
        #expect(Self.faults { $0.slots = SlotCount(minimum: 0, maximum: 0) } == ["slots.maximum"])
        #expect(Self.faults { $0.array = TaskArray(first: 5, last: 4) } == ["array"])
        #expect(Self.faults { $0.array = TaskArray(first: 0, last: 4, step: 0) } == ["array.step"])
        #expect(Self.faults { $0.array = TaskArray(first: 0, last: 10_000_000) } == ["array"])
        #expect(Self.faults { $0.array = TaskArray(first: 1, last: 10_000_000) }.isEmpty)
        let rule = RetryPolicy.Rule(exitCode: 7, count: 1)
        #expect(Self.faults { $0.retries = RetryPolicy(rules: [rule, rule]) } == ["retries.rules[1]"])
        #expect(
            Self.faults { $0.retries = RetryPolicy(rules: [RetryPolicy.Rule(exitCode: 0, count: 1)]) } == [
                "retries.rules[0].exitCode"
            ])
        #expect(Self.faults { $0.constraints = [.label(key: "", value: "x")] } == ["constraints[0]"])
    }

    @Test func `What belongs to one kind is refused for another`() {
        for kind in [JobKind.batch, .service] {
            #expect(Self.faults(kind) { $0.array = TaskArray(first: 0, last: 1) } == ["array"])
            #expect(Self.faults(kind) { $0.isOpen = true } == ["isOpen"])
        }
        #expect(Self.faults(.service) { $0.timeoutSeconds = 5 } == ["timeoutSeconds"])
        #expect(Self.faults(.service) { $0.timeRequestSeconds = 5 } == ["timeRequestSeconds"])
        #expect(
            Self.faults {
                $0.array = TaskArray(first: 0, last: 1)
                $0.isOpen = true
            } == ["isOpen"])
    }

    @Test func `Payloads go with task jobs that have no array`() {
        func faults(_ specification: JobSpecification, _ payloads: [String]?) -> [Substring] {
            SubmitRequest(specification: specification, payloads: payloads).validate()
                .map { $0.prefix { $0 != ":" } }
        }
        #expect(faults(.sample(), ["a"]).isEmpty)
        #expect(faults(.sample(), nil) == ["payloads"])
        #expect(faults(.sample(.batch), ["a"]) == ["payloads"])
        #expect(faults(.sample(.batch), nil).isEmpty)
        #expect(faults(.array(0, 1), ["a"]) == ["payloads"])
        #expect(faults(.array(0, 1), nil).isEmpty)
        var open = JobSpecification.sample()
        open.isOpen = true
        #expect(faults(open, nil).isEmpty)
        #expect(faults(.sample(), ["a", "b\u{0}"]) == ["payloads[1]"])
        #expect(faults(.sample(), [String(repeating: "x", count: (1 << 20) + 1)]) == ["payloads[0]"])
        #expect(faults(.sample(), Array(repeating: "", count: 100_001)) == ["payloads"])
        #expect(faults(.sample(), Array(repeating: "\u{0}", count: 100)).count == 10)
    }

    @Test func `Times are written in RFC 3339 with microseconds`() {
        #expect(Instant.epoch.rfc3339 == "1970-01-01T00:00:00.000000Z")
        #expect(Instant(microseconds: 951_782_399_999_999).rfc3339 == "2000-02-28T23:59:59.999999Z")
        #expect(Instant(microseconds: 951_782_400_000_250).rfc3339 == "2000-02-29T00:00:00.000250Z")
        #expect(Instant(microseconds: 4_107_542_400_000_000).rfc3339 == "2100-03-01T00:00:00.000000Z")
        #expect(Instant(microseconds: -1).rfc3339 == "1969-12-31T23:59:59.999999Z")
    }
}
