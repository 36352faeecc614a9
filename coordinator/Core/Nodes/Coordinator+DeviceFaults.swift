import ClusterTypes

// A device that has failed, as its node's agent reports: it is given to nothing new, while the node serves with what
// else it has. What runs on it runs on, for the report may be wrong about it; a slot that takes task after task gets no
// more and ends.
extension Coordinator {
    /// What a node reports, with the devices withheld that had failed and may not return by themselves: those were not
    /// merely out of reach.
    func returned(_ capacity: NodeCapacity, to node: NodeID) -> NodeCapacity {
        guard limits.returnToService != .automatic, let former = nodes[node]?.record.capacity.devices else {
            return capacity
        }
        var capacity = capacity
        for (position, device) in zip(capacity.devices.indices, former)
        where device.isOutOfService && capacity.devices[position].isUsable {
            capacity.devices[position].withhold(.held, "it had failed and is well again")
        }
        return capacity
    }

    /// One event for each device that has failed, or does not count as failed any more.
    mutating func noteDeviceFaults(
        of node: NodeID, since former: NodeCapacity, at now: Instant, into output: inout Output
    ) {
        guard let devices = nodes[node]?.record.capacity.devices else { return }
        for (position, device) in devices.enumerated() {
            let before = position < former.devices.count ? former.devices[position] : nil
            guard before?.fault != device.fault else { continue }
            let message: String
            switch device.fault {
            case .failed, .held: message = "device \(position) \(device.trouble)"
            case .unassignable, nil:
                guard before?.isOutOfService ?? false else { continue }
                message = "device \(position) is well again"
            }
            output.writes.append(
                .addEvent(EventRecord(at: now, subject: .node(node), message: message)))
        }
    }
}

extension NodeRecord {
    /// The operator lets the devices return that are well again.
    mutating func returnDevices() {
        for position in capacity.devices.indices where capacity.devices[position].fault == .held {
            capacity.devices[position].isUsable = true
            capacity.devices[position].fault = nil
            capacity.devices[position].reason = nil
        }
    }
}

extension Node {
    var hasDeviceFault: Bool { record.capacity.devices.contains(where: \.isOutOfService) }

    /// Why the slot is given no more tasks: one of its devices has failed.
    func deviceFault(of slot: SlotRecord) -> String? {
        for grant in slot.devices where Int(grant.device) < record.capacity.devices.count {
            let device = record.capacity.devices[Int(grant.device)]
            if device.isOutOfService { return "device \(grant.device) \(device.trouble)" }
        }
        return nil
    }
}

extension DeviceCapacity {
    /// It has failed, and has not returned since.
    var isOutOfService: Bool { fault == .failed || fault == .held }

    /// Behind "device 3".
    var trouble: String {
        let detail = reason.map { ": " + $0 } ?? ""
        return switch fault {
        case .failed: "has failed" + detail
        case .held: "is held" + detail + "; uncordon or accept its node to give it work again"
        case .unassignable: "is given to no work" + detail
        case nil: "is not usable" + detail
        }
    }
}
