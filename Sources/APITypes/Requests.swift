package import ClusterTypes

/// `POST /v1/jobs`.
package struct SubmitRequest: Codable, Sendable, Hashable {
    package var specification: JobSpecification
    /// One per task, at most 100,000 and 64 MiB in one request; more are appended.
    package var payloads: [String]?

    package init(specification: JobSpecification, payloads: [String]? = nil) {
        self.specification = specification
        self.payloads = payloads
    }
}

/// `POST /v1/jobs/{job}/tasks`.
package struct AppendTasksRequest: Codable, Sendable, Hashable {
    package var payloads: [String]
    /// No more tasks will follow.
    package var close: Bool

    package init(payloads: [String], close: Bool) {
        self.payloads = payloads
        self.close = close
    }
}

/// `POST /v1/jobs/{job}/tasks/retry`.
package struct RetryTasksRequest: Codable, Sendable, Hashable {
    /// Left out: all that failed or were canceled.
    package var indices: [TaskIndex]?
    package init(indices: [TaskIndex]? = nil) { self.indices = indices }
}

package struct RetryTasksAnswer: Codable, Sendable, Hashable {
    package var retried: Int
    package init(retried: Int) { self.retried = retried }
}

/// `POST /v1/nodes/{node}/drain` and `/cordon`.
package struct ReasonRequest: Codable, Sendable, Hashable {
    package var reason: String
    package init(reason: String) { self.reason = reason }
}

/// `POST /v1/tokens`.
package struct CreateTokenRequest: Codable, Sendable, Hashable {
    package var name: String
    /// "join" (with `pool`) or "api" (with `role`).
    package var purpose: String
    package var pool: String?
    package var role: String?
    package var expiresInSeconds: Int64?
    package var uses: UInt32?

    package init(
        name: String, purpose: String, pool: String? = nil, role: String? = nil,
        expiresInSeconds: Int64? = nil,
        uses: UInt32? = nil
    ) {
        self.name = name
        self.purpose = purpose
        self.pool = pool
        self.role = role
        self.expiresInSeconds = expiresInSeconds
        self.uses = uses
    }
}

/// `POST /v1/enroll`, the only route without a bearer: the join token's secret is in the body.
package struct EnrollRequest: Codable, Sendable, Hashable {
    package var secret: String
    package var nodeName: String
    /// PKCS#10 in PEM.
    package var certificateRequest: String
    /// In which the agent runs, as its launcher calls it; left out where it does not know.
    package var allocation: String?

    package init(
        secret: String, nodeName: String, certificateRequest: String, allocation: String? = nil
    ) {
        self.secret = secret
        self.nodeName = nodeName
        self.certificateRequest = certificateRequest
        self.allocation = allocation
    }
}

package struct EnrollAnswer: Codable, Sendable, Hashable {
    package var node: NodeID
    package var cluster: String
    /// Leaf first, PEM.
    package var certificate: String
    /// Where the agent dials: "host:port" of the agents' listener, best first.
    package var agentEndpoints: [String]

    package init(node: NodeID, cluster: String, certificate: String, agentEndpoints: [String]) {
        self.node = node
        self.cluster = cluster
        self.certificate = certificate
        self.agentEndpoints = agentEndpoints
    }
}
