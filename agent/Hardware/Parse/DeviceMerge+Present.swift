package import ProtocolMessages

extension DeviceMerge {
    /// Adds what is on the bus and what no tool has named.
    ///
    /// Only where the tool of a vendor has named no device at all: where it has, it knows better which devices this
    /// machine or container may use, and a name may come without an address on the bus.
    ///
    /// - Parameter tools: of each vendor that has one, how it has answered now.
    package static func merge(
        _ known: [DeviceReport], present: [PCIAccelerator], tools: [String: ToolReport]
    ) -> [DeviceReport] {
        var devices = known
        for position in devices.indices where !devices[position].isNamed {
            let device = devices[position]
            let isThere = present.contains { $0.vendor == device.vendor && isSame($0.busID, device.busID) }
            devices[position].health = isThere ? .unknown : .failed
            devices[position].reason =
                isThere ? unnamed(tools[device.vendor]) : "it is not on the PCI bus any more"
        }
        let named = Set(known.filter(\.isNamed).map(\.vendor))
        var counts: [String: UInt32] = [:]
        for accelerator in present {
            let index = counts[accelerator.vendor, default: 0]
            counts[accelerator.vendor] = index + 1
            guard !named.contains(accelerator.vendor),
                !known.contains(where: { isSame($0.busID, accelerator.busID) })
            else { continue }
            devices.append(accelerator.report(index: index, reason: unnamed(tools[accelerator.vendor])))
        }
        return devices
    }

    /// Says where on the bus devices are, as far as their tools have not.
    package static func place(_ devices: [DeviceReport], on present: [PCIAccelerator]) -> [DeviceReport] {
        devices.map { device in
            guard let place = present.first(where: { isSame($0.busID, device.busID) }) else { return device }
            var device = device
            device.memoryNode = device.memoryNode ?? place.memoryNode
            device.rootPort = place.rootPort
            return device
        }
    }

    private static func isSame(_ left: String?, _ right: String?) -> Bool {
        guard let left = left.flatMap({ BusAddress($0) }), let right = right.flatMap({ BusAddress($0) })
        else {
            return false
        }
        return left == right
    }

    private static func unnamed(_ tool: ToolReport?) -> String {
        guard let tool else { return "present on the PCI bus, no tool: none is known for it" }
        switch tool.state {
        case .missing: return "present on the PCI bus, no tool: \(tool.name) is not there"
        case .ok: return "present on the PCI bus, \(tool.name) does not list it"
        case .failed, .timedOut, .unreadable:
            return "present on the PCI bus, \(tool.name) does not answer"
                + (tool.message.map { ": " + $0 } ?? "")
        }
    }
}
