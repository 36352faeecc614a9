import AgentCore
import ClusterTypes
import CoordinatorCore
import ProtocolMessages

/// Everything that happens, in short words. Heartbeats, their acknowledgements, leases and attempts to connect are
/// left out.
enum Words {
    static func quoted(_ reason: String) -> String { reason.isEmpty ? "" : " \"\(reason)\"" }

    static func attempts(_ attempts: [TaskAttempt]) -> String {
        attempts.map { "\($0.index)#\($0.attempt)" }.joined(separator: " ")
    }

    static func grants(_ grants: [DeviceGrant]) -> String {
        grants.isEmpty ? "" : " devices " + grants.map { "\($0.device):\($0.shares)" }.joined(separator: " ")
    }

    static func exit(_ code: Int32?) -> String { code.map { " exit \($0)" } ?? "" }

    // MARK: Messages

    static func line(_ message: AgentMessage, _ world: World) -> String? {
        switch message {
        case .hello(let hello):
            let slots = hello.slots.map { slot in
                let tasks = slot.tasks.isEmpty ? "" : " (\(attempts(slot.tasks)))"
                let end = slot.hasVanished ? "vanished" : slot.state.rawValue
                return "\(slot.key) \(end)\(tasks)"
            }
            let end = hello.lifetime.map { ",\(remaining($0))" } ?? ""
            return "hello" + end + (slots.isEmpty ? "" : ": " + slots.joined(separator: ", "))
        case .heartbeat, .logChunk: return nil
        case .pull(let credits): return "pull \(credits)"
        case .slotReport(let report):
            return "\(report.key) \(report.state.rawValue)\(exit(report.exitCode))\(quoted(report.reason))"
        case .pullTasks(let key, let credits): return "\(key) wants \(credits)"
        case .taskResults(let key, let results):
            return "\(key) results " + results.map(result).joined(separator: " ")
        case .hardware: return "hardware"
        case .renewCertificate: return "renew certificate"
        case .leaving(let reason): return "leaving\(quoted(reason))"
        case .empty(let generation): return "empty \(generation)"
        case .lifetime(let lifetime): return "lifetime\(remaining(lifetime))"
        }
    }

    static func remaining(_ lifetime: Lifetime) -> String {
        let remaining = lifetime.remainingMilliseconds.map { " \($0) ms" } ?? " unknown"
        return remaining + (lifetime.isEnding ? ", ending" : "")
    }

    static func result(_ result: TaskResult) -> String {
        let outcome = result.isUnstarted ? "unstarted" : "\(result.exitCode)"
        return "\(result.attempt.index)#\(result.attempt.attempt)=\(outcome)"
    }

    static func line(_ message: CoordinatorMessage, _ world: World) -> String? {
        switch message {
        case .welcome(let welcome):
            let keep = welcome.keep.map(\.description).joined(separator: " ")
            return "welcome" + (keep.isEmpty ? "" : ", keep \(keep)")
        case .refusal(let refusal):
            let retry = refusal.retryAfterMilliseconds.map { ", again in \($0) ms" } ?? ""
            return "refused: \(refusal)\(retry)"
        case .heartbeatAcknowledged: return nil
        case .assign(let assignment):
            return "assign \(assignment.key) of \(assignment.specification.job)\(grants(assignment.devices))"
        case .stopSlot(let key, let reason): return "stop \(key)\(quoted(reason))"
        case .slotEndAcknowledged(let key): return "\(key) is over"
        case .assignTasks(let key, let orders):
            let orders = orders.map { order in
                let payload = order.payload.map { "(\($0))" } ?? ""
                return "\(order.attempt.index)#\(order.attempt.attempt)\(payload)"
            }
            return "\(key) tasks " + orders.joined(separator: " ")
        case .taskResultsAcknowledged(let key, let known): return "\(key) recorded \(attempts(known))"
        case .requestHardware: return "probe hardware"
        case .requestLog: return "read log"
        case .cancelLog: return "cancel log"
        case .certificate: return "certificate"
        case .confirmEmpty(let generation): return "confirm empty \(generation)"
        }
    }

    // MARK: Orders to supervisors

    static func line(_ action: AgentCore.Action) -> String? {
        switch action {
        case .disconnect(let reason): "disconnects\(quoted(reason))"
        case .connect, .send, .setLease, .probeHardware, .readLog, .cancelLog: nil
        case .setEnd(let warnAt, let until): "warns at \(warnAt), stops by \(until)"
        case .startSlot(let assignment): "starts \(assignment.key)"
        case .stopSlot(let key, let reason): "stops \(key)\(quoted(reason))"
        case .giveTasks(let key, let orders): "gives \(key) \(attempts(orders.map(\.attempt)))"
        case .forgetResults(let key, let known): "forgets results of \(key): \(attempts(known))"
        case .forgetSlot(let key): "forgets \(key)"
        case .storeCertificate: "stores a certificate"
        case .exit(.left): "exits: left"
        case .exit(.refused(let refusal)): "exits: refused, \(refusal.code.rawValue)"
        }
    }

