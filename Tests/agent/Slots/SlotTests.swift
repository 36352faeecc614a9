import ClusterTypes
import NIOCore
import Platform
import ProtocolMessages
import Testing

@testable import AgentSlots

@Suite("Slots and agents", .timeLimit(.minutes(2)))
struct SlotTests {
    /// The processes that a slot runs, its supervisor not among them.
    private func processes(of node: Node, _ key: SlotKey) -> [Int32] {
        ProcessTable.all(withVariable: "MORTISE_DIRECTORY=\(node.slotFolder(key))/work")
    }

    /// The supervisor: the parent of what the slot runs.
    private func supervisor(of node: Node, _ key: SlotKey) async throws -> Int32 {
        try await until { !processes(of: node, key).isEmpty }
        let first = try #require(processes(of: node, key).first)
        return try #require(ProcessTable.parent(of: first))
    }

    @Test func `starting a slot twice runs it once`() async throws {
        let node = try await Node()
        let assignment = Assignment.batch(.script("echo run >> $HOMEFILE; sleep 1000")) {
            [path = node.folder.path] in
            $0.environment = ["HOMEFILE=\(path)/runs"]
        }
        try await node.start(assignment)
        try await node.start(assignment)
        _ = try await node.log.report(assignment.key) { $0.state == .running }
        try await node.start(assignment)
        try await until { FileStatus(of: node.folder.path + "/runs") != nil }
        try await node.perform { $0.stop(assignment.key, reason: "enough") }
        let end = try await node.log.end(assignment.key)
        #expect(end.state == .finished)
        #expect(end.exitCode == nil)
        #expect(end.reason == "enough")
        try await node.start(assignment)
        #expect(try AtomicFile.read(node.folder.path + "/runs") == Array("run\n".utf8))
    }

    @Test func `stop waits for the grace, then kills`() async throws {
        let node = try await Node()
        let assignment = Assignment.batch(.script("trap '' TERM; echo ready; while :; do sleep 0.1; done")) {
            $0.stopGraceSeconds = 1
        }
        try await node.start(assignment)
        try await until { !node.text(assignment.key, "stdout").isEmpty }
        try await node.perform { $0.stop(assignment.key, reason: "now") }
        #expect(try await node.log.report(assignment.key) { $0.state == .stopping }.reason == "now")
        // It ignores TERM: that nothing is left of it is the kill.
        #expect(try await node.log.end(assignment.key).state == .finished)
        #expect(processes(of: node, assignment.key) == [])
    }

    @Test func `a service is started again after it ends, later each time`() async throws {
        let node = try await Node()
        let assignment = Assignment.of(.service, .script("echo again; exit 5"))
        try await node.start(assignment)
        let first = try await node.log.report(assignment.key) { $0.reason.contains("in 1 s") }
        #expect(first.state == .starting)
        #expect(first.exitCode == 5)
        _ = try await node.log.report(assignment.key) { $0.reason.contains("in 2 s") }
        // At least: a third run may have begun before we look.
        #expect(node.text(assignment.key, "stdout").hasPrefix("again\nagain\n"))
        try await node.perform { $0.stop(assignment.key, reason: "enough") }
        #expect(try await node.log.end(assignment.key).state == .finished)
    }

