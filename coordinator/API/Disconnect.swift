import NIOCore
import ServiceLifecycle
import Synchronization

/// Happens once; any number of tasks wait for it, and a cancelled one stops waiting.
final class Signal: Sendable {
    private struct State {
        var isFired = false
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter: UInt64 = 0
    }

    private let state = Mutex(State())

    func fire() {
        let waiters = state.withLock { state in
            state.isFired = true
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }

    /// Returns when the signal fires or the task is cancelled.
    func wait() async {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isFired || Task.isCancelled { return true }
                    state.waiters[number] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
        }
    }
}

/// Tells when the client has gone, also while nothing is written to it; and does not wait for long until it has.
///
/// A close of TLS waits for the peer to say goodbye as well, which takes five seconds where it does not: too long for
/// a coordinator that hands over.
final class DisconnectHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    typealias OutboundIn = NIOAny

    private static let goodbye = TimeAmount.milliseconds(200)

    let gone = Signal()

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        context.close(mode: mode, promise: promise)
        guard mode == .all, context.channel.isActive else { return }
        let channel = context.channel
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.goodbye) {
            guard channel.isActive else { return }
            let cut = CutHandler()
            try? channel.pipeline.syncOperations.addHandler(cut, position: .first)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { gone.fire() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        gone.fire()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { gone.fire() }

    /// The signal of a connection of this server.
    static func signal(of channel: any Channel) async throws -> Signal {
        try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.handler(type: DisconnectHandler.self).gone
        }.get()
    }
}

/// Closes the connection without TLS, which stands behind it.
private final class CutHandler: ChannelOutboundHandler {
    typealias OutboundIn = NIOAny

    func handlerAdded(context: ChannelHandlerContext) { context.close(promise: nil) }
}

/// The client has gone or the server goes down: nobody waits for the answer any more.
struct NobodyWaits: Error {}

/// Runs the operation and cancels it when the signal fires or the server shuts down.
/// - Throws: `NobodyWaits` then.
func whileWanted<Value: Sendable>(
    until signal: Signal, _ operation: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await operation() }
        group.addTask {
            await signal.wait()
            return nil
        }
        group.addTask {
            try await gracefulShutdown()
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let value = first else { throw NobodyWaits() }
        return value
    }
}
