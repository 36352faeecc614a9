package import ClusterTypes

// The JSON of the API, under /v1. Keys are these property names; times are RFC 3339 in UTC with microseconds;
// a property that is nil is left out. The OpenAPI document says the same and a test holds the two together.

package struct JobView: Codable, Sendable, Hashable {
    /// Grows with every change of this job; `?since=` waits for a larger one.
    package var revision: UInt64
    package var job: JobID
    package var app: String
    package var name: String
    package var kind: JobKind
    package var state: JobState
    package var reason: String
    package var tasks: TaskCountsView
    package var isOpen: Bool
    package var priority: Int32
    package var submitter: String
    package var submittedAt: String
    package var endedAt: String?
    /// In full; left out of lists.
    package var specification: JobSpecification?

    package init(
        revision: UInt64, job: JobID, app: String, name: String, kind: JobKind, state: JobState,
        reason: String,
        tasks: TaskCountsView, isOpen: Bool, priority: Int32, submitter: String, submittedAt: String,
        endedAt: String? = nil, specification: JobSpecification? = nil
    ) {
        self.revision = revision
        self.job = job
        self.app = app
        self.name = name
        self.kind = kind
        self.state = state
        self.reason = reason
        self.tasks = tasks
        self.isOpen = isOpen
        self.priority = priority
        self.submitter = submitter
        self.submittedAt = submittedAt
        self.endedAt = endedAt
        self.specification = specification
    }
}

/// Tasks of a `tasks` job; slots of a batch or service job.
package struct TaskCountsView: Codable, Sendable, Hashable {
    package var total: UInt32
    package var ready: UInt32
    package var running: UInt32
    package var succeeded: UInt32
    package var failed: UInt32
    package var canceled: UInt32
    /// Attempts that failed and were tried again.
    package var retried: UInt32

    package init(
        total: UInt32, ready: UInt32, running: UInt32, succeeded: UInt32, failed: UInt32, canceled: UInt32,
        retried: UInt32
    ) {
        self.total = total
        self.ready = ready
        self.running = running
        self.succeeded = succeeded
        self.failed = failed
        self.canceled = canceled
        self.retried = retried
    }
}

package struct TaskView: Codable, Sendable, Hashable {
    package var job: JobID
    package var index: TaskIndex
    package var state: TaskState
    package var attempt: UInt32
    package var exitCode: Int32?
    package var reason: String
    /// Only in `show`, and only for tasks with one.
    package var payload: String?
    package var slot: SlotID?
    package var node: NodeID?
    package var nodeName: String?
    package var startedAt: String?
    package var durationSeconds: Double?

    package init(
        job: JobID, index: TaskIndex, state: TaskState, attempt: UInt32, exitCode: Int32? = nil,
        reason: String = "",
        payload: String? = nil, slot: SlotID? = nil, node: NodeID? = nil, nodeName: String? = nil,
        startedAt: String? = nil, durationSeconds: Double? = nil
    ) {
        self.job = job
        self.index = index
        self.state = state
        self.attempt = attempt
        self.exitCode = exitCode
        self.reason = reason
        self.payload = payload
        self.slot = slot
        self.node = node
        self.nodeName = nodeName
        self.startedAt = startedAt
        self.durationSeconds = durationSeconds
    }
}

package struct SlotView: Codable, Sendable, Hashable {
    package var slot: SlotID
    package var generation: Generation
    package var job: JobID
    package var state: SlotState
    package var reason: String
    package var node: NodeID?
    package var nodeName: String?
    package var devices: [DeviceGrant]
    package var exitCode: Int32?
    /// Tasks that it holds now.
    package var tasks: Int
    package var createdAt: String
    package var since: String

    package init(
        slot: SlotID, generation: Generation, job: JobID, state: SlotState, reason: String,
        node: NodeID? = nil,
        nodeName: String? = nil, devices: [DeviceGrant] = [], exitCode: Int32? = nil, tasks: Int = 0,
        createdAt: String, since: String
    ) {
        self.slot = slot
        self.generation = generation
        self.job = job
        self.state = state
        self.reason = reason
        self.node = node
        self.nodeName = nodeName
        self.devices = devices
        self.exitCode = exitCode
        self.tasks = tasks
        self.createdAt = createdAt
        self.since = since
    }
}

