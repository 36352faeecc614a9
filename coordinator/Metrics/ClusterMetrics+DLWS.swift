import ClusterTypes
import CoordinatorCore
import Exposition
import ProtocolMessages

// The names of DLWS's exporters, for dashboards and alerts that ask for them; docs/metrics.md has the table. Percents are
// 0...100 there. `node`, `node_id` and `device` are ours: one exporter speaks for all nodes here.
extension ClusterMetrics {
    func writeDLWS(_ budget: SeriesBudget, into exposition: inout Exposition) {
        exposition.begin("configured_gpu_count", .gauge, "Devices of the cluster's nodes.")
        exposition.add(Double(nodes.reduce(0) { $0 + $1.record.capacity.devices.count }))
        writeDLWSVirtualClusters(into: &exposition)
        guard options.hasNodes else { return }
        writeDLWSNodes(nodes.prefix(budget.statedNodes), into: &exposition)
        writeDLWSDevices(nodes.prefix(budget.detailedNodes), into: &exposition)
        writeDLWSTasks(slots.rows.prefix(budget.slots), into: &exposition)
    }

    // MARK: - watchdog

    private func writeDLWSNodes(_ nodes: ArraySlice<NodeRow>, into exposition: inout Exposition) {
        exposition.begin("pai_node_count", .gauge, "1 for each node, with how it is.")
        for node in nodes {
            let record = node.record
            exposition.add(
                Labels(
                    ("name", record.name), ("node_id", record.node.description),
                    ("disk_pressure", "unknown"), ("memory_pressure", "unknown"), ("out_of_disk", "unknown"),
                    ("ready", "\(record.state.isThere && record.state != .suspect)"),
                    ("unschedulable", "\(record.isCordoned || record.isDraining)"),
                    (
                        "deviceType",
                        record.capacity.devices.first.map { Self.deviceType($0, node.fact(0)) } ?? ""
                    )),
                1)
        }
        let rows = nodes.flatMap { node in Self.deviceGroups(of: node) }
        for series in Self.deviceCounts { series.write(rows, into: &exposition) }
    }

    /// Devices of one type and model on one node.
    private struct DeviceGroup: Sendable {
        var total = 0.0
        var allocatable = 0.0
        var used = 0.0
        /// It is given new work.
        var isOpen: Bool
    }

    private static func deviceGroups(of node: NodeRow) -> [(Labels, DeviceGroup)] {
        var groups = OrderedTable<String, (labels: Labels, group: DeviceGroup)>()
        for (position, device) in node.record.capacity.devices.enumerated() {
            let type = deviceType(device, node.fact(position))
            let key = type + "\n" + device.model
            var entry =
                groups[key]
                ?? (
                    Labels(
                        ("host_ip", node.record.address), ("node_id", node.record.node.description),
                        ("device_type", type), ("device_str", device.model)),
                    DeviceGroup(isOpen: node.record.state == .ready && !node.record.isCordoned)
                )
            entry.group.total += 1
            if device.isUsable { entry.group.allocatable += 1 }
            entry.group.used += Double(node.allocatedShares[position]) / 1_000
            groups[key] = entry
        }
        return groups.keys.compactMap { groups[$0].map { ($0.labels, $0.group) } }
    }

    private static let deviceCounts: [Series<DeviceGroup>] = [
        Series(name: "k8s_node_device_total", help: "Devices of the node.") { $0.total },
        Series(name: "k8s_node_device_allocatable", help: "Those that may be given to work.") {
            $0.allocatable
        },
        Series(name: "k8s_node_device_reserved", help: "Those that may not.") { $0.total - $0.allocatable },
        Series(name: "k8s_node_device_used", help: "Those that work has been given.") { $0.used },
        Series(name: "k8s_node_device_available", help: "Free ones; 0 where the node takes no new work.") {
            $0.isOpen ? max(0, $0.allocatable - $0.used) : 0
        },
    ]

    /// As its device plugin names it.
    private static func deviceType(_ device: DeviceCapacity, _ facts: DeviceFacts?) -> String {
        switch facts?.vendor {
        case "nvidia": "nvidia.com/gpu"
        case "huawei": "npu.huawei.com/NPU"
        case let vendor?: "\(vendor)/\(device.type.rawValue)"
        case nil: device.type.rawValue
        }
    }

    // MARK: - job-exporter

