import NIOCore
import NIOPosix
import Synchronization

/// Stands between the nodes and the coordinator, and treats what each node says and hears as the test wants it.
///
/// Bytes are kept in order and never changed: it loses time, and connections.
final class FaultyProxy: Sendable {
    struct Weather: Sendable, Equatable {
        /// For everything, each way.
        var delay = Duration.zero
        /// Each way of each connection; nil is no limit.
        var bytesPerSecond: Int?
        /// Everything waits, new connections too.
        var isStalled = false
    }

    enum Side: CaseIterable {
        case node, coordinator
    }

    private let eventLoop: any EventLoop
    private let passages: NIOLoopBoundBox<Passages>
    private let listeners = Mutex<[any Channel]>([])

    init() {
        eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        passages = NIOLoopBoundBox.makeBoxSendingValue(Passages(), eventLoop: eventLoop)
    }

    /// Takes connections to `host` and passes them on to the same port of `target`.
    func listen(on host: String, ports: [Int], target: String) async throws {
        for port in ports {
            let passages = self.passages
            let listener = try await ServerBootstrap(group: eventLoop)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.autoRead, value: false)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try passages.value.accept(channel, target: target, port: port)
                    }
                }
                .bind(host: host, port: port).get()
            listeners.withLock { $0.append(listener) }
        }
    }

    func close() async {
        for listener in listeners.withLock({ $0 }) { try? await listener.close() }
        try? await eventLoop.submit { self.passages.value.closeAll() }.get()
    }

    /// From now on, also for connections that stand.
    func setWeather(_ weather: Weather, of node: String) async throws {
        try await eventLoop.submit { self.passages.value.setWeather(weather, of: node) }.get()
    }

    /// Ends the node's connections with a reset for both sides.
    func reset(_ node: String) async throws {
        try await eventLoop.submit { self.passages.value.reset(node) }.get()
    }

    /// One side loses the node's connections; the other never hears of it.
    func halfOpen(_ node: String, losing side: Side) async throws {
        try await eventLoop.submit { self.passages.value.halfOpen(node, losing: side) }.get()
    }
}

/// On the proxy's event loop, as everything below.
private final class Passages {
    private var weather: [String: FaultyProxy.Weather] = [:]
    private var open: [ObjectIdentifier: Passage] = [:]

    func accept(_ channel: any Channel, target: String, port: Int) throws {
        let node = channel.remoteAddress?.ipAddress ?? ""
        let passage = Passage(node: node, weather: weather[node] ?? FaultyProxy.Weather())
        open[ObjectIdentifier(passage)] = passage
        let bound = NIOLoopBound((self, passage), eventLoop: channel.eventLoop)
        try passage.add(channel, .node)
        ClientBootstrap(group: channel.eventLoop)
            .channelOption(.autoRead, value: false)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { other in
                other.eventLoop.makeCompletedFuture { try bound.value.1.add(other, .coordinator) }
            }
            .connect(host: target, port: port)
            .whenComplete { result in
                switch result {
                case .success: bound.value.1.begin()
                case .failure: bound.value.1.reset()
                }
            }
        channel.closeFuture.whenComplete { _ in
            let (passages, passage) = bound.value
            passages.open[ObjectIdentifier(passage)] = nil
        }
    }

    private func passages(of node: String) -> [Passage] { open.values.filter { $0.node == node } }

    func setWeather(_ weather: FaultyProxy.Weather, of node: String) {
        self.weather[node] = weather
        for passage in passages(of: node) { passage.setWeather(weather) }
    }

    func reset(_ node: String) { passages(of: node).forEach { $0.reset() } }

    func halfOpen(_ node: String, losing side: FaultyProxy.Side) {
        passages(of: node).forEach { $0.lose(side) }
    }

    func closeAll() { open.values.forEach { $0.reset() } }
}

