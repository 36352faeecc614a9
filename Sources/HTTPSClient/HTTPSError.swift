import NIOCore
import NIOPosix
package import NIOSSL

/// A request that got no answer. An answer with a bad status is no error here.
package struct HTTPSError: Error, Equatable, Sendable, CustomStringConvertible {
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        /// The trust roots or the request cannot be used.
        package static let invalid = Code(rawValue: "invalid")
        package static let cannotResolve = Code(rawValue: "cannot_resolve")
        package static let refused = Code(rawValue: "refused")
        /// No route, network down, or another error of the system.
        package static let unreachable = Code(rawValue: "unreachable")
        /// The server's certificate is not from the given CA, or TLS failed in another way.
        package static let notTrusted = Code(rawValue: "not_trusted")
        package static let wrongName = Code(rawValue: "wrong_name")
        /// The server's certificate is out of its time.
        package static let expired = Code(rawValue: "expired")
        /// The other side turned us away in the handshake.
        package static let turnedAway = Code(rawValue: "turned_away")
        /// The other side speaks no TLS, or none of our version.
        package static let noCommonTLS = Code(rawValue: "no_common_tls")
        package static let timedOut = Code(rawValue: "timed_out")
        package static let closedEarly = Code(rawValue: "closed_early")
        package static let tooLarge = Code(rawValue: "too_large")
        /// The answer is not HTTP/1.1.
        package static let malformed = Code(rawValue: "malformed")
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }

    /// Says in a sentence what went wrong between us and `endpoint`.
    ///
    /// - Parameters:
    ///   - certificate: what the peer presented, if it came to that: tells an expired one from a foreign one.
    ///   - nowSeconds: since 1970, to compare with the certificate's time.
    package init(
        explaining error: any Error, at endpoint: HTTPSEndpoint, certificate: NIOSSLCertificate?,
        nowSeconds: Int64
    ) {
        switch error {
        case let error as HTTPSError: self = error
        case let error as NIOConnectionError: self.init(connecting: error, to: endpoint)
        case let error as IOError: self.init(errno: error.errnoCode, of: error, at: endpoint)
        case let error as NIOSSLError:
            self.init(tls: error, at: endpoint, certificate: certificate, nowSeconds: nowSeconds)
        case is NIOSSLExtraError:
            self.init(
                .wrongName,
                "The certificate of \(endpoint) is not valid for the name '\(endpoint.host)'. Use a name or address "
                    + "that the certificate lists, or have the server's certificate issued for this one too.")
        case let error as BoringSSLError:
            self.init(
                tls: .handshakeFailed(error), at: endpoint, certificate: certificate, nowSeconds: nowSeconds)
        case ChannelError.connectTimeout:
            self.init(
                .timedOut,
                "\(endpoint) did not accept a connection in time. Check the address, and that no firewall drops "
                    + "the packets on the way.")
        case is SocketAddressError:
            self.init(
                .invalid,
                "Cannot connect to \(endpoint): it is no address, or the path of a socket that is too long (more "
                    + "than 107 bytes).")
        case ChannelError.ioOnClosedChannel, ChannelError.alreadyClosed, ChannelError.eof:
            self = .closedEarly(endpoint)
        default:
            self.init(
                .malformed,
                "\(endpoint) sent what is no HTTP/1.1 answer (\(error)). Check that the port is right.")
        }
    }

    package static func closedEarly(_ endpoint: HTTPSEndpoint) -> HTTPSError {
        HTTPSError(
            .closedEarly,
            "\(endpoint) closed the connection before its answer was complete. Try again; the server's log says why."
        )
    }

    private init(connecting error: NIOConnectionError, to endpoint: HTTPSEndpoint) {
        if let failure = error.connectionErrors.first {
            self.init(explaining: failure.error, at: endpoint, certificate: nil, nowSeconds: 0)
        } else {
            self.init(
                .cannotResolve,
                "Cannot find an address for '\(endpoint.host)'. Check the name, and that name resolution works here."
            )
        }
    }

    private init(errno code: CInt, of error: IOError, at endpoint: HTTPSEndpoint) {
        switch code {
        case _ where endpoint.isSocket && ![Errno.connectionReset, Errno.brokenPipe].contains(code):
            self.init(
                code == Errno.connectionRefused ? .refused : .unreachable,
                "Cannot connect to the socket \(endpoint): \(error.description). Check that its service runs, and "
                    + "that this user may use the socket.")
        case Errno.connectionRefused:
            self.init(
                .refused,
                "\(endpoint) refuses connections. Check that the server runs and listens on this address and port."
            )
        case Errno.connectionReset, Errno.brokenPipe: self = .closedEarly(endpoint)
        case Errno.timedOut:
            self.init(
                .timedOut,
                "\(endpoint) does not answer. Check the address, and that no firewall drops the packets on the way."
            )
        default:
            self.init(
                .unreachable,
                "Cannot reach \(endpoint): \(error.description). Check the address and the network.")
        }
    }

    private init(
        tls error: NIOSSLError, at endpoint: HTTPSEndpoint, certificate: NIOSSLCertificate?, nowSeconds: Int64
    ) {
        switch error {
        case .uncleanShutdown, .readInInvalidTLSState, .writeDuringTLSShutdown:
            self = .closedEarly(endpoint)
        case .handshakeFailed(let cause), .shutdownFailed(let cause):
            self.init(
                stack: String(describing: cause), at: endpoint, certificate: certificate,
                nowSeconds: nowSeconds)
        default:
            self.init(
                stack: String(describing: error), at: endpoint, certificate: nil, nowSeconds: nowSeconds)
        }
    }

    /// BoringSSL gives its reasons as words in a text.
    private init(
        stack: String, at endpoint: HTTPSEndpoint, certificate: NIOSSLCertificate?, nowSeconds: Int64
    ) {
        if stack.contains("CERTIFICATE_VERIFY_FAILED") {
            self = .verificationFailed(at: endpoint, certificate: certificate, nowSeconds: nowSeconds)
        } else if let turnedAway = HTTPSError.alert(in: stack, from: endpoint) {
            self = turnedAway
        } else if stack.contains("WRONG_VERSION_NUMBER") || stack.contains("HTTP_REQUEST")
            || stack.contains("UNEXPECTED_RECORD") || stack.contains("UNSUPPORTED_PROTOCOL")
        {
            self.init(
                .noCommonTLS,
                "\(endpoint) does not speak TLS 1.3. Check that the port is right, and that no proxy on the way "
                    + "ends TLS.")
        } else if stack.contains("EOF during") || stack.contains("syscallError")
            || stack.contains("zeroReturn")
        {
            self.init(
                .closedEarly,
                "\(endpoint) closed the connection during the TLS handshake. Check that the port is right; the "
                    + "server's log says more.")
        } else {
            self.init(.notTrusted, "The TLS handshake with \(endpoint) failed: \(stack).")
        }
    }

    private static func verificationFailed(
        at endpoint: HTTPSEndpoint, certificate: NIOSSLCertificate?, nowSeconds: Int64
    ) -> HTTPSError {
        if let certificate, Int64(certificate.notValidAfter) < nowSeconds {
            return HTTPSError(
                .expired,
                "The certificate of \(endpoint) has expired. Have it renewed on the server, or check this machine's "
                    + "clock.")
        }
        if let certificate, Int64(certificate.notValidBefore) > nowSeconds {
            return HTTPSError(
                .expired,
                "The certificate of \(endpoint) is not valid yet. Check this machine's clock and the server's."
            )
        }
        return HTTPSError(
            .notTrusted,
            "The certificate of \(endpoint) was not issued by the CA that is trusted here. Check the address, and "
                + "that the CA file or token is this cluster's.")
    }

    /// What the other side said before it hung up.
    private static func alert(in stack: String, from endpoint: HTTPSEndpoint) -> HTTPSError? {
        let ours = "our certificate"
        let reasons: [(word: String, text: String)] = [
            ("ALERT_CERTIFICATE_EXPIRED", "\(ours) has expired; enroll again"),
            ("ALERT_CERTIFICATE_REVOKED", "\(ours) is revoked; enroll again"),
            (
                "ALERT_CERTIFICATE_REQUIRED",
                "it requires a client certificate and none was sent; enroll first"
            ),
            ("ALERT_UNKNOWN_CA", "\(ours) is not from its CA; enroll with this cluster"),
            ("ALERT_BAD_CERTIFICATE", "it does not accept \(ours); enroll again"),
            ("ALERT_UNSUPPORTED_CERTIFICATE", "\(ours) is not made for this use; enroll again"),
            ("ALERT_CERTIFICATE_UNKNOWN", "it does not accept \(ours); enroll again"),
            ("ALERT_ACCESS_DENIED", "access is denied to \(ours)"),
            ("ALERT_DECRYPT_ERROR", "\(ours) and our key do not fit; enroll again"),
        ]
        for reason in reasons where stack.contains(reason.word) {
            return HTTPSError(.turnedAway, "\(endpoint) turned us away: \(reason.text).")
        }
        if stack.contains("ALERT_PROTOCOL_VERSION") {
            return HTTPSError(
                .noCommonTLS, "\(endpoint) does not speak TLS 1.3. Check that the port is right.")
        }
        return nil
    }
}
