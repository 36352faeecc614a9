package import HTTPSClient
package import NIOCore
package import TLSIdentity

extension AgentLink {
    /// Connects up to the WebSocket and hangs up, without a word in between.
    ///
    /// - Parameters:
    ///   - address: "host:port"
    ///   - timeout: of the whole.
    /// - Returns: nil where it was let in; never fails.
    package static func tryOnce(
        _ address: String, identity: NodeIdentity, on eventLoop: any EventLoop, timeout: Duration
    ) -> EventLoopFuture<HTTPSError?> {
        let promise = eventLoop.makePromise(of: HTTPSError?.self)
        eventLoop.execute {
            var configuration = LinkConfiguration.defaults
            configuration.connectTimeout = timeout
            let trial = Trial(promise)
            let link = AgentLink(
                eventLoop: eventLoop, identity: identity, endpoints: [address], configuration: configuration
            ) { trial.handle($0) }
            trial.link = link
            link.connect()
        }
        return promise.futureResult
    }

    private final class Trial {
        private var promise: EventLoopPromise<HTTPSError?>?
        /// Kept until it is over.
        var link: AgentLink?

        init(_ promise: EventLoopPromise<HTTPSError?>) { self.promise = promise }

        func handle(_ event: LinkEvent) {
            switch event {
            case .connected:
                end(nil)
                link?.disconnect(reason: "the doctor has seen enough")
            case .message: break
            case .disconnected(let reason, let code):
                end(HTTPSError(code, reason))
                link = nil
            }
        }

        /// The first end counts.
        private func end(_ error: HTTPSError?) {
            promise?.succeed(error)
            promise = nil
        }
    }
}
