import APITypes
package import ClusterTypes
package import YAMLSections

/// What is said on the command line of `mortise run`, still as texts; nil where nothing was said.
package struct RunOptions: Sendable, Hashable {
    /// The program and its arguments; `{}` stands for the task.
    package var command: [String]
    package var app: String?
    package var name: String?
    /// `NAME=value`; a bare `NAME` takes the value from `inheritedEnvironment`.
    package var environment: [String] = []
    package var directory: String?

    package var cpus: String?
    package var memory: String?
    package var disk: String?
    /// `N` or `N:SHARE`.
    package var gpus: String?
    package var npus: String?
    package var deviceMemory: String?
    package var deviceMemoryShare: String?
    package var deviceModel: String?
    /// `NAME=COUNT`
    package var counted: [String] = []

    package var pool: String?
    package var node: String?
    package var arch: String?
    /// `KEY=VALUE`
    package var labels: [String] = []
    /// `REGEX` or `REGEX:COUNT`
    package var nodes: [String] = []
    /// As the API writes them.
    package var otherConstraints: [String] = []
    package var preferences: [String] = []
    package var spread: String?
    package var virtualCluster: String?
    package var isPreemptible = false

    /// `FIRST-LAST[:STEP]`
    package var array: String?
    package var eachLine: String?
    package var fromJSON: String?
    package var readsStandardInput = false

    /// `N` or `MIN-MAX`.
    package var slots: String?
    package var perNode: String?
    package var isGang = false
    package var gangPort: String?
    package var gangStartTimeout: String?
    /// `N/min`
    package var startRate: String?
    package var timeout: String?
    package var retries: String?
    package var priority: String?
    package var onDisconnect: String?
    package var onLost: String?
    package var stopGrace: String?
    package var outputLimit: String?
    package var crashLimit: String?
    package var timeRequest: String?
    package var warnSignal: String?
    package var bindsProcessors = false
    /// `PATH=SIZE`
    package var freeSpace: [String] = []
    package var directoryQuota: [String] = []
    package var check: String?
    package var checkInterval: String?

    package init(command: [String]) { self.command = command }

    /// The same value that a job file would give.
    ///
    /// - Parameter inheritedEnvironment: gives the value of a variable of this machine; nil where it is not set.
    /// - Throws: with all that is wrong, each naming its option.
    package func submission(
        inheritedEnvironment: (String) -> String?
    ) throws(RunOptionsError) -> Submission {
        var reader = OptionReader()
        var specification = baseSpecification(&reader)
        let tasks = taskSource(&specification, &reader)
        specification.resources = resources(&reader)
        specification.constraints = constraints(&reader)
        specification.environment = environment(inheritedEnvironment, &reader)
        specification.directory = directory
        specification.placement = placement(&reader)
        readRules(&specification, &reader)
        if reader.faults.isEmpty {
            reader.faults = specification.validate().map { fault in
                let (name, message) = PropertyName.translate(fault)
                return name.map { "\($0.option) \(message)" } ?? message
            }
        }
        guard reader.faults.isEmpty else { throw RunOptionsError(faults: reader.faults) }
        return Submission(specification: specification, tasks: tasks)
    }

    private func baseSpecification(_ reader: inout OptionReader) -> JobSpecification {
        let program = command.first ?? ""
        if program.isEmpty {
            reader.faults.append("no command is given; write it after the options, after --")
        }
        let job = name ?? program.split(separator: "/").last.map(String.init) ?? "job"
        let isTasks = array != nil || eachLine != nil || fromJSON != nil || readsStandardInput
        return JobSpecification(
            app: app ?? job, job: job, kind: isTasks ? .tasks : .batch, command: .argv(command))
    }

    private func taskSource(
        _ specification: inout JobSpecification, _ reader: inout OptionReader
    ) -> TaskSource {
        var given: [(option: String, source: TaskSource)] = []
        if let array {
            specification.array = reader.read("--array", array) { text throws(GrammarError) in
                try TaskArray(parsing: text)
            }
            given.append(("--array", .none))
        }
        if let eachLine { given.append(("--each-line", .lines(path: eachLine))) }
        if let fromJSON { given.append(("--from-json", .json(path: fromJSON))) }
        if readsStandardInput { given.append(("--stdin", .standardInput)) }
        if given.count > 1 {
            reader.faults.append(
                "the tasks come from one place; choose one of \(given.map(\.option).joined(separator: ", "))")
        }
        return given.first?.source ?? .none
    }

    private func resources(_ reader: inout OptionReader) -> ResourceRequest {
        var request = ResourceRequest()
        if let count = reader.read("--cpus", cpus, Quantity.milliCPU) { request.resources.milliCPU = count }
        if let bytes = reader.read("--memory", memory, Quantity.bytes) {
            request.resources.memoryBytes = bytes
        }
        if let bytes = reader.read("--disk", disk, Quantity.bytes) { request.resources.diskBytes = bytes }
        if gpus != nil, npus != nil {
            reader.faults.append("a slot has devices of one type; choose --gpus or --npus")
        }
        let gpu = reader.read("--gpus", gpus) { text throws(GrammarError) in
            try DeviceRequest(type: .gpu, parsing: text)
        }
        let npu = reader.read("--npus", npus) { text throws(GrammarError) in
            try DeviceRequest(type: .npu, parsing: text)
        }
        request.devices = gpu ?? npu
        let isForDevices = deviceMemory != nil || deviceMemoryShare != nil || deviceModel != nil
        if gpus == nil, npus == nil, isForDevices {
            reader.faults.append(
                "--device-memory, --device-memory-share and --device-model need --gpus or --npus")
        }
        if deviceMemoryShare != nil, (gpus ?? npus)?.utf8.contains(UInt8(ascii: ":")) == true {
            reader.faults.append(
                "--device-memory-share does not go with a share behind --gpus or --npus: give one of them")
        }
        let bytes = reader.read("--device-memory", deviceMemory, Quantity.bytes)
        request.devices?.memoryBytes = bytes ?? 0
        request.devices?.memoryShareBytes = reader.read(
            "--device-memory-share", deviceMemoryShare, Quantity.bytes)
        request.devices?.model = deviceModel
        request.counted = reader.readAll("--counted", counted) { text throws(GrammarError) in
            try CountedResource(parsing: text)
        }
        return request
    }

    private func constraints(_ reader: inout OptionReader) -> [Constraint] {
        var constraints: [Constraint] = []
        let architecture = reader.read("--arch", arch) { text throws(GrammarError) in
            try chosen(text, of: Architecture.self)
        }
        if let architecture { constraints.append(.architecture(architecture)) }
        if let pool { constraints.append(.pool(pool)) }
        if let node { constraints.append(.node(node)) }
        constraints += reader.readAll("--nodes", nodes) { text throws(GrammarError) in
            try Constraint(checkingNodes: text)
        }
        for text in labels {
            if let label = Label(parsing: text) {
                constraints.append(.label(key: label.key, value: label.value))
            } else {
                reader.faults.append("--label: '\(text)' is no label; write KEY=VALUE")
            }
        }
        constraints += reader.readAll("--constraint", otherConstraints) { text throws(GrammarError) in
            try Constraint(checking: text)
        }
        return constraints
    }

    private func placement(_ reader: inout OptionReader) -> PlacementRules {
        var rules = PlacementRules()
        rules.preferences = reader.readAll("--prefer", preferences) { text throws(GrammarError) in
            try Constraint(checking: text)
        }
        rules.slotsPerNode = reader.read("--per-node", perNode) { text throws(GrammarError) in
            try Quantity.whole(text, as: UInt32.self)
        }
        rules.spread = spread
        rules.gang = gang(&reader)
        rules.virtualCluster = virtualCluster
        rules.isPreemptible = isPreemptible
        rules.startsPerMinute = reader.read("--start-rate", startRate, Quantity.perMinute)
        return rules
    }

    private func admission(_ reader: inout OptionReader) -> Admission? {
        var admission = Admission()
        admission.freeSpace = reader.readAll("--free-space", freeSpace, Admission.PathAmount.init(parsing:))
        admission.directoryQuota = reader.readAll(
            "--directory-quota", directoryQuota, Admission.PathAmount.init(parsing:))
        admission.check = check
        guard !freeSpace.isEmpty || !directoryQuota.isEmpty || check != nil else {
            if checkInterval != nil {
                reader.faults.append(
                    "--check-interval needs --free-space, --directory-quota or --check")
            }
            return nil
        }
        if let seconds = reader.read("--check-interval", checkInterval, Quantity.seconds) {
            admission.intervalSeconds = seconds
        }
        return admission
    }

    private func gang(_ reader: inout OptionReader) -> Gang? {
        guard isGang else {
            if gangPort != nil || gangStartTimeout != nil {
                reader.faults.append("--gang-port and --gang-start-timeout need --gang")
            }
            return nil
        }
        var gang = Gang()
        let port = reader.read("--gang-port", gangPort) { text throws(GrammarError) in
            try Quantity.whole(text, as: UInt16.self)
        }
        if let port { gang.port = port }
        if let seconds = reader.read("--gang-start-timeout", gangStartTimeout, Quantity.seconds) {
            gang.startSeconds = seconds
        }
        return gang
    }

    private func environment(
        _ inherited: (String) -> String?, _ reader: inout OptionReader
    ) -> [String] {
        environment.compactMap { text in
            if text.contains("="), !text.hasPrefix("=") { return text }
            if text.isEmpty || text.hasPrefix("=") {
                reader.faults.append("--env: '\(text)' names no variable; write NAME=value")
                return nil
            }
            guard let value = inherited(text) else {
                reader.faults.append("--env: '\(text)' is not set here; write \(text)=value")
                return nil
            }
            return "\(text)=\(value)"
        }
    }

    private func readRules(_ specification: inout JobSpecification, _ reader: inout OptionReader) {
        let isTasks = specification.kind == .tasks
        specification.slots =
            reader.read("--slots", slots) { text throws(GrammarError) in try SlotCount(parsing: text) }
            ?? SlotCount(minimum: 1, maximum: isTasks ? SlotCount.asManyAsFit : 1)
        specification.timeoutSeconds = reader.read("--timeout", timeout, Quantity.seconds)
        let policy = reader.read("--retries", retries) { text throws(GrammarError) in
            try RetryPolicy(parsing: text)
        }
        if let policy { specification.retries = policy }
        let priority = reader.read("--priority", priority) { text throws(GrammarError) in
            try PriorityWord(parsing: text)
        }
        priority?.apply(to: &specification)
        let disconnect = reader.read("--on-disconnect", onDisconnect) { text throws(GrammarError) in
            try chosen(text, of: DisconnectPolicy.self)
        }
        if let disconnect { specification.onDisconnect = disconnect }
        let loss = reader.read("--on-lost", onLost) { text throws(GrammarError) in
            try chosen(text, of: LossPolicy.self)
        }
        if let loss { specification.onLost = loss }
        if let grace = reader.read("--stop-grace", stopGrace, Quantity.seconds) {
            specification.stopGraceSeconds = grace
        }
        specification.timeRequestSeconds = reader.read("--time-request", timeRequest, Quantity.seconds)
        specification.warningSignal = reader.read("--warn-signal", warnSignal) { text throws(GrammarError) in
            try chosen(text, of: WarningSignal.self)
        }
        specification.bindsProcessors = bindsProcessors
        if let bytes = reader.read("--output-limit", outputLimit, Quantity.bytes) {
            specification.outputLimitBytes = bytes
        }
        let crashes = reader.read("--crash-limit", crashLimit) { text throws(GrammarError) in
            try Quantity.whole(text, as: UInt32.self)
        }
        if let crashes { specification.crashLimit = crashes }
        specification.admission = admission(&reader)
    }
}

