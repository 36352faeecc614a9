import CoordinatorCore
import HTTPSClient
import NIOCore
import NIOPosix
import Platform

/// The Engine API of Docker or podman, for a few requests one after the other.
struct DockerEngine: Sendable {
    private let client: HTTPSClient
    private let timeout: Duration
    /// `/v1.41`: the newest that the engine knows.
    private let version: String

    /// Asks the engine which version of the API it speaks.
    static func connect(_ options: DockerOptions) async throws(LaunchFailure) -> DockerEngine {
        if let fault = options.faults().first {
            throw LaunchFailure(.refused, "The pool is wrongly described: \(fault).")
        }
        let unversioned = DockerEngine(
            client: try client(options.endpoint), timeout: options.timeout, version: "")
        let answer = try await unversioned.call("GET", "/_ping")
        guard let version = answer.header("Api-Version"),
            version.utf8.allSatisfy({ $0 == 0x2E || (0x30...0x39).contains($0) })
        else {
            throw LaunchFailure(
                .invalidAnswer,
                "\(unversioned.client.endpoint) is no engine of Docker or podman: its answer to /_ping names no "
                    + "version of the API.")
        }
        return DockerEngine(client: unversioned.client, timeout: options.timeout, version: "/v\(version)")
    }

    private static func client(_ endpoint: DockerOptions.Endpoint) throws(LaunchFailure) -> HTTPSClient {
        let group = MultiThreadedEventLoopGroup.singleton
        switch endpoint {
        case .socket(let path): return HTTPSClient(group: group, socketPath: path)
        case .tls(let server, let authority, let certificate, let key):
            let settings = TLSClientSettings(
                trustRootsPEM: try pem(authority), certificatePEM: try pem(certificate), keyPEM: try pem(key),
                allowsTLS12: true)
            do {
                return try HTTPSClient(group: group, endpoint: server, tls: settings)
            } catch {
                throw LaunchFailure(.refused, "\(error)")
            }
        }
    }

    private static func pem(_ path: String) throws(LaunchFailure) -> String {
        do throws(SystemError) {
            if let bytes = try AtomicFile.read(path, limitBytes: 1 << 20) {
                return String(decoding: bytes, as: UTF8.self)
            }
        } catch {
            throw LaunchFailure(.unavailable, "Docker's TLS: \(error).")
        }
        throw LaunchFailure(.unavailable, "Docker's TLS: there is no file \(path).")
    }

    /// One request.
    ///
    /// - Parameters:
    ///   - accepted: statuses beside 2xx that are an answer and no failure.
    ///   - timeout: nil: the pool's.
    func call(
        _ method: String, _ path: String, query: [(String, String)] = [], body: [UInt8] = [],
        type: String = "application/json", accepting accepted: [Int] = [], within timeout: Duration? = nil
    ) async throws(LaunchFailure) -> HTTPSResponse {
        let request = HTTPSRequest(
            method: method, path: version + path + PercentEncoding.query(query),
            headers: body.isEmpty ? [] : [("Content-Type", type)], body: body,
            timeout: timeout ?? self.timeout)
        let response: HTTPSResponse
        do {
            response = try await client.send(request).get()
        } catch {
            throw LaunchFailure(.unavailable, "The container engine: \(error)")
        }
        if response.isSuccess || accepted.contains(response.status) { return response }
        throw LaunchFailure(
            (400..<500).contains(response.status) ? .refused : .unavailable,
            "The container engine at \(client.endpoint) answered \(method) \(path) with \(response.status): "
                + Self.message(response))
    }

    /// What the engine complains of.
    static func message(_ response: HTTPSResponse) -> String {
        let text =
            JSONTree(parsing: response.body)?["message"].text
            ?? String(decoding: response.body, as: UTF8.self)
        return ForeignText(masking: []).beginning(of: text)
    }
}
