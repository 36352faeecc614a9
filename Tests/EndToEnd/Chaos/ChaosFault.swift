import ClusterTypes

/// What can happen, each to one coordinator, one node or one node's network at a time.
enum ChaosFault: String, CaseIterable {
    case coordinatorKilled, coordinatorEnded, coordinatorStopped, coordinatorDiskFull,
        coordinatorDescriptorsUsedUp
    case coordinatorKilledWithFullDisk, coordinatorClockSet
    case agentKilled, agentEnded, agentStopped, agentDiskFull, agentDescriptorsUsedUp, agentClockSet
    case agentKilledWithFullDisk, supervisorKilled, supervisorStopped, commandsStopped
    /// As when a virtual machine is: everything on it, for less than what is left of a lease at least.
    case nodeSuspended
    /// Everything on it is gone at once; it comes back with another boot id.
    case nodePowerLost
    case linkDown, nodeHearsNothing, nodeSaysNothing
    case linkSlow, linkNarrow, linkStalled, connectionsReset
    /// One side loses its connections and the other never hears of it.
    case nodeLosesConnections, coordinatorLosesConnections

    /// Faults of one kind of place follow each other there; those of different places overlap.
    enum Kind: CaseIterable {
        case coordinator, node, network
    }

    var kind: Kind {
        switch self {
        case .coordinatorKilled, .coordinatorEnded, .coordinatorStopped, .coordinatorDiskFull,
            .coordinatorDescriptorsUsedUp, .coordinatorKilledWithFullDisk, .coordinatorClockSet:
            .coordinator
        case .agentKilled, .agentEnded, .agentStopped, .agentDiskFull, .agentDescriptorsUsedUp,
            .agentClockSet,
            .agentKilledWithFullDisk, .supervisorKilled, .supervisorStopped, .commandsStopped, .nodeSuspended,
            .nodePowerLost:
            .node
        case .linkDown, .nodeHearsNothing, .nodeSaysNothing, .linkSlow, .linkNarrow, .linkStalled,
            .connectionsReset, .nodeLosesConnections, .coordinatorLosesConnections:
            .network
        }
    }

    /// Milliseconds that it lasts. The lease of these tests is 4 s: some faults end within it, some do not.
    var length: ClosedRange<Int> {
        switch self {
        case .coordinatorClockSet, .agentClockSet, .supervisorKilled, .connectionsReset: 0...0
        case .nodeLosesConnections, .coordinatorLosesConnections: 0...0
        // Longer, and its commands might write a line before their supervisor sees that the lease is over.
        case .nodeSuspended, .supervisorStopped: 200...1_500
        case .coordinatorKilled, .coordinatorEnded, .coordinatorStopped, .coordinatorDiskFull,
            .coordinatorDescriptorsUsedUp, .coordinatorKilledWithFullDisk, .agentKilledWithFullDisk,
            .agentKilled, .agentEnded, .agentStopped, .agentDiskFull,
            .agentDescriptorsUsedUp, .commandsStopped, .nodePowerLost, .linkDown, .nodeHearsNothing,
            .nodeSaysNothing, .linkSlow, .linkNarrow, .linkStalled:
            100...8_000
        }
    }
}

/// Where faults happen, one after another.
enum ChaosPlace: Hashable, CustomStringConvertible {
    case coordinator
    case node(String)
    case network(String)

    var kind: ChaosFault.Kind {
        switch self {
        case .coordinator: .coordinator
        case .node: .node
        case .network: .network
        }
    }

    var description: String {
        switch self {
        case .coordinator: "coordinator"
        case .node(let name), .network(let name): name
        }
    }
}

/// All faults of a run, drawn from its seed before it begins.
struct ChaosPlan: Equatable {
    struct Step: Equatable, CustomStringConvertible {
        /// After the end of the step before.
        var pauseMilliseconds: Int
        var fault: ChaosFault
        var lengthMilliseconds: Int
        /// -1_000_000...1_000_000: what the fault makes of it, a clock's step for example.
        var amount: Int

        var description: String {
            "\(fault)" + (lengthMilliseconds > 0 ? " for \(lengthMilliseconds) ms" : "")
        }
    }

    /// What this run draws from: not every seed has every fault, so that what one hides another shows.
    var faults: [ChaosFault] = []
    var lanes: [(place: ChaosPlace, steps: [Step])] = []

    /// - Parameter chosen: these and no others, to look for one of them.
    init(
        seed: UInt64, seconds: Int, nodes: [String], possible: [ChaosFault], chosen: [ChaosFault]? = nil
    ) {
        var random = SeededRandom(seed: seed)
        let drawn = possible.filter { _ in Int.random(in: 0..<4, using: &random) > 0 }
        faults = chosen ?? drawn
        let places =
            [.coordinator] + nodes.map { ChaosPlace.node($0) } + nodes.map { ChaosPlace.network($0) }
        for place in places {
            var lane = SeededRandom(seed: random.next())
            lanes.append((place, Self.steps(at: place, of: faults, seconds: seconds, &lane)))
        }
    }

    private static func steps(
        at place: ChaosPlace, of faults: [ChaosFault], seconds: Int, _ random: inout SeededRandom
    ) -> [Step] {
        let faults = faults.filter { $0.kind == place.kind }
        var steps: [Step] = []
        var passed = 0
        while true {
            guard let fault = faults.randomElement(using: &random) else { return [] }
            let pause = Int.random(in: 200...5_000, using: &random)
            // Short ones are as frequent as long ones.
            let longest =
                Bool.random(using: &random) ? fault.length.upperBound : fault.length.upperBound / 5
            let length = Int.random(
                in: fault.length.lowerBound...max(fault.length.lowerBound, longest), using: &random)
            passed += pause + length
            guard passed < seconds * 1_000 else { return steps }
            steps.append(
                Step(
                    pauseMilliseconds: pause, fault: fault, lengthMilliseconds: length,
                    amount: Int.random(in: -1_000_000...1_000_000, using: &random)))
        }
    }

    static func == (left: ChaosPlan, right: ChaosPlan) -> Bool {
        left.faults == right.faults && left.lanes.elementsEqual(right.lanes, by: ==)
    }
}
