import ClusterTypes
package import ProtocolMessages

/// The devices of a machine as lines of gres.conf, one for each device.
package enum StatusGres {
    /// - Parameter places: of the devices, in the order of the report; may be shorter.
    package static func text(_ report: HardwareReport, places: [DevicePlace] = []) -> String {
        let devices = SlurmDevices(report.devices)
        var lines = devices.taken.map { position, device in
            line(device, places.indices.contains(position) ? places[position] : DevicePlace())
        }
        for (device, reason) in devices.leftOut {
            let name = device.visibleID.isEmpty ? device.busID ?? "?" : device.visibleID
            lines.append("# " + plain("\(name) (\(device.model)) is left out: \(reason)"))
        }
        if lines.isEmpty { lines = ["# no devices"] }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func line(_ device: DeviceReport, _ place: DevicePlace) -> String {
        var fields = ["Name=" + device.type.rawValue, "Type=" + SlurmDevices.safe(device.model)]
        fields.append(place.file.map { "File=" + $0 } ?? "Count=1")
        if !place.cores.isEmpty { fields.append("Cores=" + ProcessorList.text(place.cores)) }
        return fields.joined(separator: " ")
    }

    private static func plain(_ text: String) -> String {
        String(text.map { $0.isNewline || $0.asciiValue.map { $0 < 32 } == true ? " " : $0 })
    }
}
