package import ClusterTypes

/// Why a node does not take a slot. Ordered from what will never change to what changes by itself.
package enum Misfit: Int, Sendable, Hashable, CaseIterable, Comparable {
    case architecture, pool, name, label, deviceModel, deviceMemory, counted, quota, affinity, slotsPerNode,
        state,
        hold,
        time, deviceCount, processor, memory, disk, credits

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// Completes "3 nodes …".
    package func explanation(for demand: PlacementDemand) -> String {
        switch self {
        case .architecture: "have another architecture"
        case .pool: "are in another pool"
        case .name: "have another name"
        case .label: "lack a label"
        case .deviceModel: "have no device of this type and model"
        case .deviceMemory: "have no device with enough memory"
        case .counted: "lack a counted resource"
        case .quota: "are beyond a quota of its virtual cluster or user"
        case .affinity: "hold the wrong jobs"
        case .slotsPerNode: "hold as many of its slots as they may"
        case .state: "take no work"
        case .hold: "are kept for a job that waits longer"
        case .time: "end too soon"
        case .deviceCount: demand.request.devices?.lackingShares ?? "have too few free devices"
        case .processor: "lack free CPUs"
        case .memory: "lack free memory"
        case .disk: "lack free disk"
        case .credits: "have not asked for more work"
        }
    }
}

extension DeviceRequest {
    /// "lack 20 GiB free on one gpu"; nil where it asks for no memory.
    fileprivate var lackingShares: String? {
        memoryShareBytes.map { "lack \($0.binaryBytes) free on \(places)" }
    }

    /// "one gpu", "each of 2 gpus"
    package var places: String { count == 1 ? "one \(type.rawValue)" : "each of \(count) \(type.rawValue)s" }
}
