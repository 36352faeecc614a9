/// Fragmentation gradient descent ("Beware of Fragmentation", Weng et al., USENIX ATC'23): the node on which the devices
/// that the mixture cannot use grow least. Truncated to whole percent as in the paper's artifact, on which its numbers
/// depend: places that differ little are equal, and the first of them is taken.
package struct FragmentationGradient: NodeScore {
    private let classes: [(work: WorkClass, share: Double)]

    package init(_ mixture: WorkMixture) { classes = mixture.classes }

    /// Free shares that are of no use to work of the mixture, in the mean. Summed up by kinds, as the artifact does: the
    /// last bit of a sum decides between 49 and 50 percent.
    private func fragmentation(_ model: Int, _ milliCPU: Int, _ shares: ArraySlice<Int>) -> Double {
        let all = shares.reduce(0, +)
        var lackBoth = 0.0
        var lackDevice = 0.0
        var lackCPU = 0.0
        var noDevice = 0.0
        var noDeviceNorCPU = 0.0
        var noAccess = 0.0
        for (work, share) in classes {
            let hasCPU = milliCPU >= work.milliCPU
            let whole = share * Double(all)
            if work.devices == 0 {
                if hasCPU { noDevice += whole } else { noDeviceNorCPU += whole }
            } else if !work.admits(model: model) {
                noAccess += whole
            } else if shares.count(where: { $0 >= work.shares }) < work.devices {
                if hasCPU { lackDevice += whole } else { lackBoth += whole }
            } else if hasCPU {
                lackDevice += share * Double(shares.reduce(0) { $1 < work.shares ? $0 + $1 : $0 })
            } else {
                lackCPU += whole
            }
        }
        return lackBoth + lackDevice + lackCPU + noDevice + noDeviceNorCPU + noAccess
    }

    package func standing(of node: Int, in rooms: NodeRooms) -> Double {
        fragmentation(rooms.models[node], rooms.milliCPU[node], rooms.shares[rooms.devices(of: node)])
    }

    package func score(_ work: WorkClass, on node: Int, _ standing: Double, in rooms: NodeRooms) -> Double {
        Double(place(work, node, standing, rooms).percent)
    }

    package func devices(_ work: WorkClass, on node: Int, _ standing: Double, in rooms: NodeRooms) -> [Int] {
        guard work.isShare else { return rooms.first(work, on: node) }
        return [place(work, node, standing, rooms).device]
    }

    /// - Returns: the device is for a part of one only.
    private func place(
        _ work: WorkClass, _ node: Int, _ standing: Double, _ rooms: NodeRooms
    ) -> (percent: Int, device: Int) {
        let range = rooms.devices(of: node)
        let milliCPU = rooms.milliCPU[node] - work.milliCPU
        var shares = rooms.shares[range]
        func percent() -> Int {
            PercentOfSigmoid.of((standing - fragmentation(rooms.models[node], milliCPU, shares)) / 1_000)
        }
        guard work.isShare else {
            for device in rooms.first(work, on: node) { shares[range.lowerBound + device] -= work.shares }
            return (percent(), 0)
        }
        var best = (percent: -1, device: 0)
        for device in range where shares[device] >= work.shares {
            shares[device] -= work.shares
            let percent = percent()
            shares[device] += work.shares
            if percent > best.percent { best = (percent, device - range.lowerBound) }
        }
        return best
    }
}
