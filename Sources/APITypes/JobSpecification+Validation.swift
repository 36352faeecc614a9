package import ClusterTypes

/// Bounds of what a user may ask for, each with its reason.
package enum JobLimits {
    /// Names of apps, jobs, pools, nodes and labels in UTF-8: as long as a DNS name.
    package static let nameBytes = 253
    /// One word of a command line or one environment entry: what Linux takes (`MAX_ARG_STRLEN`), less the NUL.
    package static let wordBytes = 131_071
    /// All words and environment entries together: an assignment carries them in one message.
    package static let commandBytes = 1 << 20
    package static let scriptBytes = 1 << 20
    package static let pathBytes = 4_096
    /// Of each, constraints and preferences.
    package static let constraints = 64
    /// That a constraint accepts of one label.
    package static let labelValues = 64
    /// Requests beside the first one.
    package static let alternatives = 8
    /// Names in `counted`.
    package static let countedResources = 16
    /// Tasks of one job: 3 bytes of the coordinator's memory each.
    package static let tasks = 10_000_000
    /// Slots of one job. Whoever asks for so many gets as many as fit.
    package static let slots: UInt32 = 1_000_000
    /// Each of them is told of all.
    package static let gangSlots: ClosedRange<UInt32> = 2...10_000
    /// Paths of each condition of an admission.
    package static let admissionPaths = 16
    package static let admissionIntervalSeconds: ClosedRange<UInt32> = 1...3_600
    package static let gangStartSeconds: ClosedRange<UInt32> = 1...86_400
    /// Tries again after one exit code.
    package static let retries: UInt32 = 10_000
    package static let devicesPerSlot: UInt32 = 1_024
    /// 1,000,000 cores and 1 EiB: sums of them never overflow.
    package static let milliCPU: Int64 = 1_000_000_000
    package static let bytes: Int64 = 1 << 60
    package static let timeoutSeconds: ClosedRange<UInt32> = 1...31_536_000
    package static let timeRequestSeconds: ClosedRange<UInt32> = 1...31_536_000
    package static let stopGraceSeconds: ClosedRange<UInt32> = 0...3_600
    package static let priority: ClosedRange<Int32> = -1_000...1_000
    package static let outputBytes: ClosedRange<Int64> = (4 << 10)...(1 << 30)
    /// As many nodes as are remembered of a task's crashes.
    package static let crashes: ClosedRange<UInt32> = 0...100
    /// A task's payload in UTF-8.
    package static let payloadBytes = 1 << 20
    /// Payloads of one request; more are appended.
    package static let payloadsPerRequest = 100_000
}

extension JobSpecification {
    /// All that is wrong with it, each as `property: what and why`; empty for a specification that can be submitted.
    ///
    /// The rules that concern payloads are in `SubmitRequest.validate()`.
    package func validate() -> [String] {
        var faults = Faults()
        faults.checkName(app, "app")
        faults.checkName(job, "job")
        checkCommand(into: &faults)
        checkEnvironment(into: &faults)
        if let directory {
            faults.check(directory.hasPrefix("/"), "directory", "must be an absolute path")
            faults.check(!directory.utf8.contains(0), "directory", "holds a NUL character")
            faults.check(
                directory.utf8.count <= JobLimits.pathBytes, "directory",
                "is longer than \(JobLimits.pathBytes) bytes")
        }
        faults.checkRequest(resources, "resources")
        checkConstraints(into: &faults)
        checkSlots(into: &faults)
        checkPlacement(into: &faults)
        admission?.check(into: &faults)
        checkKind(into: &faults)
        checkRetries(into: &faults)
        if let timeoutSeconds {
            faults.checkRange(timeoutSeconds, JobLimits.timeoutSeconds, "timeoutSeconds")
        }
        if let timeRequestSeconds {
            faults.checkRange(timeRequestSeconds, JobLimits.timeRequestSeconds, "timeRequestSeconds")
        }
        faults.checkRange(stopGraceSeconds, JobLimits.stopGraceSeconds, "stopGraceSeconds")
        faults.checkRange(priority, JobLimits.priority, "priority")
        faults.checkRange(outputLimitBytes, JobLimits.outputBytes, "outputLimitBytes")
        faults.checkRange(crashLimit, JobLimits.crashes, "crashLimit")
        return faults.lines
    }

    private func checkCommand(into faults: inout Faults) {
        switch command {
        case .argv(let words):
            guard let program = words.first else {
                faults.add("command.argv", "is empty; give the program and its arguments")
                return
            }
            faults.check(!program.isEmpty, "command.argv[0]", "is empty; give the program to run")
            faults.checkWords(words, "command.argv")
        case .script(let text):
            faults.check(
                text.contains { !$0.isWhitespace }, "command.script", "is empty; give the lines to run")
            faults.check(!text.utf8.contains(0), "command.script", "holds a NUL character")
            faults.check(
                text.utf8.count <= JobLimits.scriptBytes, "command.script",
                "is longer than \(JobLimits.scriptBytes) bytes; keep it in a file on the nodes")
        }
    }

