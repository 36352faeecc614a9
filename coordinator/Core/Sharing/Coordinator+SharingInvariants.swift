import ClusterTypes
import CoordinatorPlacement

extension Coordinator {
    /// What is counted is what placed slots have.
    func checkSharing() -> [String] {
        var faults: [String] = []
        var counted = Sharing(at: .epoch)
        for slot in slots.values {
            guard (slot.charge != nil) == (slot.record.node != nil) else {
                faults.append("slot \(slot.record.key) is placed and not charged, or the other way round")
                continue
            }
            if let charge = slot.charge {
                counted.add(charge, at: .epoch)
                if jobs[slot.record.job]?.record.submitter != charge.user {
                    faults.append(
                        "slot \(slot.record.key) is charged to '\(charge.user)', who is not its user")
                }
            }
        }
        for (one, other) in [(counted, sharing), (sharing, counted)] {
            for counter in one.used.keys where one.used[counter] != other.used[counter] {
                faults.append("of \(counter) \(sharing.used[counter] ?? 0) are counted, slots have others")
            }
            for user in one.fairShare.users {
                let party = FairShare.Party.user(user.name, in: user.virtualCluster)
                if one.fairShare.held(by: party) != other.fairShare.held(by: party) {
                    faults.append("\(party) is noted to hold what its slots do not have")
                }
            }
        }
        if counted.preemptibleSlots != sharing.preemptibleSlots {
            faults.append("\(sharing.preemptibleSlots) preemptible slots are counted, others are placed")
        }
        var cluster = HeldAmounts.none
        for node in nodes.values where node.record.state != .released {
            cluster += HeldAmounts(node.record.capacity)
        }
        if cluster != sharing.cluster {
            faults.append("the cluster is taken to have \(sharing.cluster), its nodes have \(cluster)")
        }
        return faults
    }
}
