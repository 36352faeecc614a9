import ClusterTypes
import ProtocolGenerated
import ProtocolMessages

extension JobSpecification {
    init(wire: WireJobSpecification) throws(ProtocolError) {
        self.init(
            app: try Check.name(wire.app, "specification.app"),
            job: try Check.name(wire.job, "specification.job"),
            kind: try JobKind(wire: wire.kind, "specification.kind"),
            command: try JobCommand(wire: wire.command))
        environment = try wire.environment.map { (entry) throws(ProtocolError) in
            let entry = try Check.word(
                entry, withoutNulOf: "specification.environment", limitBytes: ProtocolLimits.commandBytes)
            guard let equals = entry.utf8.firstIndex(of: UInt8(ascii: "=")), equals != entry.startIndex else {
                throw Check.invalid("specification.environment", "has an entry that is not NAME=value")
            }
            return entry
        }
        if wire.hasDirectory {
            let path = try Check.word(wire.directory, withoutNulOf: "specification.directory")
            guard path.hasPrefix("/") else {
                throw Check.invalid("specification.directory", "is not an absolute path")
            }
            directory = path
        }
        runtime = try Runtime(wire: wire.runtime, "specification.runtime")
        try Check.present(wire.hasResources, "specification.resources")
        resources = try ResourceRequest(wire: wire.resources)
        constraints = try wire.constraints.map(Constraint.init(wire:))
        try Check.present(wire.hasSlots, "specification.slots")
        slots = try SlotCount(wire: wire.slots)
        array = wire.hasArray ? try TaskArray(wire: wire.array) : nil
        isOpen = wire.isOpen
        timeoutSeconds = try Check.optionalRange(
            wire.hasTimeoutSeconds ? wire.timeoutSeconds : nil, 1...31_536_000,
            "specification.timeout_seconds")
        stopGraceSeconds = try Check.range(
            wire.stopGraceSeconds, 0...3_600, "specification.stop_grace_seconds")
        retries = try RetryPolicy(wire: wire.retries)
        priority = try Check.range(wire.priority, -1_000...1_000, "specification.priority")
        onDisconnect = try DisconnectPolicy(wire: wire.onDisconnect, "specification.on_disconnect")
        onLost = try LossPolicy(wire: wire.onLost, "specification.on_lost")
        outputLimitBytes = try Check.range(
            wire.outputLimitBytes, 4_096...(1 << 30), "specification.output_limit_bytes")
        timeRequestSeconds = try Check.optionalRange(
            wire.hasTimeRequestSeconds ? wire.timeRequestSeconds : nil, 1...31_536_000,
            "specification.time_request_seconds")
        warningSignal = try WarningSignal.optional(wire: wire.warningSignal, "specification.warning_signal")
        bindsProcessors = wire.bindsProcessors
        admission = wire.hasAdmission ? try Admission(wire: wire.admission) : nil
    }

    var wire: WireJobSpecification {
        var wire = WireJobSpecification()
        wire.app = app
        wire.job = job
        wire.kind = kind.wire
        wire.command = command.wire
        wire.environment = environment
        if let directory { wire.directory = directory }
        wire.runtime = runtime.wire
        wire.resources = resources.wire
        wire.constraints = constraints.compactMap(\.wire)
        wire.slots = slots.wire
        if let array { wire.array = array.wire }
        wire.isOpen = isOpen
        if let timeoutSeconds { wire.timeoutSeconds = timeoutSeconds }
        wire.stopGraceSeconds = stopGraceSeconds
        wire.retries = retries.wire
        wire.priority = priority
        wire.onDisconnect = onDisconnect.wire
        wire.onLost = onLost.wire
        wire.outputLimitBytes = outputLimitBytes
        if let timeRequestSeconds { wire.timeRequestSeconds = timeRequestSeconds }
        if let warningSignal { wire.warningSignal = warningSignal.wire }
        wire.bindsProcessors = bindsProcessors
        if let admission { wire.admission = admission.wire }
        return wire
    }
}

extension Admission {
    init(wire: WireAdmission) throws(ProtocolError) {
        self.init()
        freeSpace = try wire.freeSpace.map { (amount) throws(ProtocolError) in
            try PathAmount(wire: amount, "specification.admission.free_space")
        }
        directoryQuota = try wire.directoryQuota.map { (amount) throws(ProtocolError) in
            try PathAmount(wire: amount, "specification.admission.directory_quota")
        }
        if wire.hasCheck {
            check = try Check.word(
                wire.check, withoutNulOf: "specification.admission.check",
                limitBytes: ProtocolLimits.commandBytes)
        }
        intervalSeconds = try Check.range(
            wire.intervalSeconds, 1...3_600, "specification.admission.interval_seconds")
    }

    var wire: WireAdmission {
        var wire = WireAdmission()
        wire.freeSpace = freeSpace.map(\.wire)
        wire.directoryQuota = directoryQuota.map(\.wire)
        if let check { wire.check = check }
        wire.intervalSeconds = intervalSeconds
        return wire
    }
}

extension Admission.PathAmount {
    init(wire: WireAdmission.PathAmount, _ field: String) throws(ProtocolError) {
        let path = try Check.word(wire.path, withoutNulOf: field)
        guard path.hasPrefix("/") else { throw Check.invalid(field, "is not an absolute path") }
        self.init(path, try Check.amount(wire.bytes, field))
    }

    var wire: WireAdmission.PathAmount {
        var wire = WireAdmission.PathAmount()
        wire.path = path
        wire.bytes = bytes
        return wire
    }
}

