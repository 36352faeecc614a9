import APITypes
import ClusterTypes
import Terminal

/// A row of `node list`, or all of `node show`.
struct NodeDisplay: ListDisplayable, DetailDisplayable {
    let view: NodeView
    let now: Instant

    static let columns = [
        Table.Column("node", .right), Table.Column("name", isElastic: true),
        Table.Column("pool", isElastic: true),
        Table.Column("state"), Table.Column("arch"), Table.Column("cpus", .right),
        Table.Column("memory", .right), Table.Column("devices", isElastic: true),
        Table.Column("slots", .right),
        Table.Column("load", .right), Table.Column("ends in", .right), Table.Column("since", .right),
        Table.Column("reason", isElastic: true),
    ]

    var cells: [Cell] {
        let resources = view.capacity.resources
        return [
            Cell("\(view.node)"), Cell(view.name), Cell(view.pool),
            Cell(view.state.rawValue, view.state.style),
            Cell(view.capacity.architecture.rawValue), Cell(HumanUnits.thousandths(resources.milliCPU)),
            Cell(HumanUnits.bytes(resources.memoryBytes)),
            Cell(optional: NodeDisplay.devices(view.capacity.devices)),
            Cell(optional: view.load.map { "\($0.runningSlots)" }),
            Cell(optional: view.load.map { NodeDisplay.hundredths($0.loadAverage) }),
            Cell(Timestamp.rest(view.endsAt, now: now)), Cell(Timestamp.age(view.since, now: now)),
            Cell(optional: view.reason),
        ]
    }

    var quietText: String { view.name }

    var details: [(name: String, value: Cell)] {
        let resources = view.capacity.resources
        var details: [(name: String, value: Cell)] = [
            ("node", Cell("\(view.node)")), ("name", Cell(view.name)), ("pool", Cell(view.pool)),
            ("state", Cell(view.state.rawValue, view.state.style)), ("reason", Cell(optional: view.reason)),
            ("since", Cell(Timestamp.dated(view.since, now: now))), ("address", Cell(optional: view.address)),
            ("build", Cell(optional: view.build)),
            ("labels", Cell(optional: view.labels.joined(separator: ", "))),
            ("arch", Cell(view.capacity.architecture.rawValue)),
            (
                "offers",
                Cell(
                    "\(HumanUnits.thousandths(resources.milliCPU)) cpus, \(HumanUnits.bytes(resources.memoryBytes)) "
                        + "memory, \(HumanUnits.bytes(resources.diskBytes)) disk")
            ),
            ("devices", Cell(optional: NodeDisplay.devices(view.capacity.devices))),
        ]
        if let endsAt = view.endsAt {
            details.append(
                (
                    "ends",
                    Cell("\(Timestamp.date(endsAt)) (in \(Timestamp.rest(endsAt, now: now)))", .warning)
                ))
        }
        if let load = view.load {
            details += [
                ("load", Cell(NodeDisplay.hundredths(load.loadAverage))),
                ("cpu use", Cell("\(NodeDisplay.hundredths(load.processorPercent)) %")),
                ("memory use", Cell(HumanUnits.bytes(load.memoryUsedBytes))),
                ("slots", Cell("\(load.runningSlots) running")),
                ("heartbeat", Cell(Timestamp.dated(load.at, now: now))),
            ]
        }
        if let hardware = view.hardware { details += HardwareDisplay.details(hardware) }
        return details
    }

    /// `2 × NVIDIA A100 (1 unusable), 1 × 910B`: in the order of their first device.
    static func devices(_ devices: [DeviceCapacity]) -> String {
        var groups: [(model: String, count: Int, unusable: Int)] = []
        for device in devices {
            let position = groups.firstIndex { $0.model == device.model } ?? groups.count
            if position == groups.count { groups.append((device.model, 0, 0)) }
            groups[position].count += 1
            if !device.isUsable { groups[position].unusable += 1 }
        }
        return groups.map { group in
            "\(group.count) × \(group.model)" + (group.unusable > 0 ? " (\(group.unusable) unusable)" : "")
        }.joined(separator: ", ")
    }

    /// Two digits after the point.
    static func hundredths(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "-" }
        let hundredths = Int64((value * 100).rounded())
        let fraction = hundredths.magnitude % 100
        return
            "\(hundredths < 0 ? "-" : "")\(hundredths.magnitude / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }
}

/// What a live probe of a node found.
enum HardwareDisplay {
    static func details(_ hardware: HardwareView) -> [(name: String, value: Cell)] {
        var details: [(name: String, value: Cell)] = [
            ("hostname", Cell(hardware.hostname)),
            (
                "system",
                Cell(
                    "\(hardware.operatingSystem), kernel \(hardware.kernel), \(hardware.architecture.rawValue)"
                )
            ),
            ("container", Cell(optional: hardware.container)),
            (
                "processor",
                Cell(
                    "\(hardware.processorModel), \(HumanUnits.count(hardware.sockets, "socket")), "
                        + "\(HumanUnits.count(hardware.cores, "core")), \(HumanUnits.count(hardware.threads, "thread")), "
                        + "\(HumanUnits.thousandths(hardware.usableMilliCPU)) usable")
            ),
            (
                "memory",
                Cell(
                    "\(HumanUnits.bytes(hardware.memoryTotalBytes)) in all, "
                        + "\(HumanUnits.bytes(hardware.memoryAvailableBytes)) available"
                        + (hardware.memoryLimitBytes.map { ", limit \(HumanUnits.bytes($0))" } ?? ""))
            ),
            (
                "disk",
                Cell(
                    "\(hardware.diskPath): \(HumanUnits.bytes(hardware.diskTotalBytes)) in all, "
                        + "\(HumanUnits.bytes(hardware.diskAvailableBytes)) available")
            ),
            ("local address", Cell(hardware.localAddress)), ("advertised", Cell(hardware.advertisedAddress)),
        ]
        details += hardware.addressExplanation.map { ("", Cell($0, .faint)) }
        details += hardware.devices.map { device in
            ("\(device.type.rawValue) \(device.index)\(device.chip.map { ".\($0)" } ?? "")", cell(of: device))
        }
        details += hardware.tools.map { ("tool", Cell($0)) }
        return details
    }

    private static func cell(of device: HardwareView.Device) -> Cell {
        var parts = ["\(device.vendor) \(device.model)", device.health]
        if let reason = device.reason { parts.append(reason) }
        if let total = device.memoryTotalBytes {
            let used = device.memoryUsedBytes.map { "\(HumanUnits.bytes($0)) of " } ?? ""
            parts.append("\(used)\(HumanUnits.bytes(total)) memory")
        }
        if let percent = device.utilizationPercent { parts.append("\(percent) % busy") }
        if let celsius = device.temperatureCelsius { parts.append("\(celsius) °C") }
        if let watts = device.powerWatts { parts.append("\(NodeDisplay.hundredths(watts)) W") }
        if let uuid = device.uuid { parts.append(uuid) }
        if let busID = device.busID { parts.append(busID) }
        return Cell(parts.joined(separator: ", "), device.health == "healthy" ? .plain : .warning)
    }
}

extension NodeState {
    var style: CellStyle {
        switch self {
        case .ready: .good
        case .joining, .drained, .released: .faint
        case .suspect, .draining, .cordoned: .warning
        case .lost: .bad
        }
    }
}
