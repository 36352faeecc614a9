package import ClusterTypes
import Crypto
import FoundationEssentials
import SwiftASN1
import X509

/// What a node's certificate says. Whether the CA has signed it is for the TLS library to decide.
package struct NodeCertificate: Hashable, Sendable {
    package let cluster: String
    package let node: NodeID
    /// SHA-256 of the public key's SubjectPublicKeyInfo (DER) in hex.
    package let keyFingerprint: String
    /// In hex.
    package let serial: String
    package let notBefore: Instant
    package let notAfter: Instant

    /// The leaf of a chain in PEM.
    package init(pem: String) throws(IdentityError) {
        try self.init(ParsedCertificate(pem: pem, of: "the node"))
    }

    package init(der: [UInt8]) throws(IdentityError) {
        try self.init(ParsedCertificate(der: der, of: "the node"))
    }

    private init(_ parsed: ParsedCertificate) throws(IdentityError) {
        let certificate = parsed.certificate
        (cluster, node) = try NodeCertificate.names(in: certificate)
        guard let fingerprint = KeyFingerprint.of(certificate.publicKey) else {
            throw IdentityError(.badCertificate, "The key of the certificate of node \(node) is not P-256.")
        }
        keyFingerprint = fingerprint
        serial = certificate.serialNumber.bytes.hex
        notBefore = Instant(certificate.notValidBefore)
        notAfter = Instant(certificate.notValidAfter)
    }

    private static func names(in certificate: Certificate) throws(IdentityError) -> (String, NodeID) {
        let names = try? certificate.extensions.subjectAlternativeNames
        let uris = (names.map(Array.init) ?? []).compactMap { name -> String? in
            if case .uniformResourceIdentifier(let uri) = name { uri } else { nil }
        }
        guard uris.count == 1, let uri = uris.first, uri.hasPrefix(NodeURI.scheme) else {
            throw IdentityError(.badCertificate, "The certificate names no node: it is not for an agent.")
        }
        guard let name = NodeURI(parsing: uri) else {
            throw IdentityError(
                .badCertificate, "The certificate's name is not mortise://CLUSTER/node/NUMBER.")
        }
        return (name.cluster, name.node)
    }

    /// Throws unless it is of this cluster and in its time.
    package func check(cluster expected: String, now: Instant) throws(IdentityError) {
        guard cluster == expected else {
            throw IdentityError(
                .foreignCluster,
                "The certificate is of cluster '\(cluster)', this is cluster '\(expected)'. Enroll with a token of "
                    + "this cluster.")
        }
        guard now < notAfter else {
            throw IdentityError(.expired, "The certificate of node \(node) has expired. Enroll again.")
        }
    }

    /// When to ask for the next certificate: at two thirds of this one's life.
    package var renewalDue: Instant { NodeCertificate.renewalDue(notBefore: notBefore, notAfter: notAfter) }

    package static func renewalDue(notBefore: Instant, notAfter: Instant) -> Instant {
        notBefore + (notAfter - notBefore) * 2 / 3
    }
}
