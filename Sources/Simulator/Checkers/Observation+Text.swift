import ClusterTypes
import CoordinatorCore
import ProtocolMessages

// As lines of the trace.
extension Observation: CustomStringConvertible {
    var description: String {
        switch self {
        case .slotStarted(let supervisor, let host): "\(host.name) starts \(supervisor.key)"
        case .slotEnded(let supervisor, let host): "\(host.name) ends \(supervisor.key)"
        case .executionStarted(let task, let supervisor, let host):
            "\(host.name) \(supervisor.key) runs \(task.map { "\($0.index)#\($0.attempt)" } ?? "its command")"
        case .executionEnded(let task, let code, let supervisor, let host):
            "\(host.name) \(supervisor.key) ran \(task.map { "\($0.index)#\($0.attempt)" } ?? "its command"), "
                + "exit \(code.map(String.init) ?? "unknown")"
        case .supervisorCrashed(let task, let supervisor, let host):
            "\(host.name) \(supervisor.key) goes down with \(task.map { "\($0.index)#\($0.attempt)" } ?? "its command")"
        case .hostSuspended(let host): "\(host.name) stands still"
        case .hostResumed(let host): "\(host.name) goes on"
        case .committed(let writes, let transaction):
            "committed \(transaction.number): \(writes.map(\.summary).joined(separator: ", "))"
        case .ledBy(let process): "coordinator \(process.index) leads, as number \(process.lead)"
        case .welcomes(let link):
            "coordinator \(link.coordinator.index) welcomes over connection \(link.connection)"
        case .delivered(let message, let host): "\(host.name) <- \(message.summary)"
        case .replied(_, let reply): "reply \(reply.summary)"
        case .ordered(.launch(let order), let pool):
            "pool '\(pool)' is asked for launch \(order.launch) of \(order.count)"
        case .ordered(.list, let pool): "pool '\(pool)' is asked what there is"
        case .ordered(.release(let names), let pool):
            "pool '\(pool)' is asked to release \(names.joined(separator: " "))"
        case .launched(let order, let launcher):
            "pool '\(launcher.name)' has taken launch \(order.launch)"
        case .released(let allocation, _): "allocation \(allocation.name) is released"
        }
    }
}

extension Write {
    fileprivate var summary: String {
        switch self {
        case .putNode(let record): "node \(record.node) \(record.state)"
        case .putJob(let record): "job \(record.job) \(record.state)"
        case .appendPayloads(let job, let first, let payloads): "payloads \(job)/\(first)+\(payloads.count)"
        case .putSlot(let record):
            "slot \(record.key) \(record.state)\(record.tasks.isEmpty ? "" : " with ")"
                + record.tasks.map { "\($0.index)" }.joined(separator: " ")
        case .putTasks(let job, let rows):
            "tasks " + rows.map { "\(job)/\($0.index)#\($0.attempt) \($0.state)" }.joined(separator: " ")
        case .putToken: "token"
        case .putVirtualCluster(let record): "virtual cluster \(record.name)"
        case .dropVirtualCluster(let name): "no virtual cluster \(name)"
        case .putPool(let record): "pool \(record.name), \(record.failures) failures"
        case .putLaunch(let record): "launch \(record.launch) \(record.state)"
        case .dropLaunch(let launch): "no launch \(launch)"
        case .putFairShare(let records): "fair share of \(records.count)"
        case .addEvent(let record): "event '\(record.message)'"
        case .putHistory, .putUsage, .dropHistory: "history"
        }
    }
}

extension CoordinatorMessage {
    fileprivate var summary: String {
        switch self {
        case .welcome(let welcome):
            "welcome, keep \(welcome.keep.map(\.description).joined(separator: " "))"
        case .refusal(let refusal): "refusal \(refusal.code)"
        case .heartbeatAcknowledged(let sequence, _): "beat \(sequence)"
        case .assign(let assignment): "assign \(assignment.key) of job \(assignment.job)"
        case .stopSlot(let key, let reason): "stop \(key): \(reason)"
        case .slotEndAcknowledged(let key): "end of \(key) is known"
        case .assignTasks(let key, let orders):
            "tasks of \(key): \(orders.map { "\($0.attempt.index)#\($0.attempt.attempt)" }.joined(separator: " "))"
        case .taskResultsAcknowledged(let key, let attempts):
            "results of \(key) are known: \(attempts.map { "\($0.index)#\($0.attempt)" }.joined(separator: " "))"
        case .requestHardware: "probe"
        case .requestLog, .cancelLog: "log"
        case .certificate: "certificate"
        case .confirmEmpty(let assignments): "confirm that nothing is left of \(assignments) assignments"
        }
    }
}

extension Reply {
    fileprivate var summary: String {
        switch self {
        case .refused(let refusal): "refused \(refusal.code)"
        case .job(let record): "job \(record.job) \(record.state)"
        case .tasksRetried(let count): "\(count) retried"
        case .node(let record): "node \(record.node) \(record.state)"
        case .token: "token"
        case .enrolled(let node, _): "enrolled \(node)"
        case .virtualCluster(let record): "virtual cluster \(record.name)"
        case .virtualClusters, .pools, .launches, .noted, .explanation, .jobPlan, .movePlan, .logLocation,
            .nodeLocation:
            "answer"
        }
    }
}