package struct NodeView: Codable, Sendable, Hashable {
    package var node: NodeID
    package var name: String
    package var pool: String
    package var state: NodeState
    package var reason: String
    package var since: String
    package var address: String
    package var build: String
    package var labels: [String]
    package var capacity: NodeCapacity
    /// When it will be gone; left out where no end is known.
    package var endsAt: String?
    /// Of the newest heartbeat; left out when none has come since the coordinator started.
    package var load: NodeLoadView?
    /// A fresh probe of the machine; only with `?live=true`.
    package var hardware: HardwareView?

    package init(
        node: NodeID, name: String, pool: String, state: NodeState, reason: String, since: String,
        address: String,
        build: String, labels: [String], capacity: NodeCapacity, endsAt: String? = nil,
        load: NodeLoadView? = nil, hardware: HardwareView? = nil
    ) {
        self.node = node
        self.name = name
        self.pool = pool
        self.state = state
        self.reason = reason
        self.since = since
        self.address = address
        self.build = build
        self.labels = labels
        self.capacity = capacity
        self.endsAt = endsAt
        self.load = load
        self.hardware = hardware
    }
}

package struct NodeLoadView: Codable, Sendable, Hashable {
    package var at: String
    package var loadAverage: Double
    package var processorPercent: Double
    package var memoryUsedBytes: Int64
    package var runningSlots: UInt32

    package init(
        at: String, loadAverage: Double, processorPercent: Double, memoryUsedBytes: Int64,
        runningSlots: UInt32
    ) {
        self.at = at
        self.loadAverage = loadAverage
        self.processorPercent = processorPercent
        self.memoryUsedBytes = memoryUsedBytes
        self.runningSlots = runningSlots
    }
}

package struct HardwareView: Codable, Sendable, Hashable {
    package struct Device: Codable, Sendable, Hashable {
        package var type: DeviceType
        package var vendor: String
        package var model: String
        package var index: UInt32
        package var chip: UInt32?
        package var uuid: String?
        package var busID: String?
        package var memoryTotalBytes: Int64?
        package var memoryUsedBytes: Int64?
        package var utilizationPercent: UInt32?
        package var temperatureCelsius: Int32?
        package var powerWatts: Double?
        package var health: String
        package var reason: String?

        package init(type: DeviceType, vendor: String, model: String, index: UInt32, health: String) {
            self.type = type
            self.vendor = vendor
            self.model = model
            self.index = index
            self.health = health
        }
    }

    package var hostname: String
    package var architecture: Architecture
    package var operatingSystem: String
    package var kernel: String
    package var processorModel: String
    package var sockets: UInt32
    package var cores: UInt32
    package var threads: UInt32
    package var usableMilliCPU: Int64
    package var memoryTotalBytes: Int64
    package var memoryLimitBytes: Int64?
    package var memoryAvailableBytes: Int64
    package var diskPath: String
    package var diskTotalBytes: Int64
    package var diskAvailableBytes: Int64
    package var devices: [Device]
    /// "nvidia-smi: missing"
    package var tools: [String]
    package var localAddress: String
    package var advertisedAddress: String
    package var addressExplanation: [String]
    package var container: String?

    package init(
        hostname: String, architecture: Architecture, operatingSystem: String, kernel: String,
        processorModel: String, sockets: UInt32, cores: UInt32, threads: UInt32, usableMilliCPU: Int64,
        memoryTotalBytes: Int64, memoryLimitBytes: Int64? = nil, memoryAvailableBytes: Int64,
        diskPath: String,
        diskTotalBytes: Int64, diskAvailableBytes: Int64, devices: [Device], tools: [String],
        localAddress: String, advertisedAddress: String, addressExplanation: [String],
        container: String? = nil
    ) {
        self.hostname = hostname
        self.architecture = architecture
        self.operatingSystem = operatingSystem
        self.kernel = kernel
        self.processorModel = processorModel
        self.sockets = sockets
        self.cores = cores
        self.threads = threads
        self.usableMilliCPU = usableMilliCPU
        self.memoryTotalBytes = memoryTotalBytes
        self.memoryLimitBytes = memoryLimitBytes
        self.memoryAvailableBytes = memoryAvailableBytes
        self.diskPath = diskPath
        self.diskTotalBytes = diskTotalBytes
        self.diskAvailableBytes = diskAvailableBytes
        self.devices = devices
        self.tools = tools
        self.localAddress = localAddress
        self.advertisedAddress = advertisedAddress
        self.addressExplanation = addressExplanation
        self.container = container
    }
}

