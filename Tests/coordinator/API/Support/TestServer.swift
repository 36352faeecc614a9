import APITypes
import ClusterTypes
import CoordinatorCore
import Foundation
import HTTPSClient
import Logging
import NIOCore
import NIOPosix
import TLSIdentity
import Testing

@testable import CoordinatorAPI

/// The real server over TLS on loopback, with a token of each role.
struct TestServer: Sendable {
    let service: FakeService
    let client: HTTPSClient
    let port: Int
    let authorityPEM: String

    /// Runs the server around the body.
    static func run(
        isStandby: Bool = false, _ change: (inout APIConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (TestServer) async throws -> Void
    ) async throws {
        let service = FakeService()
        try TestTokens.store(in: service)
        var configuration = APIConfiguration.loopback
        change(&configuration)
        let authority = try TestAuthority.create()
        let (ports, announce) = AsyncStream<Int>.makeStream()
        let certificate = try authority.serverCertificate()
        let server =
            isStandby
            ? APIServer(
                standby: configuration, certificate: certificate, logger: .silent,
                onListening: { announce.yield($0) })
            : APIServer(
                configuration: configuration, certificate: certificate, service: service, logger: .silent,
                onListening: { announce.yield($0) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { announce.finish() }
                try await server.run()
            }
            group.addTask {
                for await port in ports {
                    let client = try HTTPSClient(
                        group: MultiThreadedEventLoopGroup.singleton,
                        endpoint: HTTPSEndpoint(host: "127.0.0.1", port: port),
                        trustRootsPEM: authority.certificatePEM)
                    try await body(
                        TestServer(
                            service: service, client: client, port: port,
                            authorityPEM: authority.certificatePEM))
                    try await client.close().get()
                    return
                }
                Issue.record("the server never listened")
            }
            // The body ends first, or the server fails.
            try await group.next()
            group.cancelAll()
        }
    }

    struct Reply: Sendable {
        var status: Int
        var headers: [(String, String)]
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }

        func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
            try JSONDecoder().decode(type, from: Data(body))
        }

        var code: String? { (try? decode(ErrorBody.self))?.code }
        var message: String { (try? decode(ErrorBody.self))?.message ?? "no error body: \(text)" }

        func header(_ name: String) -> String? {
            headers.first { $0.0.lowercased() == name.lowercased() }?.1
        }
    }

    func send(
        _ method: String, _ path: String, as token: String? = TestTokens.admin, body: String? = nil,
        accept: String? = nil
    ) async throws -> Reply {
        var headers = token.map { [("Authorization", "Bearer \($0)")] } ?? []
        if let accept { headers.append(("Accept", accept)) }
        let answer = try await client.send(
            HTTPSRequest(method: method, path: path, headers: headers, body: Array((body ?? "").utf8))
        ).get()
        return Reply(status: answer.status, headers: answer.headers, body: answer.body)
    }

    func send(_ method: String, _ path: String, as token: String? = TestTokens.admin, json: some Encodable)
        async throws -> Reply
    {
        try await send(
            method, path, as: token, body: String(decoding: try JSONEncoder().encode(json), as: UTF8.self))
    }

    func get(_ path: String, as token: String? = TestTokens.viewer) async throws -> Reply {
        try await send("GET", path, as: token)
    }
}

/// Texts of tokens that `store` puts into a service.
enum TestTokens {
    static let viewer = "mortise-api-1.viewer-viewer-viewer-viewer"
    static let `operator` = "mortise-api-1.operator-operator-operator"
    static let admin = "mortise-api-1.admin-admin-admin-admin-admin"
    static let expired = "mortise-api-1.expired-expired-expired"
    static let revoked = "mortise-api-1.revoked-revoked-revoked"
    static let join = "mortise-api-1.join-join-join-join-join-join"
    static let unknown = "mortise-api-1.unknown-unknown-unknown"

    static func of(_ role: Role) -> String {
        switch role {
        case .viewer: viewer
        case .operator: self.operator
        case .admin: admin
        }
    }

    static func store(in service: FakeService) throws {
        var expired = record(4, "expired", self.expired, .api(.admin))
        expired.expiresAt = service.now()
        var revoked = record(5, "revoked", self.revoked, .api(.admin))
        revoked.isRevoked = true
        try service.commit(
            .putToken(record(1, "vera", viewer, .api(.viewer))),
            .putToken(record(2, "otto", self.operator, .api(.operator))),
            .putToken(record(3, "ada", admin, .api(.admin))), .putToken(expired), .putToken(revoked),
            .putToken(record(6, "join", join, .join(pool: "main"))))
    }

    static func record(
        _ number: UInt64, _ name: String, _ text: String, _ purpose: TokenRecord.Purpose
    ) -> TokenRecord {
        TokenRecord(
            token: TokenID(number), name: name, purpose: purpose,
            secretHash: Secret.hash(String(text.dropFirst("mortise-api-1.".count))), createdAt: .epoch)
    }
}

/// A CA and the certificate of a server on 127.0.0.1.
struct TestAuthority: Sendable {
    let authority: CertificateAuthority
    private let now: Instant

    static func create() throws -> TestAuthority {
        let now = Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        return TestAuthority(authority: try CertificateAuthority.create(cluster: "test", now: now), now: now)
    }

    var certificatePEM: String { authority.certificatePEM }

    func serverCertificate() throws -> ServerCertificate {
        let identity = try authority.issueServer(names: ["127.0.0.1"], now: now)
        return ServerCertificate(chainPEM: identity.certificatePEM, keyPEM: identity.keyPEM)
    }
}

extension APIConfiguration {
    static var loopback: APIConfiguration {
        var configuration = APIConfiguration.defaults
        configuration.host = "127.0.0.1"
        configuration.port = 0
        configuration.longPollSpacingMilliseconds = 0
        configuration.logHeadMilliseconds = 60_000
        return configuration
    }
}

extension Logger {
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
