package import ClusterTypes

/// What the coordinator says to an agent.
package enum CoordinatorMessage: Hashable, Sendable {
    /// The answer to `hello`; before it the agent sends nothing else.
    case welcome(Welcome)
    /// The connection is closed after it.
    case refusal(Refusal)
    /// `heartbeatMilliseconds`: the interval from now on; nil as before.
    case heartbeatAcknowledged(sequence: UInt64, heartbeatMilliseconds: UInt32? = nil)
    /// Costs one credit of `pull`.
    indirect case assign(Assignment)
    case stopSlot(SlotKey, reason: String)
    /// The end of this incarnation is recorded: the agent may forget it.
    case slotEndAcknowledged(SlotKey)
    case assignTasks(SlotKey, [TaskOrder])
    /// These results are recorded (or were foreign): the agent may forget them.
    case taskResultsAcknowledged(SlotKey, [TaskAttempt])
    case requestHardware(request: UInt64)
    case requestLog(LogRequest)
    case cancelLog(request: UInt64)
    /// The renewed certificate chain in PEM.
    case certificate(pem: String)
    /// Answered by `empty` as soon as that is true. `generation` counts the assignments of this connection: an
    /// answer that was given before a newer one counts nothing. Since 1.1.
    case confirmEmpty(generation: UInt64)
}

package struct Welcome: Hashable, Sendable {
    package var version: ProtocolVersion
    package var node: NodeID
    package var cluster: String
    package var heartbeatMilliseconds: UInt32
    /// From the sending of an acknowledged heartbeat.
    package var leaseMilliseconds: UInt32
    /// Incarnations of `Hello.slots` that go on; all others must be stopped and forgotten.
    package var keep: [SlotKey]
    /// One of `Hello.beatDictionaries`; 0: none.
    package var beatDictionary: UInt32

    package init(
        version: ProtocolVersion = .current, node: NodeID, cluster: String, heartbeatMilliseconds: UInt32,
        leaseMilliseconds: UInt32, keep: [SlotKey] = [], beatDictionary: UInt32 = 0
    ) {
        self.version = version
        self.node = node
        self.cluster = cluster
        self.heartbeatMilliseconds = heartbeatMilliseconds
        self.leaseMilliseconds = leaseMilliseconds
        self.keep = keep
        self.beatDictionary = beatDictionary
    }
}

/// One slot for this node, with everything that it takes to run it.
package struct Assignment: Hashable, Sendable {
    package var key: SlotKey
    package var job: JobID
    package var specification: JobSpecification
    package var devices: [DeviceGrant]
    /// All NPUs of the slot's gang; nil: it has none, or they are no ranks of HCCL.
    package var rankTable: RankTable?

    package init(
        key: SlotKey, job: JobID, specification: JobSpecification, devices: [DeviceGrant] = [],
        rankTable: RankTable? = nil
    ) {
        self.key = key
        self.job = job
        self.specification = specification
        self.devices = devices
        self.rankTable = rankTable
    }
}

/// The NPUs of a gang, for Huawei's collective communication library (HCCL). Their ranks count from 0 in this order.
package struct RankTable: Hashable, Sendable {
    package struct Device: Hashable, Sendable {
        package var physicalID: UInt32
        /// Of its own network port; nil: nobody knows it.
        package var address: String?

        package init(physicalID: UInt32, address: String?) {
            self.physicalID = physicalID
            self.address = address
        }
    }

    package struct Server: Hashable, Sendable {
        /// Of the node.
        package var address: String
        package var devices: [Device]

        package init(address: String, devices: [Device]) {
            self.address = address
            self.devices = devices
        }
    }

    package var servers: [Server]

    package init(servers: [Server]) { self.servers = servers }
}

package struct TaskOrder: Hashable, Sendable {
    package var attempt: TaskAttempt
    /// nil for the tasks of an array: the index is all there is.
    package var payload: String?

    package init(attempt: TaskAttempt, payload: String? = nil) {
        self.attempt = attempt
        self.payload = payload
    }
}

package enum LogStream: String, Hashable, Sendable, Codable, CaseIterable {
    case stdout, stderr
}

package struct LogRequest: Hashable, Sendable {
    /// Chosen by the coordinator, unique in the connection.
    package var request: UInt64
    package var key: SlotKey
    /// nil: the slot's own output (batch, service).
    package var task: TaskAttempt?
    package var stream: LogStream
    /// Stay until the task or command ends.
    package var follow: Bool
    /// Only the newest bytes; nil for all that is kept.
    package var tailBytes: Int64?

    package init(
        request: UInt64, key: SlotKey, task: TaskAttempt?, stream: LogStream, follow: Bool,
        tailBytes: Int64? = nil
    ) {
        self.request = request
        self.key = key
        self.task = task
        self.stream = stream
        self.follow = follow
        self.tailBytes = tailBytes
    }
}
