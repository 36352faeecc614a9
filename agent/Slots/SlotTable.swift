import ClusterTypes
import NIOCore
import Platform
import ProtocolMessages

/// One slot as the agent sees it.
final class SlotEntry {
    let key: SlotKey
    let files: SlotFiles
    var report: SlotReport
    var link: SupervisorLink?
    /// Of a supervisor that this process started, to be reaped.
    var process: Int32?
    /// No supervisor runs any more.
    var isGone = false
    /// To be removed once the supervisor is gone.
    var isForgotten = false
    /// Tasks that wait or run there.
    var held: Set<TaskAttempt> = []
    /// Told, not forgotten.
    var results: Set<TaskAttempt> = []
    var logBytes: Int64 = 0
    var connectAttempts = 0
    /// Waits for the supervisor's first word after `adopt`.
    var found: EventLoopPromise<Void>?

    init(key: SlotKey, folder: String) {
        self.key = key
        files = SlotFiles(folder: folder)
        report = SlotReport(
            key: key, state: .starting, at: Instant(microseconds: SteadyClock.now()))
    }

    var running: RunningSlot {
        RunningSlot(key: key, state: report.state, tasks: held.union(results).sorted())
    }
}

/// What `SlotManager` guards: lives on its event loop.
final class SlotTable {
    let eventLoop: any EventLoop
    let directory: String
    let executable: String
    let nodeName: String
    let onEvent: @Sendable (SlotEvent) -> Void
    let codec = LocalCodec()
    var slots: [SlotKey: SlotEntry] = [:]
    var ended: EndedSlots
    var followers: [UInt64: LogFollower] = [:]
    var leaseDeadline: Int64?
    /// Supervisors that this process started and that are to end soon.
    var unreaped: [Int32] = []
    var isReaping = false
    var isClosed = false

    init(
        eventLoop: any EventLoop, directory: String, executable: String, nodeName: String,
        onEvent: @escaping @Sendable (SlotEvent) -> Void
    ) {
        self.eventLoop = eventLoop
        self.directory = directory
        self.executable = executable
        self.nodeName = nodeName
        self.onEvent = onEvent
        ended = EndedSlots(directory: directory + "/ended")
    }

    func folder(of key: SlotKey) -> String { "\(directory)/\(key)" }

    func start(_ assignment: Assignment, devices: [DeviceReport]) {
        let key = assignment.key
        if let entry = slots[key] {
            onEvent(.slotChanged(entry.report))
            return
        }
        let entry = SlotEntry(key: key, folder: folder(of: key))
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
            try writeAssignment(assignment, devices: devices, to: entry.files)
            let listener = try startSupervisor(of: entry)
            _ = consume listener
            try connect(entry)
        } catch {
            gone(entry, .failed, "the slot could not be started: \(error)")
        }
    }

    private func writeAssignment(
        _ assignment: Assignment, devices: [DeviceReport], to files: SlotFiles
    ) throws {
        let setup = SlotSetup(
            nodeName: nodeName,
            deviceVariables: try DeviceVariables.variables(grants: assignment.devices, devices: devices),
            leaseDeadline: leaseDeadline)
        let bytes = try codec.encode(.coordinator(.assign(assignment))) + codec.encode(.setup(setup))
        try AtomicFile.write(bytes, to: files.assignment, isDurable: false)
    }

    /// The socket listens before its supervisor runs, so that nobody has to wait for it.
    private func startSupervisor(of entry: SlotEntry) throws -> Descriptor {
        let listener = try UnixSocket.listen(
            SlotFiles.socketName, in: try Descriptor.openFolder(entry.files.folder))
        entry.process = try startProgram(on: entry.files, input: listener)
        return listener
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
            throw SlotFailure("cannot run '\(executable)': \(error.text)")
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
    }

    func send(_ message: LocalMessage, to entry: SlotEntry) {
        guard let link = entry.link, let bytes = try? codec.encode(message) else { return }
        link.send(bytes)
    }

    func setLease(remaining: Duration) {
        let deadline = SteadyClock.sinceBoot() + max(0, remaining.wholeMicroseconds)
        leaseDeadline = deadline
        for entry in slots.values { send(.lease(deadline: deadline), to: entry) }
    }

    func stop(_ key: SlotKey, reason: String) {
        guard let entry = slots[key] else { return }
        if entry.report.state.isEnded {
            onEvent(.slotChanged(entry.report))
        } else {
            send(.coordinator(.stopSlot(key, reason: reason)), to: entry)
        }
    }

    func giveTasks(_ key: SlotKey, _ orders: [TaskOrder]) {
        guard let entry = slots[key], !entry.isGone, !entry.report.state.isEnded else {
            let results = orders.map { TaskResult(attempt: $0.attempt, exitCode: 0, isUnstarted: true) }
            slots[key]?.results.formUnion(results.map(\.attempt))
            onEvent(.tasksFinished(key, results))
            return
        }
        entry.held.formUnion(orders.lazy.map(\.attempt))
        send(.coordinator(.assignTasks(key, orders)), to: entry)
    }

    func forgetResults(_ key: SlotKey, _ attempts: [TaskAttempt]) {
        guard let entry = slots[key] else { return }
        entry.results.subtract(attempts)
        if !entry.isGone {
            send(.coordinator(.taskResultsAcknowledged(key, attempts)), to: entry)
        } else if entry.results.isEmpty {
            Files.remove(entry.files.results)
        }
    }

    func forgetSlot(_ key: SlotKey) {
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

    func close() -> EventLoopFuture<Void> {
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
        let table = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: .milliseconds(100)) {
            let table = table.value
            table.unreaped.removeAll { Children.reap($0) }
            table.isReaping = false
            table.reapSoon()
        }
    }
}

/// Why a slot cannot be run here.
struct SlotFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
