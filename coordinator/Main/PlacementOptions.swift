import APITypes
import ArgumentParser
import CoordinatorAPI
import CoordinatorCore
import CoordinatorPlacement

/// How slots find their places, and what helps those that wait for one; docs/placement.md.
struct PlacementOptions: ParsableArguments {
    @Option(
        help: """
            How the best place is found: mortise (the default), fgd, bestfit, gpu-packing, gpu-clustering, dot-product \
            or random. [MORTISE_PLACEMENT_POLICY]
            """)
    var placementPolicy: String?
    @Option(
        help: """
            After waiting so long for places a job has nodes kept for it, 1s to 365d; 10m by default. \
            [MORTISE_PATIENCE]
            """)
    var patience: String?
    @Option(
        help: ArgumentHelp(
            """
            Work that waits stops work whose priority is lower by so much, 1 to 2000, preemptible or not; off by \
            default. [MORTISE_PREEMPT_PRIORITY_GAP]
            """, valueName: "points"))
    var preemptPriorityGap: String?
    @Option(
        help: ArgumentHelp(
            """
            What each hour of waiting adds to a job's priority, 0 to 100, up to 100 in all; 1 by default. \
            [MORTISE_AGING]
            """, valueName: "points"))
    var aging: String?
    @Option(
        help: ArgumentHelp(
            """
            The highest priority that jobs of operators may have, -1000 to 1000; 1000 by default. Jobs of admins may \
            have any. [MORTISE_OPERATOR_PRIORITY]
            """, valueName: "points"))
    var operatorPriority: String?
    @Option(
        name: .customLong("priority-class"),
        help: ArgumentHelp(
            """
            A name for a priority, which jobs may give instead of the number: urgent=500, or urgent=500:admin for \
            admins alone. Once for each class. [MORTISE_PRIORITY_CLASSES, separated by commas]
            """, valueName: "name=points"))
    var priorityClasses: [String] = []

    /// - Throws: `Failure` that names the flag and what it takes.
    func apply(_ environment: [String: String], to configuration: inout APIConfiguration) throws {
        if let text = text(operatorPriority, "MORTISE_OPERATOR_PRIORITY", environment) {
            configuration.operatorPriority = try points(text, in: -1_000...1_000, of: "--operator-priority")
        }
        var texts = priorityClasses
        if texts.isEmpty, let text = text(nil, "MORTISE_PRIORITY_CLASSES", environment) {
            texts = text.split(separator: ",").map(String.init)
        }
        for text in texts {
            let named = try priorityClass(text)
            guard !configuration.priorityClasses.contains(where: { $0.name == named.name }) else {
                throw Failure("--priority-class has '\(named.name)' twice.")
            }
            configuration.priorityClasses.append(named)
        }
        configuration.priorityClasses.sort { ($1.priority, $0.name) < ($0.priority, $1.name) }
    }

    private func priorityClass(_ text: String) throws -> PriorityClass {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let words = parts.last?.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false) ?? []
        let role = words.count == 2 ? Role(rawValue: String(words[1])) : .operator
        let name = String(parts[0])
        let isName =
            name.first?.isLetter == true
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
        guard parts.count == 2, isName, let role, role != .viewer else {
            throw Failure(
                "--priority-class is NAME=POINTS or NAME=POINTS:ROLE, such as urgent=500:admin; '\(text)' is not: "
                    + "a name begins with a letter and has letters, digits and . _ -, roles are operator and admin."
            )
        }
        let priority = try points(String(words[0]), in: -1_000...1_000, of: "--priority-class \(name)")
        return PriorityClass(name: name, priority: priority, role: role.rawValue)
    }

    /// - Throws: `Failure` that names the flag and what it takes.
    func apply(_ environment: [String: String], to limits: inout Limits) throws {
        if let text = text(placementPolicy, "MORTISE_PLACEMENT_POLICY", environment) {
            guard let policy = PlacementPolicy(rawValue: text) else {
                let words = PlacementPolicy.allCases.map(\.rawValue).joined(separator: ", ")
                throw Failure("'\(text)' is no placement policy: take one of \(words).")
            }
            limits.placementPolicy = policy
        }
        if let text = text(patience, "MORTISE_PATIENCE", environment) {
            let seconds = try Quantity.seconds(text, of: "--patience")
            guard (1...31_536_000).contains(seconds) else {
                throw Failure("--patience is 1s to 365d, not \(text).")
            }
            limits.patienceSeconds = UInt32(seconds)
        }
        if let text = text(preemptPriorityGap, "MORTISE_PREEMPT_PRIORITY_GAP", environment) {
            let flag = "--preempt-priority-gap"
            limits.preemptionGap = text == "off" ? nil : try points(text, in: 1...2_000, of: flag, " or off")
        }
        if let text = text(aging, "MORTISE_AGING", environment) {
            limits.agingPerHour = try points(text, in: 0...100, of: "--aging")
        }
    }

    private func text(_ flag: String?, _ name: String, _ environment: [String: String]) -> String? {
        flag ?? environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    private func points(
        _ text: String, in range: ClosedRange<Int>, of flag: String, _ other: String = ""
    ) throws -> Int32 {
        guard let count = Int(text), range.contains(count) else {
            throw Failure(
                "\(flag) is \(range.lowerBound) to \(range.upperBound) points of priority\(other), not '\(text)'."
            )
        }
        return Int32(count)
    }
}
