import ClusterTypes
import CoordinatorAutoscale
import CoordinatorPlacement

/// A pool that is described, or was.
struct Pool: Sendable {
    /// As it is kept.
    var record: PoolRecord
    /// nil: the pool file no longer names it. Its nodes work on, and nobody launches or releases any.
    var configuration: PoolConfiguration?
    var use = UseHistory()
    var lastLaunch: Instant?
    var lastRelease: Instant?
    /// Its launcher was asked for what there is, and has not answered.
    var isListing = false
    /// When it was asked last.
    var lastListing: Instant?
    /// It has said that nothing is there, and no launch has ended since.
    var isKnownEmpty = false
    /// Why it last could not say; empty where it could.
    var listingFailure = ""
    /// What the last plan said of it.
    var outlook = ""
    /// Until when what its nodes cost is counted.
    var countedUntil: Instant?

    init(record: PoolRecord, configuration: PoolConfiguration? = nil) {
        self.record = record
        self.configuration = configuration
    }

    /// The limits that hold now.
    var limits: PoolLimits? {
        guard var limits = configuration?.limits else { return nil }
        if let minimum = record.minimum { limits.min = Int(minimum) }
        if let maximum = record.maximum { limits.max = Int(maximum) }
        return limits
    }

    var isLaunched: Bool { configuration?.launcher != nil }

    var failures: LaunchFailures {
        LaunchFailures(count: Int(record.failures), last: record.lastFailureAt)
    }
}

/// A launch that is not forgotten.
struct Launch: Sendable {
    var record: LaunchRecord
    /// Its launcher was asked, and has not answered.
    var isAsked = false
    /// Nobody knows whether it has begun: when its launcher is asked again; nil: at once.
    var retryAt: Instant?

    init(record: LaunchRecord) { self.record = record }
}

/// All pools that are described, and what was launched for them.
struct Pools: Sendable {
    var table = OrderedTable<String, Pool>()
    var launches = OrderedTable<LaunchID, Launch>()
    /// Of those that are over, oldest first.
    var endedLaunches: [LaunchID] = []
    /// When the autoscaler looks next; nil: no pool is launched.
    var due: Instant?
    /// How what runs and waits has changed.
    var growth = GrowthHistory()
    /// Slots that ran or waited when it looked last, by class.
    var asked: [ClassCount] = []
    /// What waited and got no node then.
    var unmet: [ScalingPlan.Unmet] = []

    /// Of one class.
    struct ClassCount: Sendable {
        var demand: PlacementDemand
        var slots: Int
    }

    /// In the order of the pool file.
    var order: [String] = []

    struct Place: Sendable {
        var launch: LaunchID
        /// In the launch's allocations.
        var allocation: Int
    }

    /// From which allocations nodes have joined.
    private var places: [NodeID: Place] = [:]

    func place(of node: NodeID) -> Place? {
        guard let place = places[node], allocation(at: place)?.node == node else { return nil }
        return place
    }

    func allocation(at place: Place) -> AllocationRecord? {
        guard let launch = launches[place.launch], place.allocation < launch.record.allocations.count else {
            return nil
        }
        return launch.record.allocations[place.allocation]
    }

    mutating func put(_ record: LaunchRecord) {
        if launches.contains(record.launch) {
            launches[record.launch]?.record = record
        } else {
            launches[record.launch] = Launch(record: record)
        }
        for (position, allocation) in record.allocations.enumerated() {
            if let node = allocation.node {
                places[node] = Place(launch: record.launch, allocation: position)
            }
        }
    }

    /// Those that end at one moment stand by number, as a restart finds them.
    mutating func noteEnd(of record: LaunchRecord) {
        var position = endedLaunches.count
        while position > 0, record.launch < endedLaunches[position - 1],
            launches[endedLaunches[position - 1]]?.record.endedAt == record.endedAt
        {
            position -= 1
        }
        endedLaunches.insert(record.launch, at: position)
    }

    mutating func forget(_ launch: LaunchID) {
        for allocation in launches[launch]?.record.allocations ?? [] {
            if let node = allocation.node { places[node] = nil }
        }
        launches[launch] = nil
    }

    func underWay(of pool: String) -> [Launch] {
        launches.values.filter { $0.record.pool == pool && !$0.record.state.isOver }
    }
}
