import APITypes
import ClusterTypes
import Foundation

/// The jobs of a chaos run, and the file in which all their executions stand.
///
/// Two open jobs get more tasks as theirs are done, batch jobs follow one another, a service runs all the time.
final class ChaosWorkload {
    let cluster: TestCluster
    let ledger: Ledger
    private(set) var requeued = JobID(0)
    private(set) var atMostOnce = JobID(0)
    private(set) var service = JobID(0)
    private(set) var batches: [JobID] = []
    /// Tasks that the coordinator has accepted.
    private(set) var accepted: [JobID: Int] = [:]
    /// Outcomes that were seen: they must never change.
    private var outcomes: [JobID: [TaskIndex: TaskView]] = [:]
    private(set) var faults: [String] = []
    private var scripts: [JobKind: String] = [:]

    init(_ cluster: TestCluster) {
        self.cluster = cluster
        ledger = Ledger(path: cluster.path("ledger"))
    }

    func begin() async throws {
        let fields = "$MORTISE_JOB $MORTISE_SLOT $MORTISE_GENERATION"
        let task = "\(fields) $MORTISE_TASK_INDEX $MORTISE_ATTEMPT $MORTISE_NODE"
        let slot = "\(fields) - 0 $MORTISE_NODE"
        scripts[.tasks] = try cluster.script(
            "task",
            """
            [ "$MORTISE_TASK" = "task $MORTISE_TASK_INDEX" ] || exit 9
            \(ledger.append("begin " + task))
            sleep 0.$((MORTISE_TASK_INDEX % 3 * 10 + 5))
            if [ $((MORTISE_TASK_INDEX % 37)) -eq 0 ]; then
              for moment in 1 2 3 4 5; do \(ledger.append("alive " + task)); sleep 0.3; done
            fi
            \(ledger.append("end " + task))
            """)
        scripts[.batch] = try cluster.script(
            "batch",
            """
            \(ledger.append("begin " + slot))
            for moment in 1 2 3 4 5 6 7 8 9 10; do \(ledger.append("alive " + slot)); sleep 0.2; done
            \(ledger.append("end " + slot))
            """)
        scripts[.service] = try cluster.script(
            "service",
            """
            \(ledger.append("begin " + slot))
            while :; do \(ledger.append("alive " + slot)); sleep 0.2; done
            """)
        requeued = try await submit("requeued", .tasks, slots: 4)
        atMostOnce = try await submit("at-most-once", .tasks, slots: 4) { $0.onLost = .fail }
        service = try await submit("service", .service, slots: 2)
    }

    /// Once around: what is needed is submitted, and outcomes are looked at. While the coordinator cannot be asked
    /// nothing happens.
    func goOn(_ random: inout SeededRandom) async {
        do {
            for job in [requeued, atMostOnce] {
                try await append(to: job)
                try await lookAtOutcomes(
                    of: job, from: Int.random(in: 0...(accepted[job] ?? 0), using: &random))
            }
            let isIdle: Bool
            if let last = batches.last {
                isIdle = try await cluster.job(last).endedAt != nil
            } else {
                isIdle = true
            }
            guard isIdle else { return }
            // Every other one stays where it is when its node is cut off.
            let isKept = batches.count % 2 == 1
            let batch = try await submit("batch \(batches.count)", .batch, slots: 2) {
                if isKept { $0.onDisconnect = .keep }
            }
            batches.append(batch)
        } catch {
            // It is down, or out of reach; what became of the request shows when it is asked again.
        }
    }

    // MARK: Orders

