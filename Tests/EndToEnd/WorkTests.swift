import APITypes
import ClusterTypes
import Foundation
import Testing

/// Case 1: real work on three agents.
@Suite struct WorkTests {
    @Test("Sixty tasks over files run on three agents, some after a retry, and the list says where each ran")
    func array() async throws {
        try await TestCluster.run { cluster in
            try await cluster.startAgents("birch", "cedar", "maple")
            let ledger = Ledger(path: cluster.path("ledger"))
            for folder in ["in", "out", "nodes"] {
                try FileManager.default.createDirectory(
                    atPath: cluster.path(folder), withIntermediateDirectories: false)
            }
            for task in 1...60 {
                try cluster.write(
                    cluster.path("in/\(task)"), String(repeating: "line of \(task)\n", count: 100 * task))
            }
            // No task ends before one runs on each node. Every tenth fails in its first attempt.
            let file = try cluster.write(
                cluster.path("job.yaml"),
                """
                job: sums
                resources: { cpus: 0.5 }
                tasks: { array: 1-60 }
                retries: "75:2"
                script: |
                  set -eu
                  cd \(cluster.directory)
                  \(ledger.append("$MORTISE_TASK_INDEX.$MORTISE_ATTEMPT"))
                  : > nodes/$MORTISE_NODE
                  while [ $(ls nodes | wc -l) -lt 3 ]; do sleep 0.05; done
                  if [ $((MORTISE_TASK % 10)) -eq 0 ] && [ $MORTISE_ATTEMPT -eq 1 ]; then exit 75; fi
                  sha256sum in/$MORTISE_TASK > out/$MORTISE_TASK
                  echo "task $MORTISE_TASK is done"
                """)
            let result = try await cluster.mortise("submit", file, "--wait")
            #expect(result.status == 0, "\(result)")
            #expect(result.output.contains("Job 1 'sums' is submitted with 60 tasks."), "\(result)")
            #expect(result.output.contains("Job 1 finished: 60 of 60 tasks succeeded"), "\(result)")

            let check = try await cluster.run(
                "/bin/sh", ["-c", "cat out/* | sha256sum --check --quiet && ls out | wc -l"])
            #expect(check.status == 0 && check.output.trimmed == "60", "\(check)")
            let expected = (1...60).flatMap { $0 % 10 == 0 ? ["\($0).1", "\($0).2"] : ["\($0).1"] }
            #expect(ledger.lines.sorted() == expected.sorted())

            let job = try await cluster.job(JobID(1))
            #expect(job.state == .finished)
            #expect(
                job.tasks
                    == TaskCountsView(
                        total: 60, ready: 0, running: 0, succeeded: 60, failed: 0, canceled: 0, retried: 6))
            let list = try await cluster.mortise("task", "list", "1", "--format", "json")
            let tasks = try list.decoded(as: Page<TaskView>.self).items
            #expect(tasks.map(\.index) == Array(1...60))
            #expect(tasks.allSatisfy { $0.state == .succeeded && $0.exitCode == 0 && $0.slot != nil })
            #expect(tasks.allSatisfy { $0.attempt == ($0.index % 10 == 0 ? 2 : 1) })
            #expect(Set(tasks.compactMap(\.nodeName)) == ["birch", "cedar", "maple"])

            let export = try await cluster.mortise("job", "export", "1", "--as", "csv")
            #expect(export.output.split(separator: "\n").count == 61, "\(export)")
            #expect(export.errors == "60 tasks of job 1 written.\n")

            let log = try await cluster.mortise("task", "logs", "1", "20")
            #expect(log.status == 0 && log.output == "task 20 is done\n", "\(log)")
        }
    }

    @Test("A failing job ends the command line with 1 and names its failures, a canceled one with 6")
    func outcomes() async throws {
        try await TestCluster.run { cluster in
            try await cluster.startAgent("birch")
            let batch = try await cluster.mortise(
                "run", "--wait", "--", "sh", "-c", "echo what went wrong >&2; exit 3")
            #expect(batch.status == 1, "\(batch)")
            #expect(batch.output.contains("Job 1 failed: 0 of 1 slot succeeded, 1 failed"), "\(batch)")
            #expect(batch.errors.contains("exit code 3: what went wrong"), "\(batch)")

            let slots = try await cluster.mortise("job", "export", "1")
            #expect(slots.status == 0 && slots.errors == "1 slot of job 1 written.\n", "\(slots)")
            #expect(try slots.decoded(as: SlotView.self).exitCode == 3)
            let noTasks = try await cluster.mortise("job", "export", "1", "--state", "failed")
            #expect(noTasks.status == 2 && noTasks.errors.contains("Job 1 has no tasks"), "\(noTasks)")

            let array = try await cluster.mortise(
                "run", "--array", "1-4", "--wait", "--", "sh", "-c", "test {} -lt 3")
            #expect(array.status == 1, "\(array)")
            #expect(array.output.contains("2 of 4 tasks succeeded, 2 failed"), "\(array)")
            let failed = try await cluster.mortise(
                "task", "list", "2", "--state", "failed", "--format", "json")
            #expect(try failed.decoded(as: Page<TaskView>.self).items.map(\.index) == [3, 4])

            let job = try await cluster.submit("--array", "1-2", "--", "sleep", "600")
            try await eventually("a task runs") { try await cluster.job(job).tasks.running > 0 }
            let waiting = try await cluster.startMortise("job", "wait", "\(job)")
            let cancel = try await cluster.mortise("job", "cancel", "\(job)")
            #expect(cancel.status == 0, "\(cancel)")
            #expect(try await waiting.waitForExit() == 6)
            #expect(waiting.output.contains("Job \(job) was canceled: 0 of 2 tasks succeeded, 2 canceled"))
            try await eventually("nothing of the canceled job runs") {
                try await cluster.slots(of: job).allSatisfy { $0.state.isEnded }
            }
        }
    }

    @Test("Ctrl-C ends the waiting with 130 and says that the job goes on, which it does")
    func interruption() async throws {
        try await TestCluster.run { cluster in
            try await cluster.startAgent("birch")
            let waiting = try await cluster.startMortise(
                "run", "--wait", "--", "sh", "-c",
                "while [ ! -e \(cluster.path("go")) ]; do sleep 0.05; done")
            try await eventually("the job runs") {
                let jobs: Page<JobView> = try await cluster.get("/v1/jobs")
                return jobs.items.first?.tasks.running == 1
            }
            // The job may run before whoever submitted it has been told of it.
            try await eventually("the job is announced") { waiting.output.contains("Job 1 ") }
            waiting.signal(SIGINT)
            #expect(try await waiting.waitForExit() == 130)
            #expect(waiting.errors.contains("Job 1 goes on."), "\(waiting.errors)")
            try cluster.touch("go")
            #expect(try await cluster.mortise("job", "wait", "1").status == 0)
        }
    }
}
