import ClusterTypes
import ProtocolGenerated
import ProtocolMessages

extension CoordinatorMessage {
    /// As in the schema.
    var name: String {
        switch self {
        case .welcome: "welcome"
        case .refusal: "refusal"
        case .heartbeatAcknowledged: "heartbeat_acknowledged"
        case .assign: "assign"
        case .stopSlot: "stop_slot"
        case .slotEndAcknowledged: "slot_end_acknowledged"
        case .assignTasks: "assign_tasks"
        case .taskResultsAcknowledged: "task_results_acknowledged"
        case .requestHardware: "request_hardware"
        case .requestLog: "request_log"
        case .cancelLog: "cancel_log"
        case .certificate: "certificate"
        case .confirmEmpty: "confirm_empty"
        }
    }

    /// Entries that the other side bounds by `tasksPerBatch`.
    var batchCount: Int {
        switch self {
        case .assignTasks(_, let orders): orders.count
        case .taskResultsAcknowledged(_, let attempts): attempts.count
        case .welcome, .refusal, .heartbeatAcknowledged, .assign, .stopSlot, .slotEndAcknowledged,
            .requestHardware, .requestLog, .cancelLog, .certificate, .confirmEmpty:
            0
        }
    }

    /// The same in two messages; nil for what cannot be divided.
    var halves: (CoordinatorMessage, CoordinatorMessage)? {
        guard batchCount > 1 else { return nil }
        let middle = batchCount / 2
        switch self {
        case .assignTasks(let key, let orders):
            return (.assignTasks(key, Array(orders[..<middle])), .assignTasks(key, Array(orders[middle...])))
        case .taskResultsAcknowledged(let key, let attempts):
            return (
                .taskResultsAcknowledged(key, Array(attempts[..<middle])),
                .taskResultsAcknowledged(key, Array(attempts[middle...]))
            )
        case .welcome, .refusal, .heartbeatAcknowledged, .assign, .stopSlot, .slotEndAcknowledged,
            .requestHardware, .requestLog, .cancelLog, .certificate, .confirmEmpty:
            return nil
        }
    }

    init(wire: WireCoordinatorEnvelope) throws(ProtocolError) {
        switch wire.message {
        case .welcome(let welcome): self = .welcome(try Welcome(wire: welcome))
        case .refusal(let refusal): self = .refusal(try Refusal(wire: refusal))
        case .heartbeatAcknowledged(let acknowledged):
            self = .heartbeatAcknowledged(
                sequence: acknowledged.sequence,
                heartbeatMilliseconds: acknowledged.heartbeatMilliseconds == 0
                    ? nil
                    : try Check.range(
                        acknowledged.heartbeatMilliseconds, 1...3_600_000,
                        "heartbeat_acknowledged.heartbeat_milliseconds"))
        case .assign(let assignment): self = .assign(try Assignment(wire: assignment))
        case .stopSlot(let stop):
            self = .stopSlot(
                try SlotKey(wire: stop.key, isPresent: stop.hasKey, "stop_slot.key"),
                reason: try Check.reason(stop.reason, "stop_slot.reason"))
        case .slotEndAcknowledged(let acknowledged):
            self = .slotEndAcknowledged(
                try SlotKey(
                    wire: acknowledged.key, isPresent: acknowledged.hasKey, "slot_end_acknowledged.key"))
        case .assignTasks(let batch):
            let key = try SlotKey(wire: batch.key, isPresent: batch.hasKey, "assign_tasks.key")
            self = .assignTasks(key, try batch.orders.map(TaskOrder.init(wire:)))
        case .taskResultsAcknowledged(let batch):
            let key = try SlotKey(wire: batch.key, isPresent: batch.hasKey, "task_results_acknowledged.key")
            let attempts = try batch.attempts.map { (attempt) throws(ProtocolError) in
                try TaskAttempt(wire: attempt, "task_results_acknowledged.attempts")
            }
            self = .taskResultsAcknowledged(key, attempts)
        case .requestHardware(let request): self = .requestHardware(request: request.request)
        case .requestLog(let request): self = .requestLog(try LogRequest(wire: request))
        case .cancelLog(let cancel): self = .cancelLog(request: cancel.request)
        case .certificate(let certificate):
            self = .certificate(pem: try Check.text(certificate.pem, "certificate.pem"))
        case .confirmEmpty(let question): self = .confirmEmpty(generation: question.generation)
        case nil:
            throw ProtocolError(
                .unknownMessage,
                "the coordinator's envelope has no message that protocol \(ProtocolVersion.current) knows")
        }
    }
}

