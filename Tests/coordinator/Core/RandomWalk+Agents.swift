import ClusterTypes
import ProtocolMessages

@testable import CoordinatorCore

// What agents do.
extension RandomWalk {
    mutating func agentActs() {
        guard !agents.isEmpty else { return enroll() }
        let agent = below(agents.count)
        guard let connection = agents[agent].connection else {
            if chance(60) { connect(agent) }
            return
        }
        switch below(100) {
        case 0..<4: disconnect(agent)
        case 4..<5: connect(agent)
        case 5..<6: handle(.agentMessage(connection, .hello(hello(agent))))
        case 6..<18: handle(.agentMessage(connection, .pull(credits: UInt32(below(6)))))
        case 18..<20:
            let hardware = hardware(of: agents[agent].node, cpus: 1 + Int64(below(4)), gpus: below(4))
            handle(.agentMessage(connection, .hardware(hardware, request: 0)))
        case 20..<21:
            handle(.agentMessage(connection, .leaving(reason: "order")))
            agents[agent].connection = nil
            agents[agent].slots = []
        case 21..<24: foreignMessage(on: connection)
        case 24..<30: answerEmptiness(agent, on: connection)
        case 30..<32: handle(.agentMessage(connection, .lifetime(lifetime())))
        default: slotActs(agent, on: connection)
        }
    }

    private mutating func lifetime() -> Lifetime {
        Lifetime(
            remainingMilliseconds: chance(70) ? UInt64(below(300_000)) : nil, isEnding: chance(20))
    }

    /// Now and then also with an old number.
    private mutating func answerEmptiness(_ agent: Int, on connection: ConnectionID) {
        guard let asked = agents[agent].emptinessAsked,
            agents[agent].slots.allSatisfy({ $0.state.isEnded })
        else { return }
        if chance(80) { agents[agent].emptinessAsked = nil }
        handle(.agentMessage(connection, .empty(generation: chance(90) ? asked : UInt64(below(3)))))
    }

    private func hardware(of node: NodeID, cpus: Int64, gpus: Int) -> HardwareReport {
        var hardware = HardwareReport.example(cpus: cpus, gpus: gpus)
        for device in hardware.devices.indices {
            hardware.devices[device].memoryTotalBytes = Self.deviceMemoryBytes(of: node)
        }
        return hardware
    }

    private mutating func hello(_ agent: Int) -> Hello {
        let cpus = Int64(agents[agent].node.rawValue % 4 + 1)
        let slots = agents[agent].slots.map {
            RunningSlot(
                key: $0.key, state: $0.state, tasks: $0.tasks, hasVanished: chance(50))
        }
        var hello = Hello.example(
            agents[agent].node, cpus: cpus, gpus: Int(cpus), instance: agents[agent].instance, slots: slots)
        hello.hardware = hardware(of: agents[agent].node, cpus: cpus, gpus: Int(cpus))
        hello.bootID = "boot \(agents[agent].instance / 1_000 % 2)"
        if agents[agent].node.rawValue % 3 == 0 { hello.nodeName = "same" }
        if chance(10) { hello.lifetime = lifetime() }
        return hello
    }

    private mutating func connect(_ agent: Int) {
        lastConnection += 1
        let connection = ConnectionID(lastConnection)
        switch below(10) {
        case 0:  // Its process is new.
            agents[agent].instance += 1_000
        case 1:  // Its machine is new.
            agents[agent].instance += 1_000
            agents[agent].slots = []
        case 2:  // Slots end without a word.
            if let slot = agents[agent].slots.indices.randomElement(using: &random) {
                agents[agent].slots[slot].state = chance(50) ? .finished : .failed
            }
        default: break
        }
        let peer = PeerIdentity(
            node: agents[agent].node, keyFingerprint: agents[agent].key, address: "10.0.0.1")
        handle(.agentConnected(connection, peer))
        agents[agent].connection = connection
        handle(.agentMessage(connection, .hello(hello(agent))))
    }

    /// What was sent and has not arrived is lost with the connection.
    private mutating func disconnect(_ agent: Int) {
        guard let connection = agents[agent].connection else { return }
        agents[agent].connection = nil
        if chance(70) { handle(.agentDisconnected(connection, reason: "reset")) }
    }

    private mutating func slotActs(_ agent: Int, on connection: ConnectionID) {
        guard let slot = agents[agent].slots.indices.randomElement(using: &random) else {
            return handle(.agentMessage(connection, .pull(credits: UInt32(below(4)))))
        }
        let key = agents[agent].slots[slot].key
        let isOver = agents[agent].slots[slot].state.isEnded
        switch below(100) {
        case 0..<30 where !isOver:
            handle(.agentMessage(connection, .pullTasks(key, credits: UInt32(below(5)))))
        case 30..<75 where !agents[agent].slots[slot].tasks.isEmpty:
            let tasks = agents[agent].slots[slot].tasks
            let some = tasks.filter { _ in chance(60) }
            let results = some.map { task in
                chance(15)
                    ? TaskResult.unstarted(task.index, task.attempt)
                    : TaskResult(task.index, task.attempt, exit: [0, 0, 0, 1, 91][below(5)])
            }
            if !isStoreFailing { agents[agent].slots[slot].tasks.removeAll { some.contains($0) } }
            handle(.agentMessage(connection, .taskResults(key, results)))
        case 75..<92 where !isOver:
            let state = chance(5) ? SlotState.stopping : chance(20) ? .starting : .running
            if agents[agent].slots[slot].state != .stopping { agents[agent].slots[slot].state = state }
            report(key, state, nil, on: connection)
        case 92..<100:
            let (state, code) = [
                (SlotState.finished, Int32?(0)), (.finished, nil), (.failed, 1), (.failed, nil),
            ][below(4)]
            agents[agent].slots[slot].state = state
            report(key, state, code, on: connection)
        default: break
        }
    }

    private mutating func report(
        _ key: SlotKey, _ state: SlotState, _ code: Int32?, on connection: ConnectionID
    ) {
        let report = SlotReport(
            key: key, state: state, exitCode: code, reason: code.map { "\($0)" } ?? "", at: now,
            hasVanished: state == .finished && code == nil && chance(50))
        handle(.agentMessage(connection, .slotReport(report)))
    }

    /// Old generations, others' slots, states that no agent reports.
    private mutating func foreignMessage(on connection: ConnectionID) {
        let key = SlotKey(UInt64(below(Int(core.lastSlot) + 2)), UInt64(below(3)))
        switch below(3) {
        case 0: report(key, SlotState.allCases[below(SlotState.allCases.count)], 0, on: connection)
        case 1: handle(.agentMessage(connection, .taskResults(key, [TaskResult(TaskIndex(below(9)))])))
        default: handle(.agentMessage(connection, .pullTasks(key, credits: 3)))
        }
    }
}