    /// What was asked for may have been done without an answer: then the job is there.
    private func submit(
        _ name: String, _ kind: JobKind, slots: UInt32, _ change: (inout JobSpecification) -> Void = { _ in }
    ) async throws -> JobID {
        let known: Page<JobView> = try await cluster.get("/v1/jobs?limit=20")
        if let job = known.items.first(where: { $0.name == name }) { return job.job }
        var specification = JobSpecification(
            app: "chaos", job: name, kind: kind, command: .argv(["sh", scripts[kind] ?? ""]))
        specification.resources.resources.milliCPU = 250
        specification.stopGraceSeconds = 1
        // What goes down here goes down with the chaos, not by its own fault.
        specification.crashLimit = 0
        specification.isOpen = kind == .tasks
        specification.slots = SlotCount(minimum: kind == .tasks ? 1 : slots, maximum: slots)
        change(&specification)
        let reply = try await cluster.send(
            "POST", "/v1/jobs",
            body: SubmitRequest(specification: specification, payloads: kind == .tasks ? ["task 0"] : nil),
            token: try cluster.apiToken())
        guard (200..<300).contains(reply.status) else { throw TestFailure("\(reply)") }
        let job = try JSONDecoder().decode(JobView.self, from: Data(reply.text.utf8)).job
        if kind == .tasks { accepted[job] = 1 }
        return job
    }

    private func append(to job: JobID) async throws {
        let view = try await cluster.job(job)
        guard view.endedAt == nil else {
            faults.append("job \(job) has ended: \(view.state) \(view.reason)")
            return
        }
        // Nobody else appends: more than was acknowledged is an append whose answer did not come.
        let total = Int(view.tasks.total)
        if total < accepted[job] ?? 0 {
            faults.append("job \(job) has \(total) tasks, but accepted \(accepted[job] ?? 0)")
        }
        accepted[job] = total
        guard view.tasks.ready < 40 else { return }
        let payloads = (total..<total + 40).map { "task \($0)" }
        let reply = try await send(AppendTasksRequest(payloads: payloads, close: false), to: job)
        if reply.status == 200 { accepted[job] = total + 40 }
    }

    func close() async throws {
        for job in [requeued, atMostOnce] {
            let reply = try await send(AppendTasksRequest(payloads: [], close: true), to: job)
            guard reply.status == 200 else { throw TestFailure("job \(job) cannot be closed: \(reply)") }
        }
    }

    private func send(_ request: AppendTasksRequest, to job: JobID) async throws -> APIReply {
        try await cluster.send("POST", "/v1/jobs/\(job)/tasks", body: request, token: try cluster.apiToken())
    }

    // MARK: Outcomes

    private func lookAtOutcomes(of job: JobID, from first: Int) async throws {
        let page: Page<TaskView> = try await cluster.get("/v1/jobs/\(job)/tasks?first=\(first)&limit=500")
        note(page.items, of: job)
    }

    private func note(_ tasks: [TaskView], of job: JobID) {
        for task in tasks where task.state == .succeeded || task.state == .failed {
            let former = outcomes[job]?[task.index] ?? task
            if task != former { faults.append("an outcome has changed: \(former) is \(task)") }
            outcomes[job, default: [:]][task.index] = task
        }
    }

    /// All of them, for the ledger to be compared with.
    func allOutcomes(of job: JobID) async throws -> [String: ExecutionLedger.Outcome] {
        var first: UInt64? = 0
        var tasks: [TaskView] = []
        while let position = first {
            let page: Page<TaskView> = try await cluster.get(
                "/v1/jobs/\(job)/tasks?first=\(position)&limit=1000")
            tasks += page.items
            first = page.next
        }
        let before = outcomes[job]?.count ?? 0
        note(tasks, of: job)
        let count = outcomes[job]?.count ?? 0
        if count != accepted[job] || tasks.count != count {
            faults.append(
                "job \(job) accepted \(accepted[job] ?? 0) tasks; \(count) have an outcome, \(before) before")
        }
        return Dictionary(
            tasks.map {
                (
                    "\($0.index)",
                    ExecutionLedger.Outcome(
                        isSucceeded: $0.state == .succeeded, slot: $0.slot.map { "\($0)" },
                        attempt: "\($0.attempt)", reason: $0.reason)
                )
            }, uniquingKeysWith: { $1 })
    }
}
