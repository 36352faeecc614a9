import CoordinatorCore
import HTTPSClient
import NIOCore
import NIOPosix

/// An API server of Kubernetes, for the requests of one call.
struct KubernetesAPI: Sendable {
    private let options: KubernetesOptions
    private let access: KubernetesAccess
    private let client: HTTPSClient

    /// Times that a server that is busy is asked again.
    private static let busyTries = 4
    /// What it may ask us to wait at most.
    private static let busyLimitSeconds: Int64 = 30

    init(_ options: KubernetesOptions) throws(LaunchFailure) {
        self.options = options
        access = try KubernetesAccess.read(options.access)
        do {
            client = try HTTPSClient(
                group: MultiThreadedEventLoopGroup.singleton, endpoint: access.server, tls: access.tls)
        } catch {
            throw LaunchFailure(.refused, "Kubernetes: \(error)")
        }
    }

    /// `/api/v1/namespaces/NAMESPACE`.
    var namespacePath: String { Self.namespacePath("v1", options.namespace ?? access.namespace) }

    func namespacePath(_ version: String) -> String {
        Self.namespacePath(version, options.namespace ?? access.namespace)
    }

    private static func namespacePath(_ version: String, _ namespace: String) -> String {
        (version.contains("/") ? "/apis/" : "/api/") + version + "/namespaces/"
            + PercentEncoding.encoded(namespace)
    }

    /// One request, again where the server is busy or the token was replaced meanwhile.
    ///
    /// - Parameter accepted: statuses beside 2xx that are an answer and no failure.
    func call(
        _ method: String, _ path: String, query: [(String, String)] = [], body: JSONTree? = nil,
        accepting accepted: [Int] = []
    ) async throws(LaunchFailure) -> (status: Int, tree: JSONTree) {
        let response = try await respond(method, path, query: query, body: body, accepting: accepted)
        return (response.status, JSONTree(parsing: response.body) ?? .null)
    }

    /// The same, as it came.
    func respond(
        _ method: String, _ path: String, query: [(String, String)] = [], body: JSONTree? = nil,
        accepting accepted: [Int] = []
    ) async throws(LaunchFailure) -> HTTPSResponse {
        var token = access.token
        var hasToken = true
        var tries = 0
        while true {
            let response = try await send(method, path, query, body, token)
            if response.isSuccess || accepted.contains(response.status) {
                return response
            }
            if response.status == 401, hasToken {
                hasToken = false
                token = try KubernetesAccess.read(options.access).token
                continue
            }
            if response.status == 429 || response.status == 503, tries < Self.busyTries {
                tries += 1
                let seconds = min(
                    response.header("Retry-After").flatMap { Int64($0) } ?? 1, Self.busyLimitSeconds)
                // A coordinator that ends does not wait.
                do { try await Task.sleep(for: .seconds(max(0, seconds))) } catch {
                    throw failure(method, path, response, token)
                }
                continue
            }
            throw failure(method, path, response, token)
        }
    }

    private func send(
        _ method: String, _ path: String, _ query: [(String, String)], _ body: JSONTree?, _ token: String?
    ) async throws(LaunchFailure) -> HTTPSResponse {
        var headers = [("Accept", "application/json"), ("User-Agent", "mortise-coordinator")]
        if body != nil { headers.append(("Content-Type", "application/json")) }
        if let token { headers.append(("Authorization", "Bearer \(token)")) }
        let request = HTTPSRequest(
            method: method, path: access.path + path + PercentEncoding.query(query), headers: headers,
            body: body?.bytes ?? [], timeout: options.timeout)
        do {
            return try await client.send(request).get()
        } catch {
            throw LaunchFailure(.unavailable, "Kubernetes: \(error)")
        }
    }

    private func failure(
        _ method: String, _ path: String, _ response: HTTPSResponse, _ token: String?
    ) -> LaunchFailure {
        let status = JSONTree(parsing: response.body) ?? .null
        let said = status["message"].text ?? String(decoding: response.body.prefix(500), as: UTF8.self)
        let text = ForeignText(masking: [token ?? ""]).beginning(of: said)
        let isQuota = response.status == 403 && said.contains("exceeded quota")
        let code: LaunchFailure.Code =
            switch response.status {
            case 403 where isQuota: .quota
            case 429, 500...: .unavailable
            default: .refused
            }
        return LaunchFailure(
            code, "Kubernetes at \(access.server) answered \(method) \(path) with \(response.status): \(text)"
        )
    }
}
