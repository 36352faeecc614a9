import ClusterTypes
import Foundation
import HTTPSClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization
import TLSIdentity
import Testing

/// What the test server does with a request.
private enum Reaction: Sendable {
    case answer(Int, String)
    /// Pieces that are sent one by one, each when the client has got the one before.
    case chunks([String])
    case silence
    case hangUp
    /// A head that promises more than comes.
    case cutOff
}

/// An HTTPS server on a port of its own that counts its connections.
private final class TestServer: Sendable {
    let endpoint: HTTPSEndpoint
    let connections: Counter
    private let channel: any Channel

    init(
        identity: ServerIdentity, minimum: TLSVersion = .tlsv13, maximum: TLSVersion? = nil,
        host: String = "127.0.0.1",
        _ react: @escaping @Sendable (_ method: String, _ path: String, _ body: String) -> Reaction
    ) async throws {
        var configuration = try TLSSettings.apiListener(identity: identity)
        configuration.minimumTLSVersion = minimum
        configuration.maximumTLSVersion = maximum
        let context = try NIOSSLContext(configuration: configuration)
        let connections = Counter()
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    connections.add()
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLServerHandler(context: context))
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(TestServerHandler(react))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.connections = connections
        endpoint = HTTPSEndpoint(host: host, port: try #require(channel.localAddress?.port))
    }

    func stop() async { try? await channel.close().get() }
}

private final class Counter: Sendable {
    private let value = Atomic<Int>(0)
    func add() { value.wrappingAdd(1, ordering: .relaxed) }
    var count: Int { value.load(ordering: .relaxed) }
}

