package import ClusterTypes

/// What a node is taken to have, whatever its last report says; free disk comes and goes and is no part of it.
package struct DeclaredHardware: Hashable, Sendable, Codable {
    package var milliCPU: Int64
    package var memoryBytes: Int64
    /// Usable ones.
    package var devices: Int

    package init(milliCPU: Int64, memoryBytes: Int64, devices: Int) {
        self.milliCPU = milliCPU
        self.memoryBytes = memoryBytes
        self.devices = devices
    }

    /// What a report offers.
    package init(_ capacity: NodeCapacity) {
        milliCPU = capacity.resources.milliCPU
        memoryBytes = capacity.resources.memoryBytes
        devices = capacity.devices.count(where: \.isUsable)
    }

    /// More than was declared is declared from now on.
    mutating func raise(to capacity: NodeCapacity) {
        let present = DeclaredHardware(capacity)
        milliCPU = max(milliCPU, present.milliCPU)
        memoryBytes = max(memoryBytes, present.memoryBytes)
        devices = max(devices, present.devices)
    }

    /// A kernel or a firmware keeps some memory, and not always the same.
    private static let memoryTolerancePercent: Int64 = 5

    /// What is missing, for people; nil when all is there.
    func shortfall(of capacity: NodeCapacity) -> String? {
        let present = DeclaredHardware(capacity)
        var parts: [String] = []
        // A device that is there and has failed is given to nothing; that is no reason to leave the others idle.
        let listed = capacity.devices.count
        if listed < devices {
            parts.append("\(listed) of \(devices) devices (\(devices - listed) not there)")
        }
        if present.milliCPU < milliCPU {
            parts.append("\(present.milliCPU.thousandths) of \(milliCPU.thousandths) CPUs")
        }
        if present.memoryBytes < memoryBytes - memoryBytes / 100 * Self.memoryTolerancePercent {
            parts.append("\(present.memoryBytes >> 20) of \(memoryBytes >> 20) MiB of memory")
        }
        return parts.isEmpty ? nil : "unfit: " + parts.joined(separator: ", ")
    }
}

extension NodeRecord {
    /// Why it cannot hold what it is taken to hold; nil when it can.
    var shortfall: String? { declared.flatMap { $0.shortfall(of: capacity) } }
}

extension Int64 {
    /// A count in thousandths: whole, or with all three digits.
    var thousandths: String {
        let rest = self % 1_000
        return rest == 0 ? "\(self / 1_000)" : "\(self / 1_000).\(String(1_000 + abs(rest)).dropFirst())"
    }
}
