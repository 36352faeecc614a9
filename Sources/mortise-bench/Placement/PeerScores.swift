import CoordinatorPlacement
import Foundation

/// The Kubernetes scheduler's MostAllocated with equal weights, as the FGD paper's artifact has it.
struct BestFit: NodeScore {
    func standing(of node: Int, in rooms: NodeRooms) {}

    func score(_ work: WorkClass, on node: Int, _: Void, in rooms: NodeRooms) -> Double {
        let room = rooms.room(node)
        let cpu = Double(room.milliCPU - work.milliCPU) / 128_000
        let devices = Double(room.shares.reduce(0, +) - work.devices * work.shares) / 8_000
        return (100 * (1 - 0.5 * cpu - 0.5 * devices)).rounded(.towardZero)
    }

    /// The tightest.
    func devices(_ work: WorkClass, on node: Int, _: Void, in rooms: NodeRooms) -> [Int] {
        let shares = rooms.room(node).shares
        let fitting = shares.indices.filter { work.devices > 0 && shares[$0] >= work.shares }
        return Array(fitting.sorted { (shares[$0], $0) < (shares[$1], $1) }.prefix(work.devices))
    }
}

/// Fragmentation gradient descent (Weng et al., USENIX ATC'23), with the artifact's truncation.
struct FragmentationGradient: NodeScore {
    let classes: [(work: WorkClass, share: Double)]

    /// Summed up by kinds, as the artifact does: the last bit of a sum decides between 49 and 50.
    private func fragmentation(_ room: NodeRooms.Room) -> Double {
        let all = room.shares.reduce(0, +)
        var lackBoth = 0.0, lackDevice = 0.0, lackCPU = 0.0, noDevice = 0.0, noDeviceNorCPU = 0.0,
            noAccess = 0.0
        for (work, share) in classes {
            let hasCPU = room.milliCPU >= work.milliCPU
            let whole = share * Double(all)
            if work.devices == 0 {
                if hasCPU { noDevice += whole } else { noDeviceNorCPU += whole }
            } else if !work.admits(model: room.model ?? -1) {
                noAccess += whole
            } else if room.shares.count(where: { $0 >= work.shares }) < work.devices {
                if hasCPU { lackDevice += whole } else { lackBoth += whole }
            } else if hasCPU {
                lackDevice += share * Double(room.shares.reduce(0) { $1 < work.shares ? $0 + $1 : $0 })
            } else {
                lackCPU += whole
            }
        }
        return lackBoth + lackDevice + lackCPU + noDevice + noDeviceNorCPU + noAccess
    }

    func standing(of node: Int, in rooms: NodeRooms) -> Double { fragmentation(rooms.room(node)) }

    private func place(_ work: WorkClass, _ room: NodeRooms.Room, _ before: Double) -> (Double, [Int]) {
        func score(_ devices: [Int]) -> Double {
            var after = room
            after.milliCPU -= work.milliCPU
            for device in devices { after.shares[device] -= work.shares }
            let gain = (before - fragmentation(after)) / 1_000
            return (1 / (1 + exp(-gain)) * 100).rounded(.towardZero)
        }
        let fitting = room.shares.indices.filter { room.shares[$0] >= work.shares }
        guard work.devices == 1, work.shares < 1_000 else {
            let devices = work.devices == 0 ? [] : Array(fitting.prefix(work.devices))
            return (score(devices), devices)
        }
        var best = (-1.0, [Int]())
        for device in fitting {
            let value = score([device])
            if value > best.0 { best = (value, [device]) }
        }
        return best
    }

    func score(_ work: WorkClass, on node: Int, _ standing: Double, in rooms: NodeRooms) -> Double {
        place(work, rooms.room(node), standing).0
    }

    func devices(_ work: WorkClass, on node: Int, _ standing: Double, in rooms: NodeRooms) -> [Int] {
        place(work, rooms.room(node), standing).1
    }
}