extension JobCommand {
    init(wire: WireJobSpecification.OneOf_Command?) throws(ProtocolError) {
        switch wire {
        case .argv(let list):
            guard let program = list.arguments.first, !program.isEmpty else {
                throw Check.invalid("specification.argv", "names no program")
            }
            var totalBytes = 0
            for argument in list.arguments {
                totalBytes += try Check.word(
                    argument, withoutNulOf: "specification.argv", limitBytes: ProtocolLimits.commandBytes
                ).utf8.count
            }
            guard totalBytes <= ProtocolLimits.commandBytes else {
                throw Check.invalid(
                    "specification.argv",
                    "has \(totalBytes) bytes; at most \(ProtocolLimits.commandBytes) are taken")
            }
            self = .argv(list.arguments)
        case .script(let text):
            guard !text.isEmpty else { throw Check.invalid("specification.script", "is empty") }
            self = .script(
                try Check.word(
                    text, withoutNulOf: "specification.script", limitBytes: ProtocolLimits.commandBytes))
        case nil:
            throw Check.invalid("specification.command", "is missing")
        }
    }

    var wire: WireJobSpecification.OneOf_Command {
        switch self {
        case .argv(let arguments):
            var list = WireArgumentList()
            list.arguments = arguments
            return .argv(list)
        case .script(let text):
            return .script(text)
        }
    }
}

extension ResourceRequest {
    init(wire: WireResourceRequest) throws(ProtocolError) {
        self.init(
            resources: Resources(
                milliCPU: try Check.milliCPU(wire.milliCpu, "specification.resources.milli_cpu"),
                memoryBytes: try Check.amount(wire.memoryBytes, "specification.resources.memory_bytes"),
                diskBytes: try Check.amount(wire.diskBytes, "specification.resources.disk_bytes")),
            devices: wire.hasDevices ? try DeviceRequest(wire: wire.devices) : nil)
    }

    var wire: WireResourceRequest {
        var wire = WireResourceRequest()
        wire.milliCpu = resources.milliCPU
        wire.memoryBytes = resources.memoryBytes
        wire.diskBytes = resources.diskBytes
        if let devices { wire.devices = devices.wire }
        return wire
    }
}

extension DeviceRequest {
    init(wire: WireDeviceRequest) throws(ProtocolError) {
        self.init(
            type: try DeviceType(wire: wire.type, "specification.resources.devices.type"),
            count: try Check.range(
                wire.count, 1...UInt32(ProtocolLimits.devicesPerNode), "specification.resources.devices.count"
            ),
            shares: try Check.range(
                wire.shares, 1...wholeDeviceShares, "specification.resources.devices.shares"),
            memoryBytes: try Check.amount(
                wire.memoryBytes, "specification.resources.devices.memory_bytes"),
            model: try Check.optionalText(
                wire.hasModel ? wire.model : nil, "specification.resources.devices.model"))
    }

    var wire: WireDeviceRequest {
        var wire = WireDeviceRequest()
        wire.type = type.wire
        wire.count = count
        wire.shares = shares
        wire.memoryBytes = memoryBytes
        if let model { wire.model = model }
        return wire
    }
}

extension Constraint {
    init(wire: WireConstraint) throws(ProtocolError) {
        let field = "specification.constraints"
        switch wire.constraint {
        case .architecture(let architecture):
            self = .architecture(try Architecture(wire: architecture, field))
        case .pool(let name): self = .pool(try Check.name(name, field))
        case .label(let label):
            let label = try Label(wire: label, field)
            self = .label(key: label.key, value: label.value)
        case .node(let name): self = .node(try Check.name(name, field))
        case nil: throw Check.invalid(field, "has an entry of a kind that this version does not know")
        }
    }

    /// nil: a kind that only the coordinator looks at.
    var wire: WireConstraint? {
        var wire = WireConstraint()
        switch self {
        case .architecture(let architecture): wire.architecture = architecture.wire
        case .pool(let name): wire.pool = name
        case .label(let key, let value): wire.label = Label(key, value).wire
        case .node(let name): wire.node = name
        case .labelAmong, .hasLabel, .lacksLabel, .nodes, .with, .apart: return nil
        }
        return wire
    }
}

extension SlotCount {
    init(wire: WireSlotCount) throws(ProtocolError) {
        guard wire.maximum >= 1, wire.minimum <= wire.maximum else {
            throw Check.invalid(
                "specification.slots",
                "are \(wire.minimum)...\(wire.maximum); 0 <= minimum <= maximum, maximum >= 1")
        }
        self.init(minimum: wire.minimum, maximum: wire.maximum)
    }

    var wire: WireSlotCount {
        var wire = WireSlotCount()
        wire.minimum = minimum
        wire.maximum = maximum
        return wire
    }
}

extension TaskArray {
    init(wire: WireTaskArray) throws(ProtocolError) {
        guard wire.step >= 1, wire.first <= wire.last else {
            throw Check.invalid(
                "specification.array", "is \(wire.first)-\(wire.last):\(wire.step); first <= last, step >= 1")
        }
        self.init(first: wire.first, last: wire.last, step: wire.step)
    }

    var wire: WireTaskArray {
        var wire = WireTaskArray()
        wire.first = first
        wire.last = last
        wire.step = step
        return wire
    }
}

extension RetryPolicy {
    init(wire: WireRetryPolicy) throws(ProtocolError) {
        self.init(
            any: wire.any,
            rules: try wire.rules.map { (rule) throws(ProtocolError) in
                Rule(
                    exitCode: try Check.range(
                        rule.exitCode, 0...255, "specification.retries.rules.exit_code"),
                    count: rule.count)
            })
    }

    var wire: WireRetryPolicy {
        var wire = WireRetryPolicy()
        wire.any = any
        wire.rules = rules.map { rule in
            var wire = WireRetryPolicy.Rule()
            wire.exitCode = rule.exitCode
            wire.count = rule.count
            return wire
        }
        return wire
    }
}
