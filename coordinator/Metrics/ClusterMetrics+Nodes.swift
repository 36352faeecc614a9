import ClusterTypes
import CoordinatorCore
import Exposition
import ProtocolMessages

/// One family of a node, device or slot.
struct Series<Row: Sendable>: Sendable {
    var name: String
    var kind = Exposition.Kind.gauge
    var help: String
    /// nil: this row has none.
    var value: @Sendable (Row) -> Double?

    func write(_ rows: some Sequence<(Labels, Row)>, into exposition: inout Exposition) {
        exposition.begin(name, kind, help)
        for (labels, row) in rows { exposition.add(labels, value(row)) }
    }
}

/// One device of a node.
struct DeviceRow: Sendable {
    let capacity: DeviceCapacity
    let allocatedShares: UInt32
    /// nil where there is no fresh one.
    let sample: DeviceSample?
    let facts: DeviceFacts?
}

extension ClusterMetrics {
    func writeNodes(_ budget: SeriesBudget, into exposition: inout Exposition) {
        let rows = nodes.prefix(budget.statedNodes).map { ($0.labels, $0) }
        exposition.begin("mortise_node_info", .info, "What each node is.")
        for (labels, node) in rows {
            let record = node.record
            exposition.add(
                labels.adding("pool", record.pool).adding("address", record.address)
                    .adding("architecture", record.capacity.architecture.rawValue)
                    .adding("build", record.build), 1)
        }
        exposition.begin("mortise_node_state", .gauge, "1 for the state that each node is in.")
        for (labels, node) in rows {
            exposition.add(
                labels.adding("pool", node.record.pool).adding("state", node.record.state.rawValue), 1)
        }
        Self.beatAge.write(rows, into: &exposition)
        let detailed = rows.prefix(budget.detailedNodes)
        for series in Self.nodeSeries { series.write(detailed, into: &exposition) }
        writeDevices(detailed.map(\.1), into: &exposition)
    }

    private func writeDevices(_ nodes: [NodeRow], into exposition: inout Exposition) {
        var rows: [(Labels, DeviceRow)] = []
        for node in nodes {
            for position in node.record.capacity.devices.indices {
                rows.append((node.deviceLabels(position), node.device(position)))
            }
        }
        exposition.begin("mortise_device_health_info", .info, "How each device is, as its tool says.")
        for (labels, row) in rows {
            guard let facts = row.facts else { continue }
            exposition.add(labels.adding("health", facts.health.rawValue), 1)
        }
        for series in Self.deviceSeries { series.write(rows, into: &exposition) }
        exposition.begin(
            "mortise_device_memory_errors_total", .counter, "Memory errors since the driver was loaded.")
        for (labels, row) in rows {
            exposition.add(
                labels.adding("kind", "corrected"), row.sample?.correctedErrors.map { Double($0) })
            exposition.add(
                labels.adding("kind", "uncorrected"), row.sample?.uncorrectedErrors.map { Double($0) })
        }
    }

    func writeSlots(_ budget: SeriesBudget, into exposition: inout Exposition) {
        let rows = slots.rows.prefix(budget.slots).map { ($0.labels, $0) }
        for series in Self.slotSeries { series.write(rows, into: &exposition) }
    }

    // MARK: - Families

    static let beatAge = Series<NodeRow>(
        name: "mortise_node_beat_age_seconds", help: "Since the node's last heartbeat.",
        value: \.beatAgeSeconds)