    @Test func `slots outlive their agent and no result is lost`() async throws {
        let folder = try TemporaryFolder()
        let node = try await Node(folder: folder)
        let assignment = Assignment.of(
            .tasks, .script("while ! [ -e $GATE ]; do sleep 0.05; done; exit $MORTISE_TASK")
        ) {
            $0.environment = ["GATE=\(folder.path)/gate"]
        }
        let key = assignment.key
        try await node.start(assignment)
        try await node.give(key, ["3"])
        _ = try await supervisor(of: node, key)
        try await node.close()
        try AtomicFile.write([], to: folder.path + "/gate")

        let next = try await Node(folder: folder)
        let found = try await next.adopt()
        #expect(found.map(\.key) == [key])
        #expect(found.first?.state == .running)
        #expect(found.first?.tasks == [TaskAttempt(index: 0, attempt: 1)])
        let results = try await next.log.results(key, count: 1)
        #expect(results.map(\.exitCode) == [3])
        // Told to every agent until they are recorded.
        try await next.close()
        let third = try await Node(folder: folder)
        _ = try await third.adopt()
        #expect(try await third.log.results(key, count: 1) == results)
        try await third.perform { $0.forgetResults(key, results.map(\.attempt)) }
        try await third.perform { $0.stop(key, reason: "done") }
        #expect(try await third.log.end(key).state == .finished)
        #expect(FileStatus(of: third.slotFolder(key) + "/results") == nil)
    }

    @Test func `an end without an agent is told to the next one, with the results`() async throws {
        let folder = try TemporaryFolder()
        let node = try await Node(folder: folder)
        let batch = Assignment.batch(.script("sleep 0.3; exit 9"))
        let tasks = Assignment.of(.tasks, .script("exit $MORTISE_TASK"), slot: 2) { $0.stopGraceSeconds = 1 }
        try await node.start(batch)
        try await node.start(tasks)
        try await node.give(tasks.key, ["4"])
        _ = try await node.log.results(tasks.key, count: 1)
        try await node.perform { $0.stop(tasks.key, reason: "over") }
        _ = try await node.log.end(tasks.key)
        try await node.close()
        try await until { FileStatus(of: node.slotFolder(batch.key) + "/exit") != nil }

        let next = try await Node(folder: folder)
        let found = try await next.adopt()
        #expect(found.map(\.key) == [batch.key, tasks.key])
        #expect(found.map(\.state) == [.failed, .finished])
        #expect(found[1].tasks == [TaskAttempt(index: 0, attempt: 1)])
        #expect(try await next.log.end(batch.key).exitCode == 9)
        #expect(try await next.log.results(tasks.key, count: 1)[0].exitCode == 4)
        try await next.perform {
            $0.forgetResults(tasks.key, [TaskAttempt(index: 0, attempt: 1)])
            $0.forgetSlot(tasks.key)
            $0.forgetSlot(batch.key)
        }
        try await next.close()
        #expect(try await Node(folder: folder).adopt() == [])
    }

    @Test func `a supervisor that is killed takes its command along and the slot is lost, not failed`()
        async throws
    {
        let node = try await Node()
        let assignment = Assignment.batch(.script("setsid sleep 1000 & sleep 1000"))
        try await node.start(assignment)
        let supervisor = try await supervisor(of: node, assignment.key)
        try await until { processes(of: node, assignment.key).count == 3 }
        Children.signal(supervisor, 9)
        let end = try await node.log.end(assignment.key)
        #expect(end.state == .finished)
        #expect(end.exitCode == nil)
        #expect(end.reason.hasPrefix("its supervisor vanished"))
        #expect(end.hasVanished)
        try await until { processes(of: node, assignment.key).isEmpty }
        // The next agent finds the same end.
        try await node.close()
        let next = try await Node(folder: node.folder)
        let found = try await next.adopt()
        #expect(found.map(\.state) == [.finished] && found.map(\.hasVanished) == [true])
        #expect(try await next.log.end(assignment.key).reason == end.reason)
    }

    @Test func `a supervisor that was killed while no agent ran is noticed by the next one`() async throws {
        let node = try await Node()
        let assignment = Assignment.batch(.script("setsid sleep 1000 & sleep 1000"))
        try await node.start(assignment)
        let supervisor = try await supervisor(of: node, assignment.key)
        try await until { processes(of: node, assignment.key).count == 3 }
        try await node.close()
        Children.signal(supervisor, 9)
        Children.reap(supervisor)
        let next = try await Node(folder: node.folder)
        try await until { ProcessTable.parent(of: supervisor) == nil || Children.reap(supervisor) }
        #expect(try await next.adopt().map(\.state) == [.finished])
        try await until { processes(of: node, assignment.key).isEmpty }
    }

