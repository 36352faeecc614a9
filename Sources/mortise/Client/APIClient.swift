import APITypes
import HTTPSClient

/// The coordinator's HTTPS JSON API in Swift: one method for each route, all of them throw `ClientError`.
struct APIClient: Sendable {
    private let transport: any APITransport
    private let headers: [(String, String)]

    init(transport: any APITransport, token: String) {
        self.transport = transport
        headers = [("Authorization", "Bearer \(token)"), ("Accept", "application/json")]
    }

    func get<Answer: Decodable>(_ path: String, timeout: Duration = .seconds(30)) async throws -> Answer {
        try decode(try await perform("GET", path, timeout: timeout), of: path)
    }

    func post<Answer: Decodable>(_ path: String) async throws -> Answer {
        try decode(try await perform("POST", path), of: path)
    }

    /// Large bodies get a minute more: a slow line takes its time for 32 MiB.
    func post<Answer: Decodable>(_ path: String, _ body: some Encodable) async throws -> Answer {
        let bytes = try JSONText.encode(body)
        let timeout: Duration = bytes.count > 1 << 20 ? .seconds(120) : .seconds(30)
        return try decode(try await perform("POST", path, body: bytes, timeout: timeout), of: path)
    }

    func put<Answer: Decodable>(_ path: String, _ body: some Encodable) async throws -> Answer {
        try decode(try await perform("PUT", path, body: try JSONText.encode(body)), of: path)
    }

    func delete<Answer: Decodable>(_ path: String) async throws -> Answer {
        try decode(try await perform("DELETE", path), of: path)
    }

    /// Bytes as they come until the other side has no more.
    func stream(_ path: String, onBody: @escaping @Sendable ([UInt8]) -> Void) async throws {
        let request = HTTPSRequest(path: path, headers: headers)
        try check(try await transport.stream(request, onBody: onBody))
    }

    private func perform(
        _ method: String, _ path: String, body: [UInt8] = [], timeout: Duration = .seconds(30)
    ) async throws -> HTTPSResponse {
        var headers = headers
        if !body.isEmpty { headers.append(("Content-Type", "application/json")) }
        let request = HTTPSRequest(
            method: method, path: path, headers: headers, body: body, timeout: timeout)
        let response = try await transport.send(request)
        try check(response)
        return response
    }

    private func check(_ response: HTTPSResponse) throws {
        guard !response.isSuccess else { return }
        let body = try? JSONText.decode(ErrorBody.self, from: response.body)
        throw ClientError(
            status: response.status,
            message: body?.message ?? "The server answered \(response.status) without saying why.")
    }

    private func decode<Answer: Decodable>(_ response: HTTPSResponse, of path: String) throws -> Answer {
        do {
            return try JSONText.decode(Answer.self, from: response.body)
        } catch {
            throw ClientError(
                .failed,
                "The answer to \(path) is not what this version of mortise understands. Compare 'mortise version' "
                    + "with the coordinator's ('mortise cluster show').")
        }
    }
}
