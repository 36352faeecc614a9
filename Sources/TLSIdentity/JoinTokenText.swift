import FoundationEssentials

/// What a join token says, its certificate still being bytes that nobody has looked at.
struct JoinTokenText: Hashable, Sendable {
    static let prefix = "mortise-join-1."
    /// A token with many URLs and a large certificate stays well below.
    static let sizeLimitBytes = 64 << 10

    var cluster: String
    /// Each begins with `https://`.
    var apiURLs: [String]
    /// DER.
    var authority: [UInt8]
    var secret: Secret

    /// Keys are short: the token is copied by hand into scripts.
    private struct Content: Codable {
        var cluster: String
        var urls: [String]
        var ca: Data
        var secret: String
    }

    init(cluster: String, apiURLs: [String], authority: [UInt8], secret: Secret) {
        self.cluster = cluster
        self.apiURLs = apiURLs
        self.authority = authority
        self.secret = secret
    }

    /// Spaces and line ends around it are ignored.
    init(parsing text: String) throws(IdentityError) {
        let text = text.trimmingSpaces
        guard text.hasPrefix(JoinTokenText.prefix) else {
            let hint = text.hasPrefix(APIToken.prefix) ? " It is an API token, which is for people." : ""
            throw IdentityError(
                .badToken,
                "This is no join token: one begins with \(JoinTokenText.prefix).\(hint) Make one with: "
                    + "mortise token create")
        }
        guard text.utf8.count <= JoinTokenText.sizeLimitBytes,
            let bytes = Base64URL.decode(text.dropFirst(JoinTokenText.prefix.count)),
            let content = try? JSONDecoder().decode(Content.self, from: Data(bytes)),
            isClusterName(content.cluster), !content.secret.isEmpty, !content.urls.isEmpty,
            content.urls.allSatisfy({ $0.hasPrefix("https://") })
        else { throw JoinTokenText.damaged }
        self.init(
            cluster: content.cluster, apiURLs: content.urls, authority: Array(content.ca),
            secret: Secret(content.secret))
    }

    /// The whole token.
    func text() throws(IdentityError) -> String {
        let content = Content(cluster: cluster, urls: apiURLs, ca: Data(authority), secret: secret.text)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return JoinTokenText.prefix + Base64URL.encode(Array(try encoder.encode(content)))
        } catch {
            throw IdentityError(.badToken, "The join token cannot be written: \(error).")
        }
    }

    static var damaged: IdentityError {
        IdentityError(
            .badToken,
            "The join token is damaged: it was cut or changed on the way. Copy the whole of it again.")
    }
}
