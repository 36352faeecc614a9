/// Countable resources of a node or of a slot. CPU in 1/1000 of a core, memory and disk in bytes.
package struct Resources: Hashable, Sendable, Codable {
    package var milliCPU: Int64
    package var memoryBytes: Int64
    package var diskBytes: Int64

    package init(milliCPU: Int64 = 0, memoryBytes: Int64 = 0, diskBytes: Int64 = 0) {
        self.milliCPU = milliCPU
        self.memoryBytes = memoryBytes
        self.diskBytes = diskBytes
    }

    package static let none = Resources()

    package static func + (left: Self, right: Self) -> Self {
        Resources(
            milliCPU: left.milliCPU + right.milliCPU, memoryBytes: left.memoryBytes + right.memoryBytes,
            diskBytes: left.diskBytes + right.diskBytes)
    }

    package static func - (left: Self, right: Self) -> Self {
        Resources(
            milliCPU: left.milliCPU - right.milliCPU, memoryBytes: left.memoryBytes - right.memoryBytes,
            diskBytes: left.diskBytes - right.diskBytes)
    }

    package static func += (left: inout Self, right: Self) { left = left + right }
    package static func -= (left: inout Self, right: Self) { left = left - right }

    package func fits(in other: Self) -> Bool {
        milliCPU <= other.milliCPU && memoryBytes <= other.memoryBytes && diskBytes <= other.diskBytes
    }
}

/// A whole device in shares: what a request of one device without `share` takes.
package let wholeDeviceShares: UInt32 = 1_000

/// Devices that one slot wants on one node.
package struct DeviceRequest: Hashable, Sendable, Codable {
    package var type: DeviceType
    /// How many devices, each with `shares`. At least 1.
    package var count: UInt32
    /// Of each device, in 1/1000. 1...1000; 1000 is the whole device.
    package var shares: UInt32
    /// Of each device so many bytes of its memory, instead of `shares`: as large a part of the device as of its memory.
    package var memoryShareBytes: Int64?
    /// Least memory of each device, in bytes; 0 accepts any.
    package var memoryBytes: Int64
    /// Whole word of the model name, case-insensitive ("H100"), or several, of which any will do ("A100|H100"); nil
    /// accepts any.
    package var model: String?

    package init(
        type: DeviceType, count: UInt32 = 1, shares: UInt32 = wholeDeviceShares,
        memoryShareBytes: Int64? = nil, memoryBytes: Int64 = 0, model: String? = nil
    ) {
        self.type = type
        self.count = count
        self.shares = shares
        self.memoryShareBytes = memoryShareBytes
        self.memoryBytes = memoryBytes
        self.model = model
    }

    /// - Parameter bytes: all memory of a device; 0: nobody knows.
    /// - Returns: what a slot takes of such a device, in 1/1000, rounded up; nil where it has not so much memory.
    package func shares(ofMemory bytes: Int64) -> UInt32? {
        guard let wanted = memoryShareBytes else { return shares }
        guard wanted >= 1, wanted <= bytes else { return nil }
        let all = UInt64(bytes)
        let (whole, rest) = all.dividingFullWidth(
            UInt64(wanted).multipliedFullWidth(by: UInt64(wholeDeviceShares)))
        return UInt32(whole) + (rest > 0 ? 1 : 0)
    }

    /// The words of `model`; empty accepts any.
    package var models: [Substring] {
        model?.utf8.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false).map {
            Substring($0)
        } ?? []
    }
}

/// What one slot needs.
package struct ResourceRequest: Hashable, Sendable, Codable {
    package var resources: Resources
    package var devices: DeviceRequest?
    /// Of what the node's labels count; each name once.
    package var counted: [CountedResource] = []

    package init(resources: Resources = Resources(milliCPU: 1_000), devices: DeviceRequest? = nil) {
        self.resources = resources
        self.devices = devices
    }
}

/// A share of one device, given to one slot.
package struct DeviceGrant: Hashable, Sendable, Codable {
    /// Position in the node's device list.
    package var device: UInt32
    /// In 1/1000.
    package var shares: UInt32

    package init(device: UInt32, shares: UInt32) {
        self.device = device
        self.shares = shares
    }
}

/// One device as placement sees it.
package struct DeviceCapacity: Hashable, Sendable, Codable {
    package var type: DeviceType
    package var model: String
    /// 0 when the tool does not say.
    package var memoryBytes: Int64
    /// False while it is quarantined, lost or failed.
    package var isUsable: Bool
    /// Why it is not usable by itself; nil while it is, and in what older versions wrote.
    package var fault: Fault?
    /// The same for people.
    package var reason: String?
    /// "nvidia", "huawei" …; nil in what older versions wrote.
    package var vendor: String?
    /// Number of the NUMA node that it is near to.
    package var memoryNode: UInt32?
    /// Devices with the same number reach each other by fast links (NVLink, HCCS); nil: nothing is known.
    package var linkGroup: UInt32?
    /// Address of the PCIe root port that it is behind: devices with the same one share a PCIe switch.
    package var rootPort: String?
    /// Ascend: N of `/dev/davinciN`, as rank tables count.
    package var physicalID: UInt32?
    /// Of the network port that the device has itself (Ascend).
    package var networkAddress: String?

    package enum Fault: String, Hashable, Sendable, Codable, CaseIterable {
        /// Its tool says so, or it is lost.
        case failed
        /// It had failed and is well again; an operator is to let it return.
        case held
        /// No program can be told to use it.
        case unassignable
    }

    package mutating func withhold(_ fault: Fault, _ reason: String?) {
        isUsable = false
        self.fault = fault
        self.reason = reason
    }

    package init(type: DeviceType, model: String, memoryBytes: Int64, isUsable: Bool = true) {
        self.type = type
        self.model = model
        self.memoryBytes = memoryBytes
        self.isUsable = isUsable
    }
}

/// What a node offers in all, free or not.
package struct NodeCapacity: Hashable, Sendable, Codable {
    package var resources: Resources
    package var devices: [DeviceCapacity]
    package var architecture: Architecture
    /// Sorted by key; a key stands once.
    package var labels: [Label]
    /// The NUMA nodes of a machine that has several, and devices; nil of others, and in what older versions wrote.
    package var memoryNodes: [MemoryNodeCapacity]?

    package init(
        resources: Resources = .none, devices: [DeviceCapacity] = [], architecture: Architecture = .amd64,
        labels: [Label] = []
    ) {
        self.resources = resources
        self.devices = devices
        self.architecture = architecture
        self.labels = labels
    }
}

/// The processors of one NUMA node.
package struct MemoryNodeCapacity: Hashable, Sendable, Codable {
    /// As `DeviceCapacity.memoryNode`.
    package var number: UInt32
    package var milliCPU: Int64

    package init(number: UInt32, milliCPU: Int64) {
        self.number = number
        self.milliCPU = milliCPU
    }
}

/// `key=value` on a node.
package struct Label: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package var key: String
    package var value: String

    package init(_ key: String, _ value: String) {
        self.key = key
        self.value = value
    }

    /// `key=value`; nil without `=` or with an empty key.
    package init?(parsing text: String) {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else { return nil }
        self.init(String(text[..<equals]), String(text[text.index(after: equals)...]))
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.key, left.value) < (right.key, right.value)
    }
    package var description: String { "\(key)=\(value)" }
}
