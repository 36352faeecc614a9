import ClusterTypes
import Platform
import ProtocolMessages

/// The process that runs one slot: the agent's own program in another mode.
///
/// It is started detached and outlives the agent; the next agent finds it by its socket. It reads everything from
/// its folder, so that nothing secret stands in a process list. Started for a slot that has ended, it only removes
/// what the slot left.
package enum Supervisor {
    /// Runs the slot to its end.
    ///
    /// - Parameter directory: the slot's folder. Standard input may be the listening socket already.
    /// - Returns: the process's exit status: 0 when the end is recorded, 1 when the slot could not be run.
    package static func run(directory: String) -> Int32 {
        do {
            Descriptor.closeAll(from: 3)
            let listener = try inheritedListener()
            try Files.enter(directory)
            let folder = try Files.currentFolder()
            let files = SlotFiles(folder: "")
            guard let lock = try FileLock(path: files.lock) else {
                log("\(folder) has a supervisor already")
                return 1
            }
            defer { withExtendedLifetime(lock) {} }
            if FileStatus(of: files.exit) != nil {
                removeLeavings(files)
                return 0
            }
            let process = try prepare(folder: folder, listener: listener ?? ownListener(), files: files)
            process.run()
            removeLeavings(files)
            return 0
        } catch {
            log("cannot supervise '\(directory)': \(error)")
            return 1
        }
    }

    private static func inheritedListener() throws(SystemError) -> Descriptor? {
        let inherited: Descriptor? =
            UnixSocket.isListening(0) ? try Descriptor.copy(of: 0, atLeast: 3) : nil
        try Descriptor.nullDevice().copy(to: 0)
        return inherited
    }

    /// Where that cannot be the slot runs all the same, and its log says so.
    private static func bind(to list: String?) {
        guard let list else {
            log("bind_cpus: it is not known which processors are near the slot's devices; it runs on any")
            return
        }
        do {
            try ProcessorBinding.bind(to: ProcessorList.parse(list) ?? [])
        } catch {
            log("bind_cpus: \(error) \(list); it runs on any")
        }
    }

    private static func ownListener() throws(SystemError) -> Descriptor {
        try UnixSocket.listen(SlotFiles.socketName, in: try Descriptor.openFolder("."))
    }

    private static func prepare(
        folder: String, listener: consuming Descriptor, files: SlotFiles
    ) throws -> SupervisorProcess {
        let codec = LocalCodec()
        let messages = try codec.decodeFile(AtomicFile.read(files.assignment) ?? [])
        guard messages.count == 2, case .coordinator(.assign(let assignment)) = messages[0],
            case .setup(let setup) = messages[1]
        else { throw ProtocolError(.malformed, "its file 'assignment' is missing or is none") }
        try Files.makeFolder(files.work)
        try Files.makeFolder(files.temporary)
        if assignment.specification.kind == .tasks { try Files.makeFolder(files.tasks) }
        if case .script(let text) = assignment.specification.command {
            try AtomicFile.write(Array(text.utf8), to: files.script, mode: 0o700, isDurable: false)
        }
        if let admission = assignment.specification.admission {
            let text = AdmissionScript.text(for: admission)
            try AtomicFile.write(Array(text.utf8), to: files.admission, isDurable: false)
        }
        if let text = Hostfile.text(for: assignment.specification.environment) {
            try AtomicFile.write(Array(text.utf8), to: files.hostfile, isDurable: false)
        }
        if let table = assignment.rankTable {
            try AtomicFile.write(
                Array(RankTableFile.text(for: table).utf8), to: files.rankTable, isDurable: false)
            if let lack = RankTableFile.lack(of: table) { log(lack) }
        }
        if assignment.specification.bindsProcessors { bind(to: setup.nearProcessors) }
        try Children.adoptOrphans()
        return try SupervisorProcess(
            assignment: assignment, setup: setup, folder: folder, codec: codec, listener: listener)
    }

    private static func removeLeavings(_ files: SlotFiles) {
        Files.remove(files.socket)
        Files.remove(files.script)
        Files.remove(files.admission)
        Files.remove(files.hostfile)
        Files.remove(files.rankTable)
        for folder in [files.work, files.temporary] {
            do {
                try Files.removeTree(folder)
            } catch {
                log("\(error)")
            }
        }
    }

    /// A line in supervisor.log.
    static func log(_ text: String) {
        let line = "\(Instant(microseconds: SteadyClock.now())) \(text)\n"
        _ = Platform.write(2, Array(line.utf8)[...])
    }
}
