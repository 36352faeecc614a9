// The two choices of a specification as readable JSON: {"argv": [...]}, {"script": "..."}; "arch=arm64".
// What a user leaves out has the value that the initializers give; only app, job, kind and command must stand.

extension JobSpecification {
    package enum CodingKeys: String, CodingKey {
        case app, job, kind, command, environment, directory, runtime, resources, constraints, slots, array
        case isOpen, timeoutSeconds, stopGraceSeconds, retries, priority, onDisconnect, onLost
        case outputLimitBytes, crashLimit, timeRequestSeconds, warningSignal, bindsProcessors
        case admission, placement
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            app: try container.decode(String.self, forKey: .app),
            job: try container.decode(String.self, forKey: .job),
            kind: try container.decode(JobKind.self, forKey: .kind),
            command: try container.decode(JobCommand.self, forKey: .command))
        try container.read(.environment, into: &environment)
        directory = try container.decodeIfPresent(String.self, forKey: .directory)
        try container.read(.runtime, into: &runtime)
        try container.read(.resources, into: &resources)
        try container.read(.constraints, into: &constraints)
        try container.read(.slots, into: &slots)
        array = try container.decodeIfPresent(TaskArray.self, forKey: .array)
        try container.read(.isOpen, into: &isOpen)
        timeoutSeconds = try container.decodeIfPresent(UInt32.self, forKey: .timeoutSeconds)
        try container.read(.stopGraceSeconds, into: &stopGraceSeconds)
        try container.read(.retries, into: &retries)
        try container.read(.priority, into: &priority)
        try container.read(.onDisconnect, into: &onDisconnect)
        try container.read(.onLost, into: &onLost)
        try container.read(.outputLimitBytes, into: &outputLimitBytes)
        try container.read(.crashLimit, into: &crashLimit)
        timeRequestSeconds = try container.decodeIfPresent(UInt32.self, forKey: .timeRequestSeconds)
        warningSignal = try container.decodeIfPresent(WarningSignal.self, forKey: .warningSignal)
        try container.read(.bindsProcessors, into: &bindsProcessors)
        admission = try container.decodeIfPresent(Admission.self, forKey: .admission)
        try container.read(.placement, into: &placement)
    }
}

extension PlacementRules {
    package enum CodingKeys: String, CodingKey {
        case alternatives, preferences, slotsPerNode, spread, gang, virtualCluster, isPreemptible
        case startsPerMinute, priorityClass
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        try container.read(.alternatives, into: &alternatives)
        try container.read(.preferences, into: &preferences)
        slotsPerNode = try container.decodeIfPresent(UInt32.self, forKey: .slotsPerNode)
        spread = try container.decodeIfPresent(String.self, forKey: .spread)
        gang = try container.decodeIfPresent(Gang.self, forKey: .gang)
        virtualCluster = try container.decodeIfPresent(String.self, forKey: .virtualCluster)
        try container.read(.isPreemptible, into: &isPreemptible)
        startsPerMinute = try container.decodeIfPresent(UInt32.self, forKey: .startsPerMinute)
        priorityClass = try container.decodeIfPresent(String.self, forKey: .priorityClass)
    }
}

extension Admission {
    package enum CodingKeys: String, CodingKey {
        case freeSpace, directoryQuota, check, intervalSeconds
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        try container.read(.freeSpace, into: &freeSpace)
        try container.read(.directoryQuota, into: &directoryQuota)
        check = try container.decodeIfPresent(String.self, forKey: .check)
        try container.read(.intervalSeconds, into: &intervalSeconds)
    }
}

extension Gang {
    package enum CodingKeys: String, CodingKey {
        case port, startSeconds
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        try container.read(.port, into: &port)
        try container.read(.startSeconds, into: &startSeconds)
    }
}

extension KeyedDecodingContainer {
    /// Leaves the value as it is where the key is missing.
    fileprivate func read<Value: Decodable>(_ key: Key, into value: inout Value) throws {
        if let decoded = try decodeIfPresent(Value.self, forKey: key) { value = decoded }
    }
}

extension Resources {
    package enum CodingKeys: String, CodingKey {
        case milliCPU, memoryBytes, diskBytes
    }
}

extension ResourceRequest {
    package enum CodingKeys: String, CodingKey {
        case resources, devices, counted
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        if container.contains(.resources) {
            // A request that names only memory still gets the usual processor share.
            let given = try container.nestedContainer(keyedBy: Resources.CodingKeys.self, forKey: .resources)
            try given.read(.milliCPU, into: &resources.milliCPU)
            try given.read(.memoryBytes, into: &resources.memoryBytes)
            try given.read(.diskBytes, into: &resources.diskBytes)
        }
        devices = try container.decodeIfPresent(DeviceRequest.self, forKey: .devices)
        try container.read(.counted, into: &counted)
    }
}

