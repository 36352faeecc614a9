/// Places work where it spoils least of what the work to come can use.
///
/// Of a node's free device shares, each class of the mixture can use a part: those on devices with room for it, and of
/// these as much as the node's free CPUs can feed. The score is how little of that a placement takes away beyond its
/// own, with two prices: a small one for breaking into empty nodes, and one for devices of a model that other work can
/// do nothing without.
package struct UsableCapacity: NodeScore {
    /// Of each model, those of the mixture that may use it.
    private let classes: [[(milliCPU: Int, devices: Int, shares: Int, share: Double)]]
    /// For 1/1000 of a device of each model.
    private let scarcity: [Double]
    private let emptyNodePrice: Double

    /// - Parameter devices: of each model, all that there are.
    package init(_ mixture: WorkMixture, devices: [Int], emptyNodePrice: Double = 200) {
        let mixture = mixture.withDevices
        classes = devices.indices.map { model in
            mixture.classes.filter { $0.work.admits(model: model) }.map {
                ($0.work.milliCPU, $0.work.devices, $0.work.shares, $0.share)
            }
        }
        self.emptyNodePrice = emptyNodePrice
        scarcity = Self.scarcity(mixture, devices)
    }

    /// Demand that must have this model, by what there is of it; 2 at most.
    static func scarcity(_ mixture: WorkMixture, _ devices: [Int]) -> [Double] {
        let all = Double(devices.reduce(0, +))
        let demand = mixture.classes.reduce(0) {
            $0 + $1.share * Double($1.work.devices * $1.work.shares)
        }
        return devices.indices.map { model in
            var wanted = 0.0
            for (work, share) in mixture.classes where work.models != 0 && work.admits(model: model) {
                let choice = devices.indices.filter { work.admits(model: $0) }.reduce(0) { $0 + devices[$1] }
                let part = Double(devices[model]) / Double(choice)
                wanted += share * Double(work.devices * work.shares) / demand * all * part
            }
            return devices[model] == 0 ? 0 : min(2, wanted / Double(devices[model]))
        }
    }

    package func standing(of node: Int, in rooms: NodeRooms) -> Double {
        let model = rooms.models[node]
        guard model >= 0 else { return 0 }
        return usable(model, rooms.milliCPU[node], rooms.shares[rooms.devices(of: node)], changed: -1, to: 0)
    }

    /// Of the node's free shares, what the mixture can use, in the mean.
    ///
    /// - Parameters:
    ///   - changed: the device that has other free shares than `shares` says; -1 for none.
    private func usable(
        _ model: Int, _ milliCPU: Int, _ shares: ArraySlice<Int>, changed: Int, to value: Int
    ) -> Double {
        var sum = 0.0
        for work in classes[model] where milliCPU >= work.milliCPU {
            var free = 0
            var slots = 0
            for device in shares.indices {
                let room = device == changed ? value : shares[device]
                guard room >= work.shares else { continue }
                free += room
                slots += room / work.shares
            }
            if work.devices > 1 { slots /= work.devices }
            guard slots > 0 else { continue }
            let needed = work.milliCPU * slots
            let fed = needed <= milliCPU ? 1 : Double(milliCPU) / Double(needed)
            sum += work.share * Double(free) * fed
        }
        return sum
    }

    package func score(_ work: WorkClass, on node: Int, _ standing: Double, in rooms: NodeRooms) -> Double {
        place(work, node, standing, rooms).score
    }

    package func devices(_ work: WorkClass, on node: Int, _ standing: Double, in rooms: NodeRooms) -> [Int] {
        place(work, node, standing, rooms).devices
    }

    private func place(
        _ work: WorkClass, _ node: Int, _ standing: Double, _ rooms: NodeRooms
    ) -> (score: Double, devices: [Int]) {
        let model = rooms.models[node]
        let milliCPU = rooms.milliCPU[node] - work.milliCPU
        let taken = work.devices * work.shares
        var usableAfter = 0.0
        var chosen: [Int] = []
        let range = rooms.devices(of: node)
        if work.isShare {
            usableAfter = -.infinity
            for device in range where rooms.shares[device] >= work.shares {
                // Of devices with equal room the first one.
                if rooms.shares[range.lowerBound..<device].contains(rooms.shares[device]) { continue }
                let left = usable(
                    model, milliCPU, rooms.shares[range], changed: device,
                    to: rooms.shares[device] - work.shares)
                if left > usableAfter { (usableAfter, chosen) = (left, [device - range.lowerBound]) }
            }
        } else {
            var shares = rooms.shares[range]
            for device in range where chosen.count < work.devices && shares[device] >= work.shares {
                shares[device] -= work.shares
                chosen.append(device - range.lowerBound)
            }
            if model >= 0 { usableAfter = usable(model, milliCPU, shares, changed: -1, to: 0) }
        }
        let lost = standing - usableAfter - Double(taken)
        let emptiness =
            0.9 * Double(rooms.freeShares[node] - taken) / 8_000 + 0.1 * Double(milliCPU) / 128_000
        let price = work.devices > 0 ? scarcity[model] * Double(taken) : 0
        return (-lost - emptyNodePrice * emptiness - price, chosen)
    }
}
