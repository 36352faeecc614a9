package import ClusterTypes
package import ProtocolMessages

// What the store keeps: one value per row, in the words of the database.

package struct NodeRecord: Hashable, Sendable {
    package var node: NodeID
    package var name: String
    package var pool: String
    package var state: NodeState
    package var reason: String
    package var since: Instant
    /// What the operator ordered; survives the node's own coming and going.
    package var isCordoned: Bool
    package var isDraining: Bool
    package var labels: [Label]
    package var capacity: NodeCapacity
    /// SHA-256 of the public key (DER SubjectPublicKeyInfo) that the identity is bound to, in hex.
    package var keyFingerprint: String
    package var address: String
    package var build: String
    package var bootID: String
    package var enrolledAt: Instant
    /// Its agent said that it leaves, and has not said hello since.
    package var hasLeft: Bool
    /// Of `isCordoned`.
    package var cordonReason: String
    /// nil until the first report.
    package var declared: DeclaredHardware?
    /// It went silent and came back too often; nil when it is not held against it now.
    package var dampedUntil: Instant?
    /// How often in a row that was so: each takes longer than the one before.
    package var dampingCount: UInt32
    /// Why it is to be removed, once nothing of it runs any more; nil: it is not.
    package var removal: String?
    /// When it will be gone, as its agent says; nil: no end is known.
    package var endsAt: Instant?
    /// The node is left alone for a while; whatever the operator orders.
    package var quarantine: Quarantine?
    /// Of single devices, by number.
    package var deviceQuarantines: [DeviceQuarantine]

    package init(
        node: NodeID, name: String, pool: String, state: NodeState = .joining, reason: String = "",
        since: Instant, isCordoned: Bool = false, isDraining: Bool = false, labels: [Label] = [],
        capacity: NodeCapacity = NodeCapacity(), keyFingerprint: String, address: String = "",
        build: String = "",
        bootID: String = "", enrolledAt: Instant, hasLeft: Bool = false, cordonReason: String = "",
        declared: DeclaredHardware? = nil, dampedUntil: Instant? = nil, dampingCount: UInt32 = 0,
        removal: String? = nil, endsAt: Instant? = nil, quarantine: Quarantine? = nil,
        deviceQuarantines: [DeviceQuarantine] = []
    ) {
        self.node = node
        self.name = name
        self.pool = pool
        self.state = state
        self.reason = reason
        self.since = since
        self.isCordoned = isCordoned
        self.isDraining = isDraining
        self.labels = labels
        self.capacity = capacity
        self.keyFingerprint = keyFingerprint
        self.address = address
        self.build = build
        self.bootID = bootID
        self.enrolledAt = enrolledAt
        self.hasLeft = hasLeft
        self.cordonReason = cordonReason
        self.declared = declared
        self.dampedUntil = dampedUntil
        self.dampingCount = dampingCount
        self.removal = removal
        self.endsAt = endsAt
        self.quarantine = quarantine
        self.deviceQuarantines = deviceQuarantines
    }
}

/// How many tasks (or, for batch and service, slots) are in each state. Waiting counts as ready here.
package struct TaskCounts: Hashable, Sendable {
    package var ready: UInt32
    package var running: UInt32
    package var succeeded: UInt32
    package var failed: UInt32
    package var canceled: UInt32

    package init(
        ready: UInt32 = 0, running: UInt32 = 0, succeeded: UInt32 = 0, failed: UInt32 = 0,
        canceled: UInt32 = 0
    ) {
        self.ready = ready
        self.running = running
        self.succeeded = succeeded
        self.failed = failed
        self.canceled = canceled
    }

    package var total: UInt32 { ready + running + succeeded + failed + canceled }
    package var decided: UInt32 { succeeded + failed + canceled }
}

package struct JobRecord: Hashable, Sendable {
    package var job: JobID
    package var specification: JobSpecification
    package var state: JobState
    package var reason: String
    /// Tasks accepted so far. Positions 0..<taskCount; for an array, `specification.array` maps them to indices.
    package var taskCount: UInt32
    /// More tasks may be appended.
    package var isOpen: Bool
    package var counts: TaskCounts
    /// Attempts that failed and were tried again.
    package var retried: UInt32
    package var submitter: String
    package var submittedAt: Instant
    package var endedAt: Instant?

    package init(
        job: JobID, specification: JobSpecification, state: JobState = .running, reason: String = "",
        taskCount: UInt32 = 0, isOpen: Bool = false, counts: TaskCounts = TaskCounts(), retried: UInt32 = 0,
        submitter: String, submittedAt: Instant, endedAt: Instant? = nil
    ) {
        self.job = job
        self.specification = specification
        self.state = state
        self.reason = reason
        self.taskCount = taskCount
        self.isOpen = isOpen
        self.counts = counts
        self.retried = retried
        self.submitter = submitter
        self.submittedAt = submittedAt
        self.endedAt = endedAt
    }
}