extension DeviceRequest {
    package enum CodingKeys: String, CodingKey {
        case type, count, shares, memoryShareBytes, memoryBytes, model
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(type: try container.decode(DeviceType.self, forKey: .type))
        try container.read(.count, into: &count)
        try container.read(.shares, into: &shares)
        memoryShareBytes = try container.decodeIfPresent(Int64.self, forKey: .memoryShareBytes)
        try container.read(.memoryBytes, into: &memoryBytes)
        model = try container.decodeIfPresent(String.self, forKey: .model)
    }
}

extension TaskArray {
    package enum CodingKeys: String, CodingKey {
        case first, last, step
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            first: try container.decode(TaskIndex.self, forKey: .first),
            last: try container.decode(TaskIndex.self, forKey: .last))
        try container.read(.step, into: &step)
    }
}

extension RetryPolicy {
    package enum CodingKeys: String, CodingKey {
        case rules, any
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init()
        try container.read(.rules, into: &rules)
        try container.read(.any, into: &any)
    }
}

extension JobCommand {
    private enum Key: String, CodingKey {
        case argv, script
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        guard container.allKeys.count <= 1 else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: container.codingPath, debugDescription: "give argv or script, not both"))
        }
        if let argv = try container.decodeIfPresent([String].self, forKey: .argv) {
            self = .argv(argv)
        } else {
            self = .script(try container.decode(String.self, forKey: .script))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .argv(let words): try container.encode(words, forKey: .argv)
        case .script(let text): try container.encode(text, forKey: .script)
        }
    }
}

extension Constraint: CustomStringConvertible {
    package static let forms =
        "arch=, pool=, node=, nodes=REGEX or nodes=REGEX:COUNT, label:KEY=VALUE, label:KEY, !label:KEY, "
        + "labels:KEY=VALUE,VALUE, with=JOB or apart=JOB"

    /// One of `forms`; nil for anything else. Goes by bytes: what follows `=` or `:` may be a mark that Unicode would
    /// make one character with it.
    package init?(parsing text: String) {
        let (key, value) = Self.divided(text, at: text.utf8.firstIndex(of: UInt8(ascii: "=")))
        guard let value else {
            if let label = Self.rest(of: key, after: "label:") {
                self = .hasLabel(label)
            } else if let label = Self.rest(of: key, after: "!label:") {
                self = .lacksLabel(label)
            } else {
                return nil
            }
            return
        }
        switch key {
        case "arch":
            guard let architecture = Architecture(rawValue: value) else { return nil }
            self = .architecture(architecture)
        case "pool": self = .pool(value)
        case "node": self = .node(value)
        case "nodes": self = .nodes(parsing: value)
        case "with": self = .with(job: value)
        case "apart": self = .apart(job: value)
        default:
            if let label = Self.rest(of: key, after: "label:") {
                self = .label(key: label, value: value)
            } else if let label = Self.rest(of: key, after: "labels:") {
                let values = value.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
                self = .labelAmong(key: label, values: values.map { String(Substring($0)) })
            } else {
                return nil
            }
        }
    }

    /// `REGEX` or `REGEX:COUNT`; of a regular expression that itself ends like a count, `REGEX:`.
    package static func nodes(parsing text: String) -> Self {
        let (pattern, count) = divided(text, at: text.utf8.lastIndex(of: UInt8(ascii: ":")))
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let count, count.utf8.allSatisfy({ digits.contains($0) }) else {
            return .nodes(pattern: text, slots: nil)
        }
        // No job has so many slots as do not fit: that is refused where the others are counted.
        return .nodes(pattern: pattern, slots: count.isEmpty ? nil : UInt32(count) ?? .max)
    }

    private static func divided(_ text: String, at place: String.Index?) -> (before: String, after: String?) {
        guard let place else { return (text, nil) }
        return (String(text[..<place]), String(text[text.utf8.index(after: place)...]))
    }

    /// nil without the prefix, or where nothing follows it.
    private static func rest(of text: String, after prefix: String) -> String? {
        guard text.utf8.starts(with: prefix.utf8), text.utf8.count > prefix.utf8.count else { return nil }
        return String(Substring(text.utf8.dropFirst(prefix.utf8.count)))
    }

    private static func text(ofNodes pattern: String, _ slots: UInt32?) -> String {
        if let slots { return "\(pattern):\(slots)" }
        return nodes(parsing: pattern) == .nodes(pattern: pattern, slots: nil) ? pattern : pattern + ":"
    }

    package var description: String {
        switch self {
        case .architecture(let architecture): "arch=\(architecture.rawValue)"
        case .pool(let name): "pool=\(name)"
        case .node(let name): "node=\(name)"
        case .label(let key, let value): "label:\(key)=\(value)"
        case .labelAmong(let key, let values): "labels:\(key)=\(values.joined(separator: ","))"
        case .hasLabel(let key): "label:\(key)"
        case .lacksLabel(let key): "!label:\(key)"
        case .nodes(let pattern, let slots): "nodes=\(Self.text(ofNodes: pattern, slots))"
        case .with(let job): "with=\(job)"
        case .apart(let job): "apart=\(job)"
        }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let constraint = Constraint(parsing: text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "'\(text)' is no constraint; write \(Self.forms)")
        }
        self = constraint
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
