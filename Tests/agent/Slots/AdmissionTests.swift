import ClusterTypes
import Platform
import ProtocolMessages
import Testing

@testable import AgentSlots

@Suite("Conditions on the node", .timeLimit(.minutes(2)))
struct AdmissionTests {
    private func admission(_ change: (inout Admission) -> Void) -> Admission {
        var admission = Admission()
        admission.intervalSeconds = 1
        change(&admission)
        return admission
    }

    @Sendable private func waits(_ report: SlotReport) -> Bool {
        report.reason.hasPrefix("waits to be admitted")
    }

    @Test func `a command begins once its check says so, which leaves no output`() async throws {
        let node = try await Node()
        let go = node.folder.path + "/go"
        let assignment = Assignment.batch(.script("echo began")) {
            $0.admission = admission {
                $0.check =
                    "echo looked; if [ -e \(go) ]; then exit 0; fi; echo \"no $MORTISE_SLOT\" >&2; exit 3"
            }
        }
        let key = assignment.key
        try await node.start(assignment)
        let waiting = try await node.log.report(key, waits)
        #expect(waiting.state == .starting)
        #expect(waiting.reason == "waits to be admitted: looked\nno \(key.slot)")
        #expect(node.text(key, "stdout") == "")
        try AtomicFile.write([], to: go, isDurable: false)
        let end = try await node.log.end(key)
        #expect(end.state == .finished && end.exitCode == 0)
        #expect(node.text(key, "stdout") == "began\n")
    }

    @Test func `a slot that waits is stopped at once, with what looks`() async throws {
        let node = try await Node()
        let assignment = Assignment.batch(.argv(["true"])) {
            $0.admission = admission { $0.check = "exit 1" }
        }
        try await node.start(assignment)
        let waiting = try await node.log.report(assignment.key, waits)
        #expect(waiting.reason == "waits to be admitted: its check: exit code 1")
        try await node.perform { $0.stop(assignment.key, reason: "enough") }
        let end = try await node.log.end(assignment.key)
        #expect(end.state == .finished && end.exitCode == nil && end.reason == "enough")

        let slow = Assignment.batch(.argv(["true"]), slot: 2) {
            $0.admission = admission { $0.check = "touch \(node.folder.path)/looks; sleep 1000" }
        }
        try await node.start(slow)
        try await until { FileStatus(of: node.folder.path + "/looks") != nil }
        try await node.perform { $0.stop(slow.key, reason: "enough") }
        #expect(try await node.log.end(slow.key).exitCode == nil)
    }

    @Test func `tasks are asked for only while the conditions hold, and go back when they do not`()
        async throws
    {
        let node = try await Node()
        let go = node.folder.path + "/go"
        // The first task ends what it needed, and takes longer than a yes holds.
        let assignment = Assignment.of(.tasks, .script("sleep 1.2; rm -f \(go)")) {
            $0.admission = admission { $0.check = "test -e \(go)" }
        }
        let key = assignment.key
        try await node.start(assignment)
        _ = try await node.log.report(key, waits)
        #expect(Self.credits(of: key, node.log.events).allSatisfy { $0 == 0 })
        try AtomicFile.write([], to: go, isDurable: false)
        _ = try await node.log.first { Self.credits(of: key, $0).contains { $0 > 0 } ? true : nil }
        try await node.give(key, ["a"])
        #expect(try await node.log.results(key, count: 1).map(\.isUnstarted) == [false])
        try await node.give(key, ["a", "b"])
        #expect(try await node.log.results(key, count: 2).map(\.isUnstarted) == [false, true])
        // Said a second time.
        _ = try await node.log.first { [waits] events in
            let reports = events.compactMap { if case .slotChanged(let report) = $0 { report } else { nil } }
            return reports.count(where: waits) == 2 ? true : nil
        }
    }

    /// What a slot has asked for.
    private static func credits(of key: SlotKey, _ events: [SlotEvent]) -> [UInt32] {
        events.compactMap { if case .tasksWanted(key, let credits) = $0 { credits } else { nil } }
    }

    @Test func `space and quotas are looked at, whatever the path is called`() async throws {
        let node = try await Node()
        let odd = node.folder.path + "/it's $HOME `x` \"%s\""
        try Files.makeFolder(odd)
        try AtomicFile.write([UInt8](repeating: 1, count: 64 << 10), to: odd + "/file", isDurable: false)
        var slot: UInt64 = 0
        /// Why it waits; empty where it ran.
        func look(_ change: (inout Admission) -> Void) async throws -> String {
            slot += 1
            let assignment = Assignment.batch(.argv(["true"]), slot: slot) {
                $0.admission = admission(change)
            }
            try await node.start(assignment)
            let report = try await node.log.report(assignment.key) { $0.state.isEnded || !$0.reason.isEmpty }
            return String(report.reason.trimmingPrefix("waits to be admitted: "))
        }
        #expect(try await look { $0.freeSpace = [.init(odd, 1), .init("/", 1)] } == "")
        #expect(try await look { $0.directoryQuota = [.init(odd, 10 << 20)] } == "")

        let full = try await look { $0.freeSpace = [.init("/", 1), .init(odd, 1 << 60)] }
        #expect(
            full.hasPrefix("\(odd) has ") && full.hasSuffix(" KiB free of the \(1 << 50) wanted"), "\(full)")
        let large = try await look { $0.directoryQuota = [.init(odd, 64 << 10)] }
        #expect(large.hasPrefix("\(odd) takes ") && large.hasSuffix(" KiB, its quota is 64"), "\(large)")

        let none = node.folder.path + "/none"
        let nowhere = try await look { $0.freeSpace = [.init(none, 1)] }
        #expect(nowhere.contains("No such file"), "\(nowhere)")
        let nothing = try await look { $0.directoryQuota = [.init(none, 1)] }
        #expect(nothing.contains("No such file"), "\(nothing)")
        _ = try await look {
            $0.freeSpace = [.init("/", 1 << 60)]
            $0.check = "touch '\(none)'"
        }
        #expect(FileStatus(of: none) == nil, "the first no is enough")
    }
}
