import AgentLink
import ClusterTypes
import CoordinatorGateway
import Foundation
import HTTPSClient
import NIOSSL
import ProtocolMessages
import TLSIdentity
import Testing

/// Who is not let in, and that both sides are told why. Nothing ever falls back.
@Suite(.timeLimit(.minutes(1))) struct RefusalTests {
    @Test func `No client certificate`() async throws {
        let cluster = try await TestCluster()
        var tls = try TLSSettings.agent(cluster.identity())
        tls.certificateChain = []
        tls.privateKey = nil
        let client = try await RawClient(port: cluster.port, tls: tls)
        client.send(RawClient.upgradeRequest())
        #expect(try await client.failure().contains("CERTIFICATE_REQUIRED"))
        _ = try await cluster.log.first { $0.contains("it sent no client certificate") }
        #expect(!cluster.hasConnected)
        await cluster.gateway.shutdown()
    }

    @Test func `A certificate of another CA, be it of the same cluster name`() async throws {
        let cluster = try await TestCluster()
        let other = try CertificateAuthority.create(cluster: "alpha", now: cluster.now)
        let end = try await TestAgent(try cluster.identity(authority: other)).connectAndFail()
        #expect(end.code == .turnedAway)
        #expect(end.reason.contains("is not from its CA"))
        _ = try await cluster.log.first { $0.contains("its certificate is not from this cluster's CA") }
        #expect(!cluster.hasConnected)
        await cluster.gateway.shutdown()
    }

    @Test func `An expired client certificate`() async throws {
        let cluster = try await TestCluster()
        let expired = try cluster.identity(validity: .seconds(60), issuedBefore: .seconds(7_200))
        let end = try await TestAgent(expired).connectAndFail()
        #expect(end.code == .turnedAway)
        #expect(end.reason.contains("has expired"))
        _ = try await cluster.log.first { $0.contains("its certificate has expired") }
        #expect(!cluster.hasConnected)
        await cluster.gateway.shutdown()
    }

    @Test func `A certificate that names another cluster`() async throws {
        let cluster = try await TestCluster(cluster: "beta")
        let end = try await TestAgent(try cluster.identity()).connectAndFail()
        #expect(end.code == .turnedAway)
        #expect(end.reason.contains("cluster 'alpha', this is cluster 'beta'"))
        _ = try await cluster.log.first { $0.contains("cluster 'alpha'") }
        #expect(!cluster.hasConnected)
        await cluster.gateway.shutdown()
    }

    @Test func `A server's certificate in the hands of an agent`() async throws {
        let cluster = try await TestCluster()
        let server = try cluster.authority.issueServer(names: ["127.0.0.1"], now: cluster.now)
        var tls = try TLSSettings.agent(cluster.identity())
        tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(server.certificatePEM.utf8))
            .map { .certificate($0) }
        tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(server.keyPEM.utf8), format: .pem))
        let client = try await RawClient(port: cluster.port, tls: tls)
        client.send(RawClient.upgradeRequest())
        #expect(try await client.failure().contains("ALERT"))
        #expect(!cluster.hasConnected)
        await cluster.gateway.shutdown()
    }

    @Test func `Plain HTTP`() async throws {
        let cluster = try await TestCluster()
        let client = try await RawClient(port: cluster.port)
        client.send(RawClient.upgradeRequest())
        #expect(!(try await client.textAtEnd().contains("101")))
        _ = try await cluster.log.first { $0.contains("HTTP without TLS") }
        #expect(!cluster.hasConnected)
        await cluster.gateway.shutdown()
    }

    @Test func `TLS 1.2`() async throws {
        let cluster = try await TestCluster()
        var tls = try TLSSettings.agent(cluster.identity())
        tls.minimumTLSVersion = .tlsv12
        tls.maximumTLSVersion = .tlsv12
        let client = try await RawClient(port: cluster.port, tls: tls)
        #expect(try await client.failure().contains("PROTOCOL_VERSION"))
        _ = try await cluster.log.first { $0.contains("does not speak TLS 1.3") }
        #expect(!cluster.hasConnected)
        await cluster.gateway.shutdown()
    }

    @Test(arguments: [
        (RawClient.upgradeRequest(path: "/v1/jobs"), "404", "for agents"),
        (RawClient.upgradeRequest(subprotocol: "mortise.agent.v9"), "400", "offered: mortise.agent.v9"),
        (RawClient.upgradeRequest(subprotocol: nil), "400", "offered: none"),
        ("GET /v1/agent HTTP/1.1\r\nHost: test\r\n\r\n", "426", "WebSocket"),
        (
            "GET /v1/agent HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Protocol: mortise.agent.v1\r\n\r\n", "400", "incomplete"
        ),
    ])
    func `A wrong request of a good certificate`(request: String, status: String, reason: String) async throws
    {
        let cluster = try await TestCluster()
        let client = try await RawClient(port: cluster.port, tls: TLSSettings.agent(cluster.identity()))
        client.send(request)
        let answer = try await client.textAtEnd()
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
        #expect(answer.contains(reason))
        #expect(!cluster.hasConnected)
        await cluster.gateway.shutdown()
    }

    @Test func `A server whose certificate is for another address`() async throws {
        let cluster = try await TestCluster(names: ["head.example", "10.1.2.3"])
        let end = try await TestAgent(try cluster.identity()).connectAndFail()
        #expect(end.code == .wrongName)
        #expect(end.reason.contains(cluster.address))
        #expect(!cluster.hasConnected)
        await cluster.gateway.shutdown()
    }

    @Test func `A server whose certificate has expired`() async throws {
        let cluster = try await TestCluster(serverValidity: .seconds(60), serverIssuedBefore: .seconds(3_600))
        let end = try await TestAgent(try cluster.identity()).connectAndFail()
        #expect(end.code == .expired)
        _ = try await cluster.log.first { $0.contains("takes this coordinator's certificate for expired") }
        #expect(!cluster.hasConnected)
        await cluster.gateway.shutdown()
    }

    @Test func `A server of another CA`() async throws {
        let cluster = try await TestCluster()
        let impostor = try await TestCluster()
        let agent = TestAgent(try cluster.identity(), endpoints: [impostor.address])
        let end = try await agent.connectAndFail()
        #expect(end.code == .notTrusted)
        #expect(!impostor.hasConnected)
        await impostor.gateway.shutdown()
        await cluster.gateway.shutdown()
    }

    @Test(arguments: [true, false])
    func `An agent whose CA file is missing or bad has no identity to connect with`(isMissing: Bool)
        async throws
    {
        let directory = NSTemporaryDirectory() + "mortise-link-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let cluster = try await TestCluster()
        let files = NodeIdentityFiles(directory: directory)
        try files.store(cluster.identity())
        if isMissing {
            try FileManager.default.removeItem(atPath: directory + "/ca.pem")
        } else {
            try "".write(toFile: directory + "/ca.pem", atomically: false, encoding: .utf8)
        }
        let error = #expect(throws: IdentityError.self) { try files.load() }
        #expect(error?.code == (isMissing ? .missingFile : .badFile))
        #expect(error?.message.contains("ca.pem") == true)
        await cluster.gateway.shutdown()
    }

    @Test func `A stranger that says nothing is cut`() async throws {
        let cluster = try await TestCluster { $0.handshakeTimeout = .milliseconds(100) }
        let client = try await RawClient(port: cluster.port)
        #expect(try await client.textAtEnd().isEmpty)
        _ = try await cluster.log.first { $0.contains("did not finish the handshake") }
        await cluster.gateway.shutdown()
    }

    @Test func `A good certificate that never asks for the upgrade is cut`() async throws {
        let cluster = try await TestCluster { $0.handshakeTimeout = .milliseconds(200) }
        let client = try await RawClient(port: cluster.port, tls: TLSSettings.agent(cluster.identity()))
        client.send("GET /v1/agent HTTP/1.1\r\n")
        _ = try await client.textAtEnd()
        _ = try await cluster.log.first { $0.contains("did not finish the handshake") }
        #expect(!cluster.hasConnected)
        await cluster.gateway.shutdown()
    }

    @Test func `One connection more than the limit`() async throws {
        let cluster = try await TestCluster { $0.maximumConnections = 1 }
        let first = TestAgent(try cluster.identity(node: 1))
        first.connect()
        try await first.connected()
        let end = try await TestAgent(try cluster.identity(node: 2)).connectAndFail()
        #expect(end.code == .closedEarly)
        _ = try await cluster.log.first { $0.contains("limit of 1 connections") }
        first.disconnect()
        _ = try await cluster.disconnectReason()
        await cluster.gateway.shutdown()
    }

    @Test func `A port that is in use`() async throws {
        let cluster = try await TestCluster()
        let error = await #expect(throws: GatewayError.self) {
            _ = try await TestCluster { $0.port = cluster.port }
        }
        #expect(error?.code == .addressInUse)
        #expect(error?.message.contains("127.0.0.1:\(cluster.port)") == true)
        await cluster.gateway.shutdown()
    }

    @Test func `Settings out of range are all named at once`() async {
        let error = await #expect(throws: GatewayError.self) {
            _ = try await TestCluster {
                $0.port = 70_000
                $0.frameLimitBytes = ProtocolLimits.frameBytes + 1
                $0.cutAfter = $0.pingAfter
            }
        }
        for part in ["port 70000", "frame limit", "cut after"] {
            #expect(error?.message.contains(part) == true)
        }
    }
}
