package import NIOCore
import HTTPSClient
package import TLSIdentity

extension ReachProbe {
    /// As the agent dials: up to the WebSocket, and without a word behind that, so that a running agent of the same
    /// identity is not disturbed.
    ///
    /// - Parameters:
    ///   - address: "host:port"
    ///   - timeout: of the connection, and of the whole.
    /// - Returns: never fails.
    package static func link(
        to address: String, identity: NodeIdentity, on eventLoop: any EventLoop, timeout: Duration
    ) -> EventLoopFuture<Outcome> {
        let promise = eventLoop.makePromise(of: Outcome.self)
        eventLoop.execute {
            var configuration = LinkConfiguration.defaults
            configuration.connectTimeout = timeout
            let trial = LinkTrial(promise)
            let link = AgentLink(
                eventLoop: eventLoop, identity: identity, endpoints: [address], configuration: configuration
            ) { trial.handle($0) }
            link.onStep = { trial.note($0) }
            trial.link = link
            link.connect()
        }
        return promise.futureResult
    }
}

private final class LinkTrial {
    private var promise: EventLoopPromise<ReachProbe.Outcome>?
    private var outcome = ReachProbe.Outcome()
    private var stepStart = ContinuousClock.now
    /// Kept until it is over.
    var link: AgentLink?

    init(_ promise: EventLoopPromise<ReachProbe.Outcome>) { self.promise = promise }

    func note(_ step: AgentLink.DialStep) {
        switch step {
        case .connected: outcome.connected = lap()
        case .secured: outcome.secured = lap()
        }
    }

    func handle(_ event: LinkEvent) {
        switch event {
        case .connected:
            outcome.linked = lap()
            outcome.seenAddress = link?.seenAddress
            link?.disconnect(reason: "the doctor has seen enough")
        case .message: break
        case .disconnected(let reason, let code):
            if outcome.linked == nil { outcome.failure = HTTPSError(code, reason) }
            promise?.succeed(outcome)
            promise = nil
            link?.onStep = nil
            link = nil
        }
    }

    private func lap() -> Duration {
        let now = ContinuousClock.now
        defer { stepStart = now }
        return now - stepStart
    }
}
