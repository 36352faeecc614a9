import ClusterTypes
import CoordinatorAutoscale

@testable import CoordinatorCore

/// A launcher as far as the coordinator can tell: late, forgetful, short of machines.
struct FakeLauncher {
    /// Orders that it has not answered.
    var orders: [Action] = []
    var allocations: [Allocation] = []
    /// From which an agent has joined.
    var joined: Set<String> = []
}

extension RandomWalk {
    static let launchedPool = "cloud"

    /// As the pool file says; every coordinator is told anew.
    mutating func describePools() {
        var limits = PoolLimits(max: 3)
        limits.min = seed % 4 == 1 ? 1 : 0
        limits.batch = 2
        limits.idle = .seconds(4)
        limits.registrationDeadline = .seconds(40)
        limits.nodeHours = seed % 5 == 1 ? 1 : nil
        var pool = PoolConfiguration(name: Self.launchedPool, launcher: "fake", limits: limits)
        pool.startUp = .seconds(5)
        pool.holdFailed = seed % 3 == 1 ? .seconds(20) : .zero
        pool.budgetPeriod = .seconds(600)
        if seed % 4 != 3 {
            pool.template = NodeCapacity(
                resources: Resources(milliCPU: 2_000, memoryBytes: 8 << 30, diskBytes: 1 << 40))
        }
        command(.configurePools([pool]))
    }

    mutating func take(_ order: Action) { launcher.orders.append(order) }

    mutating func launcherActs() {
        switch below(10) {
        case 0..<4: answerOrder()
        case 4..<6: changeAllocation()
        case 6, 7: joinFromAllocation()
        case 8: endJoined()
        default: orderPool()
        }
    }

    private mutating func answerOrder() {
        guard !launcher.orders.isEmpty else { return }
        let order = launcher.orders.remove(at: below(launcher.orders.count))
        switch order {
        case .launch(let order):
            command(.createLaunchToken(order.launch, secretHash: "launch \(order.launch)"))
            if chance(30) {
                let codes = LaunchFailure.Code.allCases
                let code = codes[below(codes.count)]
                // Of an unknown fate: it may have begun.
                if code == .unavailable, chance(50) { make(order) }
                command(.noteLaunchFailed(order.launch, LaunchFailure(code, "\(code)")))
            } else {
                make(order)
                command(
                    .noteLaunched(
                        order.launch,
                        launcher.allocations.filter { $0.launch == order.launch && chance(80) }))
            }
        case .listAllocations(let pool):
            command(
                .noteListed(
                    pool: pool,
                    chance(85)
                        ? .success(launcher.allocations) : .failure(LaunchFailure(.unavailable, "asleep")),
                    asked: now - .milliseconds(below(3_000))))
        case .releaseAllocations(_, let names):
            for name in names where chance(85) {
                guard let position = launcher.allocations.firstIndex(where: { $0.name == name }),
                    !launcher.allocations[position].state.isOver
                else { continue }
                launcher.allocations[position].state = .canceled
            }
        default: break
        }
    }

    private mutating func make(_ order: LaunchOrder) {
        for number in 0..<order.count {
            let name = "a\(order.launch)_\(number)"
            guard !launcher.allocations.contains(where: { $0.name == name }), chance(90) else { continue }
            launcher.allocations.append(
                Allocation(
                    name: name, launch: order.launch, state: chance(50) ? .waiting : .running,
                    host: chance(50) ? "host-\(name)" : nil))
        }
    }

    private mutating func changeAllocation() {
        guard !launcher.allocations.isEmpty else { return }
        let position = below(launcher.allocations.count)
        if chance(5) {
            launcher.allocations.remove(at: position)
            return
        }
        let states = Allocation.State.allCases
        let state = chance(50) ? .running : states[below(states.count)]
        // What is over is seldom started over.
        guard !launcher.allocations[position].state.isOver || chance(10) else { return }
        launcher.allocations[position].state = state
        launcher.allocations[position].reason = state.isOver ? "as it happens" : ""
        if state.isOver { launcher.joined.remove(launcher.allocations[position].name) }
    }

    /// An allocation ends that has been of use.
    private mutating func endJoined() {
        guard
            let position = launcher.allocations.firstIndex(where: { launcher.joined.contains($0.name) })
        else { return }
        launcher.allocations[position].state = .canceled
        launcher.joined.remove(launcher.allocations[position].name)
    }

    private mutating func joinFromAllocation() {
        guard
            let allocation = launcher.allocations.first(where: {
                $0.state == .running && !launcher.joined.contains($0.name)
            })
        else { return }
        launcher.joined.insert(allocation.name)
        command(
            .enrollNode(
                secretHash: "launch \(allocation.launch)",
                name: chance(50) ? "host-\(allocation.name)" : "n\(core.lastNode + 1)",
                keyFingerprint: "key \(lastRequest + 1)", allocation: chance(70) ? allocation.name : nil))
    }

    private mutating func orderPool() {
        switch below(4) {
        case 0: command(.pausePool(Self.launchedPool, isPaused: chance(15)))
        case 1:
            command(
                .scalePool(
                    Self.launchedPool, minimum: chance(50) ? UInt32(below(3)) : nil,
                    maximum: chance(50) ? UInt32(chance(20) ? 0 : 1 + below(3)) : nil, isReset: chance(50)))
        case 2: command(.explainPool(Self.launchedPool))
        default: command(.listLaunches(pool: nil))
        }
    }
}
