package import ClusterTypes

/// Who an agent is and where it belongs.
package struct NodeIdentity: Sendable {
    package let node: NodeID
    package let cluster: String
    /// "host:port" of the agents' listener, best first.
    package let agentEndpoints: [String]
    /// `https://host:port` of the API, best first.
    package let apiURLs: [String]
    package let key: NodeKey
    /// The chain, leaf first.
    package let certificatePEM: String
    /// The one CA that is trusted.
    package let authorityPEM: String
    /// What the leaf says.
    package let certificate: NodeCertificate

    /// - Throws: `IdentityError` where the certificate is not of this node, cluster and key.
    package init(
        node: NodeID, cluster: String, agentEndpoints: [String], apiURLs: [String], key: NodeKey,
        certificatePEM: String, authorityPEM: String
    ) throws(IdentityError) {
        certificate = try NodeCertificate(pem: certificatePEM)
        _ = try ParsedCertificate(pem: authorityPEM, of: "the CA")
        guard certificate.node == node, certificate.cluster == cluster else {
            throw IdentityError(
                .badCertificate,
                "The certificate is of node \(certificate.node) in cluster '\(certificate.cluster)', not of node "
                    + "\(node) in cluster '\(cluster)'.")
        }
        guard certificate.keyFingerprint == key.fingerprint else {
            throw IdentityError(
                .badCertificate, "The certificate of node \(node) is for another key than this node's.")
        }
        self.node = node
        self.cluster = cluster
        self.agentEndpoints = agentEndpoints
        self.apiURLs = apiURLs
        self.key = key
        self.certificatePEM = certificatePEM
        self.authorityPEM = authorityPEM
    }

    /// The same node with a newer certificate.
    package func renewed(certificatePEM: String) throws(IdentityError) -> NodeIdentity {
        try NodeIdentity(
            node: node, cluster: cluster, agentEndpoints: agentEndpoints, apiURLs: apiURLs, key: key,
            certificatePEM: certificatePEM, authorityPEM: authorityPEM)
    }

    /// PKCS#10 in DER for `renewCertificate`.
    package func renewalRequest() throws(IdentityError) -> [UInt8] {
        try key.certificateRequestDER(name: "node \(node)")
    }
}

/// The directory (0700) of an agent's identity: `node.key` (0600), `node.pem`, `ca.pem`, `identity.json`.
package struct NodeIdentityFiles: Sendable {
    package let directory: String

    package init(directory: String) { self.directory = directory }

    package var keyPath: String { "\(directory)/node.key" }
    private var certificatePath: String { "\(directory)/node.pem" }
    private var authorityPath: String { "\(directory)/ca.pem" }
    private var descriptionPath: String { "\(directory)/identity.json" }

    /// Enrollment has been completed here: the last file is there.
    package var isEnrolled: Bool { IdentityFile.exists(descriptionPath) }

    /// - Throws: `IdentityError` that names the file which is missing or bad; there is nothing to fall back to.
    package func load() throws(IdentityError) -> NodeIdentity {
        let description = try loadDescription()
        let key = try NodeKey(path: keyPath)
        let certificatePEM = try IdentityFile.read(certificatePath)
        let authorityPEM = try IdentityFile.read(authorityPath)
        do { _ = try ParsedCertificate(pem: authorityPEM, of: "the CA") } catch {
            throw IdentityError(.badFile, "'\(authorityPath)' is no CA certificate: \(error) Enroll again.")
        }
        do {
            return try NodeIdentity(
                node: description.node, cluster: description.cluster,
                agentEndpoints: description.agentEndpoints,
                apiURLs: description.apiURLs, key: key, certificatePEM: certificatePEM,
                authorityPEM: authorityPEM)
        } catch {
            throw IdentityError(
                .badFile, "'\(certificatePath)' is not this node's certificate: \(error) Enroll again.")
        }
    }

    private func loadDescription() throws(IdentityError) -> NodeDescription {
        let text: String
        do { text = try IdentityFile.read(descriptionPath) } catch {
            guard error.code == .missingFile else { throw error }
            throw IdentityError(
                .missingFile,
                "This node is not enrolled: '\(descriptionPath)' is missing. Start the agent with a join token."
            )
        }
        guard let description = NodeDescription(parsing: text) else {
            throw IdentityError(.badFile, "'\(descriptionPath)' cannot be read: it is damaged. Enroll again.")
        }
        return description
    }

    /// The key of this directory, made and kept if there is none.
    ///
    /// It is kept before it is used: an enrollment whose answer was lost is repeated with the same key, and so
    /// gets the same node.
    package func keyForEnrollment() throws(IdentityError) -> NodeKey {
        try IdentityFile.createDirectory(directory)
        if IdentityFile.exists(keyPath) { return try NodeKey(path: keyPath) }
        let key = NodeKey.generate()
        try key.save(to: keyPath)
        return key
    }

    /// Writes everything, `identity.json` last: a directory with it is complete.
    package func store(_ identity: NodeIdentity) throws(IdentityError) {
        try IdentityFile.createDirectory(directory)
        try identity.key.save(to: keyPath)
        try IdentityFile.write(identity.authorityPEM, to: authorityPath, mode: 0o644)
        try IdentityFile.write(identity.certificatePEM, to: certificatePath, mode: 0o644)
        let description = NodeDescription(
            node: identity.node, cluster: identity.cluster, agentEndpoints: identity.agentEndpoints,
            apiURLs: identity.apiURLs)
        let text: String
        do { text = try description.text() } catch {
            throw IdentityError(.fileFailed, "'\(descriptionPath)' cannot be written: \(error).")
        }
        try IdentityFile.write(text, to: descriptionPath, mode: 0o644)
    }

    /// Keeps a renewed certificate, after it has proved to be this node's.
    ///
    /// - Returns: the identity for the next connection.
    package func storeRenewed(
        certificatePEM: String, of identity: NodeIdentity
    ) throws(IdentityError) -> NodeIdentity {
        let renewed = try identity.renewed(certificatePEM: certificatePEM)
        try IdentityFile.write(certificatePEM, to: certificatePath, mode: 0o644)
        return renewed
    }
}
