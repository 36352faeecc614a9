import Foundation
import HTTPSClient
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

/// The HTTP client over a Unix socket.
@Suite(.timeLimit(.minutes(1))) struct UnixSocketClientTests {
    /// Says what it was asked for, and for which host.
    private final class Echo: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private var text = ""

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                text = "\(head.method.rawValue) \(head.uri) \(head.headers["Host"].joined()) "
            case .body(let piece): text += String(buffer: piece)
            case .end:
                let head = HTTPResponseHead(
                    version: .http1_1, status: .ok, headers: ["Content-Length": "\(text.utf8.count)"])
                context.write(wrapOutboundOut(.head(head)), promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }

    private let group = MultiThreadedEventLoopGroup.singleton

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/mortise-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    private func failure(_ path: String) async -> HTTPSError? {
        let client = HTTPSClient(group: group, socketPath: path)
        do {
            _ = try await client.send(HTTPSRequest(path: "/")).get()
            return nil
        } catch {
            return error as? HTTPSError
        }
    }

    @Test func `A request goes over a Unix socket, for a host that servers take`() async throws {
        try await withFolder { folder in
            let path = folder + "/socket"
            let server = try await ServerBootstrap(group: group)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                        try channel.pipeline.syncOperations.addHandler(Echo())
                    }
                }
                .bind(unixDomainSocketPath: path).get()
            let client = HTTPSClient(group: group, socketPath: path)
            for _ in 0..<2 {
                let request = HTTPSRequest(method: "POST", path: "/a?b=c", body: Array("hello".utf8))
                let answer = try await client.send(request).get()
                #expect(String(decoding: answer.body, as: UTF8.self) == "POST /a?b=c localhost hello")
            }
            try await client.close().get()
            try await server.close().get()
            // The file is still there, and nobody listens.
            try "".write(toFile: path + "-left", atomically: false, encoding: .utf8)
            let refused = await failure(path + "-left")
            #expect(
                refused?.code == .refused && refused?.message.contains(path + "-left") == true,
                "\(refused as Any)")
        }
    }

    @Test func `A socket that is not there, or has too long a path, is said to be so`() async throws {
        try await withFolder { folder in
            let missing = await failure(folder + "/none")
            #expect(
                missing?.code == .unreachable && missing?.message.contains("socket \(folder)/none") == true)
            let long = await failure(folder + "/" + String(repeating: "x", count: 200))
            #expect(long?.code == .invalid && long?.message.contains("too long") == true, "\(long as Any)")
        }
    }
}
