package import ClusterTypes
package import NIOCore
import Platform
package import ProtocolMessages

/// What slots tell the agent.
package enum SlotEvent: Sendable, Hashable {
    /// Also repeated: after `adopt`, and when an ended slot is started or stopped again.
    case slotChanged(SlotReport)
    /// Kept by the slot until `forgetResults`; told again to the next agent.
    case tasksFinished(SlotKey, [TaskResult])
    /// Replaces what the slot wanted before.
    case tasksWanted(SlotKey, credits: UInt32)
    /// A piece of an answer to `readLog`.
    case logRead(LogChunk)
}

/// The agent's side of all slots of this node: starts their supervisors, finds them again, and talks to them.
///
/// Lives on one event loop: everything is called there and calls back there. Nothing here fails: what goes wrong
/// with a slot is told as its end.
package final class SlotManager {
    let eventLoop: any EventLoop
    let directory: String
    let executable: String
    let nodeName: String
    private let onEvent: (SlotEvent) -> Void
    let codec = LocalCodec()
    var slots: [SlotKey: SlotEntry] = [:]
    var ended: EndedSlots
    var followers: [UInt64: LogFollower] = [:]
    var leaseDeadline: Int64?
    /// So long it waits for supervisors that may hold tasks: well below the usual lease of 25 s.
    package var tasksHelloMilliseconds: Int64 = 10_000
    var endTime: SlotEndTime?
    /// Supervisors that this process started and that are to end soon.
    var unreaped: [Int32] = []
    var isReaping = false
    var isClosed = false
    /// Events that wait until the slots that they are about are known to the caller.
    private var heldBack: [SlotEvent]?

    /// - Parameters:
    ///   - directory: absolute; made if missing. One manager at a time may use it.
    ///   - executable: absolute path of the program that is started as `EXECUTABLE supervise FOLDER`.
    package init(
        eventLoop: any EventLoop, directory: String, executable: String, nodeName: String,
        onEvent: @escaping (SlotEvent) -> Void
    ) {
        self.eventLoop = eventLoop
        self.directory = directory
        self.executable = executable
        self.nodeName = nodeName
        self.onEvent = onEvent
        ended = EndedSlots(directory: directory + "/ended")
    }

    func folder(of key: SlotKey) -> String { "\(directory)/\(key)" }

    func emit(_ event: SlotEvent) {
        if heldBack != nil {
            heldBack?.append(event)
        } else {
            onEvent(event)
        }
    }

    /// Finds the slots that an earlier agent left, running or ended but not forgotten; once, before anything else.
    ///
    /// - Returns: every slot that was found, by key. Their events follow once this has completed.
    package func adopt() -> EventLoopFuture<[RunningSlot]> {
        eventLoop.preconditionInEventLoop()
        heldBack = []
        let manager = NIOLoopBound(self, eventLoop: eventLoop)
        let found = findAll()
        found.whenComplete { _ in
            // After whatever the caller does with the answer.
            manager.value.eventLoop.execute {
                let events = manager.value.heldBack ?? []
                manager.value.heldBack = nil
                for event in events { manager.value.emit(event) }
            }
        }
        return found
    }

    /// Starts a slot; a second time for the same key only repeats its report.
    ///
    /// - Parameter devices: the node's, in the order of its hardware report.
    package func start(
        _ assignment: Assignment, devices: [DeviceReport], memoryNodes: [MemoryNodeReport] = []
    ) {
        eventLoop.preconditionInEventLoop()
        let key = assignment.key
        if let entry = slots[key] {
            emit(.slotChanged(entry.report))
            return
        }
        let entry = SlotEntry(key: key, folder: folder(of: key))
        entry.devices = assignment.devices.map { Int($0.device) }
        slots[key] = entry
        do {
            if ended.contains(key) {
                throw SlotFailure("this assignment of the slot has ended before")
            }
            try Files.makeFolders(directory)
            if try !Files.makeFolder(entry.files.folder) {
                // Left by an agent that ended between two steps: whatever is there counts.
                find(entry)
                return
            }
            try writeAssignment(assignment, devices, memoryNodes, to: entry.files)
            try startSupervisor(of: entry)
            find(entry)
        } catch {
            // What the machine lacks now is no fault of the job.
            let isShortage =
                (error as? SystemError)?.isShortage ?? (error as? SlotFailure)?.isShortage ?? false
            gone(entry, isShortage ? .finished : .failed, "the slot could not be started: \(error)")
        }
    }

    private func writeAssignment(
        _ assignment: Assignment, _ devices: [DeviceReport], _ memoryNodes: [MemoryNodeReport],
        to files: SlotFiles
    ) throws {
        let grants = assignment.devices
        let near = DeviceVariables.processors(near: grants, devices: devices, memoryNodes: memoryNodes)
        let setup = SlotSetup(
            nodeName: nodeName,
            deviceVariables: try DeviceVariables.variables(grants: grants, devices: devices)
                + (near.map { [SlotSetup.processorsVariable + $0] } ?? []),
            leaseDeadline: leaseDeadline)
        let bytes = try codec.encode(.coordinator(.assign(assignment))) + codec.encode(.setup(setup))
        try AtomicFile.write(bytes, to: files.assignment, isDurable: false)
    }

    /// The socket listens before its supervisor runs, so that nobody has to wait for it.
    private func startSupervisor(of entry: SlotEntry) throws {
        let listener = try UnixSocket.listen(
            SlotFiles.socketName, in: try Descriptor.openFolder(entry.files.folder))
        entry.process = try startProgram(on: entry.files, input: listener)
    }

    private func startProgram(on files: SlotFiles, input: borrowing Descriptor) throws -> Int32 {
        let log = try Descriptor.openForAppending(files.supervisorLog)
        do throws(Program.Failure) {
            return try Program.start(
                executable, arguments: CStringArray([executable, "supervise", files.folder]),
                environment: CStringArray(Variables.clean()), folder: nil,
                streams: Program.Streams(input: input.number, output: log.number, error: log.number),
                isDetached: true)
        } catch {
            throw SlotFailure(
                "cannot run '\(executable)': \(error.text)", isShortage: SystemError.isShortage(error.code))
        }
    }

    /// The supervisor's program removes what is left of an ended slot, so that this loop does not have to.
    func startCleaning(_ files: SlotFiles) {
        do {
            unreaped.append(try startProgram(on: files, input: try Descriptor.nullDevice()))
            reapSoon()
        } catch {
            // Only disk space is lost; the next agent tries again.
        }
    }

    /// To a supervisor that listens; its first word is `hello`.
    func connect(_ entry: SlotEntry) throws(SystemError) {
        let folder = try Descriptor.openFolder(entry.files.folder)
        let socket = try UnixSocket.connect(SlotFiles.socketName, in: folder)
        let link = SupervisorLink(eventLoop: eventLoop)
        entry.link = link
        link.open(
            socket,
            onFrame: { [weak self] frame in self?.received(frame, from: link, entry) },
            onClosed: { [weak self] in self?.closed(link, entry) })
        if let leaseDeadline { send(.lease(deadline: leaseDeadline), to: entry) }
        if let endTime { send(.end(endTime), to: entry) }
    }

    func send(_ message: LocalMessage, to entry: SlotEntry) {
        guard let link = entry.link, let bytes = try? codec.encode(message) else { return }
        link.send(bytes)
    }

    /// Every slot whose job says `on_disconnect: stop` has ended by itself then.
    ///
    /// It is a moment and no duration: a process that is stopped on its way to here must not make a lease longer.
    package func setLease(until moment: Instant) {
        let deadline = SteadyClock.sinceBoot(at: moment.microseconds)
        leaseDeadline = deadline
        for entry in slots.values { send(.lease(deadline: deadline), to: entry) }
    }

    /// From this moment: what runs is warned, and later every slot has ended by itself.
    package func setEnd(warning: Duration, remaining: Duration) {
        let now = SteadyClock.sinceBoot()
        let time = SlotEndTime(
            warnAt: now + max(0, warning.wholeMicroseconds), until: now + max(0, remaining.wholeMicroseconds))
        endTime = time
        for entry in slots.values { send(.end(time), to: entry) }
    }

    /// TERM, then KILL after the job's grace; the slot's end follows as an event.
    package func stop(_ key: SlotKey, reason: String) {
        guard let entry = slots[key] else { return }
        if entry.report.state.isEnded {
            emit(.slotChanged(entry.report))
        } else {
            send(.coordinator(.stopSlot(key, reason: reason)), to: entry)
        }
    }

    /// Tasks that the slot has asked for; a slot that is over gives them back unstarted.
    package func giveTasks(_ key: SlotKey, _ orders: [TaskOrder]) {
        guard let entry = slots[key], !entry.isGone, !entry.report.state.isEnded else {
            let results = orders.map { TaskResult(attempt: $0.attempt, exitCode: 0, isUnstarted: true) }
            slots[key]?.results.formUnion(results.map(\.attempt))
            emit(.tasksFinished(key, results))
            return
        }
        entry.held.formUnion(orders.lazy.map(\.attempt))
        send(.coordinator(.assignTasks(key, orders)), to: entry)
    }

    /// These results are recorded.
    package func forgetResults(_ key: SlotKey, _ attempts: [TaskAttempt]) {
        guard let entry = slots[key] else { return }
        entry.results.subtract(attempts)
        if !entry.isGone {
            send(.coordinator(.taskResultsAcknowledged(key, attempts)), to: entry)
        } else if entry.results.isEmpty {
            Files.remove(entry.files.results)
        }
    }

    /// The end of this slot is recorded: all but its logs goes. A slot that still runs is stopped first.
    package func forgetSlot(_ key: SlotKey) {
        guard let entry = slots[key] else { return }
        if entry.isGone {
            remove(entry)
            return
        }
        entry.isForgotten = true
        if !entry.report.state.isEnded {
            send(.coordinator(.stopSlot(key, reason: "forgotten")), to: entry)
        }
    }

    /// Lets go of all slots; they run on for the next manager.
    package func close() -> EventLoopFuture<Void> {
        isClosed = true
        followers.values.forEach { $0.cancel() }
        followers = [:]
        let links = slots.values.compactMap { entry in
            entry.found?.fail(SlotFailure("the manager was closed"))
            entry.found = nil
            return entry.link?.close()
        }
        slots = [:]
        return EventLoopFuture.andAllComplete(links, on: eventLoop)
    }

    /// Ended supervisors stay in the process table until they are reaped.
    func reapSoon() {
        guard !isReaping, !unreaped.isEmpty, !isClosed else { return }
        isReaping = true
        let manager = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: .milliseconds(100)) {
            let manager = manager.value
            manager.unreaped.removeAll { Children.reap($0) }
            manager.isReaping = false
            manager.reapSoon()
        }
    }
}
