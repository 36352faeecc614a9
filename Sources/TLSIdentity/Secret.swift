/// What admits its bearer. Never printed: only its hash is kept, and only in stores.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The secret itself, as tokens carry it: base64url.
    package let text: String

    package init(_ text: String) { self.text = text }

    /// 32 random bytes of the system.
    package static func generate() -> Secret {
        var generator = SystemRandomNumberGenerator()
        return Secret(
            Base64URL.encode((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }))
    }

    package var description: String { "(secret)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The bearer token of the API: `mortise-api-1.SECRET`.
package struct APIToken: Hashable, Sendable, CustomStringConvertible {
    static let prefix = "mortise-api-1."

    package let secret: Secret

    package init(secret: Secret) { self.secret = secret }

    /// Spaces and line ends around it are ignored.
    package init(parsing text: String) throws(IdentityError) {
        let text = text.trimmingSpaces
        guard text.hasPrefix(APIToken.prefix), text.utf8.count > APIToken.prefix.utf8.count + 16,
            text.utf8.count < 512
        else {
            let hint = text.hasPrefix(JoinTokenText.prefix) ? " It is a join token, which is for agents." : ""
            throw IdentityError(
                .badToken,
                "This is no API token: one begins with \(APIToken.prefix).\(hint) Make one with: "
                    + "mortise token create")
        }
        secret = Secret(String(text.dropFirst(APIToken.prefix.count)))
    }

    /// The whole token, to hand out once.
    package var text: String { APIToken.prefix + secret.text }

    package var description: String { "API token \(secret)" }
}

extension String {
    var trimmingSpaces: Substring {
        let isSpace: (Character) -> Bool = { $0.isWhitespace }
        let head = drop(while: isSpace)
        guard let last = head.lastIndex(where: { !isSpace($0) }) else { return "" }
        return head[...last]
    }
}
