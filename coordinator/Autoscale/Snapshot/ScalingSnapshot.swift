package import ClusterTypes
package import CoordinatorPlacement

/// All that the autoscaler knows at one instant.
package struct ScalingSnapshot: Sendable {
    package var now: Instant
    /// In the order in which equally good ones are taken.
    package var pools: [ScalingPool]
    /// What waits, first what is placed first.
    package var demands: [ScalingDemand] = []
    /// How what runs and waits has changed lately.
    package var growth = GrowthHistory()
    /// How the coordinator chooses among nodes.
    package var scorer: any NodeScore

    package init(now: Instant, pools: [ScalingPool], scorer: (any NodeScore)? = nil) {
        self.now = now
        self.pools = pools
        self.scorer = scorer ?? PlacementPolicy.bestfit.score(mixture: WorkMixture([]), nodes: [])
    }
}

/// Slots of one class that wait for a place.
package struct ScalingDemand: Sendable, Hashable {
    /// For people: "job 7 'train'".
    package var name: String
    /// Any of them will do, best first.
    package var alternatives: [PlacementDemand]
    package var slots: Int
    /// All of the slots at once or none.
    package var isGang: Bool

    package init(
        name: String, _ alternatives: [PlacementDemand], slots: Int, isGang: Bool = false
    ) {
        self.name = name
        self.alternatives = alternatives
        self.slots = slots
        self.isGang = isGang
    }
}
