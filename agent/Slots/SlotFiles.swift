import ClusterTypes
import Platform
import ProtocolMessages

/// The names in a slot's folder, the only thing that agent and supervisor share besides their socket.
///
/// A folder `SLOT.GENERATION` stands under `slots/` from the start of an incarnation until its end is known to
/// the coordinator; then it moves to `slots/ended/` and holds little but logs.
struct SlotFiles {
    /// Of the slot's folder; empty for a process that stands in it.
    let folder: String

    private func path(_ name: String) -> String { folder.isEmpty ? name : folder + "/" + name }

    /// The assignment and the setup, written by the agent before the start.
    var assignment: String { path("assignment") }
    /// The end of the incarnation: a report and the size of its logs.
    var exit: String { path("exit") }
    /// Results of tasks that were not acknowledged when the supervisor ended.
    var results: String { path("results") }
    var lock: String { path("supervisor.lock") }
    var supervisorLog: String { path("supervisor.log") }
    var script: String { path("script") }
    /// The job's conditions, as a script.
    var admission: String { path("admission") }
    /// The nodes of a gang, for `mpirun`.
    var hostfile: String { path("hostfile") }
    /// The NPUs of a gang, for HCCL.
    var rankTable: String { path("rank_table.json") }
    /// The command's own folder.
    var work: String { path("work") }
    var temporary: String { path("temporary") }
    /// Logs of tasks.
    var tasks: String { path("tasks") }
    /// There once a task's log was removed to make room.
    var pruned: String { path("tasks/pruned") }
    static let socketName = "socket"
    var socket: String { path(Self.socketName) }

    /// The log of a task or, without one, of the slot's command.
    func log(_ task: TaskAttempt?, _ stream: LogStream) -> String {
        guard let task else { return path(stream.rawValue) }
        return path("tasks/\(task.index).\(task.attempt).\(stream.rawValue)")
    }

    /// The older half of a log.
    static func older(_ log: String) -> String { log + ".1" }

    /// The key in a folder's name.
    static func key(inName name: String) -> SlotKey? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let slot = UInt64(parts[0]), let generation = UInt64(parts[1]) else {
            return nil
        }
        let key = SlotKey(SlotID(slot), Generation(generation))
        return key.description == name ? key : nil
    }

    /// The bytes of all logs.
    var logBytes: Int64 {
        let own = LogStream.allCases.flatMap { [log(nil, $0), Self.older(log(nil, $0))] }
        return own.reduce(Files.sizeBytes(ofFilesIn: tasks)) {
            $0 + (FileStatus(of: $1)?.sizeBytes ?? 0)
        }
    }
}

/// How an incarnation ended, as it stands in the slot's files.
struct SlotEnd {
    var report: SlotReport
    var logBytes: Int64
    var results: [TaskResult]

    init(report: SlotReport, logBytes: Int64, results: [TaskResult] = []) {
        self.report = report
        self.logBytes = logBytes
        self.results = results
    }

    /// nil when the slot's end has not been recorded, or not readably.
    init?(readFrom files: SlotFiles, codec: LocalCodec) {
        guard let bytes = try? AtomicFile.read(files.exit), let messages = try? codec.decodeFile(bytes),
            case .agent(.slotReport(let report))? = messages.first
        else { return nil }
        self.report = report
        logBytes = 0
        if case .logs(let bytes)? = messages.dropFirst().first { logBytes = bytes }
        results = []
        guard let bytes = try? AtomicFile.read(files.results, limitBytes: 256 << 20),
            let messages = try? codec.decodeFile(bytes)
        else { return }
        for case .agent(.taskResults(_, let batch)) in messages { results += batch }
    }

    /// Results first: whoever finds the end finds everything.
    func write(to files: SlotFiles, codec: LocalCodec) throws {
        if !results.isEmpty {
            try AtomicFile.write(codec.encode(results, of: report.key), to: files.results)
        }
        try AtomicFile.write(
            codec.encode(.agent(.slotReport(report))) + codec.encode(.logs(bytes: logBytes)), to: files.exit)
    }
}
