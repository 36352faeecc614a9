package import ClusterTypes

/// What a quota counts: whole devices of one vendor, type and architecture, or whole cores.
///
/// Written `huawei_npu_arm64`, `nvidia_gpu_amd64`, and `cpu`.
package enum DeviceTypeKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    case processors
    case devices(vendor: String, DeviceType, Architecture)

    /// - Parameter device: one without a vendor, as older agents report it, is of the usual one.
    package init(_ device: DeviceCapacity, _ architecture: Architecture) {
        let vendor = device.vendor?.lowercased() ?? ""
        self = .devices(
            vendor: vendor.isEmpty ? Self.usualVendor(of: device.type) : vendor, device.type, architecture)
    }

    /// nil for what is no key.
    package init?(parsing text: String) {
        if text == Self.processorsText {
            self = .processors
            return
        }
        let words = text.split(separator: "_", omittingEmptySubsequences: false)
        guard words.count >= 3, let architecture = Architecture(rawValue: String(words[words.count - 1])),
            let type = DeviceType(rawValue: String(words[words.count - 2]))
        else { return nil }
        let vendor = words.dropLast(2).joined(separator: "_")
        guard !vendor.isEmpty, vendor.utf8.count <= Self.vendorBytes,
            vendor.utf8.allSatisfy(Self.isAllowed)
        else { return nil }
        self = .devices(vendor: vendor, type, architecture)
    }

    private static let processorsText = "cpu"
    private static let vendorBytes = 64

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static func usualVendor(of type: DeviceType) -> String {
        switch type {
        case .npu: "huawei"
        case .gpu: "nvidia"
        }
    }

    package var description: String {
        switch self {
        case .processors: Self.processorsText
        case .devices(let vendor, let type, let architecture):
            "\(vendor)_\(type.rawValue)_\(architecture.rawValue)"
        }
    }

    package static func < (left: Self, right: Self) -> Bool { left.description < right.description }
}
