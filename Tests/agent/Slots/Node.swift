import AgentSlots
import ClusterTypes
import NIOCore
import NIOPosix
import Platform
import ProtocolMessages
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A folder that is gone after the test.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/mortise-slots-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("no temporary folder") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        // Supervisors outlive everything else, so also the test.
        for process in ProcessTable.all() {
            guard let bytes = try? AtomicFile.read("/proc/\(process)/cmdline") else { continue }
            let words = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            if words.count == 3, words[1] == "supervise", words[2].hasPrefix(path) {
                Children.signal(process, 9)
            }
        }
        try? Files.removeTree(path)
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Everything that happened, and waiting for what is to happen.
final class EventLog: Sendable {
    private struct State {
        var events: [SlotEvent] = []
        var waiters:
            [(isReady: @Sendable ([SlotEvent]) -> Bool, continuation: CheckedContinuation<Void, Never>)] =
                []
    }
    private let state = Mutex(State())

    var events: [SlotEvent] { state.withLock { $0.events } }

    func append(_ event: SlotEvent) {
        let ready = state.withLock { state in
            state.events.append(event)
            let ready = state.waiters.filter { $0.isReady(state.events) }
            state.waiters.removeAll { $0.isReady(state.events) }
            return ready.map(\.continuation)
        }
        for continuation in ready { continuation.resume() }
    }

    /// Returns once `find` finds something; the suite's time limit ends what never comes.
    func first<Value: Sendable>(_ find: @escaping @Sendable ([SlotEvent]) -> Value?) async throws -> Value {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if find(state.events) != nil { return true }
                state.waiters.append(({ find($0) != nil }, continuation))
                return false
            }
            if isReady { continuation.resume() }
        }
        guard let value = find(events) else { throw TestFailure("an event went away") }
        return value
    }

    func report(_ key: SlotKey, _ isWanted: @escaping @Sendable (SlotReport) -> Bool) async throws
        -> SlotReport
    {
        try await first { events in
            for case .slotChanged(let report) in events where report.key == key && isWanted(report) {
                return report
            }
            return nil
        }
    }

    /// The end of a slot.
    func end(_ key: SlotKey) async throws -> SlotReport { try await report(key) { $0.state.isEnded } }

    /// So many different results of a slot, sorted.
    func results(_ key: SlotKey, count: Int) async throws -> [TaskResult] {
        try await first { events in
            let results = EventLog.results(in: events, of: key)
            return results.count >= count ? results : nil
        }
    }

    /// As they were told, repetitions included.
    static func allResults(in events: [SlotEvent], of key: SlotKey) -> [TaskResult] {
        var all: [TaskResult] = []
        for case .tasksFinished(key, let results) in events { all += results }
        return all
    }

    static func results(in events: [SlotEvent], of key: SlotKey) -> [TaskResult] {
        var found: [TaskAttempt: TaskResult] = [:]
        for result in allResults(in: events, of: key) { found[result.attempt] = result }
        return found.values.sorted { $0.attempt < $1.attempt }
    }
}

extension Instant {
    static func fromNow(_ duration: Duration) -> Instant {
        Instant(microseconds: SteadyClock.now()) + duration
    }
}

/// A node's slot manager on its event loop, with real supervisors.
final class Node: Sendable {
    let folder: TemporaryFolder
    let log = EventLog()
    private let eventLoop: any EventLoop
    private let manager: NIOLoopBoundBox<SlotManager?>

    /// Beside the test's own program.
    static let executable: String = {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let count = max(0, readlink("/proc/self/exe", &buffer, buffer.count))
        let own = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let beside = String(own[..<(own.lastIndex(of: "/") ?? own.startIndex)]) + "/slot-supervisor-for-tests"
        if FileStatus(of: beside) != nil { return beside }
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        return "/\(root)/.build/debug/slot-supervisor-for-tests"
    }()

    init(folder: TemporaryFolder? = nil, executable: String = Node.executable) async throws {
        let folder = try folder ?? TemporaryFolder()
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        self.folder = folder
        self.eventLoop = eventLoop
        manager = NIOLoopBoundBox.makeEmptyBox(eventLoop: eventLoop)
        try await eventLoop.submit { [log, manager] in
            manager.value = SlotManager(
                eventLoop: eventLoop, directory: folder.path + "/slots", executable: executable,
                nodeName: "node-1", onEvent: { log.append($0) })
        }.get()
    }

    func slotFolder(_ key: SlotKey) -> String { "\(folder.path)/slots/\(key)" }
    func endedFolder(_ key: SlotKey) -> String { "\(folder.path)/slots/ended/\(key)" }

