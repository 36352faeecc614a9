/// Places work where it spoils least of what the work to come can use.
///
/// Of a node's free device shares, work of each class can use a part: those on devices with room for it, as many devices
/// as it wants, and of these as much as the node's free CPUs would feed if one slot of the class came and average work
/// filled the rest. The score is how little of that a placement takes away. Classes that only few nodes can take count
/// more, and CPUs as far as they are scarce.
package struct UsableCapacity: NodeScore {
    /// Work that wants as much of devices, the lightest first.
    private struct Size: Sendable {
        let devices: Int
        let shares: Int
        /// - Parameters:
        ///   - others: CPUs of each slot that comes beside it.
        ///   - weight: how much it counts.
        var work: [(milliCPU: Int, others: Int, weight: Double)]
    }

    /// Of each model.
    private let sizes: [[Size]]
    /// What CPUs count, 0...1.
    private let cpuWeight: Double

    /// Classes that get fewer than one of so many devices count no more than that.
    private static let mostRarity = 10.0
    /// The heaviest classes; the rest is left out, as each costs time in every decision.
    private static let mostClasses = 256

    /// - Parameter nodes: when they are empty.
    package init(_ mixture: WorkMixture, nodes: [NodeRooms.Room]) {
        let work = Self.weighted(mixture, nodes)
        let milliCPU = mixture.classes.reduce(0) { $0 + $1.share * Double($1.work.milliCPU) }
        let shares = mixture.classes.reduce(0) { $0 + $1.share * Double($1.work.devices * $1.work.shares) }
        let cpuOfShare = shares > 0 ? milliCPU / shares : 0
        sizes = (0...(nodes.compactMap(\.model).max() ?? 0)).map { model in
            Self.sizes(work.filter { $0.work.admits(model: model) }, cpuOfShare)
        }
        let cpus = nodes.reduce(0) { $0 + Double($1.milliCPU) }
        let devices = nodes.reduce(0) { $0 + Double($1.shares.reduce(0, +)) }
        let scarcity = cpus > 0 ? min(1, cpuOfShare * devices / cpus) : 1
        // Steep: with CPUs to spare they hardly ever run out on a node, with few they decide.
        cpuWeight = scarcity * scarcity * scarcity * scarcity
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

    /// In an order that does not depend on that of `work`, as sums of fractions do.
    private static func sizes(_ work: [(work: WorkClass, weight: Double)], _ cpuOfShare: Double) -> [Size] {
        var sizes: [Size] = []
        for (work, weight) in work.sorted(by: { $0.work < $1.work }) {
            if sizes.last?.devices != work.devices || sizes.last?.shares != work.shares {
                sizes.append(Size(devices: work.devices, shares: work.shares, work: []))
            }
            let size = sizes.count - 1
            if let last = sizes[size].work.last, last.milliCPU == work.milliCPU {
                sizes[size].work[sizes[size].work.count - 1].weight += weight
            } else {
                let average = Int(cpuOfShare * Double(work.devices * work.shares))
                sizes[size].work.append((work.milliCPU, min(work.milliCPU, average), weight))
            }
        }
        return sizes
    }

    package func standing(of node: Int, in rooms: NodeRooms) -> Double {
        usable(rooms.models[node], rooms.milliCPU[node], rooms.shares[rooms.devices(of: node)])
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
        let model = rooms.models[node]
        let milliCPU = rooms.milliCPU[node] - work.milliCPU
        var shares = rooms.shares[rooms.devices(of: node)]
        let first = shares.startIndex
        guard work.isShare else {
            for device in rooms.first(work, on: node) { shares[first + device] -= work.shares }
            return (usable(model, milliCPU, shares), 0)
        }
        var best = (usable: -Double.infinity, device: 0)
        for device in shares.indices where shares[device] >= work.shares {
            let before = shares[device]
            // Of devices with equal room the first one.
            if shares[..<device].contains(before) { continue }
            shares[device] -= work.shares
            let left = usable(model, milliCPU, shares)
            if left > best.usable { best = (left, device - first) }
            shares[device] = before
        }
        return best
    }

    /// Of the node's free shares, what the mixture can use, in the mean.
    private func usable(_ model: Int, _ milliCPU: Int, _ shares: ArraySlice<Int>) -> Double {
        guard sizes.indices.contains(model) else { return 0 }
        return withUnsafeTemporaryAllocation(of: Int.self, capacity: shares.count) { begun in
            var whole = 0
            var count = 0
            for room in shares where room > 0 {
                if room == 1_000 {
                    whole += 1
                } else {
                    begun[count] = room
                    count += 1
                }
            }
            return usable(model, milliCPU, whole, UnsafeBufferPointer(rebasing: begun[..<count]))
        }
    }

    private func usable(_ model: Int, _ milliCPU: Int, _ whole: Int, _ begun: UnsafeBufferPointer<Int>)
        -> Double
    {
        var sum = 0.0
        for size in sizes[model] {
            var free = whole * 1_000
            var slots = 1_000 / size.shares * whole
            for room in begun where room >= size.shares {
                free += room
                slots += room / size.shares
            }
            if size.devices > 1 {
                // Devices that are left over from groups of as many as it wants are of no use to it.
                slots /= size.devices
                free = slots * size.devices * size.shares
            }
            guard slots > 0 else { continue }
            for work in size.work {
                guard work.milliCPU <= milliCPU else { break }
                let needed = work.milliCPU + (slots - 1) * work.others
                let fed = needed <= milliCPU ? 1 : Double(milliCPU) / Double(needed)
                sum += work.weight * Double(free) * (1 - cpuWeight * (1 - fed))
            }
        }
        return sum
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
