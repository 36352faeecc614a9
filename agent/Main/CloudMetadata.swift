import AgentHardware
import ArgumentParser
import HTTPSClient
import NIOCore
import NIOHTTP1
import NIOPosix
import Platform

/// `--cloud`, of several commands.
struct CloudOptions: ParsableArguments {
    @Flag(
        help: ArgumentHelp(
            "Ask the cloud's metadata service which instance this is: AWS, GCP, Azure and OpenStack. [MORTISE_CLOUD=1]"
        ))
    var cloud = false
    @Option(
        help: ArgumentHelp(
            "Where the metadata service is. Its answers are not secured: it must be this machine's own.",
            valueName: "host:port"))
    var cloudEndpoint = "169.254.169.254:80"

    func validate() throws {
        guard HTTPSEndpoint(hostAndPort: cloudEndpoint) != nil else {
            throw ValidationError("--cloud-endpoint takes HOST:PORT, not '\(cloudEndpoint)'")
        }
    }

    /// nil where it is not asked for.
    func metadata(on eventLoop: any EventLoop) -> CloudMetadata? {
        guard cloud || Host.variable("MORTISE_CLOUD") == "1" else { return nil }
        return HTTPSEndpoint(hostAndPort: cloudEndpoint).map {
            CloudMetadata(service: $0, eventLoop: eventLoop)
        }
    }
}

/// Asks the metadata service of a cloud, which has no TLS: link-local, and only when it is asked for.
///
/// Blocking; a machine without one costs `limit`, one that takes requests and stays silent `attempts` times as much:
/// while a machine boots they may be slow, and labels that are missed would be missed for as long as the agent runs.
struct CloudMetadata {
    static let limit = TimeAmount.seconds(2)
    private static let attempts = 5
    private static let answerLimitBytes = 256 << 10

    let service: HTTPSEndpoint
    let eventLoop: any EventLoop

    /// - Returns: nil where no service answers that is known.
    func instance() -> CloudInstance? {
        do {
            return try aws()
                ?? plain(.gcp, "/computeMetadata/v1/instance/?recursive=true", ["Metadata-Flavor": "Google"])
                ?? plain(.azure, "/metadata/instance?api-version=2021-02-01", ["Metadata": "true"])
                ?? plain(.openstack, "/openstack/latest/meta_data.json", [:])
        } catch {
            return nil
        }
    }

    /// Version 2 of its service: with a token that only this machine can get.
    private func aws() throws -> CloudInstance? {
        let lifetime: HTTPHeaders = ["X-aws-ec2-metadata-token-ttl-seconds": "60"]
        guard let token = try ask(.PUT, "/latest/api/token", lifetime), !token.isEmpty else { return nil }
        let headers: HTTPHeaders = ["X-aws-ec2-metadata-token": token]
        guard let text = try ask(.GET, "/latest/dynamic/instance-identity/document", headers),
            var instance = CloudInstance(.aws, parsing: text)
        else { return nil }
        instance.isSpot = try ask(.GET, "/latest/meta-data/instance-life-cycle", headers).map { $0 == "spot" }
        return instance
    }

    private func plain(
        _ provider: CloudInstance.Provider, _ path: String, _ headers: HTTPHeaders
    ) throws -> CloudInstance? {
        try ask(.GET, path, headers).flatMap { CloudInstance(provider, parsing: $0) }
    }

    /// - Returns: the body of an answer with status 200; nil for another.
    /// - Throws: when nobody answers in time.
    private func ask(_ method: HTTPMethod, _ path: String, _ headers: HTTPHeaders) throws -> String? {
        for _ in 1..<Self.attempts {
            do {
                return try askOnce(method, path, headers)
            } catch let error as Unreachable {
                throw error
            } catch {}
        }
        return try askOnce(method, path, headers)
    }

    /// Nobody takes a connection.
    private struct Unreachable: Error {}

    /// - Throws: `Unreachable`, or another error where the connection was made, and ended or silent.
    private func askOnce(_ method: HTTPMethod, _ path: String, _ headers: HTTPHeaders) throws -> String? {
        var headers = headers
        headers.add(name: "Host", value: service.description)
        headers.add(name: "Connection", value: "close")
        if method == .PUT { headers.add(name: "Content-Length", value: "0") }
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
        let promise = eventLoop.makePromise(of: String?.self)
        ClientBootstrap(group: eventLoop)
            .connectTimeout(Self.limit)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(
                        NIOHTTPClientResponseAggregator(maxContentLength: Self.answerLimitBytes))
                    try pipeline.addHandler(Question(head, promise))
                }
            }
            .connect(host: service.host, port: service.port)
            .whenFailure { _ in promise.fail(Unreachable()) }
        return try promise.futureResult.wait()
    }

    private final class Question: ChannelInboundHandler {
        typealias InboundIn = NIOHTTPClientResponseFull
        typealias OutboundOut = HTTPClientRequestPart

        private let head: HTTPRequestHead
        private let promise: EventLoopPromise<String?>
        private var deadline: Scheduled<Void>?

        init(_ head: HTTPRequestHead, _ promise: EventLoopPromise<String?>) {
            self.head = head
            self.promise = promise
        }

        func channelActive(context: ChannelHandlerContext) {
            deadline = context.eventLoop.assumeIsolated().scheduleTask(in: CloudMetadata.limit) {
                context.close(promise: nil)
            }
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let answer = unwrapInboundIn(data)
            promise.succeed(answer.head.status == .ok ? answer.body.map { String(buffer: $0) } ?? "" : nil)
            context.close(promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            promise.fail(error)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            deadline?.cancel()
            promise.fail(ChannelError.eof)
        }
    }
}