    @Test func `a supervisor that does not answer the next agent is ended, as nobody knows what it holds`()
        async throws
    {
        let node = try await Node()
        let tasks = Assignment.of(.tasks, .script("sleep 1000"))
        let batch = Assignment.batch(.argv(["sleep", "1000"]), slot: 2)
        try await node.start(tasks)
        try await node.start(batch)
        try await node.give(tasks.key, ["1"])
        let supervisors = [
            try await supervisor(of: node, tasks.key), try await supervisor(of: node, batch.key),
        ]
        try await until { processes(of: node, tasks.key).count == 2 }
        try await node.close()
        // STOP, and CONT below.
        for supervisor in supervisors { Children.signal(supervisor, 19) }
        let next = try await Node(folder: node.folder)
        try await next.perform { $0.tasksHelloMilliseconds = 100 }
        let found = try await next.adopt()
        #expect(found.map(\.key) == [tasks.key, batch.key])
        #expect(found.map(\.state) == [.finished, .running])
        try await until { processes(of: node, tasks.key).isEmpty }
        Children.signal(supervisors[1], 18)
        try await next.perform { $0.stop(batch.key, reason: "test over") }
        _ = try await next.log.end(batch.key)
    }

    @Test func `a supervisor that cannot be started makes a failed slot`() async throws {
        let node = try await Node(executable: "/nowhere/mortise-agent")
        let assignment = Assignment.batch(.argv(["/bin/true"]))
        try await node.start(assignment)
        let end = try await node.log.end(assignment.key)
        #expect(end.state == .failed)
        #expect(end.reason.contains("/nowhere/mortise-agent"))
        try await node.perform { $0.forgetSlot(assignment.key) }
        #expect(FileStatus(of: node.slotFolder(assignment.key)) == nil)
    }

    @Test func `when its lease is over a slot ends by itself, without an agent`() async throws {
        let node = try await Node()
        let stops = Assignment.batch(.script("trap '' TERM; while :; do sleep 0.1; done")) {
            $0.stopGraceSeconds = 3_600
        }
        let keeps = Assignment.batch(.argv(["sleep", "1000"]), slot: 2) { $0.onDisconnect = .keep }
        try await node.start(stops)
        try await node.start(keeps)
        _ = try await supervisor(of: node, stops.key)
        _ = try await supervisor(of: node, keeps.key)
        try await node.perform { $0.setLease(until: .fromNow(.seconds(3))) }
        let deadline = Instant(microseconds: SteadyClock.now()) + .seconds(3)
        try await node.close()
        try await until { processes(of: node, stops.key).isEmpty }
        try await until { FileStatus(of: node.slotFolder(stops.key) + "/exit") != nil }
        let next = try await Node(folder: node.folder)
        let found = try await next.adopt()
        #expect(found.map(\.state) == [.finished, .running])
        let end = try await next.log.end(stops.key)
        #expect(end.reason == "lease over")
        #expect(end.exitCode == nil)
        #expect(end.at < deadline)
        try await next.perform { $0.stop(keeps.key, reason: "test over") }
        _ = try await next.log.end(keeps.key)
    }

    @Test func `a lease that is renewed keeps the slot running`() async throws {
        let node = try await Node()
        let assignment = Assignment.batch(.script("sleep 1; exit 6"))
        try await node.start(assignment)
        try await node.perform {
            $0.setLease(until: .fromNow(.milliseconds(500)))
            $0.setLease(until: .fromNow(.seconds(60)))
        }
        #expect(try await node.log.end(assignment.key).exitCode == 6)
    }

