import APITypes
import ClusterTypes

extension APIClient {
    // MARK: - Jobs

    func submit(_ request: SubmitRequest) async throws -> JobView {
        try await post(APIPath.make(["jobs"]), request)
    }

    func appendTasks(to job: JobID, _ request: AppendTasksRequest) async throws -> JobView {
        try await post(APIPath.make(["jobs", "\(job)", "tasks"]), request)
    }

    func job(_ job: JobID) async throws -> JobView {
        try await get(APIPath.make(["jobs", "\(job)"]))
    }

    /// The job as soon as its revision is above `revision`, or as it is after `waitSeconds`.
    func job(_ job: JobID, since revision: UInt64, waitSeconds: Int) async throws -> JobView {
        try await get(
            APIPath.make(
                ["jobs", "\(job)"],
                query: [("since", "\(revision)"), ("waitSeconds", "\(waitSeconds)")]),
            timeout: .seconds(waitSeconds + 15))
    }

    /// The newest jobs first.
    func jobs(
        state: JobState?, app: String?, name: String?, before: JobID?, limit: Int
    ) async throws -> Page<JobView> {
        try await pages(limit: limit) { limit, next in
            try await get(
                APIPath.make(
                    ["jobs"],
                    query: [
                        ("state", state?.rawValue), ("app", app), ("name", name),
                        ("before", next.map(String.init) ?? before?.description), ("limit", "\(limit)"),
                    ]))
        }
    }

    enum JobAction: String {
        case cancel, pause, resume
    }

    func perform(_ action: JobAction, on job: JobID) async throws -> JobView {
        try await post(APIPath.make(["jobs", "\(job)", action.rawValue]))
    }

    // MARK: - Tasks

    func tasks(
        of job: JobID, state: TaskState?, first: TaskIndex?, last: TaskIndex?, limit: Int
    ) async throws -> Page<TaskView> {
        try await pages(limit: limit) { limit, next in
            try await get(
                APIPath.make(
                    ["jobs", "\(job)", "tasks"],
                    query: [
                        ("state", state?.rawValue), ("first", next.map(String.init) ?? first?.description),
                        ("last", last?.description), ("limit", "\(limit)"),
                    ]))
        }
    }

    func task(_ index: TaskIndex, of job: JobID) async throws -> TaskView {
        try await get(APIPath.make(["jobs", "\(job)", "tasks", "\(index)"]))
    }

    func retryTasks(of job: JobID, _ request: RetryTasksRequest) async throws -> RetryTasksAnswer {
        try await post(APIPath.make(["jobs", "\(job)", "tasks", "retry"]), request)
    }

    // MARK: - Logs

    /// Which part of a log is asked for.
    struct LogQuery: Sendable, Equatable {
        var stream: String
        var follows = false
        /// Only the newest; nil for all that is kept.
        var tailBytes: Int64?
        /// nil for the newest.
        var attempt: UInt32?

        fileprivate var query: [(name: String, value: String?)] {
            [
                ("stream", stream), ("follow", follows ? "true" : nil), ("tail", tailBytes.map(String.init)),
                ("attempt", attempt.map(String.init)),
            ]
        }
    }

    func taskLog(
        _ index: TaskIndex, of job: JobID, _ query: LogQuery, onBody: @escaping @Sendable ([UInt8]) -> Void
    ) async throws {
        try await stream(
            APIPath.make(["jobs", "\(job)", "tasks", "\(index)", "log"], query: query.query), onBody: onBody)
    }

    func slotLog(
        _ slot: SlotID, _ query: LogQuery, onBody: @escaping @Sendable ([UInt8]) -> Void
    ) async throws {
        try await stream(APIPath.make(["slots", "\(slot)", "log"], query: query.query), onBody: onBody)
    }

    // MARK: - Slots

