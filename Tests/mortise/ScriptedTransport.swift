import APITypes
import ClusterTypes
import HTTPSClient
import Synchronization

@testable import mortise

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A coordinator that answers by a closure and remembers what it was asked.
final class ScriptedTransport: APITransport {
    private let asked = Mutex<[HTTPSRequest]>([])
    private let answer: @Sendable (HTTPSRequest, _ position: Int) throws -> HTTPSResponse

    init(_ answer: @escaping @Sendable (HTTPSRequest, _ position: Int) throws -> HTTPSResponse) {
        self.answer = answer
    }

    var requests: [HTTPSRequest] { asked.withLock { $0 } }
    /// `GET /v1/…`
    var lines: [String] { requests.map { "\($0.method) \($0.path)" } }

    func send(_ request: HTTPSRequest) async throws -> HTTPSResponse {
        let position = asked.withLock { asked in
            asked.append(request)
            return asked.count - 1
        }
        return try answer(request, position)
    }

    func stream(
        _ request: HTTPSRequest, onBody: @escaping @Sendable ([UInt8]) -> Void
    ) async throws -> HTTPSResponse {
        var response = try await send(request)
        if response.isSuccess {
            onBody(response.body)
            response.body = []
        }
        return response
    }
}

extension HTTPSResponse {
    static func json(_ value: some Encodable, status: Int = 200) throws -> HTTPSResponse {
        HTTPSResponse(status: status, headers: [], body: try JSONText.encode(value))
    }

    static func refusal(_ status: Int, _ message: String) throws -> HTTPSResponse {
        try json(ErrorBody(code: "some_code", message: message), status: status)
    }
}

extension HTTPSRequest {
    func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONText.decode(type, from: body)
    }
}

extension JobView {
    static func sample(
        state: JobState = .running, revision: UInt64 = 1, total: UInt32 = 0, succeeded: UInt32 = 0,
        failed: UInt32 = 0, isOpen: Bool = false
    ) -> JobView {
        JobView(
            revision: revision, job: JobID(12), app: "app", name: "job", kind: .tasks, state: state,
            reason: "",
            tasks: TaskCountsView(
                total: total, ready: 0, running: 0, succeeded: succeeded, failed: failed, canceled: 0,
                retried: 0
            ), isOpen: isOpen, priority: 0, submitter: "ada", submittedAt: "2026-07-01T09:05:03.000250Z")
    }
}

/// Time that passes only when somebody sleeps, and what was reported meanwhile.
final class FakeWorld: Sendable {
    private let state = Mutex<(now: Duration, reports: [String])>((.zero, []))

    var now: Duration { state.withLock { $0.now } }
    var reports: [String] { state.withLock { $0.reports } }

    var surroundings: Surroundings {
        Surroundings(
            now: { self.state.withLock { $0.now } },
            sleep: { duration in self.state.withLock { $0.now += duration } },
            report: { text in self.state.withLock { $0.reports.append(text) } })
    }
}
