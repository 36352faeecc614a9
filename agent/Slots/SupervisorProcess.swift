import ClusterTypes
import Platform
import ProtocolMessages

/// One slot's supervisor: a single thread that waits for the command, its output, the agent and the clock.
///
/// Moments are those of `SteadyClock.sinceBoot`, so that a machine that slept has used up its lease.
final class SupervisorProcess {
    /// Results go to the agent when so many have gathered …
    static let resultBatch = 64
    /// … or after this time.
    static let resultDelayMicroseconds: Int64 = 20_000
    /// For an agent that never names a lease: the slot must not run for ever on its own.
    static let firstLeaseMicroseconds: Int64 = 60_000_000
    /// How long the agent may take to read the last messages; they stand in files as well.
    static let farewellMicroseconds: Int64 = 1_000_000

    private enum Place: Int, CaseIterable {
        case listener, connection, signals, lease, output, error
    }

    let assignment: Assignment
    let key: SlotKey
    let kind: JobKind
    let timeoutSeconds: UInt32?
    let stopGraceMicroseconds: Int64
    let outputLimitBytes: Int64
    let codec: LocalCodec
    let plan: CommandPlan
    let files = SlotFiles(folder: "")
    let nullDevice: Descriptor

    private let listener: Descriptor
    private let signals: SignalQueue
    private let leaseTimer: BootTimer
    private var waiting = PollSet(places: Place.allCases.count)
    var buffer = [UInt8](repeating: 0, count: 64 << 10)

    var controlGroup: ControlGroup?
    /// Why there is none, where limits were asked for.
    var limitNote = ""
    var connection: AgentConnection?
    var command: RunningCommand?
    var ledger = TaskLedger()
    var logKeeper = TaskLogKeeper()
    /// The streams of a batch or service command, through all its restarts.
    let slotOutput: OutputLog
    let slotError: OutputLog

    var report: SlotReport
    var stopping: Stop?
    var lease: LeaseDeadline?
    /// Of the machine's time.
    var endTime: SlotEndTime?
    /// When the slot has to be stopped for it.
    var endDeadline: LeaseDeadline?
    /// The end is near: no new task is begun.
    var isWarned = false
    /// A service's next start, or the next look at the job's conditions.
    var restartAt: Int64?
    /// So long the last look counts.
    var admittedUntil: Int64?
    var backOffSeconds: Int64 = 1
    /// Once the slot has ended: its record, whether it is written, and how long to wait for the agent.
    var ending: Ending?
    /// False once killed processes did not go away: the next ones are not waited for as long.
    var canSweep = true
    var hasPruned = false
    /// Those that are told already.
    var outOfMemoryKills = 0

    /// Why the slot is being stopped.
    struct Stop {
        let reason: String
    }

    struct Ending {
        var isRecorded = false
        var leaveAt: Int64
        var recordAgainAt: Int64?
    }

    init(
        assignment: Assignment, setup: SlotSetup, folder: String, codec: LocalCodec,
        listener: consuming Descriptor
    ) throws(SystemError) {
        let specification = assignment.specification
        self.assignment = assignment
        self.codec = codec
        self.listener = listener
        key = assignment.key
        kind = specification.kind
        timeoutSeconds = kind == .service ? nil : specification.timeoutSeconds
        stopGraceMicroseconds = Int64(specification.stopGraceSeconds) * 1_000_000
        outputLimitBytes = specification.outputLimitBytes
        plan = CommandPlan(
            assignment: assignment, setup: setup, slotFolder: folder, inherited: Variables.clean())
        nullDevice = try Descriptor.nullDevice()
        signals = try SignalQueue([SignalNumber.childEnded, SignalNumber.terminate, SignalNumber.interrupt])
        leaseTimer = try BootTimer()
        slotOutput = OutputLog(task: nil, stream: .stdout, limitBytes: outputLimitBytes)
        slotError = OutputLog(task: nil, stream: .stderr, limitBytes: outputLimitBytes)
        report = SlotReport(
            key: key, state: .starting, at: Instant(microseconds: SteadyClock.now()))
        setLease(setup.leaseDeadline ?? SteadyClock.sinceBoot() + Self.firstLeaseMicroseconds)
    }

    /// Until the slot has ended and its end is recorded.
    func run() {
        makeControlGroup()
        // A lease that is over lets nothing begin.
        handleTimers(at: SteadyClock.sinceBoot())
        if stopping == nil { begin() }
        while true {
            let now = SteadyClock.sinceBoot()
            handleTimers(at: now)
            tellAgent(at: now)
            if isOver(at: now) { break }
            wait(from: now)
            handleEvents()
        }
        controlGroup?.remove()
    }

    private func isOver(at now: Int64) -> Bool {
        guard let ending else { return false }
        guard let connection else { return ending.isRecorded }
        return now >= ending.leaveAt || !connection.hasOutgoing
    }

