import NIOCore
package import NIOSSL

/// The ways in which TLS is set up here. All speak TLS 1.3 alone and trust one CA, or nobody.
package enum TLSSettings {
    /// The agents' listener: a client certificate of this CA is required.
    package static func agentListener(
        identity: ServerIdentity, authorityPEM: String
    ) throws(IdentityError) -> TLSConfiguration {
        var configuration = try server(identity)
        configuration.trustRoots = .certificates(try authorities(authorityPEM))
        configuration.certificateVerification = .noHostnameVerification
        return configuration
    }

    /// The API's listener: clients show bearer tokens.
    package static func apiListener(identity: ServerIdentity) throws(IdentityError) -> TLSConfiguration {
        var configuration = try server(identity)
        configuration.certificateVerification = .none
        return configuration
    }

    /// An agent that dials: shows its certificate, trusts its CA alone, verifies name or address of the server.
    package static func agent(_ identity: NodeIdentity) throws(IdentityError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv13
        configuration.certificateVerification = .fullVerification
        configuration.trustRoots = .certificates(try authorities(identity.authorityPEM))
        configuration.certificateChain = try chain(identity.certificatePEM)
        configuration.privateKey = .privateKey(try privateKey(identity.key.pem))
        configuration.shutdownTimeout = .seconds(1)
        return configuration
    }

    /// A client without a certificate, of the API: trusts the CA alone, verifies name or address of the server.
    package static func guest(authorityPEM: String) throws(IdentityError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv13
        configuration.certificateVerification = .fullVerification
        configuration.trustRoots = .certificates(try authorities(authorityPEM))
        configuration.shutdownTimeout = .seconds(1)
        return configuration
    }

    private static func server(_ identity: ServerIdentity) throws(IdentityError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try chain(identity.certificatePEM),
            privateKey: .privateKey(try privateKey(identity.keyPEM)))
        configuration.minimumTLSVersion = .tlsv13
        // How long the farewell of a peer is waited for.
        configuration.shutdownTimeout = .seconds(1)
        return configuration
    }

    private static func authorities(_ pem: String) throws(IdentityError) -> [NIOSSLCertificate] {
        // An empty list would mean the system's CAs: never that.
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)), !certificates.isEmpty
        else {
            throw IdentityError(.badCertificate, "The CA's certificate cannot be used: it is not PEM.")
        }
        return certificates
    }

    private static func chain(_ pem: String) throws(IdentityError) -> [NIOSSLCertificateSource] {
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)), !certificates.isEmpty
        else {
            throw IdentityError(.badCertificate, "The certificate chain cannot be used: it is not PEM.")
        }
        return certificates.map { .certificate($0) }
    }

    private static func privateKey(_ pem: String) throws(IdentityError) -> NIOSSLPrivateKey {
        do { return try NIOSSLPrivateKey(bytes: Array(pem.utf8), format: .pem) } catch {
            throw IdentityError(.badCertificate, "The private key cannot be used: it is not PEM.")
        }
    }
}