private final class TestServerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let react: @Sendable (String, String, String) -> Reaction
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ react: @escaping @Sendable (String, String, String) -> Reaction) { self.react = react }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(var piece): body.writeBuffer(&piece)
        case .end:
            guard let head else { return }
            let reaction = react(head.method.rawValue, head.uri, String(buffer: body))
            body.clear()
            perform(reaction, context: context)
        }
    }

    private func perform(_ reaction: Reaction, context: ChannelHandlerContext) {
        switch reaction {
        case .answer(let status, let text):
            write(status, ["Content-Length": "\(text.utf8.count)"], [text], context: context)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .chunks(let texts):
            write(200, ["Transfer-Encoding": "chunked"], texts, context: context)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .cutOff:
            write(200, ["Content-Length": "1000"], ["only this"], context: context)
            context.close(promise: nil)
        case .silence: break
        case .hangUp: context.close(promise: nil)
        }
    }

    private func write(
        _ status: Int, _ headers: HTTPHeaders, _ texts: [String], context: ChannelHandlerContext
    ) {
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
        context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
        for text in texts {
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

@Suite(.timeLimit(.minutes(1))) struct HTTPSClientTests {
    private let now = Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    private let authority: CertificateAuthority
    private let identity: ServerIdentity

    init() throws {
        authority = try CertificateAuthority.create(cluster: "alpha", now: now)
        identity = try authority.issueServer(names: ["127.0.0.1", "localhost"], now: now)
    }

    private func client(_ endpoint: HTTPSEndpoint, trusting: CertificateAuthority? = nil) throws
        -> HTTPSClient
    {
        try HTTPSClient(
            group: MultiThreadedEventLoopGroup.singleton, endpoint: endpoint,
            trustRootsPEM: (trusting ?? authority).certificatePEM)
    }

    private func failure(_ client: HTTPSClient, _ request: HTTPSRequest = HTTPSRequest(path: "/")) async
        -> HTTPSError?
    {
        do {
            _ = try await client.send(request).get()
            return nil
        } catch {
            return error as? HTTPSError
        }
    }

    @Test func `A request reaches the server and its answer comes back`() async throws {
        let server = try await TestServer(identity: identity) { .answer(201, "\($0) \($1) \($2)") }
        let response = try await client(server.endpoint).send(
            HTTPSRequest(method: "POST", path: "/v1/jobs?a=b", body: Array("hello".utf8))
        ).get()
        #expect(response.status == 201)
        #expect(String(decoding: response.body, as: UTF8.self) == "POST /v1/jobs?a=b hello")
        #expect(response.header("content-length") == "23")
        await server.stop()
    }

    @Test func `Requests one after the other use one connection`() async throws {
        let server = try await TestServer(identity: identity) { _, _, _ in .answer(200, "ok") }
        let client = try client(server.endpoint)
        for _ in 0..<5 { _ = try await client.send(HTTPSRequest(path: "/")).get() }
        #expect(server.connections.count == 1)
        await server.stop()
    }

    @Test func `A connection that the server has ended meanwhile is replaced`() async throws {
        let isFirst = Mutex(true)
        let server = try await TestServer(identity: identity) { _, path, _ in
            if path == "/second",
                isFirst.withLock({ value in
                    defer { value = false }; return value
                })
            {
                return .hangUp
            }
            return .answer(200, "ok")
        }
        let client = try client(server.endpoint)
        _ = try await client.send(HTTPSRequest(path: "/first")).get()
        #expect(try await client.send(HTTPSRequest(path: "/second")).get().status == 200)
        #expect(server.connections.count == 2)
        await server.stop()
    }

    @Test func `A server name is verified as well as an address`() async throws {
        let server = try await TestServer(identity: identity, host: "localhost") { _, _, _ in
            .answer(200, "ok")
        }
        #expect(try await client(server.endpoint).send(HTTPSRequest(path: "/")).get().status == 200)
        await server.stop()
    }

    @Test func `A certificate of another CA is not trusted`() async throws {
        let other = try CertificateAuthority.create(cluster: "alpha", now: now)
        let server = try await TestServer(identity: identity) { _, _, _ in .answer(200, "ok") }
        let error = await failure(try client(server.endpoint, trusting: other))
        #expect(error?.code == .notTrusted)
        #expect(error?.message.contains(server.endpoint.description) == true)
        await server.stop()
    }

    @Test(arguments: ["127.0.0.1", "localhost"])
    func `A certificate for another name is refused`(host: String) async throws {
        let wrong = try authority.issueServer(names: ["head.example", "10.1.2.3"], now: now)
        let server = try await TestServer(identity: wrong, host: host) { _, _, _ in .answer(200, "ok") }
        #expect(await failure(try client(server.endpoint))?.code == .wrongName)
        await server.stop()
    }

    @Test func `An expired certificate is called expired`() async throws {
        let expired = try authority.issueServer(
            names: ["127.0.0.1"], validity: .seconds(60), now: now - .seconds(3_600))
        let server = try await TestServer(identity: expired) { _, _, _ in .answer(200, "ok") }
        #expect(await failure(try client(server.endpoint))?.code == .expired)
        await server.stop()
    }

    @Test func `A server without TLS 1.3 is refused`() async throws {
        let server = try await TestServer(identity: identity, minimum: .tlsv12, maximum: .tlsv12) { _, _, _ in
            .answer(200, "ok")
        }
        #expect(await failure(try client(server.endpoint))?.code == .noCommonTLS)
        await server.stop()
    }

    @Test func `A port where nobody listens refuses`() async throws {
        let server = try await TestServer(identity: identity) { _, _, _ in .answer(200, "ok") }
        await server.stop()
        let error = await failure(try client(server.endpoint))
        #expect(error?.code == .refused)
        #expect(error?.message.contains("Check that the server runs") == true)
    }

    @Test func `A name that nobody knows cannot be resolved`() async throws {
        let error = await failure(try client(HTTPSEndpoint(host: "nowhere.invalid", port: 1)))
        #expect(error?.code == .cannotResolve)
        #expect(error?.message.contains("nowhere.invalid") == true)
    }

    @Test func `A server that does not answer is given up after the timeout`() async throws {
        let server = try await TestServer(identity: identity) { _, _, _ in .silence }
        let error = await failure(
            try client(server.endpoint), HTTPSRequest(path: "/slow", timeout: .milliseconds(100)))
        #expect(error?.code == .timedOut)
        #expect(error?.message.contains("GET /slow") == true)
        await server.stop()
    }

    @Test func `A POST whose connection ends early fails and is not sent twice`() async throws {
        let requests = Counter()
        let server = try await TestServer(identity: identity) { _, _, _ in
            requests.add()
            return .hangUp
        }
        let error = await failure(
            try client(server.endpoint), HTTPSRequest(method: "POST", path: "/", body: [1]))
        #expect(error?.code == .closedEarly)
        #expect(requests.count == 1)
        await server.stop()
    }

    @Test func `An answer that breaks off in the middle is no answer`() async throws {
        let server = try await TestServer(identity: identity) { _, _, _ in .cutOff }
        #expect(await failure(try client(server.endpoint)) != nil)
        await server.stop()
    }

    @Test func `A streamed body arrives in pieces, in order`() async throws {
        let server = try await TestServer(identity: identity) { _, _, _ in .chunks(["one ", "two ", "three"])
        }
        let status = Mutex(0)
        let text = Mutex("")
        let response = try await client(server.endpoint).stream(
            HTTPSRequest(path: "/log"), onHead: { code, _ in status.withLock { $0 = code } },
            onBody: { piece in text.withLock { $0 += String(decoding: piece, as: UTF8.self) } }
        ).get()
        #expect(status.withLock { $0 } == 200)
        #expect(text.withLock { $0 } == "one two three")
        #expect(response.body.isEmpty)
        await server.stop()
    }

    @Test func `An error answer to a stream is collected, not streamed`() async throws {
        let server = try await TestServer(identity: identity) { _, _, _ in .answer(404, "no such task") }
        let pieces = Counter()
        let response = try await client(server.endpoint).stream(
            HTTPSRequest(path: "/log"), onBody: { _ in pieces.add() }
        ).get()
        #expect(response.status == 404)
        #expect(String(decoding: response.body, as: UTF8.self) == "no such task")
        #expect(pieces.count == 0)
        await server.stop()
    }

    @Test(arguments: ["/a b", "no-slash", "/a\r\nX: y"])
    func `A path that could become another request is not sent`(path: String) async throws {
        let error = await failure(
            try client(HTTPSEndpoint(host: "127.0.0.1", port: 1)), HTTPSRequest(path: path))
        #expect(error?.code == .invalid)
    }

    @Test func `A CA that is no certificate is an error at once`() {
        #expect(throws: HTTPSError.self) {
            try HTTPSClient(
                group: MultiThreadedEventLoopGroup.singleton, endpoint: HTTPSEndpoint(host: "a", port: 1),
                trustRootsPEM: "nothing")
        }
    }

    @Test func `Endpoints are read from URLs`() {
        #expect(HTTPSEndpoint(url: "https://head:7442") == HTTPSEndpoint(host: "head", port: 7442))
        #expect(HTTPSEndpoint(url: "https://head/") == HTTPSEndpoint(host: "head", port: 443))
        #expect(HTTPSEndpoint(url: "https://[::1]:9") == HTTPSEndpoint(host: "::1", port: 9))
        #expect(HTTPSEndpoint(host: "::1", port: 9).url == "https://[::1]:9")
        for bad in [
            "http://head:1", "head:1", "https://", "https://a:0", "https://a:70000", "https://a/b",
            "https://u@h:1",
        ] {
            #expect(HTTPSEndpoint(url: bad) == nil, "\(bad)")
        }
    }
}
