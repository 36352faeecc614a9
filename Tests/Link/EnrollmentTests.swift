import APITypes
import AgentLink
import ClusterTypes
import CoordinatorCore
import CoordinatorGateway
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ProtocolMessages
import Synchronization
import TLSIdentity
import Testing

/// A coordinator's API with one route: what the closure answers to an enrollment.
private struct EnrollmentServer {
    let url: String
    private let channel: any Channel

    init(
        identity: ServerIdentity, _ answer: @escaping @Sendable (EnrollRequest) throws -> (Int, any Encodable)
    ) async throws {
        let context = try NIOSSLContext(configuration: TLSSettings.apiListener(identity: identity))
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLServerHandler(context: context))
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(EnrollmentHandler(answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        url = "https://127.0.0.1:\(try #require(channel.localAddress?.port))"
    }

    func stop() async { try? await channel.close().get() }
}

private final class EnrollmentHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (EnrollRequest) throws -> (Int, any Encodable)
    private var body = ByteBuffer()
    private var isEnrollment = false

    init(_ answer: @escaping @Sendable (EnrollRequest) throws -> (Int, any Encodable)) {
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): isEnrollment = head.method == .POST && head.uri == "/v1/enroll"
        case .body(var piece): body.writeBuffer(&piece)
        case .end: respond(context: context)
        }
    }

    private func respond(context: ChannelHandlerContext) {
        var status = 500
        var json = Data()
        if isEnrollment,
            let request = try? JSONDecoder().decode(EnrollRequest.self, from: Data(body.readableBytesView)),
            let (code, value) = try? answer(request), let encoded = try? JSONEncoder().encode(value)
        {
            status = code
            json = encoded
        }
        let head = HTTPResponseHead(
            version: .http1_1, status: .init(statusCode: status), headers: ["Content-Length": "\(json.count)"]
        )
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: Array(json))))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

@Suite(.timeLimit(.minutes(1))) struct EnrollmentTests {
    private let directory = NSTemporaryDirectory() + "mortise-enroll-\(UUID().uuidString)"

    private func token(_ cluster: TestCluster, _ urls: [String], secret: Secret = .generate()) -> JoinToken {
        JoinToken(
            cluster: "alpha", apiURLs: urls, authorityPEM: cluster.authority.certificatePEM, secret: secret)
    }

    private func server(_ cluster: TestCluster, accepting secret: Secret) async throws -> EnrollmentServer {
        let identity = try cluster.authority.issueServer(names: ["127.0.0.1"], now: cluster.now)
        return try await EnrollmentServer(identity: identity) { request in
            guard request.secret == secret.text else {
                return (
                    403, ErrorBody(code: "token_invalid", message: "The token is used up. Ask for a new one.")
                )
            }
            let pem = try cluster.authority.issueNode(
                CertificateRequest(pem: request.certificateRequest), node: NodeID(12), now: cluster.now)
            return (
                200,
                EnrollAnswer(
                    node: NodeID(12), cluster: "alpha", certificate: pem, agentEndpoints: [cluster.address])
            )
        }
    }

    private func enroll(_ token: JoinToken) async throws -> NodeIdentity {
        try await Enrollment.enroll(
            token: token, nodeName: "node-a", directory: directory,
            group: MultiThreadedEventLoopGroup.singleton
        ).get()
    }

    private func failure(_ token: JoinToken) async -> EnrollmentError? {
        do {
            _ = try await enroll(token)
            return nil
        } catch {
            return error as? EnrollmentError
        }
    }

    @Test func `An enrolled agent has its files and is let in with them`() async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let cluster = try await TestCluster()
        let secret = Secret.generate()
        let server = try await server(cluster, accepting: secret)
        let identity = try await enroll(token(cluster, [server.url], secret: secret))
        #expect(identity.node == NodeID(12))
        let loaded = try NodeIdentityFiles(directory: directory).load()
        #expect(loaded.certificate == identity.certificate)
        #expect(loaded.apiURLs == [server.url])

        let agent = TestAgent(loaded)
        agent.connect()
        try await agent.connected()
        #expect(try #require(try await cluster.connection()).1.node == NodeID(12))
        await cluster.gateway.shutdown()
        await server.stop()
    }

    @Test func `A coordinator's no is told in its own words and not asked elsewhere`() async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let cluster = try await TestCluster()
        let server = try await server(cluster, accepting: .generate())
        let error = await failure(token(cluster, [server.url, "https://127.0.0.1:1"]))
        #expect(
            error
                == EnrollmentError(
                    code: "token_invalid", message: "The token is used up. Ask for a new one.",
                    mayRetry: false))
        #expect(!NodeIdentityFiles(directory: directory).isEnrolled)
        await cluster.gateway.shutdown()
        await server.stop()
    }

    @Test func `An address that does not answer leads to the next`() async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let cluster = try await TestCluster()
        let secret = Secret.generate()
        let gone = try await server(cluster, accepting: secret)
        await gone.stop()
        let server = try await server(cluster, accepting: secret)
        let identity = try await enroll(token(cluster, [gone.url, server.url], secret: secret))
        #expect(identity.node == NodeID(12))
        await cluster.gateway.shutdown()
        await server.stop()
    }

    @Test func `A server of another CA never sees the secret`() async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let cluster = try await TestCluster()
        let other = try CertificateAuthority.create(cluster: "alpha", now: cluster.now)
        let isAsked = Mutex(false)
        let impostor = try await EnrollmentServer(
            identity: other.issueServer(names: ["127.0.0.1"], now: cluster.now)
        ) { _ in
            isAsked.withLock { $0 = true }
            return (500, ErrorBody(code: "x", message: "x"))
        }
        let error = await failure(token(cluster, [impostor.url]))
        #expect(error?.code == "not_trusted")
        #expect(error?.mayRetry == true)
        #expect(isAsked.withLock { !$0 })
        await cluster.gateway.shutdown()
        await impostor.stop()
    }

    @Test func `A certificate for another key is not kept`() async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let cluster = try await TestCluster()
        let foreign = try cluster.identity(node: 12)
        let identity = try cluster.authority.issueServer(names: ["127.0.0.1"], now: cluster.now)
        let server = try await EnrollmentServer(identity: identity) { _ in
            (
                200,
                EnrollAnswer(
                    node: NodeID(12), cluster: "alpha", certificate: foreign.certificatePEM,
                    agentEndpoints: [cluster.address])
            )
        }
        #expect(await failure(token(cluster, [server.url]))?.code == "bad_certificate")
        #expect(!NodeIdentityFiles(directory: directory).isEnrolled)
        await cluster.gateway.shutdown()
        await server.stop()
    }

    @Test func `A second try after a lost answer names the same key`() async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let cluster = try await TestCluster()
        let fingerprints = Mutex<[String]>([])
        let identity = try cluster.authority.issueServer(names: ["127.0.0.1"], now: cluster.now)
        let server = try await EnrollmentServer(identity: identity) { request in
            let fingerprint = try CertificateRequest(pem: request.certificateRequest).keyFingerprint
            fingerprints.withLock { $0.append(fingerprint) }
            return (503, ErrorBody(code: "store_unavailable", message: "Try again."))
        }
        for _ in 0..<2 { #expect(await failure(token(cluster, [server.url]))?.mayRetry == true) }
        #expect(fingerprints.withLock { $0.count == 2 && $0[0] == $0[1] })
        await cluster.gateway.shutdown()
        await server.stop()
    }
}
