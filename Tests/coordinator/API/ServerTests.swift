import CoordinatorCore
import HTTPSClient
import NIOPosix
import NIOSSL
import ServiceLifecycle
import Testing

@testable import CoordinatorAPI

@Suite("The server", .timeLimit(.minutes(2)))
struct ServerTests {
    static func makeServer(
        port: Int, certificate: ServerCertificate? = nil,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws -> APIServer {
        var configuration = APIConfiguration.loopback
        configuration.port = port
        return APIServer(
            configuration: configuration,
            certificate: try certificate ?? TestAuthority.create().serverCertificate(),
            service: FakeService(), logger: .silent, onListening: onListening)
    }

    @Test func `A port in use is an error that says so`() async throws {
        try await TestServer.run { server in
            let error = await #expect(throws: APIServerError.self) {
                try await Self.makeServer(port: server.port).run()
            }
            #expect(error?.code == .portInUse)
            #expect(error?.message.contains("127.0.0.1:\(server.port)") == true)
        }
    }

    @Test func `A host that is not this machine's is an error`() async throws {
        var configuration = APIConfiguration.loopback
        configuration.host = "192.0.2.1"
        let server = APIServer(
            configuration: configuration, certificate: try TestAuthority.create().serverCertificate(),
            service: FakeService(), logger: .silent)
        let error = await #expect(throws: APIServerError.self) { try await server.run() }
        #expect(error?.code == .cannotListen && error?.message.contains("192.0.2.1") == true)
    }

    @Test func `A bad certificate is an error that quotes nothing of the key`() async throws {
        let good = try TestAuthority.create().serverCertificate()
        let foreign = try TestAuthority.create().serverCertificate()
        for bad in [
            ServerCertificate(chainPEM: "", keyPEM: good.keyPEM),
            ServerCertificate(chainPEM: good.chainPEM, keyPEM: "KEY MATERIAL"),
            ServerCertificate(chainPEM: good.chainPEM, keyPEM: foreign.keyPEM),
        ] {
            let error = await #expect(throws: APIServerError.self) {
                try await Self.makeServer(port: 0, certificate: bad).run()
            }
            #expect(error?.code == .certificateInvalid && error?.message.contains("MATERIAL") == false)
        }
    }

    @Test func `Every fault of a configuration is said at once`() async throws {
        #expect(APIConfiguration.defaults.validate().isEmpty)
        var configuration = APIConfiguration.defaults
        configuration.host = ""
        configuration.port = 70_000
        configuration.allSubmitsLimitBytes = 1
        configuration.longPollLimitSeconds = 0
        #expect(
            configuration.validate().map { $0.prefix { $0 != ":" } } == [
                "host", "port", "allSubmitsLimitBytes", "longPollLimitSeconds",
            ])
    }

    @Test func `A standby lives, and does nothing for anybody`() async throws {
        try await TestServer.run(isStandby: true) { server in
            let health = try await server.get("/healthz")
            #expect(health.status == 200 && health.text.contains("standby"))
            for (method, path, body) in [
                ("GET", "/readyz", nil), ("GET", "/v1/jobs", nil), ("GET", "/nowhere", nil),
                ("POST", "/v1/jobs", String(repeating: "x", count: 1 << 20)),
            ] {
                let answer = try await server.send(method, path, body: body)
                #expect(answer.status == 503 && answer.text.contains("\"standby\""), "\(method) \(path)")
            }
        }
    }

    @Test func `TLS 1.2 is spoken, older versions are not`() async throws {
        try await TestServer.run { server in
            let connection = try await RawConnection.open(to: server, maximumTLSVersion: .tlsv12)
            try await connection.request("GET /healthz")
            #expect(await connection.read(until: "ok").contains("200 OK"))
            try await connection.close()
            let old = try await RawConnection.open(to: server, maximumTLSVersion: .tlsv11)
            await #expect(throws: (any Error).self) { try await old.request("GET /healthz") }
        }
    }

    /// One idle connection, one that follows a log, one in a long poll; the client closes none of them.
    @Test(arguments: [true, false])
    func `Going down waits for nobody`(isGraceful: Bool) async throws {
        let service = FakeService()
        try TestTokens.store(in: service)
        try service.commit(.putJob(.sample()))
        let log = LogTests.Log()
        LogTests.serve(log, by: service)
        let authority = try TestAuthority.create()
        let (ports, announce) = AsyncStream<Int>.makeStream()
        let server = APIServer(
            configuration: .loopback, certificate: try authority.serverCertificate(), service: service,
            logger: .silent, onListening: { announce.yield($0) })
        let group = ServiceGroup(services: [server], logger: .silent)
        let running = Task { try await group.run() }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        let client = try HTTPSClient(
            group: MultiThreadedEventLoopGroup.singleton,
            endpoint: HTTPSEndpoint(host: "127.0.0.1", port: port), trustRootsPEM: authority.certificatePEM)
        let test = TestServer(
            service: service, client: client, port: port, authorityPEM: authority.certificatePEM)

        let idle = try await RawConnection.open(to: test)
        try await idle.request("GET /healthz")
        _ = await idle.read(until: "ok")
        let following = try await RawConnection.open(to: test)
        try await following.request("GET /v1/slots/1/log?follow=true", token: TestTokens.viewer)
        log.write("one")
        _ = await following.read(until: "one")
        let polling = try await RawConnection.open(to: test)
        try await polling.request("GET /v1/jobs/1?since=2&waitSeconds=60", token: TestTokens.viewer)
        await service.waiting.wait()

        if isGraceful { await group.triggerGracefulShutdown() } else { running.cancel() }
        _ = await running.result
        await log.ended.wait()
        if isGraceful { #expect(await polling.readToEnd().contains(#""state":"running""#)) }
        _ = await following.readToEnd()
        _ = await idle.readToEnd()
    }
}