/// Options of `mortise run` that cannot be used: all of them.
package struct RunOptionsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// At least one; each names its option.
    package let faults: [String]

    package var description: String { faults.joined(separator: "\n") }
}

/// Reads texts and keeps what is wrong with them.
private struct OptionReader {
    var faults: [String] = []

    mutating func read<Value>(
        _ option: String, _ text: String?, _ parse: (String) throws(GrammarError) -> Value
    ) -> Value? {
        guard let text else { return nil }
        do {
            return try parse(text)
        } catch {
            faults.append("\(option): \(error.message)")
            return nil
        }
    }

    mutating func readAll<Value>(
        _ option: String, _ texts: [String], _ parse: (String) throws(GrammarError) -> Value
    ) -> [Value] {
        var values: [Value] = []
        for text in texts {
            if let value = read(option, text, parse) { values.append(value) }
        }
        return values
    }
}

extension Admission.PathAmount {
    /// `PATH=SIZE`
    fileprivate init(parsing text: String) throws(GrammarError) {
        guard let equals = text.lastIndex(of: "="), equals > text.startIndex else {
            throw GrammarError("'\(text)' is no path with an amount; write for example /scratch=50GiB")
        }
        self.init(String(text[..<equals]), try Quantity.bytes(String(text[text.index(after: equals)...])))
    }
}

extension DeviceRequest {
    /// `N` whole devices, or `N:SHARE` of each, for example `1:0.25`.
    package init(type: DeviceType, parsing text: String) throws(GrammarError) {
        let fields = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard fields.count <= 2, let count = try? Quantity.whole(fields[0], as: UInt32.self), count >= 1
        else {
            throw GrammarError(
                "'\(text)' is no number of devices; write for example 2, or 1:0.25 for a quarter of one")
        }
        self.init(type: type, count: count)
        if fields.count == 2 { shares = try Quantity.shares(fields[1]) }
    }
}
