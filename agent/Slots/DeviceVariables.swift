package import ClusterTypes
package import ProtocolMessages

/// Which devices a slot's command may see, in the words of the vendors' libraries.
package enum DeviceVariables {
    /// A granted device that the node does not have.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package let device: UInt32
        package let deviceCount: Int
        package var description: String {
            "device \(device) was granted, and this node has \(deviceCount): its hardware has changed"
        }
    }

    /// - Parameter devices: the node's, in the order of its hardware report.
    /// - Returns: `NAME=value` for each kind of device that the node has; where none is granted a value that hides all,
    ///   which is the empty one for all but Intel's.
    package static func variables(
        grants: [DeviceGrant], devices: [DeviceReport]
    ) throws(Failure) -> [String] {
        var granted: [DeviceReport] = []
        for grant in grants.sorted(by: { $0.device < $1.device }) {
            guard Int(grant.device) < devices.count else {
                throw Failure(device: grant.device, deviceCount: devices.count)
            }
            granted.append(devices[Int(grant.device)])
        }
        var variables: [String] = []
        for (vendor, names) in Self.names {
            let present = devices.filter { $0.vendor == vendor && $0.isNamed }
            guard !present.isEmpty else { continue }
            let own = granted.filter { $0.vendor == vendor }
            variables += names.map { "\($0)=\(value(of: $0, own, present: present.count))" }
        }
        // Without it Huawei's runtime for containers takes their numbers for those of chips.
        if granted.contains(where: { $0.vendor == "huawei" && $0.parent != nil }) {
            variables.append("ASCEND_RUNTIME_OPTIONS=VIRTUAL")
        }
        return variables
    }

    /// The processors near the granted devices, as Linux writes lists of them ("0-31,64-95"); nil where none are granted,
    /// and where it is not known of each to which NUMA node it is near, and which processors that has.
    package static func processors(
        near grants: [DeviceGrant], devices: [DeviceReport], memoryNodes: [MemoryNodeReport]
    ) -> String? {
        var numbers: Set<UInt32> = []
        for grant in grants {
            guard Int(grant.device) < devices.count, let number = devices[Int(grant.device)].memoryNode
            else { return nil }
            numbers.insert(number)
        }
        let lists = numbers.sorted().map { number in
            memoryNodes.first { $0.number == number }?.processors ?? ""
        }
        return lists.isEmpty || lists.contains("") ? nil : lists.joined(separator: ",")
    }

    private static let names: [(vendor: String, names: [String])] = [
        ("nvidia", ["CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"]),
        // The first for processes, which cannot use virtual NPUs; the second for containers.
        ("huawei", [ascendProcesses, ascendContainers]),
        // Below HIP, whose own variable counts what this one leaves.
        ("amd", ["ROCR_VISIBLE_DEVICES"]),
        ("intel", [levelZero]),
        // Modules for the runtime, devices for its containers.
        ("habana", ["HABANA_VISIBLE_MODULES", habanaContainers]),
        ("cambricon", ["MLU_VISIBLE_DEVICES"]),
        // The first for the runtime, the second for its containers.
        ("moorethreads", ["MUSA_VISIBLE_DEVICES", "MTHREADS_VISIBLE_DEVICES"]),
    ]

    private static let ascendProcesses = "ASCEND_RT_VISIBLE_DEVICES"
    private static let ascendContainers = "ASCEND_VISIBLE_DEVICES"
    private static let levelZero = "ZE_AFFINITY_MASK"
    private static let habanaContainers = "HABANA_VISIBLE_DEVICES"

    private static func value(of name: String, _ granted: [DeviceReport], present: Int) -> String {
        // An empty mask is none: the first device that is not there leaves no other.
        if name == levelZero, granted.isEmpty { return String(present) }
        return granted.compactMap { device in
            switch name {
            case habanaContainers: String(device.index)
            case ascendProcesses: device.parent == nil ? device.visibleID : nil
            case ascendContainers: device.physicalID.map { String($0) } ?? device.visibleID
            default: device.visibleID
            }
        }.joined(separator: ",")
    }
}
