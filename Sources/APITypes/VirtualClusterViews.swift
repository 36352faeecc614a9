/// A part of the cluster that jobs are counted against. Types are written `nvidia_gpu_amd64`, or `cpu` for whole cores.
package struct VirtualClusterView: Codable, Sendable, Hashable {
    package var name: String
    package var weight: UInt32
    /// Whole devices or cores by type.
    package var quotas: [String: UInt32]
    /// What each of its users may have of them.
    package var userQuotas: [String: UInt32]
    package var createdAt: String
    /// By name of the type.
    package var types: [VirtualClusterTypeView]
    /// What it had lately: 60 is the whole cluster for a minute; half of it is forgotten in a day.
    package var usageSeconds: Double
    /// Those who have or had something lately, by name.
    package var users: [VirtualClusterUserView]

    package init(
        name: String, weight: UInt32, quotas: [String: UInt32], userQuotas: [String: UInt32],
        createdAt: String, types: [VirtualClusterTypeView] = [], usageSeconds: Double = 0,
        users: [VirtualClusterUserView] = []
    ) {
        self.name = name
        self.weight = weight
        self.quotas = quotas
        self.userQuotas = userQuotas
        self.createdAt = createdAt
        self.types = types
        self.usageSeconds = usageSeconds
        self.users = users
    }
}

/// Where `used` is not above `total`, `used + available + unschedulable` is `total`.
package struct VirtualClusterTypeView: Codable, Sendable, Hashable {
    package var type: String
    /// The quota; 0 where there is none.
    package var total: UInt32
    /// By slots that are not preemptible; a part counts as a whole one.
    package var used: UInt32
    package var available: UInt32
    package var unschedulable: UInt32

    package init(type: String, total: UInt32, used: UInt32, available: UInt32, unschedulable: UInt32) {
        self.type = type
        self.total = total
        self.used = used
        self.available = available
        self.unschedulable = unschedulable
    }
}

package struct VirtualClusterUserView: Codable, Sendable, Hashable {
    package var user: String
    /// By type.
    package var used: [String: UInt32]
    package var usageSeconds: Double

    package init(user: String, used: [String: UInt32], usageSeconds: Double) {
        self.user = user
        self.used = used
        self.usageSeconds = usageSeconds
    }
}

/// `PUT /v1/virtual-clusters/{name}`: all that it says from now on.
package struct VirtualClusterRequest: Codable, Sendable, Hashable {
    /// A type of device that is not named is not its to use; without `cpu` its CPUs have no limit.
    package var quotas: [String: UInt32]
    /// Left out: none.
    package var userQuotas: [String: UInt32]?
    /// 1...1000; left out: 1.
    package var weight: UInt32?

    package init(quotas: [String: UInt32], userQuotas: [String: UInt32]? = nil, weight: UInt32? = nil) {
        self.quotas = quotas
        self.userQuotas = userQuotas
        self.weight = weight
    }
}