    /// Of a node as it says itself, so of fresh heartbeats alone; but for what it has and has given.
    static let nodeSeries: [Series<NodeRow>] = [
        Series(name: "mortise_node_processors_usable", help: "Processors that slots may be given.") {
            Double($0.record.capacity.resources.milliCPU) / 1_000
        },
        Series(name: "mortise_node_processors_allocated", help: "Processors that slots have been given.") {
            Double($0.allocatedMilliCPU) / 1_000
        },
        Series(name: "mortise_node_memory_usable_bytes", help: "Memory that slots may be given.") {
            Double($0.record.capacity.resources.memoryBytes)
        },
        Series(name: "mortise_node_memory_allocated_bytes", help: "Memory that slots have been given.") {
            Double($0.allocatedMemoryBytes)
        },
        Series(name: "mortise_node_uptime_seconds", help: "Since the machine was started.") {
            $0.beat.flatMap { $0.uptimeSeconds > 0 ? Double($0.uptimeSeconds) : nil }
        },
        Series(name: "mortise_node_load_average", help: "Over a minute.") {
            $0.beat.map { Double($0.loadMilli) / 1_000 }
        },
        Series(
            name: "mortise_node_processor_utilization_ratio", help: "Busy part of the usable processors."
        ) {
            $0.beat.map { Double($0.processorPermille) / 1_000 }
        },
        Series(name: "mortise_node_memory_used_bytes", help: "Memory in use, caches excluded.") {
            $0.beat.map { Double($0.memoryUsedBytes) }
        },
        Series(name: "mortise_node_disk_available_bytes", help: "Free in the agent's file system.") {
            $0.beat.map { Double($0.diskAvailableBytes) }
        },
        Series(name: "mortise_node_disk_read_bytes_per_second", help: "Read from all disks.") {
            $0.beat.map { Double($0.rates.diskReadBytes) }
        },
        Series(name: "mortise_node_disk_write_bytes_per_second", help: "Written to all disks.") {
            $0.beat.map { Double($0.rates.diskWriteBytes) }
        },
        Series(
            name: "mortise_node_network_receive_bytes_per_second",
            help: "Received by all interfaces but the loopback."
        ) {
            $0.beat.map { Double($0.rates.networkReceiveBytes) }
        },
        Series(
            name: "mortise_node_network_send_bytes_per_second",
            help: "Sent by all interfaces but the loopback."
        ) {
            $0.beat.map { Double($0.rates.networkSendBytes) }
        },
        Series(name: "mortise_node_slots_running", help: "Slots that have processes, as the node says.") {
            $0.beat.map { Double($0.runningSlots) }
        },
    ]

    static let deviceSeries: [Series<DeviceRow>] = [
        Series(name: "mortise_device_usable", help: "1 where it may be given to work, else 0.") {
            $0.capacity.isUsable ? 1 : 0
        },
        Series(name: "mortise_device_allocated_ratio", help: "Part of it that slots have been given.") {
            Double($0.allocatedShares) / 1_000
        },
        Series(name: "mortise_device_memory_total_bytes", help: "Memory of the device.") {
            $0.capacity.memoryBytes > 0 ? Double($0.capacity.memoryBytes) : nil
        },
        Series(name: "mortise_device_memory_used_bytes", help: "Memory in use.") {
            $0.sample?.memoryUsedBytes.map { Double($0) }
        },
        Series(name: "mortise_device_utilization_ratio", help: "Busy part of the time.") {
            $0.sample?.utilizationPercent.map { Double($0) / 100 }
        },
        Series(name: "mortise_device_temperature_celsius", help: "Temperature.") {
            $0.sample?.temperatureCelsius.map { Double($0) }
        },
        Series(name: "mortise_device_power_watts", help: "Power draw.") {
            $0.sample?.powerMilliwatts.map { Double($0) / 1_000 }
        },
        Series(name: "mortise_device_clock_hertz", help: "Clock of its processing units.") {
            $0.sample?.clockMegahertz.map { Double($0) * 1e6 }
        },
    ]

    static let slotSeries: [Series<SlotTotals.Row>] = [
        Series(name: "mortise_slot_processors_used", help: "Processors that its processes keep busy.") {
            $0.sample.map { Double($0.milliCPU) / 1_000 }
        },
        Series(name: "mortise_slot_memory_used_bytes", help: "Resident memory of its processes.") {
            $0.sample.map { Double($0.memoryBytes) }
        },
        Series(
            name: "mortise_slot_device_utilization_ratio", help: "Mean busy part of its devices' time."
        ) {
            $0.sample?.devicePermille.map { Double($0) / 1_000 }
        },
    ]
}

extension NodeRow {
    /// Of a node's info, state and age.
    static let stateSeriesCount = 3
    /// At most so many more.
    var detailSeriesCount: Int {
        ClusterMetrics.nodeSeries.count + record.capacity.devices.count
            * (ClusterMetrics.deviceSeries.count + 3)
    }

    func device(_ position: Int) -> DeviceRow {
        DeviceRow(
            capacity: record.capacity.devices[position], allocatedShares: allocatedShares[position],
            sample: sample(position), facts: fact(position))
    }

    func deviceLabels(_ position: Int) -> Labels {
        let facts = fact(position)
        return labels.adding("device", String(position)).adding("uuid", facts?.uuid)
            .adding("vendor", facts?.vendor).adding("model", record.capacity.devices[position].model)
    }
}

extension SlotTotals {
    /// At most so many of one slot.
    static var seriesCount: Int { ClusterMetrics.slotSeries.count }
}
