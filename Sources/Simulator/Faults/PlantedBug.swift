import AgentCore
import ClusterTypes
import CoordinatorAutoscale
import CoordinatorCore
import ProtocolMessages

/// Bugs that are planted to see that the checkers find them: each changes what passes between a production machine
/// and its world, so that machine and driver together behave as if the bug were in them. The machines themselves
/// carry no switch.
package enum PlantedBug: String, CaseIterable, Sendable {
    /// Actions are performed before their transaction is durable.
    case actBeforeCommit = "act-before-commit"
    /// Only clients are answered too early.
    case replyBeforeCommit = "reply-before-commit"
    /// Now and then the rows of tasks are not written.
    case loseTaskRows = "lose-task-rows"
    /// Now and then a slot's row is not written.
    case loseSlotRows = "lose-slot-rows"
    /// A report or result of an old generation is taken for one of the newest.
    case forgetFence = "forget-fence"
    /// Slots run on when their lease is over.
    case ignoreLease = "ignore-lease"
    /// An agent renews its lease by every beat that it sends, acknowledged or not.
    case renewUnacknowledged = "renew-unacknowledged"
    /// Now and then an assignment goes to a second node as well.
    case doubleGrant = "double-grant"
    /// A new agent does not look for the supervisors of the one before.
    case forgetSupervisors = "forget-supervisors"
    /// The coordinator counts its own standstill as silence of the nodes.
    case blameForStalls = "blame-for-stalls"
    /// Agents forget results when they are sent, not when they are acknowledged.
    case forgetResultsEarly = "forget-results-early"
    /// `on_lost: fail` is taken for `requeue`.
    case ignoreLossPolicy = "ignore-loss-policy"
    /// A slot's resources are free when its stop is ordered, not when it has ended.
    case freeOnStop = "free-on-stop"
    /// Now and then a success is stored as a failure.
    case changeOutcome = "change-outcome"
    /// The end of a slot is never acknowledged.
    case neverAcknowledgeEnds = "never-acknowledge-ends"
    /// Agents report twice the memory that they have.
    case overstateMemory = "overstate-memory"
    /// A restarted coordinator hands out generations that were handed out before.
    case reuseGenerations = "reuse-generations"
    /// A restarted coordinator does not see the tasks that slots hold.
    case forgetHeldTasks = "forget-held-tasks"
    /// Nodes are declared lost however many are silent at once.
    case releaseBrake = "release-brake"
    /// Crashes of tasks are not counted.
    case forgetCrashes = "forget-crashes"

    // Of launchers
    /// A launcher is asked before its launch's row is durable.
    case launchBeforeCommit = "launch-before-commit"
    /// A restarted coordinator does not see what was launched before.
    case forgetLaunches = "forget-launches"
    /// An allocation is released when its node begins to go, not when it is empty.
    case releaseUnemptied = "release-unemptied"
    /// What a launcher has and nobody asked for is left alone.
    case keepOrphans = "keep-orphans"
    /// Pools get more nodes than they may have.
    case exceedMaximum = "exceed-maximum"

    // Of several coordinators
    /// A leader that has lost its session writes through a new one, without the lock and whoever leads by then.
    case unfencedCommit = "unfenced-commit"
    /// A transaction whose answer was lost is taken for one that is not in, and done again.
    case repeatCommit = "repeat-commit"
    /// A transaction whose answer was lost is taken for one that is in.
    case assumeCommit = "assume-commit"
    /// A leader goes on when its store has not confirmed it for longer than its lease.
    case outliveLead = "outlive-lead"
    /// A new leader does not count with leases that the one before has renewed since.
    case forgetFormerLead = "forget-former-lead"
    /// A leader welcomes agents without a word of its store.
    case answerUnconfirmed = "answer-unconfirmed"
    /// A standby reads what it starts from before it has the lock.
    case earlySnapshot = "early-snapshot"

    /// It shows only where several coordinators share a store.
    package var needsStandby: Bool {
        switch self {
        case .unfencedCommit, .repeatCommit, .assumeCommit, .outliveLead, .forgetFormerLead,
            .answerUnconfirmed, .earlySnapshot:
            true
        default: false
        }
    }

    /// It shows only where pools are launched.
    package var needsPools: Bool {
        switch self {
        case .launchBeforeCommit, .forgetLaunches, .releaseUnemptied, .keepOrphans, .exceedMaximum: true
        default: false
        }
    }

    // MARK: The driver's side

    func actionsBeforeCommit(_ actions: [CoordinatorCore.Action]) -> [CoordinatorCore.Action] {
        switch self {
        case .actBeforeCommit: actions
        case .replyBeforeCommit:
            actions.filter { if case .reply = $0 { true } else { false } }
        case .launchBeforeCommit:
            actions.filter { if case .launch = $0 { true } else { false } }
        default: []
        }
    }

    func spoil(_ writes: [Write], _ world: World) -> [Write] {
        let isChosen = world.statistics.commits % 20 == 0
        switch self {
        case .loseTaskRows where isChosen:
            return writes.filter { if case .putTasks = $0 { false } else { true } }
        case .loseSlotRows where isChosen:
            return writes.filter { if case .putSlot = $0 { false } else { true } }
        case .changeOutcome where isChosen:
            return writes.map { write in
                guard case .putTasks(let job, var rows) = write else { return write }
                for position in rows.indices where rows[position].state == .succeeded {
                    rows[position].state = .failed
                }
                return .putTasks(job, rows)
            }
        default: return writes
        }
    }

    func spoil(_ snapshot: inout Snapshot) {
        switch self {
        case .reuseGenerations:
            for position in snapshot.slots.indices where snapshot.slots[position].state == .pending {
                snapshot.slots[position].generation = Generation(0)
            }
        case .forgetHeldTasks:
            for position in snapshot.slots.indices { snapshot.slots[position].tasks = [] }
        case .forgetLaunches: snapshot.launches = []
        default: break
        }
    }

    func spoil(_ pool: PoolConfiguration) -> PoolConfiguration {
        var pool = pool
        if self == .exceedMaximum { pool.limits.max += 1 }
        return pool
    }

    func spoil(releasing names: [String], of pool: String, _ world: World) -> [String] {
        guard self == .keepOrphans else { return names }
        let known = world.checkers.durable.launches.values.filter { $0.pool == pool && !$0.state.isOver }
            .flatMap(\.allocations).map(\.name)
        return names.filter(known.contains)
    }

    // MARK: What comes to the coordinator

    func disguise(
        _ event: CoordinatorCore.Event, to process: CoordinatorProcess, in world: World
    ) -> CoordinatorCore.Event {
        switch (self, event) {
        case (
            .ignoreLossPolicy, .commandReceived(let request, .submitJob(var job, let payloads, let submitter))
        ):
            job.onLost = .requeue
            return .commandReceived(request, .submitJob(job, payloads: payloads, submitter: submitter))
        case (.forgetFence, .agentMessage(let connection, .slotReport(var report))):
            let (key, holder) = world.newestIncarnation(of: report.key, for: process)
            report.key = key
            return .agentMessage(holder ?? connection, .slotReport(report))
        case (.forgetFence, .agentMessage(let connection, .taskResults(let key, let results))):
            let (newest, holder) = world.newestIncarnation(of: key, for: process)
            return .agentMessage(holder ?? connection, .taskResults(newest, results))
        case (.forgetCrashes, .agentMessage(let connection, .slotReport(var report))):
            report.hasVanished = false
            return .agentMessage(connection, .slotReport(report))
        case (.overstateMemory, .agentMessage(let connection, .hello(var hello))):
            hello.hardware.memory.totalBytes *= 2
            return .agentMessage(connection, .hello(hello))
        default: return event
        }
    }

    // MARK: What goes out

    /// After a transaction has taken effect.
    func followUp(_ writes: [Write], of process: CoordinatorProcess, in world: World) {
        guard self == .releaseUnemptied else { return }
        for case .putNode(let record) in writes where record.removal != nil {
            guard
                let (launcher, position) = world.hostOfNode[record.node].flatMap({
                    world.hosts[$0].allocation
                })
            else { continue }
            let name = launcher.allocations[position].name
            world.order(.release([name]), of: launcher.name, by: process)
        }
    }

    /// After a message of the coordinator was sent.
    func followUp(_ message: CoordinatorMessage, over connection: ConnectionID, in world: World) {
        switch (self, message) {
        case (.doubleGrant, .assign(let assignment)) where assignment.key.slot.rawValue % 10 == 0:
            let sender = world.links[connection.rawValue]?.coordinator
            let other = world.hosts.first {
                $0.link.map { $0.connection != connection && $0.coordinator === sender } ?? false
            }
            if let link = other?.link { world.send(message, over: link.connection) }
        case (.freeOnStop, .stopSlot(let key, _)):
            let end = SlotReport(
                key: key, state: .finished, reason: "stopped", at: Instant(microseconds: world.now))
            guard let process = world.links[connection.rawValue]?.coordinator else { return }
            world.deliver(.agentMessage(connection, .slotReport(end)), to: process)
        default: break
        }
    }

    /// What the agent hears instead.
    func disguise(_ message: CoordinatorMessage) -> CoordinatorMessage? {
        if self == .neverAcknowledgeEnds, case .slotEndAcknowledged = message { return nil }
        return message
    }

    /// After a message of an agent was sent.
    func followUp(_ message: AgentMessage, from host: Host, in world: World) {
        switch (self, message) {
        case (.forgetResultsEarly, .taskResults(let key, let results)):
            world.drive(host, .messageReceived(.taskResultsAcknowledged(key, results.map(\.attempt))))
        case (.renewUnacknowledged, .heartbeat):
            let lease = world.coordinators[0].limits.leaseMilliseconds
            world.setLease(remaining: .milliseconds(Int64(lease)), on: host)
        default: break
        }
    }
}

extension World {
    /// The incarnation that the store knows of the slot, and the connection of the node that holds it.
    fileprivate func newestIncarnation(
        of key: SlotKey, for process: CoordinatorProcess
    ) -> (SlotKey, ConnectionID?) {
        guard let row = checkers.durable.slots[key.slot] else { return (key, nil) }
        let link = row.node.flatMap { hostOfNode[$0] }.flatMap { hosts[$0].link }
        return (row.key, link?.coordinator === process ? link?.connection : nil)
    }
}
