package import ClusterTypes
package import ProtocolMessages

/// What `handle` asks of the driver.
package struct Output: Sendable, Equatable {
    /// Durable first, in this order, in one transaction …
    package var writes: [Write] = []
    /// … and only then these. Doing one twice is harmless.
    package var actions: [Action] = []

    package init() {}

    package var isEmpty: Bool { writes.isEmpty && actions.isEmpty }
}

/// A change of rows. Every `put` replaces the whole row of its key.
package enum Write: Sendable, Hashable {
    case putNode(NodeRecord)
    case putJob(JobRecord)
    /// Payloads of the tasks at positions `first..<first + payloads.count`.
    case appendPayloads(JobID, first: TaskIndex, payloads: [String])
    case putSlot(SlotRecord)
    case putTasks(JobID, [TaskRecord])
    case putToken(TokenRecord)
    case putVirtualCluster(VirtualClusterRecord)
    case dropVirtualCluster(String)
    case putPool(PoolRecord)
    case putLaunch(LaunchRecord)
    case dropLaunch(LaunchID)
    /// Of each user and virtual cluster one row.
    case putFairShare([FairShareRecord])
    case addEvent(EventRecord)
    case putHistory(HistoryRecord)
    case putUsage([UsageRecord])
    case dropHistory(HistoryRetention)
}

/// What becomes visible to others. An action that needs what was written is performed after the commit.
package enum Action: Sendable, Hashable {
    case send(ConnectionID, CoordinatorMessage)
    /// `assignTasks`; the driver reads the payloads of jobs that have them from the store.
    case sendTasks(ConnectionID, SlotKey, JobID, [TaskAttempt], hasPayloads: Bool)
    /// Signs the PKCS#10 request (DER) of a node that is known by its certificate, and sends the new one.
    case renewCertificate(ConnectionID, NodeID, request: [UInt8])
    /// Sends the refusal, then closes.
    case refuse(ConnectionID, Refusal)
    case reply(RequestID, Reply)
    /// Answered by `noteLaunched` or `noteLaunchFailed`.
    case launch(LaunchOrder)
    /// Answered by `noteListed`.
    case listAllocations(pool: String)
    /// What becomes of it is listed.
    case releaseAllocations(pool: String, [String])

    /// May be performed although a commit is delayed: it says nothing about what is written.
    package var isIndependentOfWrites: Bool {
        switch self {
        case .send(_, .heartbeatAcknowledged), .reply(_, .refused): true
        case .refuse(_, let refusal): refusal.code != .unknownNode && refusal.code != .revoked
        case .send, .sendTasks, .renewCertificate, .reply, .launch, .listAllocations, .releaseAllocations:
            false
        }
    }
}

/// One accepted connection of an agent; never used twice while a coordinator runs.
package struct ConnectionID: Identifier {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// One command that waits for its reply; never used twice while a coordinator runs.
package struct RequestID: Identifier {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}
