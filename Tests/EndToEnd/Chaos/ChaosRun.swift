import ClusterTypes
import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Commits the faults of a plan, and takes all of them back.
final class ChaosRun {
    private let cluster: TestCluster
    private let network: NodeNetwork
    private let proxy: FaultyProxy
    private let storeDisk: SmallDisk
    private let coordinatorClock: SteppedClock?
    let machines: [ChaosMachine]
    private let log: ChaosLog

    init(
        _ cluster: TestCluster, _ network: NodeNetwork, _ proxy: FaultyProxy, storeDisk: SmallDisk,
        coordinatorClock: SteppedClock?, machines: [ChaosMachine], log: ChaosLog
    ) {
        self.cluster = cluster
        self.network = network
        self.proxy = proxy
        self.storeDisk = storeDisk
        self.coordinatorClock = coordinatorClock
        self.machines = machines
        self.log = log
    }

    /// All steps of one place.
    func go(through steps: [ChaosPlan.Step], at place: ChaosPlace) async throws {
        for step in steps {
            try await Task.sleep(for: .milliseconds(step.pauseMilliseconds))
            log.say("\(place): \(step)")
            switch place {
            case .coordinator: try await commitToCoordinator(step)
            case .node(let name): try await commit(step, to: name)
            case .network(let name): try await commit(step, toNetworkOf: name)
            }
            log.count(step.fault)
        }
    }

    private func last(_ step: ChaosPlan.Step) async throws {
        try await Task.sleep(for: .milliseconds(step.lengthMilliseconds))
    }

    /// Up to ten hours, but where certificates say no: those of nodes are dated back by five minutes, so that long
    /// is what the coordinator's clock may lose.
    private func set(_ clock: SteppedClock?, _ step: ChaosPlan.Step) throws {
        let longest = step.fault == .coordinatorClockSet && step.amount < 0 ? 240 : 36_000
        try clock?.set(seconds: step.amount % longest)
    }

    // MARK: The coordinator

    private func commitToCoordinator(_ step: ChaosPlan.Step) async throws {
        let coordinator = try cluster.coordinator
        switch step.fault {
        case .coordinatorKilled:
            try await cluster.killCoordinator()
            try await last(step)
            try await cluster.startCoordinator()
        case .coordinatorEnded:
            coordinator.signal(SIGTERM)
            let status = try await coordinator.waitForExit()
            if status != 0 {
                log.fault("the coordinator ended with \(status): \(coordinator.errors.suffix(1_000))")
            }
            try await last(step)
            try await cluster.startCoordinator()
        case .coordinatorStopped:
            coordinator.signal(SIGSTOP)
            try await last(step)
            coordinator.signal(SIGCONT)
        case .coordinatorDiskFull:
            try storeDisk.fill()
            try await last(step)
            try storeDisk.makeRoom()
        case .coordinatorDescriptorsUsedUp:
            try await Descriptors.useUp(of: coordinator.process, folder: cluster.directory)
            try await last(step)
            try await Descriptors.limit(coordinator.process, to: Descriptors.usual, folder: cluster.directory)
        case .coordinatorKilledWithFullDisk:
            try storeDisk.fill()
            try await last(step)
            try await cluster.killCoordinator()
            try storeDisk.makeRoom()
            try await cluster.startCoordinator()
        case .coordinatorClockSet: try set(coordinatorClock, step)
        default: preconditionFailure("\(step.fault) is none of a coordinator.")
        }
        if let status = coordinator.exitStatus, try cluster.coordinator === coordinator {
            // The runtime ends a process whose worker threads it cannot count, for want of a file to open.
            let isRuntime = step.fault == .coordinatorDescriptorsUsedUp && status == 128 + SIGILL
            if isRuntime {
                log.say("the runtime has ended the coordinator")
            } else {
                log.fault(
                    "the coordinator ended by itself with \(status): \(coordinator.errors.suffix(1_000))")
            }
            try await cluster.startCoordinator()
        }
    }

    // MARK: A node

    private func machine(_ name: String) -> ChaosMachine {
        guard let machine = machines.first(where: { $0.name == name }) else {
            preconditionFailure("There is no machine \(name).")
        }
        return machine
    }

