package import ClusterTypes
package import CoordinatorPlacement

/// So many whole devices (or cores) of one type.
package struct Quota: Hashable, Sendable {
    package var key: DeviceTypeKey
    package var count: UInt32

    package init(_ key: DeviceTypeKey, _ count: UInt32) {
        self.key = key
        self.count = count
    }

    /// nil when the name is no key of a device type.
    package init?(named name: String, _ count: UInt32) {
        guard let key = DeviceTypeKey(parsing: name) else { return nil }
        self.init(key, count)
    }

    package var name: String { key.description }

    /// Quotas are 0 to 1,000,000: more than any cluster has.
    package static let largest: UInt32 = 1_000_000
}

extension [Quota] {
    package subscript(key: DeviceTypeKey) -> UInt32? { first { $0.key == key }?.count }

    package var byName: [String: UInt32] { reduce(into: [:]) { $0[$1.name] = $1.count } }
}

/// A part of the cluster that jobs are counted against; it has no nodes of its own.
package struct VirtualClusterRecord: Hashable, Sendable {
    package var name: String
    /// Sorted by key, each once. A type of device that is not named is not its to use; without `cpu` its CPUs have no
    /// limit.
    package var quotas: [Quota]
    /// What each of its users may have of them; what is not named has no limit of its own.
    package var userQuotas: [Quota]
    /// It is due so many parts where others are due one. 1...1,000.
    package var weight: UInt32
    package var createdAt: Instant

    package init(
        name: String, quotas: [Quota] = [], userQuotas: [Quota] = [], weight: UInt32 = 1, createdAt: Instant
    ) {
        self.name = name
        self.quotas = quotas.sorted { $0.key < $1.key }
        self.userQuotas = userQuotas.sorted { $0.key < $1.key }
        self.weight = weight
        self.createdAt = createdAt
    }

    package static let weights: ClosedRange<UInt32> = 1...1_000
}

/// What one user has had lately, with less weight the longer ago it is.
package struct FairShareRecord: Hashable, Sendable {
    /// nil: of jobs without one.
    package var virtualCluster: String?
    package var user: String
    /// When it was so much.
    package var asOf: Instant
    package var milliCPUSeconds: Int64
    package var memoryMebibyteSeconds: Int64
    /// 1/1000 devices times seconds.
    package var deviceShareSeconds: Int64

    package init(
        virtualCluster: String?, user: String, asOf: Instant, milliCPUSeconds: Int64 = 0,
        memoryMebibyteSeconds: Int64 = 0, deviceShareSeconds: Int64 = 0
    ) {
        self.virtualCluster = virtualCluster
        self.user = user
        self.asOf = asOf
        self.milliCPUSeconds = milliCPUSeconds
        self.memoryMebibyteSeconds = memoryMebibyteSeconds
        self.deviceShareSeconds = deviceShareSeconds
    }

    init(_ usage: DecayedUsage, of user: String, in virtualCluster: String?, asOf: Instant) {
        self.init(
            virtualCluster: virtualCluster, user: user, asOf: asOf,
            milliCPUSeconds: Self.whole(usage.milliCPUSeconds),
            memoryMebibyteSeconds: Self.whole(usage.memoryMebibyteSeconds),
            deviceShareSeconds: Self.whole(usage.deviceShareSeconds))
    }

    /// A cluster of a million cores makes 10^14 in a day.
    private static func whole(_ amount: Double) -> Int64 { Int64(min(max(amount, 0), 1e18)) }

    var usage: DecayedUsage {
        DecayedUsage(
            milliCPUSeconds: Double(milliCPUSeconds), memoryMebibyteSeconds: Double(memoryMebibyteSeconds),
            deviceShareSeconds: Double(deviceShareSeconds))
    }
}

/// A virtual cluster as it stands now.
package struct VirtualClusterStatus: Hashable, Sendable {
    /// Whole devices or cores of one type; a part that is used counts as a whole one.
    package struct TypeShare: Hashable, Sendable {
        package var name: String
        package var total: UInt32
        package var used: UInt32
        package var available: UInt32
        package var unschedulable: UInt32

        package init(name: String, total: UInt32, used: UInt32, available: UInt32, unschedulable: UInt32) {
            self.name = name
            self.total = total
            self.used = used
            self.available = available
            self.unschedulable = unschedulable
        }

        init(_ key: DeviceTypeKey, _ share: VirtualClusterShares.Share) {
            self.init(
                name: key.description, total: share.total, used: share.used, available: share.available,
                unschedulable: share.unschedulable)
        }
    }

    package struct User: Hashable, Sendable {
        package var name: String
        package var used: [Quota]
        /// As of the virtual cluster.
        package var usageSeconds: Double

        package init(name: String, used: [Quota], usageSeconds: Double) {
            self.name = name
            self.used = used
            self.usageSeconds = usageSeconds
        }
    }

    package var record: VirtualClusterRecord
    /// By key: those with a quota, and those that something is used of.
    package var shares: [TypeShare]
    /// The largest of its shares of the cluster's CPUs, memory and devices, times seconds, decayed.
    package var usageSeconds: Double
    /// Those that have or had something lately, by name.
    package var users: [User]

    package init(
        record: VirtualClusterRecord, shares: [TypeShare], usageSeconds: Double, users: [User]
    ) {
        self.record = record
        self.shares = shares
        self.usageSeconds = usageSeconds
        self.users = users
    }
}
