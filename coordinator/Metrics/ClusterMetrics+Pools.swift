import ClusterTypes
import CoordinatorCore
import Exposition
import ProtocolMessages

/// A kind of device in one pool.
private struct DeviceKind: Hashable, Comparable, Sendable {
    var pool: String
    var type: DeviceType
    var vendor: String
    var model: String

    static func < (left: Self, right: Self) -> Bool {
        (left.pool, left.type.rawValue, left.vendor, left.model)
            < (right.pool, right.type.rawValue, right.vendor, right.model)
    }

    var labels: Labels {
        Labels(("pool", pool), ("type", type.rawValue), ("vendor", vendor), ("model", model))
    }
}

private struct DeviceTotals: Sendable {
    var byHealth = [Int](repeating: 0, count: DeviceHealth.allCases.count)
    var usable = 0
    var allocatedShares: UInt64 = 0
}

private struct PoolTotals: Sendable {
    var byState = [Int](repeating: 0, count: NodeState.allCases.count)
    var milliCPU: Int64 = 0
    var memoryBytes: Int64 = 0
    var allocatedMilliCPU: Int64 = 0
    var allocatedMemoryBytes: Int64 = 0
}

// Sums, of bounded number: they are told whatever is turned off.
extension ClusterMetrics {
    func writePools(into exposition: inout Exposition) {
        var pools = OrderedTable<String, PoolTotals>()
        var devices = OrderedTable<DeviceKind, DeviceTotals>()
        for node in nodes {
            if !pools.contains(node.record.pool) { pools[node.record.pool] = PoolTotals() }
            pools[node.record.pool]?.add(node)
            guard node.record.state.isThere else { continue }
            for (position, device) in node.record.capacity.devices.enumerated() {
                let fact = node.fact(position)
                let kind = DeviceKind(
                    pool: node.record.pool, type: device.type, vendor: fact?.vendor ?? "",
                    model: device.model)
                if !devices.contains(kind) { devices[kind] = DeviceTotals() }
                devices[kind]?.add(
                    device, health: fact?.health ?? .unknown, shares: node.allocatedShares[position])
            }
        }
        write(pools, into: &exposition)
        write(devices, into: &exposition)
    }

    private func write(_ table: OrderedTable<String, PoolTotals>, into exposition: inout Exposition) {
        let pools = table.keys.sorted().map { ($0, table[$0] ?? PoolTotals()) }
        exposition.begin("mortise_nodes", .gauge, "Nodes by pool and state.")
        for (pool, totals) in pools {
            for (state, count) in zip(NodeState.allCases, totals.byState) where state != .released {
                exposition.add(Labels(("pool", pool), ("state", state.rawValue)), Double(count))
            }
        }
        let sums: [(name: String, help: String, value: (PoolTotals) -> Double)] = [
            ("processors_usable", "Processors of a pool's nodes.", { Double($0.milliCPU) / 1_000 }),
            (
                "processors_allocated", "Processors that slots have been given.",
                { Double($0.allocatedMilliCPU) / 1_000 }
            ),
            ("memory_usable_bytes", "Memory of a pool's nodes.", { Double($0.memoryBytes) }),
            (
                "memory_allocated_bytes", "Memory that slots have been given.",
                { Double($0.allocatedMemoryBytes) }
            ),
        ]
        for sum in sums {
            exposition.begin("mortise_pool_" + sum.name, .gauge, sum.help)
            for (pool, totals) in pools { exposition.add(Labels(("pool", pool)), sum.value(totals)) }
        }
    }

    private func write(_ table: OrderedTable<DeviceKind, DeviceTotals>, into exposition: inout Exposition) {
        let kinds = table.keys.sorted().map { ($0.labels, table[$0] ?? DeviceTotals()) }
        exposition.begin("mortise_devices", .gauge, "Devices of nodes that are there, by health.")
        for (labels, totals) in kinds {
            for (health, count) in zip(DeviceHealth.allCases, totals.byHealth) {
                exposition.add(labels.adding("health", health.rawValue), Double(count))
            }
        }
        exposition.begin("mortise_pool_devices_usable", .gauge, "Devices that may be given to work.")
        for (labels, totals) in kinds { exposition.add(labels, Double(totals.usable)) }
        exposition.begin(
            "mortise_pool_devices_allocated", .gauge,
            "Devices that slots have been given; shares are parts of 1.")
        for (labels, totals) in kinds { exposition.add(labels, Double(totals.allocatedShares) / 1_000) }
    }
}

extension PoolTotals {
    fileprivate mutating func add(_ node: NodeRow) {
        let state = node.record.state
        if let position = NodeState.allCases.firstIndex(of: state) { byState[position] += 1 }
        guard state.isThere else { return }
        milliCPU += node.record.capacity.resources.milliCPU
        memoryBytes += node.record.capacity.resources.memoryBytes
        allocatedMilliCPU += node.allocatedMilliCPU
        allocatedMemoryBytes += node.allocatedMemoryBytes
    }
}

extension DeviceTotals {
    fileprivate mutating func add(_ device: DeviceCapacity, health: DeviceHealth, shares: UInt32) {
        if let position = DeviceHealth.allCases.firstIndex(of: health) { byHealth[position] += 1 }
        if device.isUsable { usable += 1 }
        allocatedShares += UInt64(shares)
    }
}