    private func wait(from now: Int64) {
        waiting.watch(Place.listener.rawValue, listener.number)
        waiting.watch(
            Place.connection.rawValue, connection?.descriptor, forWriting: connection?.hasOutgoing ?? false)
        waiting.watch(Place.signals.rawValue, signals.descriptor.number)
        waiting.watch(Place.lease.rawValue, leaseTimer.descriptor.number)
        waiting.watch(Place.output.rawValue, command?.output.descriptor)
        waiting.watch(Place.error.rawValue, command?.error.descriptor)
        waiting.wait(microseconds: nextTimer.map { max(0, $0 - now) })
    }

    /// The next moment at which something is due; nil waits for events alone.
    private var nextTimer: Int64? {
        var next: Int64?
        func consider(_ moment: Int64?) {
            if let moment { next = min(next ?? moment, moment) }
        }
        if let ending {
            consider(connection == nil ? ending.recordAgainAt : ending.leaveAt)
            return next
        }
        consider(command?.nextTimer)
        consider(command?.sweepUntil.map { min($0, SteadyClock.sinceBoot() + 10_000) })
        consider(restartAt)
        if stopping == nil, let endTime { consider(isWarned ? endDeadline?.stopAt : endTime.warnAt) }
        if kind == .tasks, connection != nil {
            consider(
                ledger.flushAt(batch: Self.resultBatch, delayMicroseconds: Self.resultDelayMicroseconds))
            if stopping == nil, !ledger.isLongTaskRunning(at: SteadyClock.sinceBoot()) {
                consider(ledger.longTaskAt)
            }
        }
        return next
    }

    private func handleTimers(at now: Int64) {
        if let ending {
            if let again = ending.recordAgainAt, now >= again { recordEnd(at: now) }
            return
        }
        if let lease, now >= lease.stopAt {
            stop(Stop(reason: "lease over"), killAt: lease.killAt)
        }
        if let endTime, !isWarned, now >= endTime.warnAt { warn(at: now) }
        if let endDeadline, now >= endDeadline.stopAt {
            stop(Stop(reason: Self.timeEnds), killAt: endDeadline.killAt)
        }
        command?.handleTimers(at: now, stopGraceMicroseconds: stopGraceMicroseconds)
        if command?.exit != nil { collectChildren() }
        if let restartAt, now >= restartAt {
            self.restartAt = nil
            proceed()
        }
        if kind == .tasks, ledger.isLongTaskRunning(at: now), ledger.queuedCount > 0 {
            ledger.giveBack(at: now)
        }
    }

    private func handleEvents() {
        if waiting.isReadable(Place.signals.rawValue) { handleSignals() }
        if waiting.isReadable(Place.output.rawValue) { command?.output.take(using: &buffer) }
        if waiting.isReadable(Place.error.rawValue) { command?.error.take(using: &buffer) }
        if waiting.isWritable(Place.connection.rawValue) { connection?.flush() }
        if waiting.isReadable(Place.connection.rawValue) { receive() }
        if waiting.isReadable(Place.listener.rawValue) { accept() }
        // The lease's timer has only to wake: what is due is seen by the clock.
        if waiting.isReadable(Place.lease.rawValue) { leaseTimer.set(nil) }
    }

    private func handleSignals() {
        var hasEndedChild = false
        while let signal = signals.next() {
            if signal == SignalNumber.childEnded {
                hasEndedChild = true
            } else {
                let name = SignalNumber.name(signal)
                stop(
                    Stop(reason: "its supervisor was told to end by signal \(signal)\(name)"))
            }
        }
        if hasEndedChild { collectChildren() }
    }

    private func accept() {
        while let socket = UnixSocket.accept(listener) {
            // The newest agent is the one that counts.
            let connection = AgentConnection(socket: socket)
            self.connection = connection
            ledger.agentChanged(at: SteadyClock.sinceBoot())
            let slot = RunningSlot(key: key, state: report.state, tasks: ledger.attempts)
            queue(.hello(slot))
            queue(.agent(.slotReport(report)))
        }
    }

    /// Ignored by slots that run on without the coordinator.
    func setLease(_ deadline: Int64) {
        guard assignment.specification.onDisconnect == .stop else { return }
        let lease = LeaseDeadline(
            deadline: deadline, stopGraceSeconds: assignment.specification.stopGraceSeconds,
            now: SteadyClock.sinceBoot())
        self.lease = lease
        leaseTimer.set(lease.stopAt)
    }

    private func makeControlGroup() {
        let resources = assignment.specification.resources.resources
        do throws(ControlGroup.Unavailable) {
            controlGroup = try ControlGroup.make(name: "mortise-slot-\(key)", resources: resources)
        } catch {
            Supervisor.log("memory and CPU limits are not enforced: \(error.reason)")
            if resources.memoryBytes > 0 { limitNote = "memory limit not enforced: \(error.reason)" }
        }
    }
}