    private func commit(_ step: ChaosPlan.Step, to name: String) async throws {
        let machine = self.machine(name)
        if let fault = try await machine.startIfEnded() { log.fault(fault) }
        guard let agent = machine.agent else { return }
        switch step.fault {
        case .agentKilled:
            try await machine.kill()
            try await last(step)
            try await machine.start()
        case .agentEnded:
            let status = try await machine.end()
            if status != 0 {
                log.fault("the agent of \(name) ended with \(status): \(agent.errors.suffix(1_000))")
            }
            try await last(step)
            try await machine.start()
        case .agentStopped:
            agent.signal(SIGSTOP)
            try await last(step)
            agent.signal(SIGCONT)
        case .agentDiskFull:
            try machine.disk.fill()
            try await last(step)
            try machine.disk.makeRoom()
        case .agentDescriptorsUsedUp:
            // One that begins with less than it needs cannot but end.
            let isReady = try await eventually("the agent of \(name) runs") {
                agent.isRunning ? agent.errors.contains("] the agent runs\n") ? true : nil : false
            }
            guard isReady else { break }
            try await Descriptors.useUp(of: agent.process, folder: cluster.directory)
            try await last(step)
            try await Descriptors.limit(agent.process, to: Descriptors.usual, folder: cluster.directory)
        case .agentKilledWithFullDisk:
            try machine.disk.fill()
            try await last(step)
            try await machine.kill()
            try machine.disk.makeRoom()
            try await machine.start()
        case .agentClockSet: try set(machine.clock, step)
        case .supervisorKilled:
            for supervisor in Self.one(of: machine.supervisors, step) { kill(supervisor, SIGKILL) }
        case .supervisorStopped: try await stop(Self.one(of: machine.supervisors, step), for: step)
        case .commandsStopped: try await stop(machine.commands, for: step)
        case .nodeSuspended: try await stop(machine.processes, for: step)
        case .nodePowerLost:
            try await machine.losePower()
            try await last(step)
            try await machine.start()
        default: preconditionFailure("\(step.fault) is none of a node.")
        }
        if let fault = try await machine.startIfEnded() { log.fault(fault) }
    }

    private static func one(of processes: [Int32], _ step: ChaosPlan.Step) -> ArraySlice<Int32> {
        processes.isEmpty ? [] : processes[(abs(step.amount) % processes.count)...].prefix(1)
    }

    private func stop(_ processes: some Collection<Int32>, for step: ChaosPlan.Step) async throws {
        for process in processes { kill(process, SIGSTOP) }
        try await last(step)
        for process in processes { kill(process, SIGCONT) }
    }

    // MARK: A network

    private func commit(_ step: ChaosPlan.Step, toNetworkOf name: String) async throws {
        let address = network.address(of: name)
        switch step.fault {
        case .linkDown:
            try await network.setLink(of: name, isUp: false)
            try await last(step)
            try await network.setLink(of: name, isUp: true)
        case .nodeHearsNothing:
            try await network.drop(.input, of: name)
            try await last(step)
            try await network.dropNothing(of: name)
        case .nodeSaysNothing:
            try await network.drop(.output, of: name)
            try await last(step)
            try await network.dropNothing(of: name)
        case .linkSlow:
            try await weather(.init(delay: .milliseconds(abs(step.amount) % 700)), of: address, for: step)
        case .linkNarrow:
            try await weather(
                .init(bytesPerSecond: 1_000 + abs(step.amount) % 20_000), of: address, for: step)
        case .linkStalled: try await weather(.init(isStalled: true), of: address, for: step)
        case .connectionsReset: try await proxy.reset(address)
        case .nodeLosesConnections: try await proxy.halfOpen(address, losing: .node)
        case .coordinatorLosesConnections: try await proxy.halfOpen(address, losing: .coordinator)
        default: preconditionFailure("\(step.fault) is none of a network.")
        }
    }

    private func weather(_ weather: FaultyProxy.Weather, of address: String, for step: ChaosPlan.Step)
        async throws
    {
        try await proxy.setWeather(weather, of: address)
        try await last(step)
        try await proxy.setWeather(FaultyProxy.Weather(), of: address)
    }
}

/// What happens, on the test's output; and what should not have, for its end.
final class ChaosLog: Sendable {
    private let start = ContinuousClock.now
    private let state = Mutex<(faults: [String], counts: [ChaosFault: Int])>(([], [:]))

    func say(_ text: String) {
        let passed = (ContinuousClock.now - start).components
        print("\(passed.seconds).\(passed.attoseconds / 100_000_000_000_000_000) s  \(text)")
    }

    func fault(_ text: String) {
        say("FAULT: " + text)
        state.withLock { $0.faults.append(text) }
    }

    func count(_ fault: ChaosFault) { state.withLock { $0.counts[fault, default: 0] += 1 } }

    var faults: [String] { state.withLock { $0.faults } }
    var counts: [(ChaosFault, Int)] {
        let counts = state.withLock { $0.counts }
        return ChaosFault.allCases.compactMap { fault in counts[fault].map { (fault, $0) } }
    }
}
