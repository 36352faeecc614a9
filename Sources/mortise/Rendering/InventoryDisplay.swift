import APITypes
import ClusterTypes
import Inventory
import Terminal

/// A row of `inventory show`.
struct InventoryHostDisplay: ListDisplayable {
    let host: InventoryHost

    static let columns = [
        Table.Column("name"), Table.Column("address", isElastic: true), Table.Column("user"),
        Table.Column("port", .right), Table.Column("role"), Table.Column("groups", isElastic: true),
        Table.Column("cpus", .right), Table.Column("memory", .right),
        Table.Column("devices", isElastic: true), Table.Column("labels", isElastic: true),
    ]

    var cells: [Cell] {
        let hardware = host.hardware
        return [
            Cell(host.name), Cell(optional: host.address), Cell(optional: host.user),
            Cell(optional: host.port?.description), Cell(optional: host.role?.rawValue),
            Cell(optional: host.groups.joined(separator: ", ")),
            Cell(optional: hardware.milliCPU.map(HumanUnits.thousandths)),
            Cell(optional: hardware.memoryBytes.map(HumanUnits.bytes)),
            Cell(optional: hardware.devices.map(Self.text).joined(separator: ", ")),
            Cell(
                optional: host.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                    .joined(separator: ", ")),
        ]
    }

    var quietText: String { host.name }

    private static func text(_ devices: DeclaredHardware.Devices) -> String {
        "\(devices.count) \(devices.model ?? devices.type.rawValue)"
    }
}

/// The JSON of `inventory show`.
struct InventoryView: Encodable {
    struct Host: Encodable {
        struct Devices: Encodable {
            let type: DeviceType
            let count: Int
            let model: String?
            let vendor: String?
            let memoryBytes: Int64?
        }

        let name: String
        let address: String?
        let user: String?
        let port: UInt16?
        let role: String?
        let groups: [String]
        let labels: [String: String]
        let environment: [String: String]
        let milliCPU: Int64?
        let memoryBytes: Int64?
        let diskBytes: Int64?
        let devices: [Devices]
    }

    let form: String
    let hosts: [Host]

    init(_ file: InventoryFile) {
        form = file.form.rawValue
        hosts = file.inventory.hosts.map { host in
            Host(
                name: host.name, address: host.address, user: host.user, port: host.port,
                role: host.role?.rawValue, groups: host.groups, labels: host.labels,
                environment: host.environment, milliCPU: host.hardware.milliCPU,
                memoryBytes: host.hardware.memoryBytes, diskBytes: host.hardware.diskBytes,
                devices: host.hardware.devices.map {
                    Host.Devices(
                        type: $0.type, count: $0.count, model: $0.model, vendor: $0.vendor,
                        memoryBytes: $0.memoryBytes)
                })
        }
    }
}

/// The nodes of a cluster as an inventory: pools are groups.
enum NodeInventory {
    /// - Parameter isByMachine: nodes that share an address are one host.
    /// - Returns: the hosts, and which nodes are left out.
    static func hosts(of nodes: [NodeView], isByMachine: Bool) -> (hosts: [InventoryHost], left: [String]) {
        var hosts: [InventoryHost] = []
        var left: [String] = []
        var names: [String: String] = [:]
        for node in nodes {
            var host = InventoryHost(node.name, address: node.address.isEmpty ? nil : node.address)
            host.groups = [node.pool]
            for text in node.labels {
                if let label = Label(parsing: text) { host.labels[label.key] = label.value }
            }
            host.hardware.milliCPU = node.capacity.resources.milliCPU
            host.hardware.memoryBytes = node.capacity.resources.memoryBytes
            host.hardware.diskBytes = node.capacity.resources.diskBytes
            host.hardware.devices = devices(node.capacity.devices)
            if !HostCheck.faults(of: host).isEmpty {
                left.append("node '\(node.name)' has a name that no host can have; it is left out")
            } else if isByMachine, let other = names[node.address] {
                left.append(
                    "node '\(node.name)' has the address of '\(other)', \(node.address); it is left out")
            } else {
                hosts.append(host)
                if !node.address.isEmpty { names[node.address] = node.name }
            }
        }
        return (hosts, left)
    }

    /// Those that are alike are counted, in the order in which the first of them stands.
    private static func devices(_ devices: [DeviceCapacity]) -> [DeclaredHardware.Devices] {
        var kinds: [DeclaredHardware.Devices] = []
        for device in devices {
            var kind = DeclaredHardware.Devices(type: device.type, count: 1, model: device.model)
            kind.vendor = device.vendor
            if device.memoryBytes > 0 { kind.memoryBytes = device.memoryBytes }
            let same = kinds.firstIndex { known in
                var known = known
                known.count = 1
                return known == kind
            }
            if let same { kinds[same].count += 1 } else { kinds.append(kind) }
        }
        return kinds
    }
}