    private func checkEnvironment(into faults: inout Faults) {
        faults.checkWords(environment, "environment")
        for (position, entry) in environment.enumerated() {
            guard let equals = entry.utf8.firstIndex(of: UInt8(ascii: "=")), equals != entry.startIndex else {
                faults.add("environment[\(position)]", "must be NAME=value")
                continue
            }
        }
    }

    private func checkSlots(into faults: inout Faults) {
        faults.checkRange(slots.maximum, 1...JobLimits.slots, "slots.maximum")
        faults.check(
            slots.minimum <= slots.maximum, "slots",
            "minimum \(slots.minimum) is above maximum \(slots.maximum)")
        guard slots.maximum == JobLimits.slots else { return }
        switch kind {
        case .tasks: break
        case .batch:
            faults.add(
                "slots.maximum", "is as many as fit, which is no number of slots for a batch job to end with")
        case .service:
            faults.check(
                isLimitedOnEachNode, "slots.maximum",
                "is as many as fit, which for a service needs a limit on each node: so many slots per node, "
                    + "or nodes constraints that all have a count")
        }
    }

    private var isLimitedOnEachNode: Bool {
        if placement.slotsPerNode != nil { return true }
        var hasCount = false
        for case .nodes(_, let slots) in constraints {
            guard slots != nil else { return false }
            hasCount = true
        }
        return hasCount
    }

    /// What belongs to one kind of job only.
    private func checkKind(into faults: inout Faults) {
        if kind != .tasks {
            faults.check(array == nil, "array", "is for jobs of kind tasks; this is a \(kind.rawValue) job")
            faults.check(!isOpen, "isOpen", "is for jobs of kind tasks; this is a \(kind.rawValue) job")
        }
        if kind == .service {
            faults.check(
                timeoutSeconds == nil, "timeoutSeconds", "is for tasks and batch jobs; a service runs on")
            faults.check(
                timeRequestSeconds == nil, "timeRequestSeconds",
                "is for tasks and batch jobs; a service runs on")
        }
        guard let array else { return }
        faults.check(!isOpen, "isOpen", "does not go with an array: its tasks are all known")
        faults.check(array.step >= 1, "array.step", "must be at least 1")
        faults.check(array.first <= array.last, "array", "first \(array.first) is above last \(array.last)")
        faults.check(
            array.count <= JobLimits.tasks, "array",
            "has more than \(JobLimits.tasks) tasks; use several jobs")
    }

    private func checkRetries(into faults: inout Faults) {
        faults.checkRange(retries.any, 0...JobLimits.retries, "retries.any")
        var seen: Set<Int32> = []
        for (position, rule) in retries.rules.enumerated() {
            let path = "retries.rules[\(position)]"
            faults.checkRange(rule.exitCode, 1...255, path + ".exitCode")
            faults.checkRange(rule.count, 0...JobLimits.retries, path + ".count")
            faults.check(
                seen.insert(rule.exitCode).inserted, path, "names exit code \(rule.exitCode) a second time")
        }
    }
}

extension SubmitRequest {
    /// All that is wrong with it, each as `path: what and why`.
    package func validate() -> [String] {
        var faults = Faults()
        faults.lines = specification.validate().map { "specification." + $0 }
        if let payloads { faults.checkPayloads(payloads) }
        let isGiven = payloads?.isEmpty == false
        switch specification.kind {
        case .batch, .service:
            faults.check(
                !isGiven, "payloads",
                "are for jobs of kind tasks; this is a \(specification.kind.rawValue) job")
        case .tasks where specification.array != nil:
            faults.check(!isGiven, "payloads", "do not go with specification.array: give one of them")
        case .tasks:
            faults.check(
                isGiven || specification.isOpen, "payloads",
                "are missing; give payloads, specification.array, or specification.isOpen to append them later"
            )
        }
        return faults.lines
    }
}

extension AppendTasksRequest {
    /// All that is wrong with it, each as `path: what and why`.
    package func validate() -> [String] {
        var faults = Faults()
        faults.checkPayloads(payloads)
        faults.check(
            close || !payloads.isEmpty, "payloads",
            "are missing; give payloads, or close to end the job's tasks")
        return faults.lines
    }
}

/// What is wrong with the name of a node, pool, job or token; nil for a good one.
package func faultOfName(_ name: String) -> String? {
    if name.isEmpty { return "is empty" }
    if name.utf8.count > JobLimits.nameBytes { return "is longer than \(JobLimits.nameBytes) bytes" }
    guard name.unicodeScalars.allSatisfy(isPrintable) else {
        return "holds a character that cannot be printed"
    }
    if name.first == " " || name.last == " " { return "begins or ends with a space" }
    return nil
}

func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
    case .spaceSeparator: scalar == " "
    default: true
    }
}
