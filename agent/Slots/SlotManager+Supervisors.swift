import ClusterTypes
import NIOCore
import Platform
import ProtocolMessages

// What comes from supervisors, and what is done when one is gone.
extension SlotManager {
    /// An agent that starts waits no longer for its supervisors: its lease may run out meanwhile.
    static let helloMilliseconds: Int64 = 3_000
    /// So often connecting is tried again soon, then slowly.
    static let hastyAttempts = 20
    /// With less, a supervisor may have had none.
    static let leastRoomBytes: Int64 = 64 << 10

    func findAll() -> EventLoopFuture<[RunningSlot]> {
        do throws(SystemError) {
            try Files.makeFolders(directory)
            try ended.read(codec: codec)
            for name in try Files.names(in: directory).sorted() {
                guard let key = SlotFiles.key(inName: name), slots[key] == nil else { continue }
                let entry = SlotEntry(key: key, folder: folder(of: key))
                slots[key] = entry
                entry.found = eventLoop.makePromise()
                // Until its supervisor says otherwise.
                entry.report.state = .running
                find(entry)
            }
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
        let waiting = slots.values.compactMap { $0.found?.futureResult }
        let manager = NIOLoopBound(self, eventLoop: eventLoop)
        let patience = [
            eventLoop.scheduleTask(in: .milliseconds(Self.helloMilliseconds)) {
                manager.value.waitNoLonger { !manager.value.holdsTasks($0) }
            },
            eventLoop.scheduleTask(in: .milliseconds(tasksHelloMilliseconds)) {
                manager.value.endSilentSupervisors()
            },
        ]
        return EventLoopFuture.andAllComplete(waiting, on: eventLoop).map {
            patience.forEach { $0.cancel() }
            return manager.value.slots.values.map(\.running).sorted { $0.key < $1.key }
        }
    }

    /// A supervisor that does not answer (stopped, swapped out) has its slot all the same.
    private func waitNoLonger(for isMeant: (SlotEntry) -> Bool) {
        for entry in slots.values where entry.found != nil && isMeant(entry) { isFound(entry) }
    }

    /// What tasks such a supervisor holds nobody knows, and the coordinator would hand them out again while one runs.
    /// It is killed, and the end of its slot says what became of them.
    private func endSilentSupervisors() {
        for entry in slots.values where entry.found != nil && holdsTasks(entry) {
            for process in ProcessTable.all(withArguments: ["supervise", entry.files.folder]) {
                Children.signal(process, SignalNumber.kill)
            }
        }
    }

    private func holdsTasks(_ entry: SlotEntry) -> Bool {
        assignment(of: entry).map { $0.specification.kind == .tasks } ?? true
    }

    private func assignment(of entry: SlotEntry) -> Assignment? {
        guard let bytes = try? AtomicFile.read(entry.files.assignment),
            case .coordinator(.assign(let assignment))? = try? codec.decodeFile(bytes).first
        else { return nil }
        return assignment
    }

    private func isFound(_ entry: SlotEntry) {
        entry.devices = assignment(of: entry)?.devices.map { Int($0.device) } ?? []
        entry.found?.succeed(())
        entry.found = nil
    }

    /// Looks for the slot's end, then for its supervisor; where neither is, the supervisor has been killed.
    func find(_ entry: SlotEntry) {
        if FileStatus(of: entry.files.exit) != nil {
            readEnd(of: entry)
            return
        }
        do throws(SystemError) {
            entry.connectAttempts += 1
            try connect(entry)
        } catch {
            if error.isNobodyThere {
                readEnd(of: entry)
            } else {
                // It listens, or may do so: whatever keeps it from talking, its slot is not over.
                findLater(entry)
            }
        }
    }

    private func findLater(_ entry: SlotEntry) {
        let bound = NIOLoopBound((self, entry), eventLoop: eventLoop)
        let pause: TimeAmount = entry.connectAttempts < Self.hastyAttempts ? .milliseconds(20) : .seconds(1)
        eventLoop.scheduleTask(in: pause) {
            let (manager, entry) = bound.value
            if !manager.isClosed, manager.slots[entry.key] === entry { manager.find(entry) }
        }
    }

    func received(_ frame: [UInt8], from link: SupervisorLink, _ entry: SlotEntry) {
        guard entry.link === link, !isClosed else { return }
        guard let message = try? codec.decode(frame) else {
            _ = link.close()
            return
        }
        switch message {
        case .hello(let slot):
            entry.connectAttempts = 0
            // Besides those that are on their way to it.
            entry.held.formUnion(slot.tasks)
            entry.report.state = slot.state
            isFound(entry)
        case .agent(.slotReport(let report)) where report.key == entry.key:
            entry.report = report
            emit(.slotChanged(report))
        case .agent(.taskResults(let key, let results)) where key == entry.key:
            tell(results, of: entry)
        case .agent(.pullTasks(let key, let credits)) where key == entry.key:
            emit(.tasksWanted(key, credits: credits))
        case .agent, .coordinator, .lease, .setup, .logs, .end, .unknown: break
        }
    }

    private func tell(_ results: [TaskResult], of entry: SlotEntry) {
        guard !results.isEmpty else { return }
        for result in results {
            entry.held.remove(result.attempt)
            entry.results.insert(result.attempt)
        }
        emit(.tasksFinished(entry.key, results))
    }

    func closed(_ link: SupervisorLink, _ entry: SlotEntry) {
        guard entry.link === link, !isClosed else { return }
        entry.link = nil
        // It may run on and have closed the connection alone; if it is gone, connecting will say so.
        if FileStatus(of: entry.files.exit) != nil {
            readEnd(of: entry)
        } else {
            findLater(entry)
        }
    }

    private func readEnd(of entry: SlotEntry) {
        if let process = entry.process {
            entry.process = nil
            unreaped.append(process)
            reapSoon()
        }
        guard let end = SlotEnd(readFrom: entry.files, codec: codec) else {
            killLeftovers(of: entry)
            // Killed, or down with its machine, under a command that ran, or without room to begin: the job is not
            // to blame. Another one that never got so far may never do.
            let hasRun = entry.report.state == .running || entry.report.state == .stopping
            let isBlameless = hasRun || !hasRoom
            gone(
                entry, isBlameless ? .finished : .failed, "its supervisor vanished" + lastWords(of: entry),
                hasVanished: entry.report.state == .running)
            return
        }
        entry.isGone = true
        entry.logBytes = end.logBytes
        tell(end.results.filter { !entry.results.contains($0.attempt) }, of: entry)
        entry.held = []
        if !entry.report.state.isEnded || entry.report != end.report {
            entry.report = end.report
            emit(.slotChanged(end.report))
        }
        isFound(entry)
        if entry.isForgotten { remove(entry) }
    }

    /// For the few files that a supervisor needs to begin.
    private var hasRoom: Bool {
        (try? DiskSpace(of: directory)).map { $0.availableBytes >= Self.leastRoomBytes } ?? true
    }

    /// The slot ends here and now, without a supervisor to say so.
    func gone(
        _ entry: SlotEntry, _ state: SlotState, _ reason: String, hasVanished: Bool = false
    ) {
        entry.link = nil
        entry.isGone = true
        entry.held = []
        entry.report = SlotReport(
            key: entry.key, state: state, reason: reason, at: Instant(microseconds: SteadyClock.now()),
            hasVanished: hasVanished)
        entry.logBytes = entry.files.logBytes
        // For the next agent to find the same; where it cannot be written, the next agent will conclude the same.
        try? SlotEnd(report: entry.report, logBytes: entry.logBytes).write(to: entry.files, codec: codec)
        emit(.slotChanged(entry.report))
        isFound(entry)
        if entry.isForgotten { remove(entry) }
    }

    /// Processes that a killed supervisor left behind know their slot by their environment.
    private func killLeftovers(of entry: SlotEntry) {
        for _ in 0..<3 {
            let processes = ProcessTable.all(withVariable: "MORTISE_DIRECTORY=" + entry.files.work)
            if processes.isEmpty { return }
            for process in processes { Children.signal(process, SignalNumber.kill) }
        }
    }

    private func lastWords(of entry: SlotEntry) -> String {
        guard let bytes = try? AtomicFile.read(entry.files.supervisorLog, limitBytes: 1 << 20) else {
            return ""
        }
        let text = OutputCapture.text(Array(bytes.suffix(OutputCapture.tailBytes)))
        return text.isEmpty ? "" : "; its last words: " + text
    }

    /// All but the logs goes.
    func remove(_ entry: SlotEntry) {
        slots[entry.key] = nil
        let files = entry.files
        for path in [
            files.assignment, files.results, files.script, files.hostfile, files.rankTable, files.socket,
            files.lock,
        ] {
            Files.remove(path)
        }
        if let kept = ended.keep(entry.key, folder: files.folder, logBytes: entry.logBytes) {
            let files = SlotFiles(folder: kept)
            if FileStatus(of: files.work) != nil || FileStatus(of: files.temporary) != nil {
                startCleaning(files)
            }
        }
    }
}
