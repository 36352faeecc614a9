package import ClusterTypes
import Crypto
import FoundationEssentials
import SwiftASN1
import X509

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A cluster's own small CA: it names its nodes and its servers, and nobody else is trusted in the cluster.
package struct CertificateAuthority: Sendable, CustomStringConvertible {
    package let cluster: String
    /// What agents and clients trust.
    package let certificatePEM: String
    private let parsed: ParsedCertificate
    private let key: P256.Signing.PrivateKey

    /// How long the CA lives. Ten years: replacing it means enrolling every node again.
    static let lifetime = Duration.seconds(3_650 * 86_400)
    /// Certificates begin earlier than now, for machines whose clock is behind. A node's begins no earlier than it
    /// lasts: two thirds of a short life would be over before it is issued.
    static let serverBackdating = Duration.seconds(86_400)
    static let nodeBackdating = Duration.seconds(300)
    private static let commonNamePrefix = "Mortise CA "

    // MARK: - Making, keeping

    /// - Parameter cluster: 1...63 letters, digits, `.`, `_`, `-`.
    package static func create(cluster: String, now: Instant) throws(IdentityError) -> CertificateAuthority {
        guard isClusterName(cluster) else {
            throw IdentityError(
                .badName,
                "'\(cluster)' cannot be a cluster's name: use 1 to 63 letters, digits, dots, hyphens and underscores."
            )
        }
        let key = P256.Signing.PrivateKey()
        do {
            let name = try DistinguishedName { CommonName(commonNamePrefix + cluster) }
            let publicKey = Certificate.PublicKey(key.publicKey)
            let certificate = try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
                notValidBefore: (now - serverBackdating).date, notValidAfter: (now + lifetime).date,
                issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                    SubjectKeyIdentifier(hash: publicKey)
                },
                issuerPrivateKey: Certificate.PrivateKey(key))
            let parsed = try ParsedCertificate(der: serialized(certificate), of: "the CA")
            return try CertificateAuthority(parsed, key: key)
        } catch {
            throw IdentityError(.badCertificate, "The CA of cluster '\(cluster)' cannot be made: \(error).")
        }
    }

    private init(_ parsed: ParsedCertificate, key: P256.Signing.PrivateKey) throws(IdentityError) {
        guard let cluster = CertificateAuthority.cluster(of: parsed.certificate) else {
            throw IdentityError(
                .badCertificate, "The CA's certificate is not one of Mortise: its name is unknown.")
        }
        self.cluster = cluster
        self.parsed = parsed
        self.key = key
        certificatePEM = parsed.pem
    }

    /// The name of the CA is compared as a whole with what it would be: no parsing of names.
    private static func cluster(of certificate: Certificate) -> String? {
        for relative in certificate.subject {
            for attribute in relative where attribute.type == .RDNAttributeType.commonName {
                guard let name = String(attribute.value), name.hasPrefix(commonNamePrefix) else { continue }
                let cluster = String(name.dropFirst(commonNamePrefix.count))
                return isClusterName(cluster) ? cluster : nil
            }
        }
        return nil
    }

    /// Reads `ca.pem` and `ca.key` of the directory; each error names the file.
    package static func load(directory: String) throws(IdentityError) -> CertificateAuthority {
        let (certificatePath, keyPath) = paths(in: directory)
        let certificateText = try IdentityFile.read(certificatePath)
        let keyText = try IdentityFile.read(keyPath, isSecret: true)
        let parsed: ParsedCertificate
        do { parsed = try ParsedCertificate(pem: certificateText, of: "the CA") } catch {
            throw IdentityError(.badFile, "'\(certificatePath)' is no CA certificate: \(error) Restore it.")
        }
        guard let key = try? P256.Signing.PrivateKey(pemRepresentation: keyText) else {
            throw IdentityError(.badFile, "'\(keyPath)' is no P-256 private key in PEM. Restore it.")
        }
        guard KeyFingerprint.of(parsed.certificate.publicKey) == KeyFingerprint.of(key.publicKey) else {
            throw IdentityError(
                .badFile, "'\(keyPath)' is not the key of '\(certificatePath)'. Restore both together.")
        }
        do { return try CertificateAuthority(parsed, key: key) } catch {
            throw IdentityError(.badFile, "'\(certificatePath)': \(error)")
        }
    }

    /// Whether the directory holds a CA, or a part of one.
    package static func exists(in directory: String) -> Bool {
        let (certificatePath, keyPath) = paths(in: directory)
        return IdentityFile.exists(certificatePath) || IdentityFile.exists(keyPath)
    }

    /// Writes `ca.key` (0600) and `ca.pem` into the directory (made 0700 if it is missing); never over another CA.
    package func save(directory: String) throws(IdentityError) {
        guard !CertificateAuthority.exists(in: directory) else {
            throw IdentityError(
                .alreadyExists,
                "'\(directory)' holds a CA already. Use that one, or choose another directory.")
        }
        try IdentityFile.createDirectory(directory)
        let (certificatePath, keyPath) = CertificateAuthority.paths(in: directory)
        try IdentityFile.write(key.pemRepresentation + "\n", to: keyPath, mode: 0o600)
        try IdentityFile.write(certificatePEM, to: certificatePath, mode: 0o644)
    }

    private static func paths(in directory: String) -> (certificate: String, key: String) {
        ("\(directory)/ca.pem", "\(directory)/ca.key")
    }

    /// SHA-256 of the CA's public key (SubjectPublicKeyInfo, DER) in hex, for people to compare.
    package var pin: String { KeyFingerprint.of(key.publicKey) }

    package var description: String { "CA of cluster '\(cluster)', pin \(pin)" }

    // MARK: - Issuing

    /// A certificate and a fresh key for the coordinator's listeners.
    ///
    /// - Parameters:
    ///   - names: DNS names and IP addresses under which agents and clients reach it; at least one.
    ///   - validity: two years by default: it is issued anew at each start of the coordinator.
    package func issueServer(
        names: [String], validity: Duration = .seconds(730 * 86_400), now: Instant
    ) throws(IdentityError) -> ServerIdentity {
        guard !names.isEmpty else {
            throw IdentityError(.badName, "A server's certificate needs at least one DNS name or IP address.")
        }
        var alternatives: [GeneralName] = []
        for name in names { alternatives.append(try CertificateAuthority.serverName(name)) }
        let serverKey = P256.Signing.PrivateKey()
        let pem = try issue(
            publicKey: Certificate.PublicKey(serverKey.publicKey),
            commonName: "Mortise coordinator \(cluster)",
            alternatives: alternatives, usage: .serverAuth,
            from: now - CertificateAuthority.serverBackdating, until: now + validity, now: now)
        return ServerIdentity(certificatePEM: pem, keyPEM: serverKey.pemRepresentation + "\n")
    }

    /// A certificate for a node; the request gives nothing but its key.
    ///
    /// - Parameter validity: 24 hours by default.
    /// - Returns: the chain in PEM, leaf first.
    package func issueNode(
        _ request: CertificateRequest, node: NodeID, validity: Duration = .seconds(86_400), now: Instant
    ) throws(IdentityError) -> String {
        try issue(
            publicKey: Certificate.PublicKey(request.publicKey), commonName: "node \(node)",
            alternatives: [.uniformResourceIdentifier(NodeURI(cluster: cluster, node: node).description)],
            usage: .clientAuth, from: now - min(CertificateAuthority.nodeBackdating, validity),
            until: now + validity, now: now)
    }

    private func issue(
        publicKey: Certificate.PublicKey, commonName: String, alternatives: [GeneralName],
        usage: ExtendedKeyUsage.Usage, from notBefore: Instant, until notAfter: Instant, now: Instant
    ) throws(IdentityError) -> String {
        let authorityEnd = Instant(parsed.certificate.notValidAfter)
        guard now < authorityEnd else {
            throw IdentityError(
                .expired, "The CA of cluster '\(cluster)' has expired. Make a new one and enroll anew.")
        }
        do {
            let certificate = try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
                notValidBefore: notBefore.date, notValidAfter: min(notAfter, authorityEnd).date,
                issuer: parsed.certificate.subject, subject: try DistinguishedName { CommonName(commonName) },
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.notCertificateAuthority)
                    Critical(KeyUsage(digitalSignature: true))
                    try ExtendedKeyUsage([usage])
                    SubjectKeyIdentifier(hash: publicKey)
                    AuthorityKeyIdentifier(
                        keyIdentifier: SubjectKeyIdentifier(hash: parsed.certificate.publicKey).keyIdentifier)
                    SubjectAlternativeNames(alternatives)
                },
                issuerPrivateKey: Certificate.PrivateKey(key))
            return try ParsedCertificate(der: CertificateAuthority.serialized(certificate), of: commonName)
                .pem
        } catch {
            throw IdentityError(
                .badCertificate, "The certificate of \(commonName) cannot be issued: \(error).")
        }
    }

    private static func serverName(_ name: String) throws(IdentityError) -> GeneralName {
        var four = in_addr()
        if inet_pton(AF_INET, name, &four) == 1 {
            return .ipAddress(ASN1OctetString(contentBytes: withUnsafeBytes(of: four) { ArraySlice($0) }))
        }
        var six = in6_addr()
        if inet_pton(AF_INET6, name, &six) == 1 {
            return .ipAddress(ASN1OctetString(contentBytes: withUnsafeBytes(of: six) { ArraySlice($0) }))
        }
        let isName =
            (1...253).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte)
                    || "-._*".utf8.contains(byte)
            }
        guard isName else {
            throw IdentityError(.badName, "'\(name)' is neither a DNS name nor an IP address.")
        }
        return .dnsName(name)
    }

    private static func serialized(_ certificate: Certificate) throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return serializer.serializedBytes
    }
}

/// A listener's certificate chain and key, both PEM.
package struct ServerIdentity: Sendable, CustomStringConvertible {
    /// Leaf first.
    package let certificatePEM: String
    package let keyPEM: String

    package init(certificatePEM: String, keyPEM: String) {
        self.certificatePEM = certificatePEM
        self.keyPEM = keyPEM
    }

    package var description: String { "server identity" }
}
