import ClusterTypes
import Platform
import ProtocolMessages
import Testing

@testable import AgentSlots

@Suite("The end of a machine's time, in the slots", .timeLimit(.minutes(2)))
struct EndTests {
    @Test func `a command that asked for it is warned, and one that goes on is stopped in time`() async throws
    {
        let node = try await Node()
        let script = """
            trap 'echo warned' USR1
            trap 'echo stopped; exit 3' TERM
            echo ready
            while :; do sleep 0.05; done
            """
        let assignment = Assignment.batch(.script(script)) {
            $0.warningSignal = .usr1
            $0.stopGraceSeconds = 5
        }
        let key = assignment.key
        try await node.start(assignment)
        try await until { node.text(key, "stdout") == "ready\n" }
        try await node.perform { $0.setEnd(warning: .milliseconds(300), remaining: .seconds(3)) }
        let end = try await node.log.end(key)
        #expect(end.state == .finished && end.exitCode == nil)
        #expect(end.reason == "its node's time ends")
        #expect(node.text(key, "stdout") == "ready\nwarned\nstopped\n")
    }

    @Test func `without a wish for it nobody is warned, and a success before the end counts`() async throws {
        let node = try await Node()
        let assignment = Assignment.batch(.script("trap 'exit 9' USR1 HUP INT; echo ready; sleep 1; exit 0"))
        try await node.start(assignment)
        try await until { node.text(assignment.key, "stdout") == "ready\n" }
        try await node.perform { $0.setEnd(warning: .zero, remaining: .seconds(20)) }
        let end = try await node.log.end(assignment.key)
        #expect(end.state == .finished && end.exitCode == 0)
    }

    @Test func `tasks that wait go back, the one that runs is let end, and its slot with it`() async throws {
        let node = try await Node()
        let folder = node.folder.path
        let assignment = Assignment.of(
            .tasks, .script("touch \(folder)/started; while [ ! -e \(folder)/go ]; do sleep 0.05; done"))
        let key = assignment.key
        try await node.start(assignment)
        try await node.give(key, ["first", "second"])
        try await until { FileStatus(of: folder + "/started") != nil }
        try await node.perform { $0.setEnd(warning: .zero, remaining: .seconds(60)) }
        _ = try await node.log.results(key, count: 1)
        try AtomicFile.write([], to: folder + "/go", isDurable: false)
        let end = try await node.log.end(key)
        #expect(end.reason == "its node's time ends")
        let results = EventLog.results(in: node.log.events, of: key)
        #expect(results.map(\.isUnstarted) == [false, true])
        #expect(results.first?.exitCode == 0)
    }

    @Test func `it is enforced without an agent, and told to slots that start late`() async throws {
        let node = try await Node()
        try await node.perform { $0.setEnd(warning: .seconds(2), remaining: .seconds(4)) }
        let assignment = Assignment.batch(.argv(["sleep", "1000"])) { $0.onDisconnect = .keep }
        try await node.start(assignment)
        _ = try await node.log.report(assignment.key) { $0.state == .running }
        try await node.close()
        let next = try await Node(folder: node.folder)
        _ = try await next.adopt()
        let end = try await next.log.end(assignment.key)
        #expect(end.reason == "its node's time ends" && end.exitCode == nil)
    }
}
