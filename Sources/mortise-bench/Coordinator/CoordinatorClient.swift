import APITypes
import ClusterTypes
import Foundation
import HTTPSClient
import NIOCore

/// The coordinator's API, as far as a run needs it.
struct CoordinatorClient: Sendable {
    private let client: HTTPSClient
    private let headers: [(String, String)]

    /// The file that `mortise-coordinator init` writes.
    private struct Configuration: Decodable {
        var urls: [String]
        /// Relative to the file.
        var ca: String
        var token: String
    }

    /// - Parameters:
    ///   - given: "host:port"; the file's first address if nil.
    ///   - path: of that file.
    init(endpoint given: String? = nil, configuration path: String, group: any EventLoopGroup) throws {
        let file: Configuration
        let authority: String
        do {
            let url = URL(fileURLWithPath: path)
            file = try JSONDecoder().decode(Configuration.self, from: Data(contentsOf: url))
            authority = try String(
                contentsOf: URL(fileURLWithPath: file.ca, relativeTo: url), encoding: .utf8)
        } catch {
            throw Failure(
                "Cannot read \(path): it is no client.json of a coordinator, or its CA file is missing.")
        }
        guard
            let endpoint = given.flatMap({ HTTPSEndpoint(hostAndPort: $0) })
                ?? file.urls.first.flatMap({ HTTPSEndpoint(url: $0) })
        else {
            throw Failure("\(path) names no https://HOST:PORT.")
        }
        client = try HTTPSClient(group: group, endpoint: endpoint, trustRootsPEM: authority)
        headers = [("Authorization", "Bearer \(file.token)"), ("Accept", "application/json")]
    }

    var isReady: Bool {
        get async {
            (try? await client.send(HTTPSRequest(path: "/readyz", timeout: .seconds(5))).get())?.isSuccess
                ?? false
        }
    }

    func get<Answer: Decodable>(_ path: String, _ type: Answer.Type = Answer.self) async throws -> Answer {
        try decode(try await send(HTTPSRequest(path: path, headers: headers, timeout: .seconds(120))))
    }

    func post<Answer: Decodable>(_ path: String, _ body: some Encodable) async throws -> Answer {
        let bytes = Array(try JSONEncoder().encode(body))
        let headers = headers + [("Content-Type", "application/json")]
        return try decode(
            try await send(
                HTTPSRequest(
                    method: "POST", path: path, headers: headers, body: bytes, timeout: .seconds(120))))
    }

    /// The numbers of `/metrics`, by name with labels; nil where this coordinator has none.
    func metrics() async throws -> [String: Double]? {
        let answer = try await client.send(HTTPSRequest(path: "/metrics", headers: headers)).get()
        guard answer.isSuccess else { return nil }
        var metrics: [String: Double] = [:]
        for line in String(decoding: answer.body, as: UTF8.self).split(separator: "\n")
        where !line.hasPrefix("#") {
            guard let blank = line.lastIndex(of: " "), let value = Double(line[line.index(after: blank)...])
            else {
                continue
            }
            metrics[String(line[..<blank])] = value
        }
        return metrics
    }

    private func send(_ request: HTTPSRequest) async throws -> HTTPSResponse {
        let response: HTTPSResponse
        do { response = try await client.send(request).get() } catch let error as HTTPSError {
            throw Failure(error.message)
        }
        guard response.isSuccess else {
            let body = try? JSONDecoder().decode(ErrorBody.self, from: Data(response.body))
            throw Failure(
                "\(request.method) \(request.path): \(body?.message ?? "status \(response.status)")")
        }
        return response
    }

    private func decode<Answer: Decodable>(_ response: HTTPSResponse) throws -> Answer {
        try JSONDecoder().decode(Answer.self, from: Data(response.body))
    }
}

extension CoordinatorClient {
    /// By number: a name has to be looked for among all nodes.
    func state(of node: NodeID) async throws -> NodeState {
        try await get("/v1/nodes/\(node)", NodeView.self).state
    }

    /// Nodes that were called so (`suspect`, `lost`) since that moment; at most the newest thousand events are looked
    /// at.
    func nodes(called state: NodeState, since moment: Instant) async throws -> Int {
        let events: Page<EventView> = try await get("/v1/events?limit=1000")
        let since = moment.rfc3339
        let found = events.items.filter { $0.at >= since && $0.message.hasPrefix(state.rawValue) }
        return Set(found.map(\.subject)).count
    }

    /// A job of so many tasks that any slot of the fleet may take.
    func submit(tasks: UInt32, slots: UInt32, name: String) async throws -> JobID {
        var specification = JobSpecification(app: "bench", job: name, kind: .tasks, command: .argv(["true"]))
        specification.slots = SlotCount(minimum: 1, maximum: slots)
        specification.array = TaskArray(first: 1, last: tasks)
        return try await post("/v1/jobs", SubmitRequest(specification: specification), as: JobView.self).job
    }

    /// A batch job of so many slots, of a core each.
    func submitBatch(slots: UInt32, devices: DeviceRequest?, name: String) async throws -> JobID {
        var specification = JobSpecification(app: "bench", job: name, kind: .batch, command: .argv(["true"]))
        specification.slots = SlotCount(minimum: slots, maximum: slots)
        specification.resources.devices = devices
        return try await post("/v1/jobs", SubmitRequest(specification: specification), as: JobView.self).job
    }

    /// A job of so many tasks that all wait: for a slot of a job that there is not.
    func submitWaiting(tasks: UInt32, name: String) async throws -> JobID {
        var specification = JobSpecification(app: "bench", job: name, kind: .tasks, command: .argv(["true"]))
        specification.slots = SlotCount(minimum: 1, maximum: 1_000_000)
        specification.constraints = [.with(job: "nobody")]
        specification.array = TaskArray(first: 1, last: tasks)
        return try await post("/v1/jobs", SubmitRequest(specification: specification), as: JobView.self).job
    }

    func state(of job: JobID) async throws -> JobState {
        try await get("/v1/jobs/\(job)", JobView.self).state
    }

    private func post<Answer: Decodable>(_ path: String, _ body: some Encodable, as: Answer.Type) async throws
        -> Answer
    { try await post(path, body) }
}
