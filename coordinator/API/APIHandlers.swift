import APITypes
import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import Logging
import Synchronization

/// What the handlers share. The routes stand here; their handlers are in `Handlers/`, one file per noun.
struct APIHandlers: Sendable {
    let service: any CoordinatorService
    let configuration: APIConfiguration
    let authentication: Authentication
    let logger: Logger
    let clusterSummary = ClusterSummary()
    let scraper = MetricsScraper()

    var routes: [Route] {
        clusterRoutes + placementRoutes + jobRoutes + taskRoutes + slotRoutes + nodeRoutes + historyRoutes
            + virtualClusterRoutes + poolRoutes + tokenRoutes
    }

    private var clusterRoutes: [Route] {
        [
            Route("GET", "/healthz", role: nil, showHealth),
            Route("GET", "/readyz", role: nil, showReadiness),
            Route("GET", "/metrics", role: .viewer, showMetrics),
            Route("GET", "/v1/openapi.json", role: nil, showOpenAPI),
            Route("POST", "/v1/enroll", role: nil, body: .smallJSON, enroll),
            Route("GET", "/v1/cluster", role: .viewer, showCluster),
            Route("POST", "/v1/cluster/step-down", role: .admin, stepDown),
            Route("GET", "/v1/events", role: .viewer, query: ["subject", "limit"], listEvents),
            Route("GET", "/v1/explain/job/{job}", role: .viewer, explainJob),
            Route("GET", "/v1/explain/task/{job}/{index}", role: .viewer, explainTask),
            Route("GET", "/v1/explain/slot/{slot}", role: .viewer, explainSlot),
            Route("GET", "/v1/explain/node/{node}", role: .viewer, explainNode),
        ]
    }

    private var placementRoutes: [Route] {
        [
            Route("POST", "/v1/plan", role: .viewer, body: .largeJSON, planJob),
            Route("GET", "/v1/moves", role: .viewer, planMoves),
        ]
    }

    private var jobRoutes: [Route] {
        [
            Route(
                "GET", "/v1/jobs", role: .viewer, query: ["state", "app", "name", "before", "limit"], listJobs
            ),
            Route("POST", "/v1/jobs", role: .operator, body: .largeJSON, submitJob),
            Route("GET", "/v1/jobs/{job}", role: .viewer, query: ["since", "waitSeconds"], showJob),
            Route("POST", "/v1/jobs/{job}/cancel", role: .operator, cancelJob),
            Route("POST", "/v1/jobs/{job}/pause", role: .operator, pauseJob),
            Route("POST", "/v1/jobs/{job}/resume", role: .operator, resumeJob),
        ]
    }

    private var taskRoutes: [Route] {
        [
            Route(
                "GET", "/v1/jobs/{job}/tasks", role: .viewer, query: ["state", "first", "last", "limit"],
                listTasks),
            Route("POST", "/v1/jobs/{job}/tasks", role: .operator, body: .largeJSON, appendTasks),
            Route("POST", "/v1/jobs/{job}/tasks/retry", role: .operator, body: .largeJSON, retryTasks),
            Route("GET", "/v1/jobs/{job}/tasks/{index}", role: .viewer, showTask),
            Route(
                "GET", "/v1/jobs/{job}/tasks/{index}/log", role: .viewer,
                query: ["stream", "follow", "tail", "attempt"], readTaskLog),
        ]
    }

    private var slotRoutes: [Route] {
        [
            Route(
                "GET", "/v1/slots", role: .viewer, query: ["job", "node", "state", "after", "limit"],
                listSlots),
            Route("GET", "/v1/slots/{slot}", role: .viewer, showSlot),
            Route(
                "GET", "/v1/slots/{slot}/log", role: .viewer, query: ["stream", "follow", "tail"], readSlotLog
            ),
        ]
    }

    private var nodeRoutes: [Route] {
        [
            Route("GET", "/v1/nodes", role: .viewer, query: ["released"], listNodes),
            Route("GET", "/v1/nodes/{node}", role: .viewer, query: ["live"], showNode),
            Route("DELETE", "/v1/nodes/{node}", role: .admin, query: ["reason"], removeNode),
            Route("POST", "/v1/nodes/{node}/drain", role: .operator, body: .json, drainNode),
            Route("POST", "/v1/nodes/{node}/cordon", role: .operator, body: .json, cordonNode),
            Route("POST", "/v1/nodes/{node}/uncordon", role: .operator, uncordonNode),
            Route("POST", "/v1/nodes/{node}/accept", role: .operator, acceptNode),
        ]
    }

    private var historyRoutes: [Route] {
        [
            Route(
                "GET", "/v1/nodes/{node}/history", role: .viewer, query: ["from", "until", "step", "series"],
                showNodeHistory),
            Route(
                "GET", "/v1/usage", role: .viewer, query: ["by", "user", "job", "from", "until", "limit"],
                listUsage),
        ]
    }

    private var tokenRoutes: [Route] {
        [
            Route("GET", "/v1/tokens", role: .admin, listTokens),
            Route("POST", "/v1/tokens", role: .admin, body: .json, createToken),
            Route("DELETE", "/v1/tokens/{token}", role: .admin, revokeToken),
        ]
    }

    // MARK: - What several nouns need

    /// Gives the command to the coordinator. A refusal is thrown.
    func submit(_ command: Command) async throws -> Reply {
        let reply = await service.submit(command)
        if case .refused(let refusal) = reply { throw APIError(refusal) }
        return reply
    }

    /// The coordinator answered a command with what belongs to another one.
    func unexpected(_ reply: Reply, to command: String) -> APIError {
        logger.error("The coordinator gave an answer of the wrong kind", metadata: ["command": "\(command)"])
        return .internalError
    }

    /// The node of this number or, among those that are not released, of this name.
    func node(_ text: String) async throws -> NodeRecord {
        if let number = UInt64(text) {
            guard let node = try await service.reader.node(NodeID(number)) else {
                throw APIError.notFound("There is no node \(number).")
            }
            return node
        }
        let nodes = try await service.reader.nodes(named: text)
        guard let node = nodes.first else {
            throw APIError.notFound(
                "There is no node named '\(text)' ('mortise node list' lists them). Released ones are found by number."
            )
        }
        guard nodes.count == 1 else {
            let numbers = nodes.map(\.node.description).joined(separator: ", ")
            throw APIError(
                409, "conflict", "\(nodes.count) nodes are named '\(text)': \(numbers). Use the number.")
        }
        return node
    }

    func job(_ call: Call) async throws -> Stored<JobRecord> {
        let job = try call.identifier("job", as: JobID.self)
        guard let stored = try await service.reader.job(job) else {
            throw APIError.notFound("There is no job \(job).")
        }
        return stored
    }
}

/// Names of nodes, each read once per request.
struct NodeNames {
    private let reader: any StoreReader
    private var names: [NodeID: String?] = [:]

    init(reader: any StoreReader) { self.reader = reader }

    mutating func name(of node: NodeID?) async throws -> String? {
        guard let node else { return nil }
        if let name = names[node] { return name }
        let name = try await reader.node(node)?.name
        names[node] = .some(name)
        return name
    }
}
