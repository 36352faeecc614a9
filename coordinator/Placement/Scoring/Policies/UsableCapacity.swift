/// Places work where it spoils least of what the work to come can use.
///
/// Of a node's free device shares, work of each class can use a part: those on devices with room for it, as many devices
/// as it wants, and of these as much as the node's free CPUs would feed if one slot of the class came and average work
/// filled the rest. The score is how little of that a placement takes away. Classes that only few nodes can take count
/// more, and CPUs as far as they are scarce.
package struct UsableCapacity: NodeScore {
    private var work: UsableWork

    /// Classes that get fewer than one of so many devices count no more than that.
    private static let mostRarity = 10.0
    /// The heaviest classes; the rest is left out, as each costs time in every decision.
    private static let mostClasses = 256

    /// - Parameter nodes: when they are empty.
    package init(_ mixture: WorkMixture, nodes: [NodeRooms.Room]) {
        let milliCPU = mixture.classes.reduce(0) { $0 + $1.share * Double($1.work.milliCPU) }
        let shares = mixture.classes.reduce(0) { $0 + $1.share * Double($1.work.devices * $1.work.shares) }
        let cpuOfShare = shares > 0 ? milliCPU / shares : 0
        let cpus = nodes.reduce(0) { $0 + Double($1.milliCPU) }
        let devices = nodes.reduce(0) { $0 + Double($1.shares.reduce(0, +)) }
        let scarcity = cpus > 0 ? min(1, cpuOfShare * devices / cpus) : 1
        // Steep: with CPUs to spare they hardly ever run out on a node, with few they decide.
        let cpuWeight = scarcity * scarcity * scarcity * scarcity
        let weighted = Self.weighted(mixture, nodes)
        work = UsableWork(cpuWeight: cpuWeight)
        for model in 0...(nodes.compactMap(\.model).max() ?? 0) {
            work.add(weighted.filter { $0.work.admits(model: model) }, cpuOfShare: cpuOfShare)
        }
    }

    /// Work with devices, and how often it comes for each place that there is for it, squared: with few places, not only
    /// is each wanted by more, but what is lost is also less likely to be found elsewhere.
    private static func weighted(
        _ mixture: WorkMixture, _ nodes: [NodeRooms.Room]
    ) -> [(work: WorkClass, weight: Double)] {
        var kinds: [(room: NodeRooms.Room, count: Int)] = []
        var places: [NodeRooms.Room: Int] = [:]
        for node in nodes {
            if let place = places[node] {
                kinds[place].count += 1
            } else {
                places[node] = kinds.count
                kinds.append((node, 1))
            }
        }
        let all = nodes.reduce(0) { $0 + $1.shares.reduce(0, +) }
        let weighted = mixture.withDevices.classes.compactMap { work, share -> (WorkClass, Double)? in
            let supply = kinds.reduce(0) { $0 + $1.count * work.mostShares(of: $1.room) }
            guard supply > 0 else { return nil }
            let rarity = min(mostRarity, Double(all) / Double(supply))
            return (work, share * rarity * rarity)
        }
        let heaviest = weighted.sorted { ($0.1, $0.0) > ($1.1, $1.0) }.prefix(mostClasses)
        return heaviest.map { ($0.0, $0.1) }
    }

    package func standing(of node: Int, in rooms: NodeRooms) -> Double {
        work.look(at: node, rooms) { view in
            view.count(nil)
            return view.usable(rooms.milliCPU[node])
        }
    }

    package func score(_ work: WorkClass, on node: Int, _ standing: Double, in rooms: NodeRooms) -> Double {
        // What the work uses itself is the same everywhere.
        place(work, on: node, rooms).usable - standing
    }

    package func devices(
        _ work: WorkClass, on node: Int, _ standing: Double, in rooms: NodeRooms
    ) -> [Int] {
        work.isShare ? [place(work, on: node, rooms).device] : rooms.first(work, on: node)
    }

    /// - Returns: what is usable then; and of work that wants a part of a device, the one to take: where most is left.
    private func place(
        _ work: WorkClass, on node: Int, _ rooms: NodeRooms
    ) -> (usable: Double, device: Int) {
        let milliCPU = rooms.milliCPU[node] - work.milliCPU
        return self.work.look(at: node, rooms) { view in
            guard work.isShare else {
                view.count(work)
                return (view.usable(milliCPU), 0)
            }
            view.count(nil)
            var best = (usable: -Double.infinity, device: 0)
            var begun = 0
            var hasTriedWhole = false
            for device in view.shares.indices where view.shares[device] > 0 {
                let room = view.shares[device]
                let left: Double
                if room == 1_000 {
                    if hasTriedWhole { continue }
                    hasTriedWhole = true
                    left = view.usable(milliCPU, ofWholeOne: work.shares)
                } else {
                    begun += 1
                    // Of devices with equal room the first one.
                    guard room >= work.shares, !view.begun[..<(begun - 1)].contains(room) else { continue }
                    view.begun[begun - 1] = room - work.shares
                    left = view.usable(milliCPU)
                    view.begun[begun - 1] = room
                }
                if left > best.usable { best = (left, device) }
            }
            return best
        }
    }
}

extension WorkClass: Comparable {
    /// By what it wants of devices, then of CPUs.
    package static func < (left: Self, right: Self) -> Bool {
        let size = (left.devices, left.shares, left.milliCPU)
        let other = (right.devices, right.shares, right.milliCPU)
        return size != other ? size < other : (left.memory, left.models) < (right.memory, right.models)
    }

    /// How much of devices slots of this class get of a node.
    fileprivate func mostShares(of room: NodeRooms.Room) -> Int {
        guard let model = room.model, admits(model: model) else { return 0 }
        var slots = room.shares.reduce(0) { $0 + $1 / shares } / devices
        if milliCPU > 0 { slots = min(slots, room.milliCPU / milliCPU) }
        return slots * devices * shares
    }
}
