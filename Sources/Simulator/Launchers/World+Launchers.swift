import ClusterTypes
import CoordinatorAutoscale
import CoordinatorCore
import ProtocolMessages

// What launchers do with what they are asked for, and what becomes of their allocations.
extension World {
    /// - Returns: what the coordinator is to be told.
    func carryOut(_ call: LauncherCall) -> Command? {
        let launcher = call.launcher
        guard launcher.unreachableUntil <= now else { return Self.unavailable(call, "connection refused") }
        switch call.order {
        case .launch(let order): return launch(order, by: launcher, secretHash: call.secretHash)
        case .list(let asked):
            return .noteListed(pool: launcher.name, .success(launcher.list(at: now)), asked: asked)
        case .release(let names):
            for (position, allocation) in launcher.allocations.enumerated()
            where names.contains(allocation.name) && !allocation.state.isOver {
                observe(.released(allocation, of: launcher))
                statistics.released += 1
                let pause = allocation.state == .waiting ? 0 : launcherDice.spread(10_000, 20_000_000)
                end(position, of: launcher, as: .canceled, in: pause)
            }
            return nil
        }
    }

    private func launch(_ order: LaunchOrder, by launcher: PoolLauncher, secretHash: String) -> Command {
        let wasBegun = launcher.begun.contains(order.launch)
        let isSoldOut = launcher.soldOutUntil > now && !wasBegun
        // Some launchers get a part before they notice.
        let part = launcherDice.chance(30) ? Int(launcherDice.below(Int64(order.count))) : 0
        let new = launcher.begin(order, count: isSoldOut ? part : order.count, secretHash: secretHash)
        statistics.allocations += new.count
        for position in new {
            let wait = launcherDice.spread(100_000, 60_000_000)
            queue.push(
                .allocationRuns, at: now + wait, host: UInt32(launcher.index), subject: UInt64(position))
        }
        observe(.launched(order, by: launcher))
        guard isSoldOut else {
            return .noteLaunched(order.launch, launcher.allocations(of: order.launch))
        }
        let code: LaunchFailure.Code = launcherDice.chance(70) ? .noCapacity : .quota
        return .noteLaunchFailed(order.launch, LaunchFailure(code, "no more such machines"))
    }

    // MARK: Allocations

    /// A fresh machine boots, and its agent joins as it was told.
    func runAllocation(_ position: Int, of launcher: PoolLauncher) {
        let allocation = launcher.allocations[position]
        guard allocation.state == .waiting else { return }
        allocation.state = .running
        var hardware = launcher.hardware
        hardware.hostname = allocation.name
        let host = Host(index: hosts.count, hardware: hardware)
        host.allocation = (launcher, position)
        host.latency = launcherDice.spread(100, 5_000)
        if isOn(.drift) { host.drift = launcherDice.below(10_000) - 5_000 }
        allocation.host = host.index
        hosts.append(host)
        if isOn(.nodesNeverJoin), launcherDice.chance(20) {
            host.isAbsent = true
            return
        }
        let isLate = isOn(.lateNodes) && launcherDice.chance(20)
        let boot = launcherDice.spread(isLate ? 30_000_000 : 1_000_000, isLate ? 600_000_000 : 30_000_000)
        queue.push(.agentStarts, at: now + boot, host: UInt32(host.index))
    }

    /// - Parameter pause: until it has ended.
    private func end(
        _ position: Int, of launcher: PoolLauncher, as state: Allocation.State, in pause: Int64
    ) {
        queue.push(
            .allocationEnds, at: now + pause, host: UInt32(launcher.index), subject: UInt64(position),
            detail: UInt8(Allocation.State.allCases.firstIndex(of: state) ?? 0))
    }

    /// Its machine goes away with it.
    func endAllocation(_ position: Int, of launcher: PoolLauncher, as state: Allocation.State) {
        let allocation = launcher.allocations[position]
        guard !allocation.state.isOver else { return }
        allocation.state = state
        allocation.reason = "\(state.rawValue) by its launcher"
        allocation.endedAt = now
        trace.explain("allocation \(allocation.name) is over: \(state)")
        if let host = allocation.host { takeAwayForGood(hosts[host]) }
    }

    // MARK: What goes wrong

    func strikeLauncher(_ fault: Fault) {
        guard !launchers.isEmpty else { return }
        let launcher = launchers[Int(launcherDice.below(Int64(launchers.count)))]
        switch fault {
        case .launcherSoldOut: launcher.soldOutUntil = now + launcherDice.spread(5_000_000, 3_600_000_000)
        case .launcherUnreachable:
            launcher.unreachableUntil = now + launcherDice.spread(1_000_000, 600_000_000)
        case .allocationEnds: endSomeAllocation(of: launcher)
        case .poolOrders: orderSomething(about: launcher)
        default: break
        }
    }

    /// It fails, is preempted with or without a notice, or runs out of time.
    private func endSomeAllocation(of launcher: PoolLauncher) {
        let living = launcher.allocations.indices.filter { !launcher.allocations[$0].state.isOver }
        guard !living.isEmpty else { return }
        let position = living[Int(launcherDice.below(Int64(living.count)))]
        if let host = launcher.allocations[position].host, launcherDice.chance(40) {
            endTime(of: hosts[host], in: launcherDice.spread(5_000_000, 60_000_000))
        } else {
            let states: [Allocation.State] = [.completed, .failed, .timedOut, .canceled]
            endAllocation(position, of: launcher, as: states[Int(launcherDice.below(4))])
        }
    }

    private func orderSomething(about launcher: PoolLauncher) {
        if launcherDice.chance(30) {
            command(.pausePool(launcher.name, isPaused: launcherDice.chance(50)))
            return
        }
        let most = UInt32(launcherDice.below(Int64(launcher.configuration.limits.max)))
        command(
            .scalePool(
                launcher.name, minimum: launcherDice.chance(50) ? min(2, most) : 0, maximum: most,
                isReset: launcherDice.chance(50)))
    }

    func healLaunchers() {
        for launcher in launchers {
            launcher.soldOutUntil = 0
            launcher.unreachableUntil = 0
        }
    }

    /// Operators take back their orders.
    func tidyUpPools() {
        for pool in checkers.durable.pools.values {
            if pool.isPaused { command(.pausePool(pool.name, isPaused: false)) }
            if pool.minimum != nil || pool.maximum != nil {
                command(.scalePool(pool.name, minimum: nil, maximum: nil, isReset: true))
            }
        }
    }

    /// All is over that nobody needs: what is left of each pool.
    func whatPoolsLeave() -> [String] {
        var left: [String] = []
        for launcher in launchers {
            let living = launcher.allocations.filter { !$0.state.isOver }
            if living.count > launcher.configuration.limits.min {
                left.append(
                    "pool '\(launcher.name)' keeps \(living.count) allocations, the first "
                        + "\(living[0].name), and needs \(launcher.configuration.limits.min)")
            }
            for allocation in living where !checkers.durable.knows(allocation) {
                left.append("allocation \(allocation.name) is there, and the coordinator does not know it")
            }
        }
        for launch in checkers.durable.launches.values where !launch.state.isOver {
            let launcher = launchers.first { $0.name == launch.pool }
            let living = launcher?.allocations.filter { $0.launch == launch.launch && !$0.state.isOver }
            if living?.isEmpty ?? true {
                left.append("launch \(launch.launch) is \(launch.state), and nothing of it is there")
            }
        }
        return left
    }
}
