import APITypes
package import ClusterTypes
package import YAMLSections

extension RetryPolicy {
    /// `3` (any exit code, three times), or rules `CODE:COUNT` separated by commas: `91:1, 92:3, *:2`.
    ///
    /// A rule without a count means one retry; a single code needs its count, as `91` alone is 91 retries of
    /// everything. An exact code wins over `*`. Codes are 1 to 255; 0 is success and never retried.
    ///
    /// - Throws: naming the rule that is wrong.
    package init(parsing text: String) throws(GrammarError) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingBlanks() }
        if parts.count == 1, !parts[0].contains(":"), parts[0] != "*" {
            guard let count = try? Quantity.whole(parts[0], as: UInt32.self) else {
                throw GrammarError(
                    "'\(text)' is no rule for retries; write a number, or rules such as 91:1, 92:3, *:2")
            }
            self.init(any: count)
            return
        }
        self.init()
        var hasAny = false
        for part in parts {
            let fields = part.split(separator: ":", omittingEmptySubsequences: false).map {
                $0.trimmingBlanks()
            }
            guard fields.count <= 2, let code = fields.first, !code.isEmpty else {
                throw GrammarError(
                    "'\(part)' is no rule for retries; write CODE:COUNT, for example 91:1 or *:2")
            }
            try add(code: code, count: fields.count == 2 ? fields[1] : "1", hasAny: &hasAny)
        }
    }

    /// - Parameter rules: codes (or `*`) and counts as written, in order.
    package init(parsing rules: [(code: String, count: String)]) throws(GrammarError) {
        self.init()
        var hasAny = false
        for rule in rules {
            try add(code: rule.code, count: rule.count, hasAny: &hasAny)
        }
    }

    private mutating func add(code: String, count: String, hasAny: inout Bool) throws(GrammarError) {
        guard let count = try? Quantity.whole(count, as: UInt32.self) else {
            throw GrammarError("'\(count)' is no number of retries (for code \(code))")
        }
        if code == "*" {
            guard !hasAny else { throw GrammarError("'*' is given twice") }
            hasAny = true
            any = count
            return
        }
        guard let exitCode = try? Quantity.whole(code, as: Int32.self) else {
            throw GrammarError("'\(code)' is no exit code; write 1 to 255, or * for every other code")
        }
        guard (1...255).contains(exitCode) else {
            throw GrammarError(
                exitCode == 0
                    ? "exit code 0 is success and is not retried"
                    : "exit code \(exitCode) does not exist; write 1 to 255 (128 + n for signal n, 124 for a timeout)"
            )
        }
        guard !rules.contains(where: { $0.exitCode == exitCode }) else {
            throw GrammarError("exit code \(exitCode) is given twice")
        }
        rules.append(Rule(exitCode: exitCode, count: count))
    }

    /// As the grammar writes it: `3`, `91:1, *:2`.
    package var text: String {
        if rules.isEmpty { return "\(any)" }
        let exact = rules.map { "\($0.exitCode):\($0.count)" }
        return (any == 0 ? exact : exact + ["*:\(any)"]).joined(separator: ", ")
    }
}

extension TaskArray {
    /// `FIRST-LAST` or `FIRST-LAST:STEP`, for example `1-1000:2`.
    package init(parsing text: String) throws(GrammarError) {
        let advice = "write FIRST-LAST or FIRST-LAST:STEP, for example 1-1000 or 0-99:2"
        let halves = text.split(separator: ":", omittingEmptySubsequences: false)
        let ends = halves.first?.split(separator: "-", omittingEmptySubsequences: false) ?? []
        guard halves.count <= 2, ends.count == 2 else {
            throw GrammarError("'\(text)' is no range of tasks; \(advice)")
        }
        let step = halves.count == 2 ? String(halves[1]) : "1"
        guard let first = try? Quantity.whole(String(ends[0]).trimmingBlanks(), as: TaskIndex.self),
            let last = try? Quantity.whole(String(ends[1]).trimmingBlanks(), as: TaskIndex.self),
            let step = try? Quantity.whole(step.trimmingBlanks(), as: UInt32.self)
        else {
            throw GrammarError("'\(text)' is no range of tasks; \(advice), each at most \(TaskIndex.max)")
        }
        guard first <= last else {
            throw GrammarError("'\(text)' is an empty range of tasks: \(first) is after \(last)")
        }
        guard step >= 1 else { throw GrammarError("'\(text)': the step of a range is at least 1") }
        self.init(first: first, last: last, step: step)
    }