    /// - Parameter after: only slots above this number.
    func slots(
        job: JobID?, node: String? = nil, state: SlotState? = nil, after: UInt64? = nil, limit: Int
    ) async throws -> Page<SlotView> {
        try await pages(limit: limit) { limit, next in
            try await get(
                APIPath.make(
                    ["slots"],
                    query: [
                        ("job", job?.description), ("node", node), ("state", state?.rawValue),
                        ("after", (next ?? after).map(String.init)), ("limit", "\(limit)"),
                    ]))
        }
    }

    func slot(_ slot: SlotID) async throws -> SlotView {
        try await get(APIPath.make(["slots", "\(slot)"]))
    }

    // MARK: - Nodes and cluster

    func nodes(includesReleased: Bool) async throws -> Page<NodeView> {
        try await get(APIPath.make(["nodes"], query: [("released", includesReleased ? "true" : nil)]))
    }

    /// - Parameter isLive: the node is asked for a fresh report, which takes it some seconds.
    func node(_ name: String, isLive: Bool) async throws -> NodeView {
        try await get(APIPath.make(["nodes", name], query: [("live", isLive ? "true" : nil)]))
    }

    enum NodeAction: String {
        case drain, cordon
    }

    func perform(_ action: NodeAction, on node: String, reason: String) async throws -> NodeView {
        try await post(APIPath.make(["nodes", node, action.rawValue]), ReasonRequest(reason: reason))
    }

    func uncordon(_ node: String) async throws -> NodeView {
        try await post(APIPath.make(["nodes", node, "uncordon"]))
    }

    func accept(_ node: String) async throws -> NodeView {
        try await post(APIPath.make(["nodes", node, "accept"]))
    }

    func remove(_ node: String, reason: String) async throws -> NodeView {
        try await delete(APIPath.make(["nodes", node], query: [("reason", reason.isEmpty ? nil : reason)]))
    }

    // MARK: - What was

    /// - Parameters:
    ///   - until: nil for now.
    ///   - stepSeconds: nil for what can be shown at once.
    ///   - series: names with commas between them; nil for all.
    func history(
        of node: String, from: Instant, until: Instant?, stepSeconds: Int64?, series: String?
    ) async throws -> NodeHistoryView {
        try await get(
            APIPath.make(
                ["nodes", node, "history"],
                query: [
                    ("from", from.rfc3339), ("until", until?.rfc3339), ("step", stepSeconds.map(String.init)),
                    ("series", series),
                ]), timeout: .seconds(60))
    }

    func usage(
        by grouping: UsageGrouping, job: JobID?, user: String?, from: Instant, until: Instant?, limit: Int
    ) async throws -> Page<UsageView> {
        try await get(
            APIPath.make(
                ["usage"],
                query: [
                    ("by", grouping.rawValue), ("job", job?.description), ("user", user),
                    ("from", from.rfc3339), ("until", until?.rfc3339), ("limit", "\(limit)"),
                ]), timeout: .seconds(60))
    }

    func cluster() async throws -> ClusterView {
        try await get(APIPath.make(["cluster"]))
    }

    func explanation(of subject: [String]) async throws -> ExplanationView {
        try await get(APIPath.make(["explain"] + subject))
    }

    func plan(_ request: PlanRequest) async throws -> PlanView {
        try await post(APIPath.make(["plan"]), request)
    }

    func moves() async throws -> MovesView {
        try await get(APIPath.make(["moves"]))
    }

    // MARK: - Pages

    /// One request asks for at most this many.
    static let pageItems = 1_000

    /// Follows the pages until `limit` items are there or no more come.
    private func pages<Element>(
        limit: Int, _ load: (_ limit: Int, _ next: UInt64?) async throws -> Page<Element>
    ) async throws -> Page<Element> {
        var result = try await load(min(limit, APIClient.pageItems), nil)
        while result.items.count < limit, let next = result.next {
            let page = try await load(min(limit - result.items.count, APIClient.pageItems), next)
            result.items += page.items
            result.next = page.next
        }
        return result
    }
}
