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
        let tool = result.tool
        if let lost = result.lostBusID.flatMap({ BusAddress($0) }),
            lost == device.busID.flatMap({ BusAddress($0) })
        {
            device.fail("\(tool.name): \(tool.message ?? "the device is lost")")
        } else if result.isComplete {
            device.fail("\(tool.name) does not list it any more")
        } else if result.isDriverLost {
            device.fail("driver lost: " + (tool.message ?? "\(tool.name) does not reach it"))
        } else if device.health == .failed {
            // Whether it is well again is what the tool does not say.
            device.clearReadings()
        } else {
            device.health = .unknown
            device.reason = unanswered(tool)
            device.ageSeconds = device.ageSeconds ?? 0
        }
        return device
    }

    private static func unanswered(_ tool: ToolReport) -> String {
        let detail = tool.message.map { ": " + $0 } ?? ""
        switch tool.state {
        case .timedOut: return "probe stalled: \(tool.name) timed out" + detail
        case .missing: return "\(tool.name) is not there any more"
        case .failed: return "\(tool.name) failed" + detail
        case .unreadable, .ok: return "\(tool.name) did not list it" + detail
        }
    }

    /// The bus tells devices apart, then the UUID, then the tool's numbers. Parts of one device are on the bus as one:
    /// their UUIDs tell them apart.
    private static func isSame(_ left: DeviceReport, _ right: DeviceReport) -> Bool {
        guard left.vendor == right.vendor, (left.parent == nil) == (right.parent == nil) else { return false }
        if left.parent != nil {
            if let first = left.uuid, let second = right.uuid { return first == second }
            return left.parent == right.parent && left.chip == right.chip
        }
        if let first = left.busID.flatMap({ BusAddress($0) }),
            let second = right.busID.flatMap({ BusAddress($0) })
        {
            return first == second
        }
        if let first = left.uuid, let second = right.uuid { return first == second }
        return left.index == right.index && left.chip == right.chip
    }
}

extension DeviceReport {
    fileprivate mutating func fail(_ reason: String) {
        health = .failed
        self.reason = reason
        clearReadings()
    }

    fileprivate mutating func clearReadings() {
        memoryUsedBytes = nil
        utilizationPercent = nil
        temperatureCelsius = nil
        powerMilliwatts = nil
        powerLimitMilliwatts = nil
        processorMegahertz = nil
        memoryMegahertz = nil
        throttleReasons = []
        ageSeconds = nil
    }
}