    func perform<Value: Sendable>(_ action: @escaping @Sendable (SlotManager) -> Value) async throws -> Value
    {
        try await eventLoop.submit { [manager] in
            guard let manager = manager.value else { throw TestFailure("the manager is closed") }
            return action(manager)
        }.get()
    }

    func adopt() async throws -> [RunningSlot] {
        try await eventLoop.flatSubmit { [manager, eventLoop] in
            manager.value?.adopt() ?? eventLoop.makeSucceededFuture([])
        }.get()
    }

    /// The agent goes; its slots stay.
    func close() async throws {
        try await eventLoop.flatSubmit { [manager, eventLoop] in
            let closed = manager.value?.close() ?? eventLoop.makeSucceededVoidFuture()
            manager.value = nil
            return closed
        }.get()
    }

    func start(
        _ assignment: Assignment, devices: [DeviceReport] = [], memoryNodes: [MemoryNodeReport] = []
    ) async throws {
        try await perform {
            $0.setLease(until: .fromNow(.seconds(600)))
            $0.start(assignment, devices: devices, memoryNodes: memoryNodes)
        }
    }

    /// Runs a batch command to its end.
    func run(_ command: JobCommand, _ change: (inout JobSpecification) -> Void = { _ in }) async throws
        -> SlotReport
    {
        let assignment = Assignment.batch(command, change)
        try await start(assignment)
        return try await log.end(assignment.key)
    }

    func give(_ key: SlotKey, _ payloads: [String]) async throws {
        let orders = payloads.enumerated().map {
            TaskOrder(attempt: TaskAttempt(index: TaskIndex($0), attempt: 1), payload: $1)
        }
        try await perform { $0.giveTasks(key, orders) }
    }

    /// Runs tasks to their end. As a coordinator does, it gives those again that come back unstarted: on a slow
    /// machine any task may take so long that those behind it do.
    func runTasks(_ key: SlotKey, _ payloads: [String]) async throws -> [TaskResult] {
        try await give(key, payloads)
        var given = 0
        while true {
            let (known, count) = (given, payloads.count)
            let results = try await log.first { events -> [TaskResult]? in
                let results = EventLog.allResults(in: events, of: key)
                let started = results.count { !$0.isUnstarted }
                return started == count || results.count - started > known ? results : nil
            }
            let started = results.filter { !$0.isUnstarted }
            if started.count == count { return started.sorted { $0.attempt < $1.attempt } }
            let back = results.filter(\.isUnstarted).dropFirst(given).map(\.attempt)
            given += back.count
            try await perform {
                $0.forgetResults(key, back)
                $0.giveTasks(key, back.map { TaskOrder(attempt: $0, payload: payloads[Int($0.index)]) })
            }
        }
    }

    /// A file of the slot, as text.
    func text(_ key: SlotKey, _ name: String) -> String {
        let bytes = (try? AtomicFile.read(slotFolder(key) + "/" + name)) ?? nil
        return String(decoding: bytes ?? [], as: UTF8.self)
    }

    /// A whole log, read by a request.
    func readLog(
        _ key: SlotKey, task: TaskAttempt? = nil, _ stream: LogStream = .stdout, follow: Bool = false,
        tailBytes: Int64? = nil
    ) async throws -> (text: String, error: String?) {
        let number = UInt64.random(in: 1...UInt64.max)
        let request = LogRequest(
            request: number, key: key, task: task, stream: stream, follow: follow, tailBytes: tailBytes)
        try await perform { $0.readLog(request) }
        return try await log.first { events in
            var bytes: [UInt8] = []
            for case .logRead(let chunk) in events where chunk.request == number {
                bytes += chunk.bytes
                if chunk.isEnd { return (String(decoding: bytes, as: UTF8.self), chunk.error) }
            }
            return nil
        }
    }
}

extension Assignment {
    static func batch(
        _ command: JobCommand, slot: UInt64 = 1, _ change: (inout JobSpecification) -> Void = { _ in }
    ) -> Assignment {
        of(.batch, command, slot: slot, change)
    }

    static func of(
        _ kind: JobKind, _ command: JobCommand, slot: UInt64 = 1,
        _ change: (inout JobSpecification) -> Void = { _ in }
    ) -> Assignment {
        var specification = JobSpecification(app: "app", job: "job", kind: kind, command: command)
        specification.stopGraceSeconds = 0
        change(&specification)
        return Assignment(
            key: SlotKey(SlotID(slot), Generation(1)), job: JobID(7), specification: specification)
    }
}

/// Returns once the condition holds; asks again every few milliseconds, for what gives no sign of itself.
func until(_ condition: () -> Bool) async throws {
    for _ in 0..<5_000 {
        if condition() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    throw TestFailure("it did not happen within 50 s")
}

enum MultiThreadedLoop {
    static var next: any EventLoop { MultiThreadedEventLoopGroup.singleton.next() }
}
