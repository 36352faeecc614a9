package import ClusterTypes

extension Coordinator {
    /// What the slots on a node have of it now, in the order of their assignment: whose its load is.
    package func holdings(on node: NodeID) -> [SlotHolding] {
        guard let node = nodes[node] else { return [] }
        let models = node.record.capacity.devices.map(\.model)
        return node.slots.compactMap { slot in
            guard let record = slots[slot]?.record, let job = jobs[record.job]?.record else { return nil }
            return SlotHolding(
                key: record.key, job: record.job, user: job.submitter,
                resources: job.specification.request(record.alternative).resources,
                devices: record.devices.map { grant in
                    let device = Int(grant.device)
                    let model = device < models.count ? models[device] : ""
                    return SlotHolding.Device(grant: grant, model: model.isEmpty ? "unknown model" : model)
                })
        }
    }
}
