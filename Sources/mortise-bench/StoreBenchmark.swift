import ArgumentParser
import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import CoordinatorStorePostgres
import CoordinatorStoreSQLite
import Foundation
import Platform
import ProtocolMessages
import Terminal

struct StoreBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "How many ends of tasks, and payloads, a store takes in a second.",
        discussion: """
            Commits what a coordinator commits: the results of a batch of tasks, the job's counts and the slots that ran
            them, one commit after the other, each on stable storage before the next. The store must be empty.

            Example:
              mortise-bench store --store sqlite:/tmp/bench.db --json
              mortise-bench store --store postgresql:///bench --batch 1000
            """)

    @Option(help: "sqlite:PATH or postgresql://USER@HOST:PORT/DATABASE.")
    var store: String
    @Option(help: "Ends of tasks that one commit writes, 1 to 100000.")
    var batch = 1_000
    @Option(name: .customLong("for"), help: "How long: 500ms, 10s.")
    var window = Span(.seconds(10))
    @Option(help: "Payloads that are submitted first, of 100 bytes; 0 for none.")
    var payloads = 0
    @Flag(help: "Print the results as JSON.")
    var json = false

    func validate() throws {
        guard (1...100_000).contains(batch) else { throw ValidationError("--batch is 1 to 100000.") }
        guard (0...10_000_000).contains(payloads) else {
            throw ValidationError("--payloads is 0 to 10000000.")
        }
    }

    private struct Report: Codable {
        var store: String
        var batch: Int
        var tasksPerSecond: Double
        var commitsPerSecond: Double
        /// In milliseconds.
        var commits: LatencySummary?
        var payloads: Int
        var payloadSeconds: Double
        /// Of this process, for a task's end.
        var cpuMicrosecondsPerTask: Double
    }

    func run() throws {
        let opened = try open()
        defer { try? opened.close() }
        guard try opened.snapshot(endedJobs: 0).lastJob == 0 else {
            throw Failure("The store \(store) is not empty: name one of its own for the benchmark.")
        }
        let payloadSeconds = try submitPayloads(to: opened)
        let report = try complete(on: opened, payloadSeconds)
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(report), as: UTF8.self))
        } else {
            show(report)
        }
    }

    private func open() throws -> any Store {
        let sqlite = "sqlite:"
        return store.hasPrefix(sqlite)
            ? try SQLiteStore(path: String(store.dropFirst(sqlite.count))) : try PostgresStore(store)
    }

    /// A job of this many payloads, 100,000 in a commit: as a coordinator takes them from a submission.
    private func submitPayloads(to store: any Store) throws -> Double {
        guard payloads > 0 else { return 0 }
        let begin = ContinuousClock.now
        _ = try store.commit([.putJob(job(1, tasks: UInt32(payloads), done: 0))])
        var first = 0
        while first < payloads {
            let count = min(100_000, payloads - first)
            let texts = (first..<first + count).map { number in
                "--input s3://bucket/part-\(number).parquet" + String(repeating: "x", count: 60)
            }
            _ = try store.commit([
                .appendPayloads(JobID(1), first: TaskIndex(first), payloads: texts)
            ])
            first += count
        }
        return Self.seconds(ContinuousClock.now - begin)
    }

    private func complete(on store: any Store, _ payloadSeconds: Double) throws -> Report {
        let slots: UInt64 = 32
        var latency = LatencyFigures()
        var done = 0
        let begin = ContinuousClock.now
        let cpuBefore = ProcessUsage.now().cpuSeconds ?? 0
        while ContinuousClock.now - begin < window.duration {
            let start = ContinuousClock.now
            let now = Instant(microseconds: 1_790_000_000_000_000 + Int64(done))
            let tasks = (done..<done + batch).map { index in
                let slot = UInt64(index) % slots + 1
                return TaskRecord(
                    index: TaskIndex(index), state: .succeeded, attempt: 1, exitCode: 0,
                    slot: SlotKey(SlotID(slot), Generation(1)), node: NodeID(slot), startedAt: now,
                    durationMicroseconds: 1_234_567)
            }
            done += batch
            var writes: [Write] = [
                .putTasks(JobID(2), tasks), .putJob(job(2, tasks: .max, done: UInt32(done))),
            ]
            writes += (1...slots).map { .putSlot(slot($0, at: now)) }
            _ = try store.commit(writes)
            latency.record(ContinuousClock.now - start)
        }
        let seconds = Self.seconds(ContinuousClock.now - begin)
        let cpu = (ProcessUsage.now().cpuSeconds ?? 0) - cpuBefore
        return Report(
            store: store is SQLiteStore ? "sqlite" : "postgresql", batch: batch,
            tasksPerSecond: Double(done) / seconds, commitsPerSecond: Double(latency.count) / seconds,
            commits: latency.summary, payloads: payloads, payloadSeconds: payloadSeconds,
            cpuMicrosecondsPerTask: cpu / Double(done) * 1e6)
    }

    private func job(_ number: UInt64, tasks: UInt32, done: UInt32) -> JobRecord {
        JobRecord(
            job: JobID(number),
            specification: JobSpecification(
                app: "bench", job: "tasks", kind: .tasks, command: .argv(["true"])),
            state: .running, reason: "", taskCount: tasks, isOpen: false,
            counts: TaskCounts(ready: tasks - done, running: 0, succeeded: done, failed: 0, canceled: 0),
            retried: 0, submitter: "bench", submittedAt: .epoch, endedAt: nil)
    }

    private func slot(_ number: UInt64, at now: Instant) -> SlotRecord {
        SlotRecord(
            slot: SlotID(number), generation: Generation(1), job: JobID(2), state: .running, reason: "",
            node: NodeID(number), devices: [], exitCode: nil, attempts: 1,
            tasks: (0..<32).map { TaskAttempt(index: $0, attempt: 1) }, createdAt: .epoch, since: now,
            crashes: [])
    }

    private static func seconds(_ duration: Duration) -> Double { Double(duration.wholeMicroseconds) / 1e6 }

    private func show(_ report: Report) {
        if report.payloads > 0 {
            print("payloads      \(report.payloads) in \(String(format: "%.2f", report.payloadSeconds)) s")
        }
        print("ends of tasks \(Int(report.tasksPerSecond)) a second, \(report.batch) in a commit")
        if let commits = report.commits {
            print(
                String(
                    format: "commits       %.1f a second; p50 %.1f, p99 %.1f, p99.9 %.1f ms",
                    report.commitsPerSecond, commits.p50, commits.p99, commits.p999))
        }
        print(String(format: "CPU           %.1f us a task", report.cpuMicrosecondsPerTask))
    }
}
