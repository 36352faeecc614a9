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
    /// - Returns: `NAME=value` for each kind of device that the node has; an empty value where none is granted.
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
        for (vendor, names) in [
            ("nvidia", ["CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"]),
            ("huawei", ["ASCEND_RT_VISIBLE_DEVICES"]),
        ] where devices.contains(where: { $0.vendor == vendor }) {
            let visible = granted.filter { $0.vendor == vendor }.map(\.visibleID).joined(separator: ",")
            variables += names.map { "\($0)=\(visible)" }
        }
        return variables
    }
}
