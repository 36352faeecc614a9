import ProtocolMessages

/// The agents' listener: where, and every bound with its reason.
package struct GatewayConfiguration: Sendable, Hashable {
    /// The address to listen on; `0.0.0.0` or `::` for all.
    package var host = "0.0.0.0"
    /// 0...65535; 0 takes a free one.
    package var port = 7443
    /// From the TCP connection to the finished WebSocket upgrade. 100 ms...5 min; 10 s: three slow round trips of
    /// a busy head node, and what a silent stranger can hold a connection for.
    package var handshakeTimeout = Duration.seconds(10)
    /// A message as it is on the wire. 1 KiB...`ProtocolLimits.frameBytes`.
    package var frameLimitBytes = ProtocolLimits.frameBytes
    /// Open at once, those in their handshake included. 1...1,000,000; 24,000: the nodes of `Limits` and some to
    /// reconnect; each costs about 25 KB and a file descriptor.
    package var maximumConnections = 24_000
    /// What may wait for a slow agent before it is cut. 64 KiB...1 GiB; 16 MiB: four of the largest messages.
    package var outboundLimitBytes = 16 << 20
    /// A silent agent is pinged. 10 ms...1 h; 20 s: four heartbeats.
    package var pingAfter = Duration.seconds(20)
    /// An agent that stays silent is cut. Longer than `pingAfter`, up to 1 day; 60 s: it is long lost by then.
    package var cutAfter = Duration.seconds(60)

    package static let defaults = GatewayConfiguration()
    package init() {}

    /// All faults at once, each a sentence; empty where there is none.
    package func validate() -> [String] {
        var faults: [String] = []
        func require(_ isMet: Bool, _ fault: String) {
            if !isMet { faults.append(fault) }
        }
        require(!host.isEmpty, "The gateway's host is empty: give an address, or 0.0.0.0 for all.")
        require((0...65_535).contains(port), "The gateway's port \(port) is not in 0...65535.")
        require(
            handshakeTimeout >= .milliseconds(100) && handshakeTimeout <= .seconds(300),
            "The gateway's handshake timeout \(handshakeTimeout) is not in 100 ms...5 min.")
        require(
            (1_024...ProtocolLimits.frameBytes).contains(frameLimitBytes),
            "The gateway's frame limit \(frameLimitBytes) is not in 1024...\(ProtocolLimits.frameBytes) bytes."
        )
        require(
            (1...1_000_000).contains(maximumConnections),
            "The gateway's connection limit \(maximumConnections) is not in 1...1000000.")
        require(
            (64 << 10...1 << 30).contains(outboundLimitBytes),
            "The gateway's outbound limit \(outboundLimitBytes) is not in 64 KiB...1 GiB.")
        require(
            pingAfter >= .milliseconds(10) && pingAfter <= .seconds(3_600),
            "The gateway's ping after \(pingAfter) is not in 10 ms...1 h.")
        require(
            cutAfter > pingAfter && cutAfter <= .seconds(86_400),
            "The gateway's cut after \(cutAfter) is not longer than its ping after \(pingAfter), up to 1 day."
        )
        return faults
    }
}

/// The gateway cannot be started.
package struct GatewayError: Error, Equatable, Sendable, CustomStringConvertible {
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        package static let addressInUse = Code(rawValue: "address_in_use")
        package static let cannotListen = Code(rawValue: "cannot_listen")
        package static let badSettings = Code(rawValue: "bad_settings")
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