/// One connection: its two sockets, and what is on the way between them.
private final class Passage {
    let node: String
    private var weather: FaultyProxy.Weather
    private var sides: [FaultyProxy.Side: any Channel] = [:]
    private var ways: [FaultyProxy.Side: Way] = [.node: Way(), .coordinator: Way()]
    /// One side is gone and the other must not know.
    private var isHalfOpen = false

    /// What one side has said and the other has not got yet.
    private struct Way {
        static let limitBytes = 256 << 10
        /// Without bytes: the end.
        var waiting: CircularBuffer<(due: NIODeadline, bytes: ByteBuffer?)> = []
        var waitingBytes = 0
        var last = NIODeadline.uptimeNanoseconds(0)
    }

    init(node: String, weather: FaultyProxy.Weather) {
        self.node = node
        self.weather = weather
    }

    func add(_ channel: any Channel, _ side: FaultyProxy.Side) throws {
        sides[side] = channel
        try channel.pipeline.syncOperations.addHandler(SideHandler(passage: self, side: side))
    }

    /// Both sides stand.
    func begin() { sides.values.forEach { $0.read() } }

    func setWeather(_ weather: FaultyProxy.Weather) {
        self.weather = weather
        FaultyProxy.Side.allCases.forEach(deliver)
    }

    func lose(_ side: FaultyProxy.Side) {
        isHalfOpen = true
        sides[side].map(Self.cut)
        // What the other goes on to say is taken, and nobody gets it.
        sides[side == .node ? .coordinator : .node]?.read()
    }

    func reset() { sides.values.forEach(Self.cut) }

    private static func cut(_ channel: any Channel) {
        // Without lingering, close is a reset.
        _ = (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        channel.close(promise: nil)
    }

    // MARK: The way of the bytes

    func received(_ bytes: ByteBuffer?, from side: FaultyProxy.Side) {
        guard !isHalfOpen, var way = ways[side] else { return }
        let count = bytes?.readableBytes ?? 0
        let pace = weather.bytesPerSecond.map { TimeAmount.microseconds(Int64(count * 1_000_000 / $0)) }
        let due = max(way.last, .now() + TimeAmount(weather.delay)) + (pace ?? .zero)
        way.last = due
        way.waiting.append((due, bytes))
        way.waitingBytes += count
        ways[side] = way
        deliver(from: side)
    }

    /// Another piece is wanted.
    func readCompleted(_ side: FaultyProxy.Side) {
        if isHalfOpen || (ways[side]?.waitingBytes ?? 0) < Way.limitBytes { sides[side]?.read() }
    }

    private func deliver(from side: FaultyProxy.Side) {
        guard !weather.isStalled, !isHalfOpen, var way = ways[side],
            let target = sides[side == .node ? .coordinator : .node]
        else { return }
        let now = NIODeadline.now()
        let wasFull = way.waitingBytes >= Way.limitBytes
        while let first = way.waiting.first, first.due <= now {
            way.waiting.removeFirst()
            if let bytes = first.bytes {
                way.waitingBytes -= bytes.readableBytes
                target.write(bytes, promise: nil)
            } else {
                target.flush()
                target.close(promise: nil)
            }
        }
        target.flush()
        ways[side] = way
        if wasFull, way.waitingBytes < Way.limitBytes { sides[side]?.read() }
        guard let next = way.waiting.first else { return }
        let bound = NIOLoopBound(self, eventLoop: target.eventLoop)
        target.eventLoop.scheduleTask(deadline: next.due) { bound.value.deliver(from: side) }
    }
}

private final class SideHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let passage: Passage
    private let side: FaultyProxy.Side

    init(passage: Passage, side: FaultyProxy.Side) {
        self.passage = passage
        self.side = side
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        passage.received(unwrapInboundIn(data), from: side)
    }

    func channelReadComplete(context: ChannelHandlerContext) { passage.readCompleted(side) }

    func channelInactive(context: ChannelHandlerContext) { passage.received(nil, from: side) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
