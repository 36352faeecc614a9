import APITypes
import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import Logging
import NIOCore
import Synchronization
import TLSIdentity

extension APIHandlers {
    func showHealth(_ call: Call) async throws -> Answer { try .json(StatusView(status: "ok")) }

    func showReadiness(_ call: Call) async throws -> Answer {
        guard service.isReady else {
            throw APIError(
                503, "not_ready", "The coordinator is starting, going down, or cannot write its store.",
                retryAfterSeconds: 2)
        }
        return try .json(StatusView(status: "ready"))
    }

    func showOpenAPI(_ call: Call) async throws -> Answer {
        Answer(status: 200, content: .json(ByteBuffer(string: OpenAPI.document)))
    }

    // MARK: - Enrollment

    /// The secret is hashed at once. The certificate is signed only after the coordinator has recorded the node.
    func enroll(_ call: Call) async throws -> Answer {
        let request = try call.decode(EnrollRequest.self)
        if let fault = faultOfName(request.nodeName) { throw APIError.invalid("nodeName: \(fault)") }
        let fingerprint: String
        do {
            fingerprint = try service.keyFingerprint(ofRequestPEM: request.certificateRequest)
        } catch {
            throw APIError.invalid("certificateRequest: is no valid PKCS#10 request in PEM")
        }
        let reply = try await submit(
            .enrollNode(
                secretHash: Secret.hash(request.secret), name: request.nodeName,
                keyFingerprint: fingerprint,
                allocation: request.allocation))
        guard case .enrolled(let node, _) = reply else { throw unexpected(reply, to: "enrollNode") }
        let certificate = try service.issueCertificate(requestPEM: request.certificateRequest, node: node)
        let cluster = service.cluster
        return try .json(
            EnrollAnswer(
                node: node, cluster: cluster.name, certificate: certificate,
                agentEndpoints: cluster.agentEndpoints), status: 201)
    }

    // MARK: - The cluster

    func showCluster(_ call: Call) async throws -> Answer {
        var view = try await clusterSummary.view(of: service)
        view.notices = try await lines(.explainCluster)
        if !configuration.priorityClasses.isEmpty { view.priorityClasses = configuration.priorityClasses }
        return try .json(view)
    }

    func stepDown(_ call: Call) async throws -> Answer {
        do { try service.stepDown() } catch let refusal as CommandRefusal { throw APIError(refusal) }
        call.logger.notice("stepping down", metadata: ["by": "\(call.caller?.name ?? "")"])
        return try .json(StatusView(status: "stepping down"), status: 202)
    }

    func listEvents(_ call: Call) async throws -> Answer {
        let limit = try call.query.limit()
        let subject = try call.query.subject("subject")
        let revision = try await service.reader.revision()
        let records = try await service.reader.events(subject, limit: limit)
        return try .json(Page(items: records.map { EventView($0) }, revision: revision))
    }

    // MARK: - Why

    func explainJob(_ call: Call) async throws -> Answer {
        try await explain(.explainJob(try call.identifier("job")))
    }

    func explainTask(_ call: Call) async throws -> Answer {
        try await explain(.explainTask(try call.identifier("job"), try taskIndex(call)))
    }

    func explainSlot(_ call: Call) async throws -> Answer {
        try await explain(.explainSlot(try call.identifier("slot")))
    }

    func explainNode(_ call: Call) async throws -> Answer {
        try await explain(.explainNode(try await node(try call.parameter("node")).node))
    }

    func explain(_ command: Command) async throws -> Answer {
        try .json(ExplanationView(lines: try await lines(command)))
    }

    private func lines(_ command: Command) async throws -> [String] {
        let reply = try await submit(command)
        guard case .explanation(let lines) = reply else { throw unexpected(reply, to: "explain") }
        return lines
    }
}

/// The cluster's counts, made from all nodes, slots and active jobs; kept for the revision that they were made of.
final class ClusterSummary: Sendable {
    private static let slotsPerRead = 10_000
    private static let activeJobs = 100_000

    private let newest = Mutex<ClusterView?>(nil)

    func view(of service: any CoordinatorService) async throws -> ClusterView {
        let revision = try await service.reader.revision()
        let kept = newest.withLock { $0 }
        if let kept, kept.revision == revision { return kept }
        let view = try await make(of: service, revision: revision)
        newest.withLock { $0 = view }
        return view
    }

    private func make(of service: any CoordinatorService, revision: UInt64) async throws -> ClusterView {
        let nodes = try await service.reader.nodes(includingReleased: false)
        let jobs = try await service.reader.jobs(
            JobFilter(states: [.running, .paused], limit: Self.activeJobs))
        let cluster = service.cluster
        var view = ClusterView(
            cluster: cluster.name, version: cluster.version, startedAt: cluster.startedAt.rfc3339,
            revision: revision, nodes: [:], slots: try await slots(service.reader), activeJobs: jobs.count,
            milliCPU: 0, memoryBytes: 0, devices: 0)
        for node in nodes {
            view.nodes[node.state.rawValue, default: 0] += 1
            guard Self.isThere(node.state) else { continue }
            view.milliCPU += node.capacity.resources.milliCPU
            view.memoryBytes += node.capacity.resources.memoryBytes
            view.devices += node.capacity.devices.count
        }
        return view
    }

    /// Of slots that are not over; the ended ones of all times are no measure of the cluster.
    private func slots(_ reader: any StoreReader) async throws -> [String: Int] {
        var counts: [String: Int] = [:]
        var after: SlotID?
        while true {
            let slots = try await reader.slots(
                SlotFilter(
                    states: SlotState.allCases.filter { !$0.isEnded }, after: after, limit: Self.slotsPerRead)
            )
            for slot in slots { counts[slot.state.rawValue, default: 0] += 1 }
            guard slots.count == Self.slotsPerRead else { return counts }
            after = slots.last?.slot
        }
    }

    /// Its resources count.
    private static func isThere(_ state: NodeState) -> Bool {
        switch state {
        case .ready, .suspect, .draining, .drained, .cordoned: true
        case .joining, .lost, .released: false
        }
    }
}
