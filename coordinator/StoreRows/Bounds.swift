import ClusterTypes
import CoordinatorCore
import ProtocolMessages

// Within which a coordinator can calculate with what it reads. What Mortise writes is far within; a row that was
// changed by hand may hold anything, and must not end the coordinator that starts from it.

extension Instant {
    var isWithinBounds: Bool {
        (-ProtocolLimits.latestMicroseconds...ProtocolLimits.latestMicroseconds).contains(microseconds)
    }
}

extension Resources {
    var isWithinBounds: Bool {
        let amounts = 0...ProtocolLimits.amountBytes
        return amounts.contains(milliCPU) && amounts.contains(memoryBytes) && amounts.contains(diskBytes)
    }
}

extension NodeCapacity {
    var isWithinBounds: Bool {
        resources.isWithinBounds && devices.count <= ProtocolLimits.devicesPerNode
            && memoryNodes?.isWithinBounds != false
    }
}

extension [MemoryNodeCapacity] {
    /// As many processors as are read from a machine.
    var isWithinBounds: Bool { count <= 1_024 && allSatisfy { (0...65_536_000).contains($0.milliCPU) } }
}

extension JobSpecification {
    var isWithinBounds: Bool {
        resources.isWithinBounds && placement.isWithinBounds && array?.step != 0
    }
}

extension ResourceRequest {
    var isWithinBounds: Bool { resources.isWithinBounds && counted.count <= ProtocolLimits.labelsPerNode }
}

extension PlacementRules {
    /// Each alternative is tried on each node; rates and counts are divided by.
    var isWithinBounds: Bool {
        alternatives.count <= 64 && alternatives.allSatisfy(\.isWithinBounds) && slotsPerNode != 0
            && startsPerMinute != 0
    }
}

extension Quarantine {
    /// The next period is twice as long.
    var isWithinBounds: Bool { until?.isWithinBounds != false && periodSeconds <= .max / 2 }
}

extension DeviceQuarantine {
    var isWithinBounds: Bool { device < ProtocolLimits.devicesPerNode && quarantine.isWithinBounds }
}

extension TaskCounts {
    var isWithinBounds: Bool {
        [running, succeeded, failed, canceled].reduce(UInt64(ready)) { $0 + UInt64($1) } <= UInt32.max
    }
}