extension WireCoordinatorEnvelope {
    init(_ message: CoordinatorMessage) {
        self.init()
        switch message {
        case .welcome(let value): welcome = value.wire
        case .refusal(let value): refusal = value.wire
        case .heartbeatAcknowledged(let sequence, let interval):
            heartbeatAcknowledged.sequence = sequence
            heartbeatAcknowledged.heartbeatMilliseconds = interval ?? 0
        case .assign(let value): assign = value.wire
        case .stopSlot(let key, let reason):
            stopSlot.key = key.wire
            stopSlot.reason = reason.cutReason
        case .slotEndAcknowledged(let key): slotEndAcknowledged.key = key.wire
        case .assignTasks(let key, let orders):
            var batch = WireTaskOrders()
            batch.key = key.wire
            batch.orders = orders.map(\.wire)
            assignTasks = batch
        case .taskResultsAcknowledged(let key, let attempts):
            var batch = WireTaskResultsAcknowledged()
            batch.key = key.wire
            batch.attempts = attempts.map(\.wire)
            taskResultsAcknowledged = batch
        case .requestHardware(let request): requestHardware.request = request
        case .requestLog(let value): requestLog = value.wire
        case .cancelLog(let request): cancelLog.request = request
        case .certificate(let pem): certificate.pem = pem
        case .confirmEmpty(let generation): confirmEmpty.generation = generation
        }
    }
}

extension Welcome {
    init(wire: WireWelcome) throws(ProtocolError) {
        self.init(
            version: try ProtocolVersion(wire: wire.version, isPresent: wire.hasVersion, "welcome.version"),
            node: NodeID(try Check.identifier(wire.node, "welcome.node")),
            cluster: try Check.name(wire.cluster, "welcome.cluster"),
            heartbeatMilliseconds: try Check.range(
                wire.heartbeatMilliseconds, 1...3_600_000, "welcome.heartbeat_milliseconds"),
            leaseMilliseconds: try Check.range(
                wire.leaseMilliseconds, 1...86_400_000, "welcome.lease_milliseconds"),
            keep: try wire.keep.map { (key) throws(ProtocolError) in try SlotKey(wire: key, "welcome.keep") },
            beatDictionary: wire.beatDictionary)
    }

    var wire: WireWelcome {
        var wire = WireWelcome()
        wire.version = version.wire
        wire.node = node.rawValue
        wire.cluster = cluster
        wire.heartbeatMilliseconds = heartbeatMilliseconds
        wire.leaseMilliseconds = leaseMilliseconds
        wire.keep = keep.map(\.wire)
        wire.beatDictionary = beatDictionary
        return wire
    }
}

extension Refusal {
    init(wire: WireRefusal) throws(ProtocolError) {
        self.init(
            try Code(wire: wire.code, "refusal.code"),
            try Check.reason(wire.message, "refusal.message"),
            retryAfterMilliseconds: wire.hasRetryAfterMilliseconds ? wire.retryAfterMilliseconds : nil)
    }

    var wire: WireRefusal {
        var wire = WireRefusal()
        wire.code = code.wire
        wire.message = message.cutReason
        if let retryAfterMilliseconds { wire.retryAfterMilliseconds = retryAfterMilliseconds }
        return wire
    }
}

