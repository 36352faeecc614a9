package import ClusterTypes
package import CoordinatorCore
package import CoordinatorHistory
package import CoordinatorMetrics
package import CoordinatorStore
package import Exposition
package import ProtocolMessages
package import TLSIdentity

/// What the API needs of the coordinator around it; the main program implements it over driver, store and gateway.
///
/// Errors that a user should read are thrown as `CommandRefusal`; any other error becomes a plain
/// `internal` or `node_unreachable`, and its text goes to the log alone.
package protocol CoordinatorService: Sendable {
    /// Puts the command into the driver's inbox; returns after the commit.
    func submit(_ command: Command) async -> Reply

    /// For lists and shows.
    var reader: any StoreReader { get }

    /// Returns the newest revision as soon as it is above `after`, at the time limit, and at once when the
    /// calling task is cancelled.
    func waitForRevision(after: UInt64, upTo limit: Duration) async -> UInt64

    /// The node's newest heartbeat and when it came; nil where none has come since the start.
    func load(of node: NodeID) -> (Heartbeat, Instant)?

    /// The samples of a node that are not in the store yet; nil where there are none.
    func recentHistory(of node: NodeID) -> NodeHistory?

    /// The newest that all nodes have said of themselves.
    func telemetry() -> TelemetrySnapshot

    /// The coordinator's own families: what its instruments and its process say.
    func writeInternals(into exposition: inout Exposition)

    /// A log in pieces of at most 64 KiB, as the agent reads it. The stream holds a bounded number of pieces and
    /// is ended by its reader's going away.
    ///
    /// - Parameters:
    ///   - task: nil for the slot's own output.
    ///   - tailBytes: only the newest bytes; nil for all that is kept.
    func readLog(
        _ connection: ConnectionID, _ key: SlotKey, _ task: TaskAttempt?, stream: LogStream, follow: Bool,
        tailBytes: Int64?
    ) -> AsyncThrowingStream<[UInt8], any Error>

    /// Asks the node for a fresh report, now.
    func probe(_ connection: ConnectionID) async throws -> HardwareReport

    /// Signs the request's key for this node.
    /// - Returns: the chain in PEM, leaf first.
    func issueCertificate(requestPEM: String, node: NodeID) throws -> String

    /// SHA-256 of the request's public key, in hex.
    /// - Throws: where this is no valid PKCS#10 request, signed by its own key.
    func keyFingerprint(ofRequestPEM: String) throws -> String

    /// The text that an operator hands to new agents: addresses, CA and this secret.
    func joinTokenText(secret: Secret) throws -> String

    var cluster: ClusterInfo { get }

    /// Ends leading after everything that is under way, so that another coordinator leads.
    /// - Throws: `CommandRefusal` where no other one can.
    func stepDown() throws

    /// False until the state is restored, while the store fails, and while it goes down.
    var isReady: Bool { get }

    func now() -> Instant
}

/// What one cluster's coordinator says about itself.
package struct ClusterInfo: Sendable, Hashable {
    package var name: String
    /// Of the coordinator, for example "0.1.0".
    package var version: String
    package var startedAt: Instant
    /// Where agents dial: "host:port", best first.
    package var agentEndpoints: [String]
    /// Where this API is reached: "https://host:port", best first.
    package var apiURLs: [String]
    /// The cluster's CA certificate.
    package var caPEM: String

    package init(
        name: String, version: String, startedAt: Instant, agentEndpoints: [String], apiURLs: [String],
        caPEM: String
    ) {
        self.name = name
        self.version = version
        self.startedAt = startedAt
        self.agentEndpoints = agentEndpoints
        self.apiURLs = apiURLs
        self.caPEM = caPEM
    }
}
