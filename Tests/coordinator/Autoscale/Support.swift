import ClusterTypes
import CoordinatorAutoscale
import CoordinatorPlacement

/// A pool whose nodes have so many CPUs and GPUs.
func pool(
    _ name: String, cpus: Int = 16, gpus: Int = 0, max: Int = 10, price: Double = 1,
    launcher: String? = "exec"
) -> ScalingPool {
    var pool = ScalingPool(
        name: name, launcher: launcher, template: place(0, in: name, cpus: cpus, gpus: gpus),
        startUp: .seconds(180), limits: PoolLimits(max: max))
    pool.pricePerHour = price
    return pool
}

func place(_ number: Int, in pool: String, cpus: Int = 16, gpus: Int = 0) -> PlacementNode {
    let resources = Resources(milliCPU: Int64(cpus) * 1_000)
    let devices = (0..<gpus).map { _ in
        DeviceCapacity(type: .gpu, model: "NVIDIA A100", memoryBytes: 80 << 30)
    }
    return PlacementNode(
        node: NodeID(UInt64(number) + 1), name: "\(pool)-\(number)", pool: pool,
        capacity: NodeCapacity(resources: resources, devices: devices), free: resources,
        freeShares: devices.map { _ in wholeDeviceShares }, credits: 100)
}

/// A node that is idle since then, or has so many slots of one CPU.
func node(
    _ number: Int, in pool: String, cpus: Int = 16, gpus: Int = 0, busy: Int = 0, idleSince: Int? = nil
) -> ScalingNode {
    var place = place(number, in: pool, cpus: cpus, gpus: gpus)
    place.free.milliCPU -= Int64(busy) * 1_000
    return ScalingNode(place, upSince: .epoch, idleSince: idleSince.map(at))
}

func at(_ seconds: Int) -> Instant { Instant(microseconds: Int64(seconds) * 1_000_000) }

func waiting(
    _ slots: Int, gpus: UInt32 = 0, gang: Bool = false, constraints: [Constraint] = []
) -> ScalingDemand {
    let devices = gpus > 0 ? DeviceRequest(type: .gpu, count: gpus) : nil
    let demand = PlacementDemand(request: ResourceRequest(devices: devices), constraints: constraints)
    return ScalingDemand(name: "job 1", [demand], slots: slots, isGang: gang)
}

func snapshot(_ seconds: Int, _ pools: [ScalingPool], _ demands: [ScalingDemand] = []) -> ScalingSnapshot {
    var snapshot = ScalingSnapshot(now: at(seconds), pools: pools)
    snapshot.demands = demands
    return snapshot
}

extension ScalingPlan {
    func launched(_ pool: String) -> Int { launches.filter { $0.pool == pool }.reduce(0) { $0 + $1.count } }
}
