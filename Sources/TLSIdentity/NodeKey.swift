import Crypto
import FoundationEssentials
import SwiftASN1
import X509

/// The P-256 key that a node's identity is bound to; it never leaves its node.
package struct NodeKey: Sendable, CustomStringConvertible {
    let key: P256.Signing.PrivateKey

    package static func generate() -> NodeKey { NodeKey(key: P256.Signing.PrivateKey()) }

    init(key: P256.Signing.PrivateKey) { self.key = key }

    package init(pem: String) throws(IdentityError) {
        do {
            key = try P256.Signing.PrivateKey(pemRepresentation: pem)
        } catch {
            // The error of the library may quote what it read.
            throw IdentityError(.badFile, "This is no P-256 private key in PEM.")
        }
    }

    /// - Throws: `IdentityError`, naming the file; also where every user may read it.
    package init(path: String) throws(IdentityError) {
        let pem = try IdentityFile.read(path, isSecret: true)
        do { self = try NodeKey(pem: pem) } catch {
            throw IdentityError(
                .badFile, "'\(path)' is no P-256 private key in PEM. Remove it and enroll again.")
        }
    }

    /// PKCS#8.
    package var pem: String { key.pemRepresentation + "\n" }

    /// Writes it readable for its owner alone.
    package func save(to path: String) throws(IdentityError) {
        try IdentityFile.write(pem, to: path, mode: 0o600)
    }

    /// SHA-256 of the public key's SubjectPublicKeyInfo (DER) in hex.
    package var fingerprint: String { KeyFingerprint.of(key.publicKey) }

    /// PKCS#10 in PEM. Its name is only for people: the CA chooses what the certificate says.
    package func certificateRequestPEM(name: String) throws(IdentityError) -> String {
        PEMDocument(type: "CERTIFICATE REQUEST", derBytes: try certificateRequestDER(name: name)).pemString
            + "\n"
    }

    /// As `certificateRequestPEM`, in DER: what a renewal sends.
    package func certificateRequestDER(name: String) throws(IdentityError) -> [UInt8] {
        do {
            let request = try CertificateSigningRequest(
                version: .v1, subject: DistinguishedName { CommonName(name) },
                privateKey: Certificate.PrivateKey(key), attributes: CertificateSigningRequest.Attributes([]),
                signatureAlgorithm: .ecdsaWithSHA256)
            var serializer = DER.Serializer()
            try serializer.serialize(request)
            return serializer.serializedBytes
        } catch {
            throw IdentityError(
                .badRequest, "The certificate request for '\(name)' cannot be made: \(error).")
        }
    }

    package var description: String { "key \(fingerprint.prefix(16))…" }
}

/// A PKCS#10 request whose signature proves that its sender holds the key.
package struct CertificateRequest: Sendable {
    /// A request with one P-256 key and a name is about 300 bytes.
    static let sizeLimitBytes = 16 << 10

    let publicKey: P256.Signing.PublicKey

    /// - Throws: `IdentityError` for what cannot be read, has another kind of key or a wrong signature.
    package init(pem: String) throws(IdentityError) {
        let document: PEMDocument
        do {
            guard pem.utf8.count <= CertificateRequest.sizeLimitBytes else {
                throw IdentityError(.badRequest, "it is too large")
            }
            document = try PEMDocument(pemString: pem)
        } catch {
            throw IdentityError(.badRequest, "The certificate request is not PEM: \(error).")
        }
        guard document.discriminator == "CERTIFICATE REQUEST" else {
            throw IdentityError(
                .badRequest, "This is no certificate request: its block is BEGIN \(document.discriminator).")
        }
        try self.init(der: document.derBytes)
    }

    package init(der: [UInt8]) throws(IdentityError) {
        guard der.count <= CertificateRequest.sizeLimitBytes else {
            throw IdentityError(.badRequest, "The certificate request is too large.")
        }
        let request: CertificateSigningRequest
        do { request = try CertificateSigningRequest(derEncoded: der) } catch {
            throw IdentityError(.badRequest, "The certificate request cannot be read: \(error).")
        }
        guard let key = P256.Signing.PublicKey(request.publicKey) else {
            throw IdentityError(.badRequest, "The certificate request's key is not P-256.")
        }
        guard request.publicKey.isValidSignature(request.signature, for: request) else {
            throw IdentityError(.badRequest, "The certificate request is not signed by its own key.")
        }
        publicKey = key
    }

    /// The same text as `NodeKey.fingerprint` and `NodeCertificate.keyFingerprint` of this key.
    package var keyFingerprint: String { KeyFingerprint.of(publicKey) }
}
