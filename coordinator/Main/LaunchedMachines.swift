import ClusterTypes
import CoordinatorBridge
import CoordinatorCore
import CoordinatorLaunchers
import Foundation

/// Machines for a foreign scheduler's nodes, by a site's own program. What there is stands with that program alone, so that
/// nothing is lost with this process.
struct LaunchedMachines: BridgeMachines {
    let launcher: ExecLauncher
    let pool: String
    let nodes: [SchedulerNode]
    /// Until what was released is gone.
    var patience = Duration.seconds(600)
    var interval = Duration.seconds(5)

    func list() async throws -> [String] {
        let there = try await alive()
        return nodes.filter { node in there.contains { Self.isOf($0, node) } }.map(\.name)
    }

    func add(_ name: String) async throws {
        let node = try node(name)
        guard try await alive(node).isEmpty else { return }
        // The program takes a number for the same launch; another start of this process has others.
        let number = UInt64(max(1, Date().timeIntervalSince1970 * 1_000_000))
        let order = LaunchOrder(launch: LaunchID(number), pool: pool, count: 1)
        let launched = try await launcher.launch(order, node)
        if let over = launched.first(where: { $0.state.isOver }) {
            throw LaunchFailure(
                .unavailable, "the machine of '\(name)' is \(over.state.rawValue): \(over.reason)")
        }
        guard launched.contains(where: { Self.isOf($0, node) }) else {
            try? await launcher.release(launched.map(\.name))
            throw LaunchFailure(
                .invalidAnswer,
                "The answer to the launch of '\(name)' names no allocation whose host is that name or its address: "
                    + "nobody could find it again, so it is released.")
        }
    }

    func remove(_ name: String) async throws {
        let node = try node(name)
        let end = ContinuousClock.now + patience
        var there = try await alive(node)
        if !there.isEmpty { try await launcher.release(there.map(\.name)) }
        while !there.isEmpty {
            guard ContinuousClock.now < end else {
                throw LaunchFailure(.unavailable, "the machine of '\(name)' was released and is still there")
            }
            try await Task.sleep(for: interval)
            there = try await alive(node)
        }
    }

    private func alive(_ node: SchedulerNode) async throws -> [Allocation] {
        try await alive().filter { Self.isOf($0, node) }
    }

    private func alive() async throws -> [Allocation] {
        try await launcher.list().filter { !$0.state.isOver }
    }

    private static func isOf(_ allocation: Allocation, _ node: SchedulerNode) -> Bool {
        allocation.host.map { node.isHost($0) } ?? false
    }

    private func node(_ name: String) throws(BridgeFailure) -> SchedulerNode {
        guard let node = nodes.first(where: { $0.name == name }) else {
            throw BridgeFailure("'\(name)' is no node of this bridge.")
        }
        return node
    }
}