    @Test func `a forgotten slot leaves its logs and nothing else`() async throws {
        let node = try await Node()
        let assignment = Assignment.batch(
            .script("echo kept; mkdir -p d/e; touch d/e/f; chmod 0 d/e d; exit 2"))
        let key = assignment.key
        try await node.start(assignment)
        _ = try await node.log.end(key)
        try await node.perform { $0.forgetSlot(key) }
        try await until { FileStatus(of: node.endedFolder(key)) != nil }
        try await until { FileStatus(of: node.endedFolder(key) + "/work") == nil }
        #expect(FileStatus(of: node.slotFolder(key)) == nil)
        let names = Set(try Files.names(in: node.endedFolder(key)))
        #expect(names.isSubset(of: ["stdout", "exit", "supervisor.log", "supervisor.lock"]))
        #expect(try await node.readLog(key).text == "kept\n")
        // An incarnation never runs a second time.
        try await node.start(assignment)
        #expect(try await node.log.report(key) { $0.reason.contains("ended before") }.state == .failed)
    }

    @Test func `a supervisor whose folder is gone ends with its command`() async throws {
        let node = try await Node()
        let assignment = Assignment.batch(.argv(["sleep", "1000"]))
        try await node.start(assignment)
        let supervisor = try await supervisor(of: node, assignment.key)
        try Files.removeTree(node.slotFolder(assignment.key))
        try await node.perform { $0.stop(assignment.key, reason: "gone") }
        #expect(try await node.log.end(assignment.key).reason == "gone")
        try await until { FileStatus(of: "/proc/\(supervisor)/root/.") == nil }
    }

    @Test func `only the newest ended slots keep their logs`() throws {
        let folder = try TemporaryFolder()
        var ended = EndedSlots(directory: folder.path + "/ended")
        for number in 1...3 as ClosedRange<UInt64> {
            let slot = folder.path + "/slot"
            try Files.makeFolder(slot)
            let key = SlotKey(SlotID(number), Generation(1))
            #expect(ended.keep(key, folder: slot, logBytes: EndedSlots.byteLimit / 2) != nil)
        }
        #expect(try Files.names(in: folder.path + "/ended").sorted() == ["2.1", "3.1"])
    }

    @Test func `a log can be followed until its task has ended`() async throws {
        let node = try await Node()
        let assignment = Assignment.of(.tasks, .script("for i in 1 2 3; do echo $i; sleep 0.1; done"))
        try await node.start(assignment)
        let task = TaskAttempt(index: 0, attempt: 1)
        try await node.give(assignment.key, ["x"])
        let (text, error) = try await node.readLog(assignment.key, task: task, follow: true)
        #expect(text == "1\n2\n3\n")
        #expect(error == nil)
        #expect(try await node.readLog(assignment.key, task: task, tailBytes: 4).text == "2\n3\n")
        #expect(try await node.readLog(assignment.key, task: task, .stderr).text == "")
    }

    @Test func `a log that this node does not have is an answer with a reason`() async throws {
        let node = try await Node()
        let (text, error) = try await node.readLog(SlotKey(SlotID(99), Generation(1)))
        #expect(text == "")
        #expect(error?.contains("no log of slot 99.1") == true)
    }

    @Test func `a folder with a very long path does no harm`() async throws {
        let folder = try TemporaryFolder()
        let long = folder.path + "/" + String(repeating: "long-name-", count: 20)
        let loop = MultiThreadedLoop.next
        let log = EventLog()
        let manager = NIOLoopBoundBox.makeEmptyBox(valueType: SlotManager.self, eventLoop: loop)
        let assignment = Assignment.batch(.argv(["/bin/true"]))
        try await loop.submit {
            let made = SlotManager(
                eventLoop: loop, directory: long + "/slots", executable: Node.executable, nodeName: "n",
                onEvent: { log.append($0) })
            manager.value = made
            made.start(assignment, devices: [])
        }.get()
        #expect(try await log.end(assignment.key).exitCode == 0)
    }
}
