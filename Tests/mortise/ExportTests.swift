import APITypes
import ClusterTypes
import Synchronization
import Testing

@testable import mortise

@Suite("Exports")
struct ExportTests {
    private let tasks = [
        TaskView(job: JobID(7), index: 0, state: .succeeded, attempt: 1, exitCode: 0),
        TaskView(
            job: JobID(7), index: 1, state: .failed, attempt: 2, exitCode: 3,
            reason: "exit code 3: \"a\", b\r\nc",
            slot: SlotID(4), node: NodeID(2), nodeName: "n2", startedAt: "2026-03-01T12:00:00Z",
            durationSeconds: 1.5),
    ]

    /// Each task is a page of its own.
    private func export(as form: ExportForm) async throws -> String {
        let written = Mutex("")
        let count = try await Export(form: form) { text in written.withLock { $0 += text } }
            .rows { next in
                let position = Int(next ?? 0)
                return Page(
                    items: [tasks[position]], revision: 1,
                    next: position + 1 < tasks.count ? UInt64(position + 1) : nil)
            }
        #expect(count == 2)
        return written.withLock { $0 }
    }

    @Test("CSV has a line of names and quotes what needs it")
    func csv() async throws {
        #expect(
            try await export(as: .csv) == """
                job,task,state,attempt,exit_code,reason,slot,node,node_name,started_at,duration_seconds
                7,0,succeeded,1,0,,,,,,
                7,1,failed,2,3,"exit code 3: ""a"", b\r\nc",4,2,n2,2026-03-01T12:00:00Z,1.5

                """)
    }

    @Test("JSON lines are the API's objects, one in each line")
    func jsonLines() async throws {
        let lines = try await export(as: .jsonl).split(separator: "\n")
        #expect(try lines.map { try JSONText.decode(TaskView.self, from: Array($0.utf8)) } == tasks)
    }
}