package struct SlotRecord: Hashable, Sendable {
    package var slot: SlotID
    package var generation: Generation
    package var job: JobID
    package var state: SlotState
    package var reason: String
    /// nil while pending.
    package var node: NodeID?
    package var devices: [DeviceGrant]
    package var exitCode: Int32?
    /// Executions of a batch slot so far that failed.
    package var attempts: UInt32
    /// `tasks`: what this incarnation holds. After a crash these are the running tasks.
    package var tasks: [TaskAttempt]
    package var createdAt: Instant
    package var since: Instant
    /// `batch`: the nodes of its executions that went down with their node or supervisor, oldest first.
    package var crashes: [NodeID]
    /// Which of the job's requests it was placed with; see `JobSpecification.request(_:)`.
    package var alternative: UInt32 = 0

    package init(
        slot: SlotID, generation: Generation = Generation(0), job: JobID, state: SlotState = .pending,
        reason: String = "", node: NodeID? = nil, devices: [DeviceGrant] = [], exitCode: Int32? = nil,
        attempts: UInt32 = 0, tasks: [TaskAttempt] = [], createdAt: Instant, since: Instant,
        crashes: [NodeID] = []
    ) {
        self.slot = slot
        self.generation = generation
        self.job = job
        self.state = state
        self.reason = reason
        self.node = node
        self.devices = devices
        self.exitCode = exitCode
        self.attempts = attempts
        self.tasks = tasks
        self.createdAt = createdAt
        self.since = since
        self.crashes = crashes
    }

    package var key: SlotKey { SlotKey(slot, generation) }
}

/// One row per task that has run at least once or was canceled; a task without a row is ready, in its 1st attempt.
package struct TaskRecord: Hashable, Sendable {
    package var index: TaskIndex
    /// `ready` (to be tried again), `succeeded`, `failed` or `canceled`.
    package var state: TaskState
    /// Executions so far; 0 for a task canceled before its first.
    package var attempt: UInt32
    package var exitCode: Int32?
    package var reason: String
    /// Where the last execution ran; nil if it never did.
    package var slot: SlotKey?
    package var node: NodeID?
    package var startedAt: Instant?
    package var durationMicroseconds: Int64
    /// The nodes of its executions that went down with their node or supervisor, oldest first.
    package var crashes: [NodeID]
    /// So many of its executions do not count against its retries: an order has given these anew.
    package var pardoned: UInt32

    package init(
        index: TaskIndex, state: TaskState, attempt: UInt32, exitCode: Int32? = nil, reason: String = "",
        slot: SlotKey? = nil, node: NodeID? = nil, startedAt: Instant? = nil, durationMicroseconds: Int64 = 0,
        crashes: [NodeID] = [], pardoned: UInt32 = 0
    ) {
        self.index = index
        self.state = state
        self.attempt = attempt
        self.exitCode = exitCode
        self.reason = reason
        self.slot = slot
        self.node = node
        self.startedAt = startedAt
        self.durationMicroseconds = durationMicroseconds
        self.crashes = crashes
        self.pardoned = pardoned
    }
}

package enum Role: String, Sendable, Codable, CaseIterable {
    /// Reads.
    case viewer
    /// Reads, submits and controls jobs, drains and cordons nodes.
    case `operator`
    /// Everything, tokens and removal of nodes included.
    case admin
}

/// A secret that admits: the secret itself is never kept, only its SHA-256.
package struct TokenRecord: Hashable, Sendable {
    package enum Purpose: Hashable, Sendable {
        /// Lets new agents enroll into a pool.
        case join(pool: String)
        /// Bearer of the API.
        case api(Role)
    }

    package var token: TokenID
    package var name: String
    package var purpose: Purpose
    /// SHA-256 of the secret, in hex.
    package var secretHash: String
    /// nil: no end.
    package var expiresAt: Instant?
    /// Enrollments left; nil: no limit. Unused for `api`.
    package var usesLeft: UInt32?
    package var isRevoked: Bool
    package var createdAt: Instant

    package init(
        token: TokenID, name: String, purpose: Purpose, secretHash: String, expiresAt: Instant? = nil,
        usesLeft: UInt32? = nil, isRevoked: Bool = false, createdAt: Instant
    ) {
        self.token = token
        self.name = name
        self.purpose = purpose
        self.secretHash = secretHash
        self.expiresAt = expiresAt
        self.usesLeft = usesLeft
        self.isRevoked = isRevoked
        self.createdAt = createdAt
    }
}

/// A line of history about one node, job or slot.
package struct EventRecord: Hashable, Sendable {
    package enum Subject: Hashable, Sendable {
        case node(NodeID), job(JobID), slot(SlotID), cluster
    }

    package var at: Instant
    package var subject: Subject
    package var message: String

    package init(at: Instant, subject: Subject, message: String) {
        self.at = at
        self.subject = subject
        self.message = message
    }
}
