package import ClusterTypes

/// The machines that a file names, in its order.
package struct HostInventory: Sendable, Hashable {
    /// As many as a pool can have nodes.
    package static let hostLimit = 20_000

    package var hosts: [InventoryHost]

    package init(hosts: [InventoryHost] = []) { self.hosts = hosts }

    /// The names by which hosts can be chosen, sorted: those of their groups and roles.
    package var groups: [String] { Set(hosts.flatMap(\.allGroups)).sorted() }

    /// The hosts that are in one of the groups or have one of the roles.
    package func hosts(in groups: [String]) -> [InventoryHost] {
        hosts.filter { $0.allGroups.contains(where: groups.contains) }
    }
}

/// One machine of an inventory.
package struct InventoryHost: Sendable, Hashable {
    package enum Role: String, Sendable, CaseIterable {
        /// The services of the cluster run there. An inventory has one at most.
        case head
        case compute
    }

    /// Letters, digits and `. _ -`, at most 60.
    package var name: String
    /// How it is reached: an address, or a name that ssh or DNS knows; nil: by the host's own name.
    package var address: String?
    package var user: String?
    /// Of ssh.
    package var port: UInt16?
    package var role: Role?
    /// Sorted, each once.
    package var groups: [String] = []
    /// Of its node.
    package var labels: [String: String] = [:]
    /// Variables of its agent. No secrets.
    package var environment: [String: String] = [:]
    package var hardware = DeclaredHardware()

    package init(_ name: String, address: String? = nil) {
        self.name = name
        self.address = address
    }

    var allGroups: [String] { groups + [role?.rawValue].compactMap(\.self) }
}

/// What somebody wrote down about a machine. Its agent measures what is there.
package struct DeclaredHardware: Sendable, Hashable {
    package struct Devices: Sendable, Hashable {
        package var type: DeviceType
        /// At least 1.
        package var count: Int
        package var model: String?
        package var vendor: String?
        /// Of each.
        package var memoryBytes: Int64?

        package init(type: DeviceType, count: Int, model: String? = nil) {
            self.type = type
            self.count = count
            self.model = model
        }
    }

    /// In 1/1000 of a core.
    package var milliCPU: Int64?
    package var memoryBytes: Int64?
    package var diskBytes: Int64?
    package var devices: [Devices] = []

    package init() {}
}

/// The forms in which inventories are read.
package enum InventoryForm: String, Sendable, CaseIterable {
    /// Mortise's own.
    case yaml
    /// A cluster file of Scalebox.
    case scalebox
    /// `hosts.json` of st-kilda-pier.
    case stKildaPier = "st-kilda-pier"
    /// `hosts.json` of the Hybrid Cloud scripts.
    case hybridCloud = "hybrid-cloud"
    /// `/etc/hosts`.
    case hosts
    /// `NodeName=` lines of `slurm.conf`.
    case slurm
    /// Ansible's YAML.
    case ansible
    /// Ansible's INI.
    case ansibleINI = "ansible-ini"
}
