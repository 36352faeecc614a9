/// Ways to choose among nodes with room.
package enum PlacementPolicy: String, CaseIterable, Sendable {
    case mortise, fgd, bestfit
    case gpuPacking = "gpu-packing"
    case gpuClustering = "gpu-clustering"
    case dotProduct = "dot-product"
    case random

    /// - Parameters:
    ///   - mixture: what work is likely to come, for those that look at it.
    ///   - nodes: all, as they are when they are empty.
    ///   - seed: for those that leave it to chance.
    package func score(mixture: WorkMixture, nodes: [NodeRooms.Room], seed: UInt64 = 0) -> any NodeScore {
        switch self {
        case .mortise: UsableCapacity(mixture, nodes: nodes)
        case .fgd: FragmentationGradient(mixture)
        case .bestfit: BestFit()
        case .gpuPacking: GpuPacking()
        case .gpuClustering: GpuClustering()
        case .dotProduct: DotProduct()
        case .random: RandomPlace(seed: seed)
        }
    }
}
