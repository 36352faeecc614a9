import ArgumentParser
import NIOCore
import Platform

/// Where the agent serves its metrics; nowhere by default.
struct MetricsOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Serve GET /metrics for Prometheus here, over plain HTTP: 127.0.0.1:9475. [MORTISE_METRICS_LISTEN]",
            valueName: "address:port"))
    var metricsListen: String?
    @Flag(
        help: "Allow --metrics-listen on addresses that other machines reach: they read it without a token.")
    var metricsAllowRemote = false

    /// - Returns: nil where none are wanted.
    func endpoint() throws -> SocketAddress? {
        guard let text = metricsListen ?? Host.variable("MORTISE_METRICS_LISTEN") else { return nil }
        guard let address = Self.address(text) else {
            throw ValidationError(
                "--metrics-listen takes an IP address and a port, such as 127.0.0.1:9475 or [::1]:9475, not '\(text)'"
            )
        }
        guard metricsAllowRemote || address.isLoopback else {
            throw ValidationError(
                "--metrics-listen \(text) is reached by other machines, without TLS or a token: listen on 127.0.0.1, "
                    + "or say --metrics-allow-remote")
        }
        return address
    }

    /// Port 0 takes a free one.
    private static func address(_ text: String) -> SocketAddress? {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.contains(":") {
            guard host.hasPrefix("["), host.hasSuffix("]") else { return nil }
            host = host.dropFirst().dropLast()
        }
        return try? SocketAddress(ipAddress: String(host), port: Int(port))
    }
}

extension SocketAddress {
    fileprivate var isLoopback: Bool {
        guard let text = ipAddress else { return false }
        return text == "::1" || (self.protocol == .inet && text.hasPrefix("127."))
    }
}
