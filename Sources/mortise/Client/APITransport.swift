import APITypes
import HTTPSClient
import NIOCore
import Synchronization

/// Carries requests to the coordinator: over HTTPS, or, in tests, to a script.
protocol APITransport: Sendable {
    /// - Throws: `ClientError` where no answer came. An answer that is not 2xx is an answer.
    func send(_ request: HTTPSRequest) async throws -> HTTPSResponse

    /// Hands over the body of a 2xx answer piece by piece; any other answer is returned whole.
    func stream(
        _ request: HTTPSRequest, onBody: @escaping @Sendable ([UInt8]) -> Void
    ) async throws -> HTTPSResponse
}

/// Tries the coordinator's addresses in order, beginning with the one that answered last.
final class HTTPSTransport: APITransport {
    private let clients: [HTTPSClient]
    /// nil until one has answered.
    private let current = Mutex<Int?>(nil)

    /// - Throws: `CommandFailure` where the CA certificate cannot be used.
    init(group: any EventLoopGroup, endpoints: [HTTPSEndpoint], trustRootsPEM: String) throws {
        precondition(!endpoints.isEmpty, "There must be an address to try.")
        do {
            clients = try endpoints.map {
                try HTTPSClient(group: group, endpoint: $0, trustRootsPEM: trustRootsPEM)
            }
        } catch let error as HTTPSError {
            throw CommandFailure(.invalidInput, error.message)
        }
    }

    func send(_ request: HTTPSRequest) async throws -> HTTPSResponse {
        try await perform(request) { try await $0.send(request).get() }
    }

    func stream(
        _ request: HTTPSRequest, onBody: @escaping @Sendable ([UInt8]) -> Void
    ) async throws -> HTTPSResponse {
        try await perform(request) { try await $0.stream(request, onBody: onBody).get() }
    }

    private func perform(
        _ request: HTTPSRequest, _ attempt: (HTTPSClient) async throws -> HTTPSResponse
    ) async throws -> HTTPSResponse {
        let isRead = request.method == "GET"
        if !isRead, clients.count > 1, current.withLock({ $0 }) == nil {
            // An order goes to one address only: find one that answers before it is sent.
            let question = HTTPSRequest(path: "/healthz", timeout: .seconds(5))
            _ = try? await send(question)
        }
        let first = current.withLock { $0 } ?? 0
        var failures: [ClientError] = []
        for offset in clients.indices {
            let position = (first + offset) % clients.count
            do {
                let response = try await attempt(clients[position])
                if let standby = ClientError(standby: response) {
                    // It has done nothing, so an order may go on as well.
                    failures.append(standby)
                    continue
                }
                current.withLock { $0 = position }
                return response
            } catch let error as HTTPSError {
                let failure = ClientError(error)
                failures.append(failure)
                // What may have been carried out is not sent to another coordinator.
                if failure.code == .invalid || (failure.code == .interrupted && !isRead) { throw failure }
            }
        }
        throw ClientError(allOf: failures)
    }
}

extension ClientError {
    init(_ error: HTTPSError) {
        switch error.code {
        case .cannotResolve, .refused, .unreachable: self.init(.unreachable, error.message)
        case .timedOut, .closedEarly: self.init(.interrupted, error.message)
        case .notTrusted, .wrongName, .expired, .turnedAway, .noCommonTLS:
            self.init(.notTrusted, error.message)
        case .invalid, .tooLarge: self.init(.invalid, error.message)
        default: self.init(.failed, error.message)
        }
    }

    /// nil for every other answer.
    init?(standby response: HTTPSResponse) {
        guard response.status == 503 || response.status == 307,
            let body = try? JSONText.decode(ErrorBody.self, from: response.body),
            body.code == ErrorBody.standbyCode
        else { return nil }
        self.init(.unavailable, body.message)
    }

    /// One error for several addresses, with each one's reason.
    init(allOf failures: [ClientError]) {
        let code = failures.first { !$0.isTransient }?.code ?? .unreachable
        self.init(
            code,
            failures.count == 1
                ? failures[0].message
                : "No coordinator can be reached:\n"
                    + failures.map { "  \($0.message)" }.joined(separator: "\n"))
    }
}