    /// As the grammar writes it.
    package var text: String { step == 1 ? "\(first)-\(last)" : "\(first)-\(last):\(step)" }
}

extension SlotCount {
    /// The maximum of a job that names none: the largest there is. The coordinator never makes more slots than
    /// there are tasks to run.
    package static let asManyAsFit = JobLimits.slots

    /// `4`, or a range `1-100`.
    package init(parsing text: String) throws(GrammarError) {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { $0.trimmingBlanks() }
        guard let least = ends.first, ends.count <= 2,
            let minimum = try? Quantity.whole(least, as: UInt32.self),
            let maximum = try? Quantity.whole(ends.last ?? least, as: UInt32.self)
        else {
            throw GrammarError("'\(text)' is no number of slots; write for example 4 or 1-100")
        }
        try self.init(checking: minimum, maximum)
    }

    /// - Throws: where the minimum is above the maximum, or the maximum is 0.
    package init(checking minimum: UInt32, _ maximum: UInt32) throws(GrammarError) {
        guard maximum >= 1 else { throw GrammarError("0 slots run nothing; the least is 1") }
        guard minimum <= maximum else {
            throw GrammarError("the least number of slots (\(minimum)) is above the greatest (\(maximum))")
        }
        self.init(minimum: minimum, maximum: maximum)
    }
}

extension Constraint {
    /// `REGEX` or `REGEX:COUNT`, such as `n-[01][01]:4`.
    package init(checkingNodes text: String) throws(GrammarError) {
        self = .nodes(parsing: text)
        guard case .nodes(let pattern, let slots) = self else { return }
        if slots == 0 { throw GrammarError("'\(text)' asks for 0 slots on a node; the least is 1") }
        do throws(NamePatternError) {
            _ = try NamePattern(pattern)
        } catch {
            throw GrammarError("'\(pattern)' is no pattern of node names: \(error)")
        }
    }

    /// As the API writes it: `label:KEY=VALUE`.
    package init(checking text: String) throws(GrammarError) {
        guard let constraint = Constraint(parsing: text) else {
            throw GrammarError("'\(text)' is no constraint; write \(Constraint.forms)")
        }
        self = constraint
    }
}

extension CountedResource {
    /// `NAME=COUNT`, such as `license.matlab=2`.
    package init(parsing text: String) throws(GrammarError) {
        guard let label = Label(parsing: text) else {
            throw GrammarError("'\(text)' counts nothing; write NAME=COUNT, for example license.matlab=2")
        }
        self.init(label.key, try Self.count(label.value))
    }

    static func count(_ text: String) throws(GrammarError) -> UInt32 {
        let count = try Quantity.whole(text, as: UInt32.self)
        guard count >= 1 else { throw GrammarError("0 of it; leave it out, or ask for at least 1") }
        return count
    }
}

/// `-5`, or the name of one of the cluster's priority classes.
enum PriorityWord: Hashable {
    case points(Int32)
    case named(String)

    init(parsing text: String) throws(GrammarError) {
        guard let first = text.first, first.isASCII, first.isLetter else {
            self = .points(try Quantity.whole(text, as: Int32.self))
            return
        }
        self = .named(text)
    }

    func apply(to specification: inout JobSpecification) {
        switch self {
        case .points(let points): specification.priority = points
        case .named(let name): specification.placement.priorityClass = name
        }
    }
}
