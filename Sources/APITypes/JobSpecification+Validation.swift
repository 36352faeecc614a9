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
    package static let constraints = 64
    /// Tasks of one job: 3 bytes of the coordinator's memory each.
    package static let tasks = 10_000_000
    /// Slots of one job.
    package static let slots: UInt32 = 1_000_000
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
        checkResources(into: &faults)
        checkConstraints(into: &faults)
        checkSlots(into: &faults)
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

    private func checkResources(into faults: inout Faults) {
        let wanted = self.resources.resources
        faults.checkRange(wanted.milliCPU, 0...JobLimits.milliCPU, "resources.resources.milliCPU")
        faults.checkRange(wanted.memoryBytes, 0...JobLimits.bytes, "resources.resources.memoryBytes")
        faults.checkRange(wanted.diskBytes, 0...JobLimits.bytes, "resources.resources.diskBytes")
        guard let devices = resources.devices else { return }
        faults.checkRange(devices.count, 1...JobLimits.devicesPerSlot, "resources.devices.count")
        faults.checkRange(devices.shares, 1...wholeDeviceShares, "resources.devices.shares")
        faults.checkRange(devices.memoryBytes, 0...JobLimits.bytes, "resources.devices.memoryBytes")
        if let model = devices.model { faults.checkName(model, "resources.devices.model") }
    }

    private func checkConstraints(into faults: inout Faults) {
        faults.check(
            constraints.count <= JobLimits.constraints, "constraints",
            "are more than \(JobLimits.constraints)")
        for (position, constraint) in constraints.prefix(JobLimits.constraints).enumerated() {
            let path = "constraints[\(position)]"
            switch constraint {
            case .architecture: continue
            case .pool(let name), .node(let name), .with(let name), .apart(let name), .hasLabel(let name),
                .lacksLabel(let name):
                faults.checkName(name, path)
            case .label(let key, let value):
                faults.checkName(key, path)
                if !value.isEmpty { faults.checkName(value, path) }
            case .labelAmong(let key, let values):
                faults.checkName(key, path)
                for value in values where !value.isEmpty { faults.checkName(value, path) }
            case .nodes(let pattern, _): faults.checkName(pattern, path)
            }
        }
    }

    private func checkSlots(into faults: inout Faults) {
        faults.checkRange(slots.maximum, 1...JobLimits.slots, "slots.maximum")
        faults.check(
            slots.minimum <= slots.maximum, "slots",
            "minimum \(slots.minimum) is above maximum \(slots.maximum)")
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

private func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
    case .spaceSeparator: scalar == " "
    default: true
    }
}

/// Collects faults, so that a user sees all of them at once.
private struct Faults {
    var lines: [String] = []

    mutating func add(_ path: String, _ fault: String) { lines.append("\(path): \(fault)") }

    mutating func check(_ isGood: Bool, _ path: String, _ fault: @autoclosure () -> String) {
        if !isGood { add(path, fault()) }
    }

    mutating func checkRange<Number: BinaryInteger>(
        _ number: Number, _ range: ClosedRange<Number>, _ path: String
    ) {
        check(
            range.contains(number), path,
            "is \(number), must be in \(range.lowerBound)...\(range.upperBound)")
    }

    mutating func checkName(_ name: String, _ path: String) {
        if let fault = faultOfName(name) { add(path, fault) }
    }

    /// Arguments or environment entries: what one `execve` takes.
    mutating func checkWords(_ words: [String], _ path: String) {
        var total = 0
        for (position, word) in words.enumerated() {
            total += word.utf8.count + 1
            check(!word.utf8.contains(0), "\(path)[\(position)]", "holds a NUL character")
            check(
                word.utf8.count <= JobLimits.wordBytes, "\(path)[\(position)]",
                "is longer than \(JobLimits.wordBytes) bytes")
        }
        check(total <= JobLimits.commandBytes, path, "is longer than \(JobLimits.commandBytes) bytes in all")
    }

    /// At most ten lines for any number of bad payloads.
    mutating func checkPayloads(_ payloads: [String]) {
        check(
            payloads.count <= JobLimits.payloadsPerRequest, "payloads",
            "are \(payloads.count), at most \(JobLimits.payloadsPerRequest) in one request; append the rest")
        let end = lines.count + 10
        for (position, payload) in payloads.enumerated() where lines.count < end {
            check(!payload.utf8.contains(0), "payloads[\(position)]", "holds a NUL character")
            check(
                payload.utf8.count <= JobLimits.payloadBytes, "payloads[\(position)]",
                "is longer than \(JobLimits.payloadBytes) bytes; put it into a file")
        }
    }
}
