import APITypes
import ClusterTypes

/// Waits until a node that is to be removed is gone, through restarts of the coordinator.
struct NodeWaiter: Sendable {
    let client: APIClient
    let surroundings: Surroundings
    var schedule = RetrySchedule()
    /// Between two questions.
    var interval = Duration.seconds(1)

    /// - Returns: the node as it is then.
    func waitUntilReleased(_ node: NodeID) async throws -> NodeView {
        while true {
            let view = try await schedule.retrying(in: surroundings) {
                try await client.node("\(node)", isLive: false)
            }
            if view.state == .released { return view }
            try await surroundings.sleep(interval)
        }
    }
}