    // MARK: Writes

    static func lines(_ write: Write, _ world: World) -> [String] {
        switch write {
        case .putNode(let record): ["write \(line(record))"]
        case .putJob(let record): ["write \(line(record))"]
        case .appendPayloads(let job, let first, let payloads):
            ["write payloads of \(world.name(of: job)) \(first)..<\(Int(first) + payloads.count)"]
        case .putSlot(let record): ["write \(line(record, world))"]
        case .putTasks(let job, let records):
            records.map { record in
                "write task \(world.name(of: job))/\(record.index) \(record.state.rawValue) "
                    + "attempt \(record.attempt)\(exit(record.exitCode))\(quoted(record.reason))"
                    + crashes(record.crashes, world)
            }
        case .putToken(let record): ["write token \(record.name)"]
        case .addEvent(let record): ["event \(subject(record.subject, world)): \(record.message)"]
        case .putVirtualCluster(let record): ["write virtual cluster \(record.name)"]
        case .dropVirtualCluster(let name): ["drop virtual cluster \(name)"]
        case .putPool(let record): ["write pool \(record.name)"]
        case .putLaunch(let record): ["write launch \(record.launch) \(record.state.rawValue)"]
        case .dropLaunch(let launch): ["drop launch \(launch)"]
        // Of all users, every few minutes.
        case .putFairShare, .putHistory, .putUsage, .dropHistory: []
        }
    }

    static func line(_ record: NodeRecord) -> String {
        let orders =
            (record.isDraining ? " (drain)" : "") + (record.isCordoned ? " (cordon)" : "")
            + (record.removal == nil ? "" : " (remove)")
        return "node \(record.name) \(record.state.rawValue)\(orders)\(quoted(record.reason))"
    }

    static func line(_ record: JobRecord) -> String {
        let counts = record.counts
        let parts: [(UInt32, String)] = [
            (counts.ready, "ready"), (counts.running, "running"), (counts.succeeded, "succeeded"),
            (counts.failed, "failed"), (counts.canceled, "canceled"), (record.retried, "retried"),
        ]
        let words = parts.filter { $0.0 > 0 }.map { ", \($0.0) \($0.1)" }.joined()
        let open = record.isOpen ? " (open)" : ""
        return
            "job \(record.specification.job) \(record.state.rawValue)\(open)\(words)\(quoted(record.reason))"
    }

    static func line(_ record: SlotRecord, _ world: World) -> String {
        let place = record.node.map { " on \(world.name(of: $0))" } ?? ""
        let tasks = record.tasks.isEmpty ? "" : " with \(attempts(record.tasks))"
        return "slot \(record.key) \(record.state.rawValue)\(place)\(grants(record.devices))\(tasks)"
            + "\(exit(record.exitCode))\(quoted(record.reason))\(crashes(record.crashes, world))"
    }

    private static func crashes(_ nodes: [NodeID], _ world: World) -> String {
        nodes.isEmpty ? "" : " crashed on " + nodes.map { world.name(of: $0) }.joined(separator: " ")
    }

    private static func subject(_ subject: EventRecord.Subject, _ world: World) -> String {
        switch subject {
        case .node(let node): "node \(world.name(of: node))"
        case .job(let job): "job \(world.name(of: job))"
        case .slot(let slot): "slot \(slot)"
        case .cluster: "cluster"
        }
    }

    // MARK: Replies

    static func lines(_ reply: Reply, _ world: World) -> [String] {
        switch reply {
        case .refused(let refusal): ["reply: refused, \(refusal.code.rawValue): \(refusal.message)"]
        case .job(let record): ["reply: job \(record.job) \(record.state.rawValue)"]
        case .tasksRetried(let count): ["reply: \(count) tasks retried"]
        case .node(let record): ["reply: node \(record.name) \(record.state.rawValue)"]
        case .token(let record): ["reply: token \(record.name)"]
        case .virtualCluster(let record): ["reply: virtual cluster \(record.name)"]
        case .virtualClusters(let found): ["reply: \(found.count) virtual clusters"]
        case .enrolled(let node, let pool): ["reply: enrolled as node \(node) of pool \(pool)"]
        case .explanation(let lines): lines.map { "| \($0)" }
        case .jobPlan(let plan):
            ["plan: \(plan.placed.map(\.name).joined(separator: " ")), \(plan.waiting) would wait"]
                + plan.reasons.map { "| \($0)" }
        case .movePlan(let plan):
            plan.freed.map { "plan: device \($0.device) of \($0.node) whole by \($0.moves.count) moves" }
        case .logLocation(_, let key, let task): ["reply: log of \(key) \(task.map { attempts([$0]) } ?? "")"]
        case .nodeLocation: ["reply: connected"]
        case .pools(let pools): ["reply: \(pools.count) pools"]
        case .launches(let launches): ["reply: \(launches.count) launches"]
        case .noted: ["reply: noted"]
        }
    }
}
