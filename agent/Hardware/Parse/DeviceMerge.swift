package import ProtocolMessages

/// Joins what a tool says now with what was known before, so that a tool that fails empties nothing and no device
/// changes its position: slots hold devices by position.
package enum DeviceMerge {
    /// What a vendor's probe changes of the list of all vendors.
    package static func merge(
        _ known: [DeviceReport], vendor: String, _ result: DeviceProbeResult
    ) -> [DeviceReport] {
        var fresh = result.devices
        var merged: [DeviceReport] = []
        for device in known {
            guard device.vendor == vendor else {
                merged.append(device)
                continue
            }
            if let position = fresh.firstIndex(where: { isSame($0, device) }) {
                merged.append(fresh.remove(at: position))
            } else {
                merged.append(missing(device, result))
            }
        }
        return merged + fresh
    }

    private static func missing(_ device: DeviceReport, _ result: DeviceProbeResult) -> DeviceReport {
        // The tool has never listed it; `merge(_:present:tools:)` says so.
        guard device.isNamed else { return device }
        var device = device
        device.memoryUsedBytes = nil
        device.utilizationPercent = nil
        device.temperatureCelsius = nil
        device.powerMilliwatts = nil
        let tool = result.tool
        if let lost = result.lostBusID.flatMap({ BusAddress($0) }),
            lost == device.busID.flatMap({ BusAddress($0) })
        {
            device.health = .failed
            device.reason = "\(tool.name): \(tool.message ?? "the device is lost")"
        } else if result.isComplete {
            device.health = .failed
            device.reason = "\(tool.name) does not list it any more"
        } else {
            device.health = .unknown
            device.reason = unanswered(tool)
        }
        return device
    }

    private static func unanswered(_ tool: ToolReport) -> String {
        let detail = tool.message.map { ": " + $0 } ?? ""
        switch tool.state {
        case .timedOut: return "\(tool.name) timed out" + detail
        case .missing: return "\(tool.name) is not there any more"
        case .failed: return "\(tool.name) failed" + detail
        case .unreadable, .ok: return "\(tool.name) did not list it" + detail
        }
    }

    /// The bus tells devices apart, then the UUID, then the tool's numbers.
    private static func isSame(_ left: DeviceReport, _ right: DeviceReport) -> Bool {
        guard left.vendor == right.vendor else { return false }
        if let first = left.busID.flatMap({ BusAddress($0) }),
            let second = right.busID.flatMap({ BusAddress($0) })
        {
            return first == second
        }
        if let first = left.uuid, let second = right.uuid { return first == second }
        return left.index == right.index && left.chip == right.chip
    }
}
