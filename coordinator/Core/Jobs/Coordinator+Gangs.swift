import ClusterTypes
import CoordinatorPlacement
import ProtocolMessages

// Gangs: all slots start together, know of each other, and go back together when one of them is gone.
extension Coordinator {
    /// Places all slots of the job or none, so that no gang ever holds what another one waits for.
    ///
    /// - Returns: false: it wants no more.
    mutating func placeGang(
        _ job: JobID, _ request: inout PlacementRequest, at now: Instant, into output: inout Output
    ) -> Bool {
        guard let state = jobs[job] else { return false }
        // Those that are on their way back are waited for.
        let isWhole = state.slots.allSatisfy { slots[$0]?.record.state == .pending }
        guard isWhole else { return false }
        var waiting = pendingSlots(of: job)
        while waiting.count < Int(state.record.counts.ready) {
            waiting.append(addPendingSlot(to: job, at: now, into: &output))
        }
        guard let placements = board.placeAll(waiting, of: &request, at: now) else {
            makeRoom(for: waiting, of: job, request, at: now, into: &output)
            return false
        }
        stopWaiting(job)
        let members = members(waiting, placements, of: state.record.specification)
        let rankTable = rankTable(of: members.map(\.placement))
        for member in members {
            assign(
                member.slot, to: member.placement, environment: member.environment, rankTable: rankTable,
                at: now, into: &output)
        }
        let limit = state.record.specification.placement.gang?.startSeconds ?? 0
        gangDeadlines.set(job, to: now + .seconds(Int64(limit)))
        return false
    }

    private struct Member {
        var slot: SlotID
        var placement: Placement
        var environment: [String]
    }

    /// Ranks go node by node, in the order in which the nodes were filled.
    private func members(
        _ slots: [SlotID], _ placements: [Placement], of specification: JobSpecification
    ) -> [Member] {
        var hosts: [NodeID] = []
        for placement in placements where !hosts.contains(placement.node) { hosts.append(placement.node) }
        let addresses = hosts.map { nodes[$0]?.record.address ?? "" }
        let sizes = hosts.map { host in placements.count { $0.node == host } }
        let list = zip(addresses, sizes).map { "\($0):\($1)" }.joined(separator: ",")
        var members: [Member] = []
        for (number, host) in hosts.enumerated() {
            var local = 0
            for (slot, placement) in zip(slots, placements) where placement.node == host {
                let rank = members.count
                members.append(
                    Member(
                        slot: slot, placement: placement,
                        environment: [
                            "MORTISE_RANK=\(rank)", "MORTISE_SIZE=\(slots.count)", "RANK=\(rank)",
                            "WORLD_SIZE=\(slots.count)", "LOCAL_RANK=\(local)",
                            "LOCAL_WORLD_SIZE=\(sizes[number])", "NODE_RANK=\(number)",
                            "MASTER_ADDR=\(addresses[0])",
                            "MASTER_PORT=\(specification.placement.gang?.port ?? 0)",
                            "MORTISE_HOSTS=\(list)",
                        ]))
                local += 1
            }
        }
        return members
    }

    /// - Parameter placements: in the order of their ranks, so node by node.
    /// - Returns: nil where not all of the gang's devices are Ascend NPUs with a number of their own, each in one slot.
    private func rankTable(of placements: [Placement]) -> RankTable? {
        var servers: [RankTable.Server] = []
        var taken: Set<DeviceOfNode> = []
        var last: NodeID?
        for placement in placements {
            guard let record = nodes[placement.node]?.record else { return nil }
            for grant in placement.devices.sorted(by: { $0.device < $1.device }) {
                guard record.capacity.devices.indices.contains(Int(grant.device)) else { return nil }
                let device = record.capacity.devices[Int(grant.device)]
                let isFirst = taken.insert(DeviceOfNode(node: placement.node, device: grant.device)).inserted
                guard device.vendor == "huawei", let number = device.physicalID, isFirst,
                    taken.count <= ProtocolLimits.rankTableDevices
                else { return nil }
                if last != placement.node { servers.append(.init(address: record.address, devices: [])) }
                last = placement.node
                servers[servers.count - 1].devices.append(
                    .init(physicalID: number, address: device.networkAddress))
            }
        }
        return servers.isEmpty ? nil : RankTable(servers: servers)
    }

    private struct DeviceOfNode: Hashable {
        var node: NodeID
        var device: UInt32
    }

    /// A member has ended without having done its work: the others stop, and all wait to start again together.
    mutating func restartGang(of slot: SlotID, at now: Instant, into output: inout Output) {
        guard let job = slots[slot]?.record.job, let state = jobs[job], !state.record.state.isEnded,
            state.record.specification.placement.gang != nil
        else { return }
        // What has done its work already does it again with the others.
        if state.record.counts.succeeded > 0 {
            jobs[job]?.record.counts.ready += state.record.counts.succeeded
            jobs[job]?.record.counts.succeeded = 0
            writeJob(job, into: &output)
        }
        for other in state.slots where other != slot {
            guard slots[other]?.record.state.isPlaced == true else { continue }
            stop(other, reason: "another slot of its gang is gone", at: now, into: &output)
        }
    }

    /// A member has failed for good, and with it the gang.
    mutating func failGang(
        _ job: JobID, reason: String, at now: Instant, into output: inout Output
    ) {
        guard let state = jobs[job], !state.record.state.isEnded,
            state.record.specification.placement.gang != nil
        else { return }
        end(job, as: .failed, reason: "a slot of the gang failed: \(reason)", at: now, into: &output)
    }

    mutating func restartIfIncomplete(_ job: JobID, at now: Instant, into output: inout Output) {
        guard let state = jobs[job], !state.record.state.isEnded,
            let gang = state.record.specification.placement.gang
        else { return }
        let isIncomplete = state.slots.contains {
            [.assigned, .starting].contains(slots[$0]?.record.state ?? .running)
        }
        guard isIncomplete else { return }
        for slot in state.slots where slots[slot]?.record.state.isPlaced == true {
            stop(
                slot, reason: "not all slots of its gang ran after \(gang.startSeconds) s", at: now,
                into: &output)
        }
    }
}
