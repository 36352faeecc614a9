import APITypes
import ClusterTypes
import CoordinatorCore
import CoordinatorStore

extension APIHandlers {
    func listSlots(_ call: Call) async throws -> Answer {
        let limit = try call.query.limit()
        var filter = SlotFilter(
            job: try call.query.number("job").map { JobID($0) }, states: try call.query.words("state"),
            after: try call.query.number("after").map { SlotID($0) }, limit: limit)
        if let name = call.query.text("node") { filter.node = try await node(name).node }
        let revision = try await service.reader.revision()
        let records = try await service.reader.slots(filter)
        var names = NodeNames(reader: service.reader)
        var views: [SlotView] = []
        for record in records {
            views.append(SlotView(record, nodeName: try await names.name(of: record.node)))
        }
        return try .json(
            Page(
                items: views, revision: revision,
                next: records.count == limit ? records.last?.slot.rawValue : nil))
    }

    func showSlot(_ call: Call) async throws -> Answer {
        let slot = try call.identifier("slot", as: SlotID.self)
        guard let record = try await service.reader.slot(slot) else {
            throw APIError.notFound("There is no slot \(slot).")
        }
        var names = NodeNames(reader: service.reader)
        return try .json(SlotView(record, nodeName: try await names.name(of: record.node)))
    }
}
