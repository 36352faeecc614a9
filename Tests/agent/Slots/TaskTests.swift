import ClusterTypes
import Platform
import ProtocolMessages
import Testing

@testable import AgentSlots

@Suite("Tasks", .timeLimit(.minutes(2)))
struct TaskTests {
    private func results(
        of payloads: [String], _ command: JobCommand, _ change: (inout JobSpecification) -> Void = { _ in }
    ) async throws -> (node: Node, key: SlotKey, results: [TaskResult]) {
        let node = try await Node()
        let assignment = Assignment.of(.tasks, command, change)
        try await node.start(assignment)
        return (node, assignment.key, try await node.runTasks(assignment.key, payloads))
    }

    @Test func `each task is told with its code, its end of stderr and its time`() async throws {
        let (_, _, results) = try await results(
            of: ["0", "7", "0"], .script("echo e$MORTISE_TASK >&2; exit $MORTISE_TASK"))
        #expect(results.map(\.exitCode) == [0, 7, 0])
        #expect(results.map(\.reason) == ["", "exit code 7: e7", ""])
        #expect(
            results.allSatisfy { !$0.isUnstarted && $0.durationMicroseconds > 0 && $0.startedAt > .epoch })
    }

    @Test(.enabled(if: Files.isRunnable("/usr/bin/prlimit"), "there is no prlimit"))
    func `a machine that is short of something fails no task: the slot ends and gives them back`()
        async throws
    {
        let node = try await Node()
        // The supervisor may have no more files open than without a command.
        let assignment = Assignment.of(
            .tasks,
            .script(
                "exec /usr/bin/prlimit --pid $PPID --nofile=$(($(ls /proc/$PPID/fd | wc -l) - 2)):"))
        let key = assignment.key
        try await node.start(assignment)
        try await node.give(key, ["a"])
        #expect(try await node.log.results(key, count: 1).map(\.exitCode) == [0])
        try await node.give(key, ["a", "b", "c"])
        let end = try await node.log.end(key)
        #expect(end.state == .finished && end.exitCode == nil)
        #expect(end.reason.contains("too many open files"), "\(end)")
        #expect(try await node.log.results(key, count: 3).map(\.isUnstarted) == [false, true, true])
    }

    @Test func `a slot first asks for one task, then for half a second of work`() async throws {
        let node = try await Node()
        let assignment = Assignment.of(.tasks, .argv(["/bin/true"]))
        try await node.start(assignment)
        let key = assignment.key
        let first = try await node.log.first { events -> UInt32? in
            for case .tasksWanted(key, let credits) in events { return credits }
            return nil
        }
        #expect(first == 1)
        try await node.give(key, ["a"])
        _ = try await node.log.first { events -> Bool? in
            for case .tasksWanted(key, let credits) in events where credits > 1 { return true }
            return nil
        }
    }

    @Test(arguments: ["plain", "two\nlines\n", "it's \"quoted\" $HOME `id`", "", "ünï😀", " -n "])
    func `a payload arrives as it is, by argument, variable and standard input`(payload: String) async throws
    {
        let command = JobCommand.argv([
            "/bin/sh", "-c",
            "printf '%s|%s|' \"$1\" \"$MORTISE_TASK\"; cat; printf '|%s|%s' $MORTISE_TASK_INDEX $MORTISE_ATTEMPT",
            "sh", "<{}>",
        ])
        let (node, key, results) = try await results(of: [payload], command)
        #expect(results[0].exitCode == 0)
        let log = try await node.readLog(key, task: results[0].attempt)
        #expect(log.text == "<\(payload)>|\(payload)|\(payload)|0|1")
    }

    @Test func `payloads that cannot be arguments are refused with a hint and read from standard input`()
        async throws
    {
        let large = String(repeating: "x", count: 1 << 20)
        let payloads = ["a\0b", large, String(repeating: "y", count: 131_071)]
        let refused = try await results(of: payloads, .argv(["/bin/true", "{}"])).results
        #expect(refused.map(\.exitCode) == [126, 126, 0])
        #expect(refused[0].reason.contains("NUL"))
        #expect(refused[1].reason.contains("too long"))
        #expect(refused[0].reason.contains("standard input") && refused[1].reason.contains("standard input"))

        let (node, key, read) = try await results(
            of: payloads, .script("wc -c; echo ${MORTISE_TASK-unset} | head -c 20"))
        #expect(read.map(\.exitCode) == [0, 0, 0])
        for (index, text) in ["3\nunset\n", "1048576\nunset\n", "131071\nunset\n"].enumerated() {
            #expect(try await node.readLog(key, task: read[index].attempt).text == text)
        }
    }

    @Test func `the tasks of an array have their index as value and nothing on standard input`() async throws
    {
        let node = try await Node()
        let assignment = Assignment.of(.tasks, .argv(["/bin/sh", "-c", "echo {} $MORTISE_TASK; cat"])) {
            $0.array = TaskArray(first: 5, last: 9)
        }
        try await node.start(assignment)
        let order = TaskOrder(attempt: TaskAttempt(index: 5, attempt: 3))
        try await node.perform { $0.giveTasks(assignment.key, [order]) }
        _ = try await node.log.results(assignment.key, count: 1)
        #expect(try await node.readLog(assignment.key, task: order.attempt).text == "5 5\n")
    }

    @Test func `a task that writes nothing leaves no file`() async throws {
        let (node, key, results) = try await results(of: ["", "x"], .script("printf \"$MORTISE_TASK\""))
        #expect(results.count == 2)
        #expect(try Files.names(in: node.slotFolder(key) + "/tasks") == ["1.1.stdout"])
    }

    @Test func `a program that does not exist fails every task at once`() async throws {
        let payloads = (0..<300).map(String.init)
        let results = try await results(of: payloads, .argv(["foo-is-missing"])).results
        #expect(results.allSatisfy { $0.exitCode == 127 && $0.reason.contains("foo-is-missing") })
    }

    @Test func `a task's timeout does not touch the next task`() async throws {
        let results = try await results(of: ["1000", "0"], .argv(["sleep", "{}"])) { $0.timeoutSeconds = 1 }
            .results
        #expect(results.map(\.exitCode) == [124, 0])
    }

    @Test func `a task that turns out long gives back those behind it`() async throws {
        let node = try await Node()
        let assignment = Assignment.of(.tasks, .argv(["sleep", "{}"]))
        try await node.start(assignment)
        try await node.give(assignment.key, ["1000", "0", "0"])
        let results = try await node.log.results(assignment.key, count: 2)
        #expect(results.map(\.attempt.index) == [1, 2])
        #expect(results.allSatisfy { $0.isUnstarted })
        try await node.perform { $0.stop(assignment.key, reason: "seen enough") }
        _ = try await node.log.end(assignment.key)
    }

    @Test
    func `a slot that is stopped gives back what it has not begun, and says nothing of what was running`()
        async throws
    {
        let node = try await Node()
        let assignment = Assignment.of(.tasks, .script("echo here; exec sleep 1000")) {
            $0.stopGraceSeconds = 30
        }
        try await node.start(assignment)
        let key = assignment.key
        try await node.give(key, ["a", "b", "c"])
        try await until { FileStatus(of: node.slotFolder(key) + "/tasks/0.1.stdout") != nil }
        try await node.perform { $0.stop(key, reason: "enough") }
        let end = try await node.log.end(key)
        #expect(end.state == .finished)
        #expect(end.exitCode == nil)
        #expect(end.reason == "enough")
        let results = EventLog.results(in: node.log.events, of: key)
        #expect(results.map(\.attempt.index) == [1, 2])
        #expect(results.allSatisfy { $0.isUnstarted })

        let idle = Assignment.of(.tasks, .argv(["/bin/true"]), slot: 2)
        try await node.start(idle)
        try await node.perform { $0.stop(idle.key, reason: "no more tasks") }
        let finished = try await node.log.end(idle.key)
        #expect(finished.state == .finished)
        #expect(finished.exitCode == nil)
    }

    @Test func `tasks for a slot that is over come back unstarted`() async throws {
        let node = try await Node()
        let assignment = Assignment.of(.tasks, .argv(["/bin/true"]))
        try await node.start(assignment)
        try await node.perform { $0.stop(assignment.key, reason: "over") }
        _ = try await node.log.end(assignment.key)
        try await node.give(assignment.key, ["late"])
        let results = try await node.log.results(assignment.key, count: 1)
        #expect(results[0].isUnstarted)
    }

    @Test func `hundreds of tasks run in order and each is told once`() async throws {
        let node = try await Node()
        let assignment = Assignment.of(.tasks, .argv(["/bin/true"]))
        try await node.start(assignment)
        let results = try await node.runTasks(assignment.key, (0..<500).map(String.init))
        #expect(results.map(\.attempt.index) == Array(0..<500))
        #expect(results.allSatisfy { $0.exitCode == 0 })
    }
}
