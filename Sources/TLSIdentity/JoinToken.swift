/// Everything that a new agent needs to enroll, in one word: `mortise-join-1.…`.
///
/// It carries the CA's certificate itself, so the first connection is verified like every other one: nothing is
/// trusted on first use.
package struct JoinToken: Hashable, Sendable, CustomStringConvertible {
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

    /// The whole token, to hand out once.
    ///
    /// - Throws: `IdentityError` where `authorityPEM` is no certificate.
    package func text() throws(IdentityError) -> String {
        let authority = try ParsedCertificate(pem: authorityPEM, of: "the CA")
        return try JoinTokenText(
            cluster: cluster, apiURLs: apiURLs, authority: authority.der, secret: secret
        ).text()
    }

    /// Spaces and line ends around it are ignored.
    package init(parsing text: String) throws(IdentityError) {
        let said = try JoinTokenText(parsing: text)
        let authority: ParsedCertificate
        do { authority = try ParsedCertificate(der: said.authority, of: "the CA") } catch {
            throw JoinTokenText.damaged
        }
        cluster = said.cluster
        apiURLs = said.apiURLs
        authorityPEM = authority.pem
        secret = said.secret
    }

    package var description: String {
        "join token of cluster '\(cluster)' at \(apiURLs.joined(separator: ", "))"
    }
}