package struct TokenView: Codable, Sendable, Hashable {
    package var token: TokenID
    package var name: String
    /// "join" or "api".
    package var purpose: String
    package var pool: String?
    package var role: String?
    package var expiresAt: String?
    package var usesLeft: UInt32?
    package var isRevoked: Bool
    package var createdAt: String
    /// Once, in the answer to its creation: the whole token text to hand out.
    package var secret: String?

    package init(
        token: TokenID, name: String, purpose: String, pool: String? = nil, role: String? = nil,
        expiresAt: String? = nil, usesLeft: UInt32? = nil, isRevoked: Bool, createdAt: String,
        secret: String? = nil
    ) {
        self.token = token
        self.name = name
        self.purpose = purpose
        self.pool = pool
        self.role = role
        self.expiresAt = expiresAt
        self.usesLeft = usesLeft
        self.isRevoked = isRevoked
        self.createdAt = createdAt
        self.secret = secret
    }
}

package struct ClusterView: Codable, Sendable, Hashable {
    package var cluster: String
    package var version: String
    package var startedAt: String
    package var revision: UInt64
    /// How many nodes are in each state, states without nodes left out.
    package var nodes: [String: Int]
    package var slots: [String: Int]
    package var activeJobs: Int
    package var milliCPU: Int64
    package var memoryBytes: Int64
    package var devices: Int
    /// What is out of the ordinary, a sentence each.
    package var notices: [String]
    /// The highest first; left out where there are none.
    package var priorityClasses: [PriorityClass]?

    package init(
        cluster: String, version: String, startedAt: String, revision: UInt64, nodes: [String: Int],
        slots: [String: Int], activeJobs: Int, milliCPU: Int64, memoryBytes: Int64, devices: Int,
        notices: [String] = []
    ) {
        self.cluster = cluster
        self.version = version
        self.startedAt = startedAt
        self.revision = revision
        self.nodes = nodes
        self.slots = slots
        self.activeJobs = activeJobs
        self.milliCPU = milliCPU
        self.memoryBytes = memoryBytes
        self.devices = devices
        self.notices = notices
    }
}

/// A name for a priority of jobs.
package struct PriorityClass: Codable, Sendable, Hashable {
    package var name: String
    /// -1000...1000.
    package var priority: Int32
    /// Who may use it: "operator" (admins as well) or "admin".
    package var role: String

    package init(name: String, priority: Int32, role: String) {
        self.name = name
        self.priority = priority
        self.role = role
    }
}

package struct EventView: Codable, Sendable, Hashable {
    package var at: String
    /// "node 3", "job 7", "slot 12", "cluster".
    package var subject: String
    package var message: String

    package init(at: String, subject: String, message: String) {
        self.at = at
        self.subject = subject
        self.message = message
    }
}

package struct ExplanationView: Codable, Sendable, Hashable {
    /// Most important first.
    package var lines: [String]
    package init(lines: [String]) { self.lines = lines }
}

/// A list's answer: never a bare array, so that it can grow.
package struct Page<Element: Codable & Sendable & Hashable>: Codable, Sendable, Hashable {
    package var items: [Element]
    /// Of the state that was read.
    package var revision: UInt64
    /// What to ask for next: the value of `before` (jobs), `after` (slots) or `first` (tasks). Left out at the
    /// end; a page may hold fewer than `limit` items and still have a next one.
    package var next: UInt64?

    package init(items: [Element], revision: UInt64, next: UInt64? = nil) {
        self.items = items
        self.revision = revision
        self.next = next
    }
}

/// The answer of `/healthz` and `/readyz`.
package struct StatusView: Codable, Sendable, Hashable {
    /// "ok" or "ready".
    package var status: String
    package init(status: String) { self.status = status }
}

/// The body of every answer that is not 2xx.
package struct ErrorBody: Codable, Sendable, Hashable, Error {
    /// Of a coordinator that waits to lead: another address may answer.
    package static let standbyCode = "standby"

    /// Stable; listed in docs/api.md.
    package var code: String
    /// What was tried, on what, what can be done.
    package var message: String

    package init(code: String, message: String) {
        self.code = code
        self.message = message
    }
}