extension Assignment {
    init(wire: WireAssignment) throws(ProtocolError) {
        try Check.present(wire.hasSpecification, "assign.specification")
        self.init(
            key: try SlotKey(wire: wire.key, isPresent: wire.hasKey, "assign.key"),
            job: JobID(try Check.identifier(wire.job, "assign.job")),
            specification: try JobSpecification(wire: wire.specification),
            devices: try wire.devices.map(DeviceGrant.init(wire:)),
            rankTable: wire.hasRankTable ? try RankTable(wire: wire.rankTable) : nil)
    }

    var wire: WireAssignment {
        var wire = WireAssignment()
        wire.key = key.wire
        wire.job = job.rawValue
        wire.specification = specification.wire
        wire.devices = devices.map(\.wire)
        if let rankTable { wire.rankTable = rankTable.wire }
        return wire
    }
}

extension RankTable {
    init(wire: WireRankTable) throws(ProtocolError) {
        self.init(
            servers: try wire.servers.map { (server) throws(ProtocolError) in
                Server(
                    address: try Check.word(server.address, "assign.rank_table.servers.address"),
                    devices: try server.devices.map { (device) throws(ProtocolError) in
                        Device(
                            physicalID: device.physicalID,
                            address: device.hasAddress
                                ? try Check.word(device.address, "assign.rank_table.servers.devices.address")
                                : nil)
                    })
            })
    }

    var wire: WireRankTable {
        var wire = WireRankTable()
        wire.servers = servers.map { server in
            var wire = WireRankTable.Server()
            wire.address = server.address
            wire.devices = server.devices.map { device in
                var wire = WireRankTable.Device()
                wire.physicalID = device.physicalID
                if let address = device.address { wire.address = address }
                return wire
            }
            return wire
        }
        return wire
    }
}

extension DeviceGrant {
    init(wire: WireDeviceGrant) throws(ProtocolError) {
        self.init(
            device: try Check.range(
                wire.device, 0...UInt32(ProtocolLimits.devicesPerNode - 1), "assign.devices.device"),
            shares: try Check.range(wire.shares, 1...wholeDeviceShares, "assign.devices.shares"))
    }

    var wire: WireDeviceGrant {
        var wire = WireDeviceGrant()
        wire.device = device
        wire.shares = shares
        return wire
    }
}

extension TaskOrder {
    init(wire: WireTaskOrder) throws(ProtocolError) {
        self.init(
            attempt: try TaskAttempt(index: wire.index, attempt: wire.attempt, "assign_tasks.orders.attempt"),
            payload: wire.hasPayload
                ? try Check.text(
                    wire.payload, "assign_tasks.orders.payload", limitBytes: ProtocolLimits.payloadBytes)
                : nil)
    }

    var wire: WireTaskOrder {
        var wire = WireTaskOrder()
        wire.index = attempt.index
        wire.attempt = attempt.attempt
        if let payload { wire.payload = payload }
        return wire
    }
}

extension LogRequest {
    init(wire: WireLogRequest) throws(ProtocolError) {
        self.init(
            request: wire.request,
            key: try SlotKey(wire: wire.key, isPresent: wire.hasKey, "request_log.key"),
            task: wire.hasTask ? try TaskAttempt(wire: wire.task, "request_log.task") : nil,
            stream: try LogStream(wire: wire.stream, "request_log.stream"),
            follow: wire.follow,
            tailBytes: try Check.optionalAmount(
                wire.hasTailBytes ? wire.tailBytes : nil, "request_log.tail_bytes"))
    }

    var wire: WireLogRequest {
        var wire = WireLogRequest()
        wire.request = request
        wire.key = key.wire
        if let task { wire.task = task.wire }
        wire.stream = stream.wire
        wire.follow = follow
        if let tailBytes { wire.tailBytes = tailBytes }
        return wire
    }
}
