package import ClusterTypes
package import ProtocolMessages

/// Everything that can happen to a coordinator.
package enum Event: Sendable, Hashable {
    /// A TLS connection with a valid certificate of this cluster's CA stands; `hello` has not come yet.
    case agentConnected(ConnectionID, PeerIdentity)
    case agentMessage(ConnectionID, AgentMessage)
    /// Heartbeats of many agents, taken in at one moment.
    case heartbeats([ReceivedBeat])
    case agentDisconnected(ConnectionID, reason: String)
    case commandReceived(RequestID, Command)
    /// How much of the time since this was said last the coordinator was busy, in 1/1000.
    case loadMeasured(permille: UInt32)
    /// `nextWakeup` has come.
    case wakeup
    /// A commit failed; the driver keeps its writes and tries again. Until `storeRecovered`, new work is refused.
    case storeFailed(reason: String)
    case storeRecovered
}

/// What of a heartbeat is decided on: that it came. What it carries is for those who look.
package struct ReceivedBeat: Sendable, Hashable {
    package var connection: ConnectionID
    package var sequence: UInt64

    package init(_ connection: ConnectionID, sequence: UInt64) {
        self.connection = connection
        self.sequence = sequence
    }
}

/// Who is at the other end, as its certificate says.
package struct PeerIdentity: Hashable, Sendable {
    package var node: NodeID
    /// SHA-256 of the public key, in hex.
    package var keyFingerprint: String
    /// The address that the gateway saw.
    package var address: String

    package init(node: NodeID, keyFingerprint: String, address: String) {
        self.node = node
        self.keyFingerprint = keyFingerprint
        self.address = address
    }
}

/// What the API asks for. Each is answered by exactly one `reply`.
package enum Command: Sendable, Hashable {
    /// `payloads` is empty for batch, service and array jobs.
    indirect case submitJob(JobSpecification, payloads: [String], submitter: String)
    case appendTasks(JobID, payloads: [String], close: Bool)
    case cancelJob(JobID)
    case pauseJob(JobID)
    case resumeJob(JobID)
    /// nil: all that failed or were canceled.
    case retryTasks(JobID, [TaskIndex]?)
    case drainNode(NodeID, reason: String)
    case cordonNode(NodeID, reason: String)
    /// Takes cordon and drain back.
    case uncordonNode(NodeID)
    /// What it has now is what it is taken to have.
    case acceptNode(NodeID)
    /// Stops what runs there, and revokes its certificate once nothing does.
    case removeNode(NodeID, reason: String)
    case createToken(
        name: String, purpose: TokenRecord.Purpose, secretHash: String, expiresAt: Instant?, uses: UInt32?)
    case revokeToken(TokenID)
    /// A join token's secret hash with a new key. Answered by `enrolled` and only then signed.
    /// `allocation`: in which the agent runs, where it knows.
    case enrollNode(secretHash: String, name: String, keyFingerprint: String, allocation: String? = nil)
    /// Makes it or replaces what it says; the moment of its creation is not looked at.
    indirect case setVirtualCluster(VirtualClusterRecord)
    case dropVirtualCluster(String)
    case listVirtualClusters
    /// All pools that are described.
    case configurePools([PoolConfiguration])
    case pausePool(String, isPaused: Bool)
    /// nil: as before, or as the pool file says if that is to hold again.
    case scalePool(String, minimum: UInt32?, maximum: UInt32?, isReset: Bool)
    case listPools
    case explainPool(String)
    /// nil: of all pools.
    case listLaunches(pool: String?)
    case showLaunch(LaunchID)
    case createLaunchToken(LaunchID, secretHash: String)
    case noteLaunched(LaunchID, [Allocation])
    case noteLaunchFailed(LaunchID, LaunchFailure)
    /// `asked`: when its launcher was.
    case noteListed(pool: String, Result<[Allocation], LaunchFailure>, asked: Instant)
    case explainJob(JobID)
    case explainTask(JobID, TaskIndex)
    case explainNode(NodeID)
    case explainSlot(SlotID)
    /// Where the slots of such a job would go now. `tasks`: how many it would have; nil: as its array says, or any
    /// number.
    indirect case planJob(JobSpecification, tasks: UInt32?, submitter: String)
    /// Which moves would make devices whole.
    case planMoves
    /// What is out of the ordinary in the whole cluster; nothing when all is well.
    case explainCluster
    /// Which connection can answer for this slot's (or task's) log.
    case locateLog(LogSubject)
    /// Which connection the node has now.
    case locateNode(NodeID)
}

package enum LogSubject: Hashable, Sendable {
    case slot(SlotID)
    /// `attempt` nil: the newest.
    case task(JobID, TaskIndex, attempt: UInt32?)
}

package enum Reply: Sendable, Hashable {
    case refused(CommandRefusal)
    indirect case job(JobRecord)
    case tasksRetried(count: UInt32)
    indirect case node(NodeRecord)
    case token(TokenRecord)
    case enrolled(NodeID, pool: String)
    indirect case virtualCluster(VirtualClusterRecord)
    /// By name.
    case virtualClusters([VirtualClusterStatus])
    case pools([PoolStatus])
    /// The newest first.
    case launches([LaunchRecord])
    case noted
    /// Lines for people, most important first.
    case explanation([String])
    case jobPlan(JobPlan)
    case movePlan(MovePlan)
    case logLocation(ConnectionID, SlotKey, TaskAttempt?)
    case nodeLocation(ConnectionID)
}

/// Why a command is not done; the codes are part of the API.
package struct CommandRefusal: Error, Hashable, Sendable {
    package enum Code: String, Sendable, CaseIterable {
        case notFound = "not_found"
        /// The thing is in a state that does not allow it.
        case conflict
        /// A value is out of its range; the message names it.
        case invalid
        /// No node could ever hold it; the message says what the largest offers.
        case impossible
        case limitReached = "limit_reached"
        case storeUnavailable = "store_unavailable"
        case tokenInvalid = "token_invalid"
        case nodeUnreachable = "node_unreachable"
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
