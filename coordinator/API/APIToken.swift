import Crypto

/// Secrets of tokens. A secret is 32 random bytes in base64url; only its SHA-256 is kept.
package enum APIToken {
    /// What stands before the secret in an API token's text: says what it is wherever it turns up.
    package static let prefix = "mortise-api-1."

    /// A new secret, 43 characters.
    package static func makeSecret() -> String {
        var random = SystemRandomNumberGenerator()
        return base64url((0..<32).map { _ in UInt8.random(in: 0...255, using: &random) })
    }

    /// The text that a user sends as bearer.
    package static func text(secret: String) -> String { prefix + secret }

    /// What the store keeps: SHA-256 of the secret's text (without the prefix), in lower-case hex.
    package static func hash(secret: String) -> String {
        var hash = SHA256()
        var secret = secret
        secret.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        let digits = Array("0123456789abcdef".utf8)
        let hex = hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: hex, as: UTF8.self)
    }

    /// The secret in an `Authorization` header; nil where it is no API token.
    static func secret(inAuthorization header: String) -> String? {
        let scheme = "bearer "
        guard header.prefix(scheme.count).lowercased() == scheme else { return nil }
        let token = header.dropFirst(scheme.count).drop { $0 == " " }
        guard token.hasPrefix(prefix), token.utf8.count <= 256 else { return nil }
        return String(token.dropFirst(prefix.count))
    }

    private static func base64url(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for digit in 0...group.count { text.append(alphabet[bits >> (18 - 6 * digit) & 63]) }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
