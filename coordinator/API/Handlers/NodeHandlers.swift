import APITypes
import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import Logging
import ProtocolMessages

extension APIHandlers {
    func listNodes(_ call: Call) async throws -> Answer {
        let includingReleased = try call.query.flag("released")
        let revision = try await service.reader.revision()
        let records = try await service.reader.nodes(includingReleased: includingReleased)
        return try .json(
            Page(
                items: records.map { NodeView($0, load: service.load(of: $0.node)) }, revision: revision))
    }

    /// With `live=true` the machine itself is asked, now.
    func showNode(_ call: Call) async throws -> Answer {
        let isLive = try call.query.flag("live")
        let record = try await node(try call.parameter("node"))
        let hardware = isLive ? try await probe(record) : nil
        return try .json(NodeView(record, load: service.load(of: record.node), hardware: hardware))
    }

    private func probe(_ record: NodeRecord) async throws -> HardwareReport {
        let reply = try await submit(.locateNode(record.node))
        guard case .nodeLocation(let connection) = reply else { throw unexpected(reply, to: "locateNode") }
        do {
            return try await service.probe(connection)
        } catch let error as CommandRefusal {
            throw error
        } catch is CancellationError {
            throw APIError.shuttingDown
        } catch {
            logger.error("A probe failed", metadata: ["node": "\(record.node)", "error": "\(error)"])
            throw APIError(
                CommandRefusal(
                    .nodeUnreachable,
                    "Node \(record.node) (\(record.name)) did not answer a probe. Its last state is shown without "
                        + "live=true."))
        }
    }

    func drainNode(_ call: Call) async throws -> Answer {
        let reason = try self.reason(call)
        return try await control(call) { .drainNode($0, reason: reason) }
    }

    func cordonNode(_ call: Call) async throws -> Answer {
        let reason = try self.reason(call)
        return try await control(call) { .cordonNode($0, reason: reason) }
    }

    func uncordonNode(_ call: Call) async throws -> Answer {
        try await control(call) { .uncordonNode($0) }
    }

    func acceptNode(_ call: Call) async throws -> Answer {
        try await control(call) { .acceptNode($0) }
    }

    func removeNode(_ call: Call) async throws -> Answer {
        let reason = try checkedReason(call.query.text("reason") ?? "", of: call)
        return try await control(call) { .removeNode($0, reason: reason) }
    }

    private func control(_ call: Call, _ command: (NodeID) -> Command) async throws -> Answer {
        let record = try await node(try call.parameter("node"))
        let reply = try await submit(command(record.node))
        guard case .node(let changed) = reply else { throw unexpected(reply, to: "a node's control") }
        return try .json(NodeView(changed, load: service.load(of: changed.node)))
    }

    private func reason(_ call: Call) throws -> String {
        try checkedReason(try call.decode(ReasonRequest.self).reason, of: call)
    }

    /// An empty reason becomes who ordered it.
    private func checkedReason(_ text: String, of call: Call) throws -> String {
        guard !text.isEmpty else { return "by \(call.caller?.name ?? "an operator")" }
        if let fault = faultOfName(text) { throw APIError.invalid("reason: \(fault)") }
        return text
    }
}
