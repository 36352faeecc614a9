import NIOSSL

/// By what a server is trusted, and what it is shown of us.
package struct TLSClientSettings: Sendable {
    /// Certificates of CAs in PEM, the only ones that are trusted; nil: those that the system trusts.
    package var trustRootsPEM: String?
    /// Our certificate in PEM, with those between it and its CA; nil: none is shown.
    package var certificatePEM: String?
    /// Its key in PEM. A secret.
    package var keyPEM: String?
    /// For servers of others that know nothing newer; between our own programs it is TLS 1.3 in any case.
    package var allowsTLS12: Bool

    package init(
        trustRootsPEM: String?, certificatePEM: String? = nil, keyPEM: String? = nil,
        allowsTLS12: Bool = false
    ) {
        self.trustRootsPEM = trustRootsPEM
        self.certificatePEM = certificatePEM
        self.keyPEM = keyPEM
        self.allowsTLS12 = allowsTLS12
    }

    func context(for endpoint: HTTPSEndpoint) throws(HTTPSError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = allowsTLS12 ? .tlsv12 : .tlsv13
        configuration.certificateVerification = .fullVerification
        configuration.applicationProtocols = ["http/1.1"]
        do {
            if let trustRootsPEM {
                let roots = try NIOSSLCertificate.fromPEMBytes(Array(trustRootsPEM.utf8))
                guard !roots.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
                configuration.trustRoots = .certificates(roots)
            }
        } catch {
            throw HTTPSError(
                .invalid,
                "The CA certificate for \(endpoint) cannot be used: it is no certificate in PEM. Get the CA "
                    + "file or the token again.")
        }
        do {
            if let certificatePEM, let keyPEM {
                let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificatePEM.utf8))
                guard !chain.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
                configuration.certificateChain = chain.map { .certificate($0) }
                configuration.privateKey = .privateKey(
                    try NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem))
            }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw HTTPSError(
                .invalid,
                "The client certificate for \(endpoint) cannot be used: it or its key is none in PEM, or they do "
                    + "not belong together.")
        }
    }
}
