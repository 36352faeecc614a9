import APITypes
import ArgumentParser
import CoordinatorAPI
import CoordinatorCore
import CoordinatorPlacement
import Testing

@testable import mortise_coordinator

@Suite("Flags of placement")
struct PlacementOptionsTests {
    private func limits(
        _ arguments: [String], _ environment: [String: String] = [:]
    ) throws -> Limits {
        var limits = Limits.defaults
        try PlacementOptions.parse(arguments).apply(environment, to: &limits)
        return limits
    }

    @Test func `Each flag sets its limit`() throws {
        var expected = Limits.defaults
        expected.placementPolicy = .gpuPacking
        expected.patienceSeconds = 5_400
        expected.preemptionGap = 100
        expected.agingPerHour = 0
        #expect(
            try limits([
                "--placement-policy", "gpu-packing", "--patience", "90m", "--preempt-priority-gap", "100",
                "--aging", "0",
            ]) == expected)
        #expect(
            try limits(
                [],
                [
                    "MORTISE_PLACEMENT_POLICY": "gpu-packing", "MORTISE_PATIENCE": "90m",
                    "MORTISE_PREEMPT_PRIORITY_GAP": "100", "MORTISE_AGING": "0",
                ]) == expected)
    }

    @Test func `What operators' jobs may have is the API's`() throws {
        func priority(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Int32 {
            var configuration = APIConfiguration.defaults
            try PlacementOptions.parse(arguments).apply(environment, to: &configuration)
            return configuration.operatorPriority
        }
        #expect(try priority([]) == 1_000)
        #expect(try priority(["--operator-priority=-5"], ["MORTISE_OPERATOR_PRIORITY": "7"]) == -5)
        #expect(try priority([], ["MORTISE_OPERATOR_PRIORITY": "7"]) == 7)
        let error = #expect(throws: Failure.self) { try priority(["--operator-priority", "1001"]) }
        #expect(
            error.map { "\($0)" }
                == "--operator-priority is -1000 to 1000 points of priority, not '1001'.")
    }

    @Test func `Priority classes are named once, the highest first`() throws {
        func classes(_ arguments: [String], _ environment: [String: String] = [:]) throws -> [PriorityClass] {
            var configuration = APIConfiguration.defaults
            try PlacementOptions.parse(arguments).apply(environment, to: &configuration)
            return configuration.priorityClasses
        }
        let expected = [
            PriorityClass(name: "urgent", priority: 500, role: "admin"),
            PriorityClass(name: "idle", priority: -100, role: "operator"),
        ]
        #expect(
            try classes(["--priority-class", "idle=-100", "--priority-class", "urgent=500:admin"]) == expected
        )
        #expect(
            try classes([], ["MORTISE_PRIORITY_CLASSES": "urgent=500:admin,idle=-100:operator"]) == expected)
        #expect(try classes([]) == [])
        for text in [
            "urgent", "5=5", "=5", "a b=5", "urgent=5:viewer", "urgent=5:root", "a=1001", "a=", "a=x:admin",
        ] {
            #expect(throws: Failure.self, "\(text)") { try classes(["--priority-class", text]) }
        }
        #expect(throws: Failure.self) { try classes(["--priority-class", "a=1", "--priority-class", "a=2"]) }
    }

    @Test func `Nothing said, or said with nothing in it, changes nothing`() throws {
        #expect(try limits([]) == .defaults)
        #expect(try limits([], ["MORTISE_PATIENCE": "", "MORTISE_AGING": ""]) == .defaults)
    }

    @Test func `A flag wins over the environment`() throws {
        let environment = ["MORTISE_PREEMPT_PRIORITY_GAP": "100", "MORTISE_PATIENCE": "1h"]
        let limits = try limits(["--preempt-priority-gap", "off", "--patience", "365d"], environment)
        #expect(limits.preemptionGap == nil && limits.patienceSeconds == 31_536_000)
    }

    @Test(arguments: PlacementPolicy.allCases)
    func `Every policy can be chosen and is named in the help`(policy: PlacementPolicy) throws {
        #expect(try limits(["--placement-policy", policy.rawValue]).placementPolicy == policy)
        #expect(ServeCommand.helpMessage(columns: 1_000).contains(policy.rawValue))
    }

    @Test(arguments: [
        (
            ["--placement-policy", "best"],
            "'best' is no placement policy: take one of mortise, fgd, bestfit, gpu-packing, gpu-clustering, "
                + "dot-product, random."
        ),
        (["--patience", "soon"], "--patience is 'soon', which is no time like 10s, 5m, 6h or 31d."),
        (["--patience", "0s"], "--patience is 1s to 365d, not 0s."),
        (["--patience", "366d"], "--patience is 1s to 365d, not 366d."),
        (
            ["--preempt-priority-gap", "0"],
            "--preempt-priority-gap is 1 to 2000 points of priority or off, not '0'."
        ),
        (["--aging", "1.5"], "--aging is 0 to 100 points of priority, not '1.5'."),
        (["--aging=-1"], "--aging is 0 to 100 points of priority, not '-1'."),
    ])
    func `A value that cannot be is refused by its flag`(arguments: [String], message: String) {
        let error = #expect(throws: Failure.self) { try limits(arguments) }
        #expect(error.map { "\($0)" } == message)
    }
}
