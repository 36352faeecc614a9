import ClusterTypes
import ProtocolMessages

/// The devices that Slurm can be told of: the same ones for slurm.conf and gres.conf, for it drains nodes where they
/// differ.
struct SlurmDevices {
    /// With their positions in the report.
    var taken: [(position: Int, device: DeviceReport)] = []
    /// With the reasons.
    var leftOut: [(device: DeviceReport, reason: String)] = []

    init(_ devices: [DeviceReport]) {
        let divided = Set(devices.filter(Self.isInstance).compactMap { $0.busID.flatMap { BusAddress($0) } })
        for (position, device) in devices.enumerated() {
            if !device.isNamed {
                leftOut.append((device, device.reason ?? "no tool has named it"))
            } else if Self.isInstance(device) {
                leftOut.append((device, "a MIG instance, its device files are not known"))
            } else if device.partCount != nil
                || device.busID.flatMap({ BusAddress($0) }).map(divided.contains) ?? false
            {
                leftOut.append(
                    (device, "it is divided into \(device.type == .npu ? "virtual NPUs" : "MIG instances")"))
            } else {
                taken.append((position, device))
            }
        }
    }

    private static func isInstance(_ device: DeviceReport) -> Bool {
        device.visibleID.hasPrefix("MIG-") || device.uuid?.hasPrefix("MIG-") == true
    }

    /// Lower case, blanks as underscores, nothing that Slurm would read as its own.
    static func safe(_ model: String) -> String {
        let plain = model.lowercased().map { character -> Character in
            let isPlain = character.isASCII && (character.isLetter || character.isNumber)
            return isPlain || character == "-" || character == "." ? character : "_"
        }
        return plain.isEmpty ? "unknown" : String(plain)
    }
}
