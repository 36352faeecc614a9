import ClusterTypes
import CoordinatorPlacement

/// Who has what of the cluster: virtual clusters, what counts against their quotas, and who had how much lately.
struct Sharing: Sendable {
    /// What is counted: of a virtual cluster's users together (nil), or of one.
    struct Counter: Hashable {
        var virtualCluster: String
        var user: String?
        var key: DeviceTypeKey
    }

    /// By name.
    var virtualClusters = OrderedTable<String, VirtualClusterRecord>()
    /// In 1/1000 of a device or core, of placed slots that are not preemptible; no zeros.
    private(set) var used = OrderedTable<Counter, Int64>()
    var fairShare = FairShare()
    /// All that nodes have that are not released, in service or not.
    var cluster = HeldAmounts.none
    /// Placed slots that may have what is idle.
    private(set) var preemptibleSlots = 0
    /// When the usage was written last.
    var usageWrittenAt: Instant

    init(at now: Instant) { usageWrittenAt = now }

    func used(of key: DeviceTypeKey, in virtualCluster: String, by user: String? = nil) -> Int64 {
        used[Counter(virtualCluster: virtualCluster, user: user, key: key)] ?? 0
    }

    mutating func add(_ charge: Charge, at now: Instant) { change(by: charge, times: 1, at: now) }
    mutating func remove(_ charge: Charge, at now: Instant) { change(by: charge, times: -1, at: now) }

    /// Of a node that offers this now.
    mutating func noteCapacity(_ capacity: NodeCapacity, insteadOf former: NodeCapacity) {
        cluster += HeldAmounts(capacity) - HeldAmounts(former)
    }

    private mutating func change(by charge: Charge, times sign: Int64, at now: Instant) {
        if charge.isPreemptible { preemptibleSlots += Int(sign) }
        fairShare.note(
            sign > 0 ? charge.held : .none - charge.held, by: charge.user, in: charge.virtualCluster, at: now)
        guard let name = charge.virtualCluster, !charge.isPreemptible else { return }
        for (key, amount) in charge.amounts {
            for user in [nil, charge.user] {
                let counter = Counter(virtualCluster: name, user: user, key: key)
                let sum = (used[counter] ?? 0) + sign * amount
                used[counter] = sum == 0 ? nil : sum
            }
        }
    }
}

/// What one placed slot has: noted when it is placed, so that the same is given back, whatever its node has then.
struct Charge: Sendable {
    var user: String
    var virtualCluster: String?
    var isPreemptible: Bool
    var held: HeldAmounts
    /// In 1/1000, each key once.
    var amounts: [(key: DeviceTypeKey, amount: Int64)] = []

    init(_ slot: SlotRecord, of job: JobRecord, on node: NodeRecord) {
        let specification = job.specification
        let request = specification.request(slot.alternative)
        let wanted = request.resources
        user = job.submitter
        virtualCluster = specification.placement.virtualCluster
        isPreemptible = specification.placement.isPreemptible
        held = HeldAmounts(
            milliCPU: wanted.milliCPU, memoryMebibytes: wanted.memoryBytes >> 20,
            deviceShares: slot.devices.reduce(0) { $0 + Int64($1.shares) })
        guard virtualCluster != nil || isPreemptible else { return }
        add(wanted.milliCPU, of: .processors)
        for grant in slot.devices {
            let position = Int(grant.device)
            let devices = node.capacity.devices
            // One that its node does not list any more is of the type that was asked for.
            let device =
                position < devices.count
                ? devices[position]
                : request.devices.map {
                    DeviceCapacity(type: $0.type, model: "", memoryBytes: 0)
                }
            guard let device else { continue }
            add(Int64(grant.shares), of: DeviceTypeKey(device, node.capacity.architecture))
        }
    }

    private mutating func add(_ amount: Int64, of key: DeviceTypeKey) {
        guard amount > 0 else { return }
        if let position = amounts.firstIndex(where: { $0.key == key }) {
            amounts[position].amount += amount
        } else {
            amounts.append((key, amount))
        }
    }
}

extension HeldAmounts {
    init(_ capacity: NodeCapacity) {
        self.init(
            milliCPU: capacity.resources.milliCPU, memoryMebibytes: capacity.resources.memoryBytes >> 20,
            deviceShares: Int64(capacity.devices.count) * Int64(wholeDeviceShares))
    }
}
