import ClusterTypes
import CoordinatorAutoscale
import ProtocolMessages
import Testing

@testable import CoordinatorCore

extension PoolConfiguration {
    static var example: PoolConfiguration {
        var limits = PoolLimits(max: 10)
        limits.idle = .seconds(20)
        var pool = PoolConfiguration(name: "cloud", launcher: "fake", limits: limits)
        pool.template = NodeCapacity(
            resources: Resources(milliCPU: 2_000, memoryBytes: 8 << 30, diskBytes: 1 << 39))
        return pool
    }
}

extension Output {
    var launches: [LaunchOrder] {
        actions.compactMap { if case .launch(let order) = $0 { order } else { nil } }
    }

    var releases: [[String]] {
        actions.compactMap { if case .releaseAllocations("cloud", let names) = $0 { names } else { nil } }
    }
}

extension Fixture {
    var pool: Pool { core.pools.table["cloud"] ?? Pool(record: PoolRecord(name: "none")) }

    func record(_ launch: UInt64) -> LaunchRecord? {
        core.pools.launches[LaunchID(launch)]?.record
    }

    /// The autoscaler's next look.
    mutating func look(beatsOn connections: [ConnectionID] = []) -> Output {
        let due = core.pools.due ?? now
        var output = Output()
        while now < due {
            now = min(now + .seconds(1), due)
            for connection in connections {
                output += say(.heartbeat(Heartbeat(sequence: 1)), on: connection)
            }
            output += place()
        }
        if core.pools.due == now { output += handle(.wakeup) }
        return output
    }

    mutating func token(_ launch: UInt64) {
        _ = command(.createLaunchToken(LaunchID(launch), secretHash: "secret of \(launch)"))
    }

    mutating func list(_ launch: UInt64, _ allocations: [Allocation]) {
        now = now + .milliseconds(1)
        _ = command(.noteListed(pool: "cloud", .success(allocations), asked: now))
    }

    mutating func joinLaunched(
        _ launch: UInt64, allocation: String?, _ change: (inout Hello) -> Void = { _ in }
    ) -> NodeID {
        let number = core.lastNode + 1
        _ = command(
            .enrollNode(
                secretHash: "secret of \(launch)", name: "n\(number)", keyFingerprint: "key of \(number)",
                allocation: allocation))
        let node = NodeID(number)
        let connection = connect(node)
        var hello = Hello.example(node)
        change(&hello)
        _ = say(.hello(hello), on: connection)
        _ = say(.pull(credits: 32), on: connection)
        _ = place()
        return node
    }

    func connection(of node: NodeID) -> ConnectionID {
        core.nodes[node]?.connection ?? ConnectionID(0)
    }

    mutating func finish(_ key: SlotKey, on connection: ConnectionID) {
        _ = say(
            .slotReport(SlotReport(key: key, state: .finished, exitCode: nil, at: now)), on: connection)
    }

    mutating func lines(_ command: Command) -> [String] {
        guard case .explanation(let lines) = reply(to: command) else { return [] }
        return lines
    }
}

extension Output {
    static func += (left: inout Output, right: Output) {
        left.writes += right.writes
        left.actions += right.actions
    }
}
