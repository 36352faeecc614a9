package import APITypes
import ClusterTypes
package import CoordinatorCore
import CoordinatorStore
import ProtocolMessages

// From rows and reports to the JSON of the API.

extension JobView {
    init(_ stored: Stored<JobRecord>, withSpecification: Bool) {
        let record = stored.record
        self.init(
            revision: stored.revision, job: record.job, app: record.specification.app,
            name: record.specification.job, kind: record.specification.kind, state: record.state,
            reason: record.reason, tasks: TaskCountsView(record), isOpen: record.isOpen,
            priority: record.specification.priority, submitter: record.submitter,
            submittedAt: record.submittedAt.rfc3339, endedAt: record.endedAt?.rfc3339,
            specification: withSpecification ? record.specification : nil)
    }
}

extension TaskCountsView {
    init(_ record: JobRecord) {
        let counts = record.counts
        self.init(
            total: counts.total, ready: counts.ready, running: counts.running, succeeded: counts.succeeded,
            failed: counts.failed, canceled: counts.canceled, retried: record.retried)
    }
}

extension SlotView {
    init(_ record: SlotRecord, nodeName: String?) {
        self.init(
            slot: record.slot, generation: record.generation, job: record.job, state: record.state,
            reason: record.reason, node: record.node, nodeName: nodeName, devices: record.devices,
            exitCode: record.exitCode, tasks: record.tasks.count, createdAt: record.createdAt.rfc3339,
            since: record.since.rfc3339)
    }
}

extension NodeView {
    init(_ record: NodeRecord, load: (Heartbeat, Instant)?, hardware: HardwareReport? = nil) {
        var capacity = record.capacity
        for entry in record.deviceQuarantines where entry.quarantine.until != nil {
            guard Int(entry.device) < capacity.devices.count else { continue }
            capacity.devices[Int(entry.device)].isUsable = false
            let reason = capacity.devices[Int(entry.device)].reason
            capacity.devices[Int(entry.device)].reason = reason ?? entry.quarantine.reason
        }
        self.init(
            node: record.node, name: record.name, pool: record.pool, state: record.state,
            reason: record.reason, since: record.since.rfc3339, address: record.address, build: record.build,
            labels: record.labels.map(\.description), capacity: capacity,
            endsAt: record.endsAt?.rfc3339,
            load: load.map { NodeLoadView($0.0, at: $0.1) }, hardware: hardware.map { HardwareView($0) })
    }
}

extension NodeLoadView {
    init(_ heartbeat: Heartbeat, at: Instant) {
        self.init(
            at: at.rfc3339, loadAverage: Double(heartbeat.loadMilli) / 1_000,
            processorPercent: Double(heartbeat.processorPermille) / 10,
            memoryUsedBytes: heartbeat.memoryUsedBytes, runningSlots: heartbeat.runningSlots)
    }
}

extension HardwareView {
    init(_ report: HardwareReport) {
        self.init(
            hostname: report.hostname, architecture: report.architecture,
            operatingSystem: report.operatingSystem, kernel: report.kernel,
            processorModel: report.processor.model, sockets: report.processor.sockets,
            cores: report.processor.cores, threads: report.processor.threads,
            usableMilliCPU: report.processor.usableMilliCPU, memoryTotalBytes: report.memory.totalBytes,
            memoryLimitBytes: report.memory.limitBytes, memoryAvailableBytes: report.memory.availableBytes,
            diskPath: report.disk.path, diskTotalBytes: report.disk.totalBytes,
            diskAvailableBytes: report.disk.availableBytes, devices: report.devices.map { Device($0) },
            tools: report.tools.map(\.line), localAddress: report.address.local,
            advertisedAddress: report.address.advertised, addressExplanation: report.address.explanation,
            container: report.container)
    }
}

extension HardwareView.Device {
    init(_ report: DeviceReport) {
        self.init(
            type: report.type, vendor: report.vendor, model: report.model, index: report.index,
            health: report.health.rawValue)
        chip = report.chip
        uuid = report.uuid
        busID = report.busID
        memoryTotalBytes = report.memoryTotalBytes
        memoryUsedBytes = report.memoryUsedBytes
        utilizationPercent = report.utilizationPercent
        temperatureCelsius = report.temperatureCelsius
        powerWatts = report.powerMilliwatts.map { Double($0) / 1_000 }
        reason = report.reason
    }
}

extension ToolReport {
    /// `nvidia-smi: missing`, with the message where there is one.
    fileprivate var line: String {
        let state = "\(name): \(state.rawValue)"
        return message.map { "\(state): \($0)" } ?? state
    }
}

extension TokenView {
    /// - Parameter secret: the whole token text, in the answer to its creation alone.
    package init(_ record: TokenRecord, secret: String? = nil) {
        self.init(
            token: record.token, name: record.name, purpose: "", expiresAt: record.expiresAt?.rfc3339,
            usesLeft: record.usesLeft, isRevoked: record.isRevoked, createdAt: record.createdAt.rfc3339,
            secret: secret)
        switch record.purpose {
        case .join(let pool):
            purpose = "join"
            self.pool = pool
        case .api(let role):
            purpose = "api"
            self.role = role.rawValue
        }
    }
}

extension EventView {
    init(_ record: EventRecord) {
        let subject =
            switch record.subject {
            case .node(let node): "node \(node)"
            case .job(let job): "job \(job)"
            case .slot(let slot): "slot \(slot)"
            case .cluster: "cluster"
            }
        self.init(at: record.at.rfc3339, subject: subject, message: record.message)
    }
}
