import FoundationEssentials

/// Everything that a new agent needs to enroll, in one word: `mortise-join-1.…`.
///
/// It carries the CA's certificate itself, so the first connection is verified like every other one: nothing is
/// trusted on first use.
package struct JoinToken: Hashable, Sendable, CustomStringConvertible {
    static let prefix = "mortise-join-1."
    /// A token with many URLs and a large certificate stays well below.
    static let sizeLimitBytes = 64 << 10

    package let cluster: String
    /// `https://host:port` of the API, best first.
    package let apiURLs: [String]
    /// The one CA that is trusted, PEM.
    package let authorityPEM: String
    package let secret: Secret

    package init(cluster: String, apiURLs: [String], authorityPEM: String, secret: Secret) {
        self.cluster = cluster
        self.apiURLs = apiURLs
        self.authorityPEM = authorityPEM
        self.secret = secret
    }

    /// Keys are short: the token is copied by hand into scripts.
    private struct Content: Codable {
        var cluster: String
        var urls: [String]
        /// DER.
        var ca: Data
        var secret: String
    }

    /// The whole token, to hand out once.
    ///
    /// - Throws: `IdentityError` where `authorityPEM` is no certificate.
    package func text() throws(IdentityError) -> String {
        let authority = try ParsedCertificate(pem: authorityPEM, of: "the CA")
        let content = Content(cluster: cluster, urls: apiURLs, ca: Data(authority.der), secret: secret.text)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return JoinToken.prefix + Base64URL.encode(Array(try encoder.encode(content)))
        } catch {
            throw IdentityError(.badToken, "The join token cannot be written: \(error).")
        }
    }

    /// Spaces and line ends around it are ignored.
    package init(parsing text: String) throws(IdentityError) {
        let text = text.trimmingSpaces
        guard text.hasPrefix(JoinToken.prefix) else {
            let hint = text.hasPrefix(APIToken.prefix) ? " It is an API token, which is for people." : ""
            throw IdentityError(
                .badToken,
                "This is no join token: one begins with \(JoinToken.prefix).\(hint) Make one with: "
                    + "mortise token create")
        }
        let damaged = IdentityError(
            .badToken,
            "The join token is damaged: it was cut or changed on the way. Copy the whole of it again.")
        guard text.utf8.count <= JoinToken.sizeLimitBytes,
            let bytes = Base64URL.decode(text.dropFirst(JoinToken.prefix.count)),
            let content = try? JSONDecoder().decode(Content.self, from: Data(bytes)),
            isClusterName(content.cluster), !content.secret.isEmpty, !content.urls.isEmpty,
            content.urls.allSatisfy({ $0.hasPrefix("https://") })
        else { throw damaged }
        let authority: ParsedCertificate
        do { authority = try ParsedCertificate(der: Array(content.ca), of: "the CA") } catch { throw damaged }
        cluster = content.cluster
        apiURLs = content.urls
        authorityPEM = authority.pem
        secret = Secret(content.secret)
    }

    package var description: String {
        "join token of cluster '\(cluster)' at \(apiURLs.joined(separator: ", "))"
    }
}
