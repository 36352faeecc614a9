import ClusterTypes
import CoordinatorCore
import ProtocolMessages

/// What an agent, a client or a launcher has been told is in the store: it survives any crash.
struct DurableBeforeVisible {
    static let name = "durable before visible"

    /// Executions with an outcome, until it is acknowledged: a task that was given back unstarted may be held again.
    /// Looked up, never iterated.
    private var ended: [SlotKey: Set<TaskAttempt>] = [:]

    mutating func observe(_ observation: Observation, _ rows: DurableRows) -> [String] {
        switch observation {
        case .executionEnded(let task?, _?, let supervisor, _):
            ended[supervisor.key, default: []].insert(task)
            return []
        case .delivered(let message, let host): return check(message, host, rows)
        case .replied(_, let reply): return check(reply, rows)
        case .ordered(let order, let pool): return check(order, pool, rows)
        case .slotStarted, .slotEnded, .executionStarted, .executionEnded, .supervisorCrashed, .hostSuspended,
            .hostResumed,
            .committed, .ledBy, .welcomes, .launched, .released:
            return []
        }
    }

    private mutating func check(
        _ message: CoordinatorMessage, _ host: Host, _ rows: DurableRows
    ) -> [String] {
        switch message {
        case .assign(let assignment):
            // A row that is not there any more has ended; a newer one was placed again.
            guard let row = rows.slots[assignment.key.slot] else { return [] }
            if row.generation < assignment.key.generation {
                return ["\(host.name) is given \(assignment.key), the store has \(row.key)"]
            }
            if row.generation == assignment.key.generation, let node = row.node, node != host.node {
                return ["\(host.name) is given \(assignment.key), the store has it on node \(node)"]
            }
        case .slotEndAcknowledged(let key):
            ended[key] = nil
            if let row = rows.slots[key.slot], row.key == key, row.state.isPlaced, row.node == host.node {
                return ["\(host.name) may forget \(key), which is \(row.state) in the store"]
            }
        case .taskResultsAcknowledged(let key, let attempts):
            if let row = rows.slots[key.slot], row.key == key, row.node == host.node,
                let held = attempts.first(where: {
                    row.tasks.contains($0) && ended[key]?.contains($0) ?? false
                })
            {
                return ["\(host.name) may forget task \(held.index) of \(key), which holds it in the store"]
            }
        case .welcome, .refusal, .heartbeatAcknowledged, .stopSlot, .assignTasks, .requestHardware,
            .requestLog, .cancelLog, .certificate, .confirmEmpty:
            break
        }
        return []
    }

    private func check(_ order: LauncherCall.Order, _ pool: String, _ rows: DurableRows) -> [String] {
        switch order {
        case .launch(let order):
            let row = rows.launches[order.launch]
            return row?.pool == pool && row.map { Int($0.count) } == order.count
                ? [] : ["launch \(order.launch) is ordered and not in the store"]
        case .list: return []
        case .release(let names):
            return rows.launches.values.filter { $0.pool == pool && !$0.state.isOver }.flatMap(\.allocations)
                .filter { names.contains($0.name) && !$0.isReleased }
                .map { "allocation \($0.name) is released, and not in the store" }
        }
    }

    private func check(_ reply: Reply, _ rows: DurableRows) -> [String] {
        switch reply {
        case .job(let record):
            // A number that was never durable may have been given again.
            rows.jobs[record.job]?.specification.job == record.specification.job
                ? [] : ["job \(record.job) is not in the store"]
        case .enrolled(let node, _): rows.nodes[node] == nil ? ["node \(node) is not in the store"] : []
        case .node(let record):
            rows.nodes[record.node]?.keyFingerprint == record.keyFingerprint
                ? [] : ["node \(record.node) is not in the store"]
        case .refused, .tasksRetried, .token, .virtualCluster, .virtualClusters, .explanation, .jobPlan,
            .movePlan, .logLocation, .nodeLocation, .pools, .launches, .noted:
            []
        }
    }
}
