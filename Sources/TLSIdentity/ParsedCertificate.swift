import Crypto
import FoundationEssentials
import SwiftASN1
import X509

/// A certificate as bytes, text and values.
struct ParsedCertificate: Sendable {
    let certificate: Certificate
    let der: [UInt8]

    /// - Parameter what: whose certificate it is, for the error.
    init(der: [UInt8], of what: String) throws(IdentityError) {
        do {
            certificate = try Certificate(derEncoded: der)
            self.der = der
        } catch {
            throw IdentityError(.badCertificate, "The certificate of \(what) cannot be read: \(error).")
        }
    }

    /// The first certificate of a PEM text: the leaf, where it is a chain.
    init(pem: String, of what: String) throws(IdentityError) {
        let document: PEMDocument
        do {
            guard let first = try PEMDocument.parseMultiple(pemString: pem).first,
                first.discriminator == "CERTIFICATE"
            else { throw IdentityError(.badCertificate, "it has no block BEGIN CERTIFICATE") }
            document = first
        } catch {
            throw IdentityError(.badCertificate, "The certificate of \(what) is not PEM: \(error).")
        }
        try self.init(der: document.derBytes, of: what)
    }

    var pem: String { PEMDocument(type: "CERTIFICATE", derBytes: der).pemString + "\n" }
}

/// SHA-256 of a public key's SubjectPublicKeyInfo (DER) in hex: what node identities are bound to.
enum KeyFingerprint {
    static func of(_ key: P256.Signing.PublicKey) -> String { sha256Hex(key.derRepresentation) }

    /// nil where it is not P-256: identities have no other keys.
    static func of(_ key: Certificate.PublicKey) -> String? { P256.Signing.PublicKey(key).map { of($0) } }
}