    private func writeDLWSDevices(_ nodes: ArraySlice<NodeRow>, into exposition: inout Exposition) {
        var gpus: [(Labels, DeviceRow)] = []
        var npus: [(Labels, DeviceRow)] = []
        for node in nodes {
            for position in node.record.capacity.devices.indices {
                let row = node.device(position)
                guard let facts = row.facts else { continue }
                let labels = node.labels.adding("device", "\(position)")
                    .adding("minor_number", "\(facts.index)").adding("uuid", facts.uuid)
                if facts.vendor == "nvidia" { gpus.append((labels, row)) }
                if facts.vendor == "huawei" { npus.append((labels, row)) }
            }
        }
        for series in Self.gpuSeries { series.write(gpus, into: &exposition) }
        exposition.begin("nvidiasmi_ecc_error_count", .gauge, "Memory errors since the driver was loaded.")
        for (labels, row) in gpus {
            exposition.add(
                labels.adding("type", "volatile_single"), row.sample?.correctedErrors.map { Double($0) })
            exposition.add(
                labels.adding("type", "volatile_double"), row.sample?.uncorrectedErrors.map { Double($0) })
        }
        for series in Self.npuSeries { series.write(npus, into: &exposition) }
    }

    private static let gpuSeries: [Series<DeviceRow>] = [
        Series(
            name: "nvidiasmi_utilization_gpu", help: "Busy part of the time, in percent.", value: \.percent),
        Series(name: "nvidiasmi_temperature", help: "Degrees Celsius.", value: \.celsius),
    ]

    private static let npuSeries: [Series<DeviceRow>] = [
        Series(
            name: "huaweismi_utilization_npu", help: "Busy part of the time, in percent.", value: \.percent),
        Series(
            name: "huaweismi_utilization_memory", help: "Memory in use, in percent.", value: \.memoryPercent),
        Series(name: "huaweismi_temperature", help: "Degrees Celsius.", value: \.celsius),
    ]

    private func writeDLWSTasks(_ slots: ArraySlice<SlotTotals.Row>, into exposition: inout Exposition) {
        let rows = slots.map { ($0.dlwsLabels(pool: nodes[$0.node].record.pool), $0) }
        for series in Self.taskSeries { series.write(rows, into: &exposition) }
        var devices: [(Labels, DeviceRow)] = []
        for (labels, slot) in rows {
            let node = nodes[slot.node]
            for grant in slot.slot.devices where Int(grant.device) < node.record.capacity.devices.count {
                let row = node.device(Int(grant.device))
                devices.append(
                    (
                        labels.adding("minor_number", (row.facts?.index).map { "\($0)" })
                            .adding("uuid", row.facts?.uuid ?? "\(grant.device)")
                            .adding("device_type", Self.deviceType(row.capacity, row.facts))
                            .adding("device_str", row.capacity.model), row
                    ))
            }
        }
        for series in Self.taskDeviceSeries { series.write(devices, into: &exposition) }
    }

    private static let taskSeries: [Series<SlotTotals.Row>] = [
        Series(name: "task_cpu_percent", help: "100 for each busy processor.") {
            $0.sample.map { Double($0.milliCPU) / 10 }
        },
        Series(name: "task_mem_usage_byte", help: "Resident memory.") {
            $0.sample.map { Double($0.memoryBytes) }
        },
    ]

    private static let taskDeviceSeries: [Series<DeviceRow>] = [
        Series(
            name: "task_device_percent", help: "Busy part of its device's time, in percent.", value: \.percent
        ),
        Series(
            name: "task_device_mem_percent", help: "Its device's memory in use, in percent.",
            value: \.memoryPercent),
    ]
}

extension DeviceRow {
    fileprivate var percent: Double? { sample?.utilizationPercent.map { Double($0) } }
    fileprivate var celsius: Double? { sample?.temperatureCelsius.map { Double($0) } }
    fileprivate var memoryPercent: Double? {
        guard capacity.memoryBytes > 0, let used = sample?.memoryUsedBytes else { return nil }
        return Double(used) / Double(capacity.memoryBytes) * 100
    }
}

extension SlotTotals.Row {
    fileprivate func dlwsLabels(pool: String) -> Labels {
        Labels(
            ("username", job?.submitter ?? ""), ("job_name", job?.specification.app ?? ""),
            ("role_name", job?.specification.job ?? ""), ("task_index", slot.slot.description),
            ("pod_name", "slot-\(slot.slot)"), ("user_email", ""),
            ("vc_name", job?.specification.placement.virtualCluster ?? pool))
    }
}
