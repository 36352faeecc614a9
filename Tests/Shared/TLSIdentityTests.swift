import ClusterTypes
import Foundation
import TLSIdentity
import Testing

private let now = Instant(microseconds: 1_780_000_000_000_000)

/// A directory of one test's own, removed at its end.
private final class TemporaryDirectory {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "mortise-identity-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func mode(of name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
        return try #require(attributes[.posixPermissions] as? Int)
    }

    func write(_ text: String, to name: String, mode: Int = 0o600) throws {
        try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(path)/\(name)")
    }
}

private func code(of body: () throws -> Void) -> IdentityError.Code? {
    do { try body() } catch { return (error as? IdentityError)?.code }
    return nil
}

private func message(of body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return ""
}

@Suite struct CertificateAuthorityTests {
    @Test func `An authority that is saved and loaded is the same`() throws {
        let directory = try TemporaryDirectory()
        let authority = try CertificateAuthority.create(cluster: "alpha", now: now)
        try authority.save(directory: directory.path + "/ca")
        let loaded = try CertificateAuthority.load(directory: directory.path + "/ca")
        #expect(loaded.pin == authority.pin)
        #expect(loaded.cluster == "alpha")
        #expect(loaded.certificatePEM == authority.certificatePEM)
        #expect(try directory.mode(of: "ca/ca.key") == 0o600)
        #expect(try directory.mode(of: "ca") == 0o700)
    }

    @Test func `An authority is never written over another`() throws {
        let directory = try TemporaryDirectory()
        try CertificateAuthority.create(cluster: "alpha", now: now).save(directory: directory.path)
        let second = try CertificateAuthority.create(cluster: "alpha", now: now)
        #expect(code { try second.save(directory: directory.path) } == .alreadyExists)
        #expect(try CertificateAuthority.load(directory: directory.path).pin != second.pin)
    }

    @Test(arguments: ["ca.pem", "ca.key"])
    func `A missing file is an error that names it`(file: String) throws {
        let directory = try TemporaryDirectory()
        try CertificateAuthority.create(cluster: "alpha", now: now).save(directory: directory.path)
        try FileManager.default.removeItem(atPath: "\(directory.path)/\(file)")
        #expect(code { _ = try CertificateAuthority.load(directory: directory.path) } == .missingFile)
        #expect(message { _ = try CertificateAuthority.load(directory: directory.path) }.contains(file))
    }

    @Test(arguments: ["ca.pem", "ca.key"])
    func `A damaged file is an error that names it and does not quote it`(file: String) throws {
        let directory = try TemporaryDirectory()
        try CertificateAuthority.create(cluster: "alpha", now: now).save(directory: directory.path)
        try directory.write("-----BEGIN nonsense that nobody may see", to: file)
        let text = message { _ = try CertificateAuthority.load(directory: directory.path) }
        #expect(text.contains(file))
        #expect(!text.contains("nobody may see"))
    }

    @Test func `A key of another authority is refused`() throws {
        let directory = try TemporaryDirectory()
        try CertificateAuthority.create(cluster: "alpha", now: now).save(directory: directory.path + "/a")
        try CertificateAuthority.create(cluster: "alpha", now: now).save(directory: directory.path + "/b")
        try FileManager.default.removeItem(atPath: directory.path + "/a/ca.key")
        try FileManager.default.copyItem(
            atPath: directory.path + "/b/ca.key", toPath: directory.path + "/a/ca.key")
        #expect(code { _ = try CertificateAuthority.load(directory: directory.path + "/a") } == .badFile)
    }

    @Test func `A key that every user can read is refused`() throws {
        let directory = try TemporaryDirectory()
        try CertificateAuthority.create(cluster: "alpha", now: now).save(directory: directory.path)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o644], ofItemAtPath: "\(directory.path)/ca.key")
        #expect(
            message { _ = try CertificateAuthority.load(directory: directory.path) }.contains("chmod 600"))
    }

    @Test(arguments: ["", "a b", "a/b", String(repeating: "x", count: 64)])
    func `A name that cannot stand in a URI is no cluster's name`(name: String) {
        #expect(code { _ = try CertificateAuthority.create(cluster: name, now: now) } == .badName)
    }

    @Test func `A node's certificate says what the authority chose, not what the request asks`() throws {
        let authority = try CertificateAuthority.create(cluster: "alpha", now: now)
        let key = NodeKey.generate()
        let request = try CertificateRequest(pem: key.certificateRequestPEM(name: "I am the coordinator"))
        let pem = try authority.issueNode(request, node: NodeID(7), now: now)
        let certificate = try NodeCertificate(pem: pem)
        #expect(certificate.node == NodeID(7))
        #expect(certificate.cluster == "alpha")
        #expect(certificate.keyFingerprint == key.fingerprint)
        #expect(certificate.notAfter == now + .seconds(86_400))
        #expect(!pem.contains("coordinator"))
    }

    @Test func `Every form of a request gives the key's one fingerprint`() throws {
        let key = NodeKey.generate()
        #expect(
            try CertificateRequest(pem: key.certificateRequestPEM(name: "a")).keyFingerprint
                == key.fingerprint)
        #expect(
            try CertificateRequest(der: key.certificateRequestDER(name: "b")).keyFingerprint
                == key.fingerprint)
        #expect(key.fingerprint.count == 64)
        #expect(try NodeKey(pem: key.pem).fingerprint == key.fingerprint)
    }

    @Test func `A request that was changed after signing is refused`() throws {
        var der = try NodeKey.generate().certificateRequestDER(name: "node-a")
        let index = try #require(der.firstIndex(of: UInt8(ascii: "a")))
        der[index] = UInt8(ascii: "b")
        #expect(code { _ = try CertificateRequest(der: der) } == .badRequest)
    }

    @Test func `Bytes that are no request are refused`() {
        #expect(code { _ = try CertificateRequest(der: []) } == .badRequest)
        #expect(code { _ = try CertificateRequest(der: [0x30, 0x82, 0xFF, 0xFF]) } == .badRequest)
        #expect(code { _ = try CertificateRequest(pem: "hello") } == .badRequest)
        let large = String(repeating: "a", count: 1 << 20)
        #expect(code { _ = try CertificateRequest(pem: large) } == .badRequest)
    }

    @Test func `A server's certificate needs names that are names`() throws {
        let authority = try CertificateAuthority.create(cluster: "alpha", now: now)
        #expect(code { _ = try authority.issueServer(names: [], now: now) } == .badName)
        #expect(code { _ = try authority.issueServer(names: ["a b"], now: now) } == .badName)
        let identity = try authority.issueServer(names: ["head", "10.0.0.1", "::1"], now: now)
        _ = try TLSSettings.agentListener(identity: identity, authorityPEM: authority.certificatePEM)
    }

    @Test func `A server's certificate is no node's`() throws {
        let authority = try CertificateAuthority.create(cluster: "alpha", now: now)
        let identity = try authority.issueServer(names: ["head"], now: now)
        #expect(code { _ = try NodeCertificate(pem: identity.certificatePEM) } == .badCertificate)
    }

    @Test func `An authority that has expired issues nothing`() throws {
        let authority = try CertificateAuthority.create(cluster: "alpha", now: now)
        let later = now + .seconds(11 * 366 * 86_400)
        #expect(code { _ = try authority.issueServer(names: ["head"], now: later) } == .expired)
    }

    @Test func `A certificate never outlives its authority`() throws {
        let authority = try CertificateAuthority.create(cluster: "alpha", now: now)
        let request = try CertificateRequest(pem: NodeKey.generate().certificateRequestPEM(name: "a"))
        let near = now + .seconds(3_650 * 86_400 - 60)
        let certificate = try NodeCertificate(pem: authority.issueNode(request, node: NodeID(1), now: near))
        #expect(certificate.notAfter == near + .seconds(60))
    }

    @Test func `Renewal is due at two thirds of the certificate's life`() {
        let due = NodeCertificate.renewalDue(notBefore: now, notAfter: now + .seconds(90))
        #expect(due == now + .seconds(60))
    }

    @Test func `A certificate is checked for its cluster and its time`() throws {
        let authority = try CertificateAuthority.create(cluster: "alpha", now: now)
        let request = try CertificateRequest(pem: NodeKey.generate().certificateRequestPEM(name: "a"))
        let certificate = try NodeCertificate(pem: authority.issueNode(request, node: NodeID(1), now: now))
        try certificate.check(cluster: "alpha", now: now)
        #expect(code { try certificate.check(cluster: "beta", now: now) } == .foreignCluster)
        #expect(code { try certificate.check(cluster: "alpha", now: now + .seconds(86_400)) } == .expired)
    }
}

@Suite struct TokenTests {
    private func token() throws -> JoinToken {
        let authority = try CertificateAuthority.create(cluster: "alpha", now: now)
        return JoinToken(
            cluster: "alpha", apiURLs: ["https://head:7442", "https://10.0.0.1:7442"],
            authorityPEM: authority.certificatePEM, secret: .generate())
    }

    @Test func `A join token survives being written, wrapped in spaces and read`() throws {
        let token = try token()
        let read = try JoinToken(parsing: "  \(token.text())\n")
        #expect(read == token)
    }

    @Test func `A join token that was cut says so`() throws {
        let text = try token().text()
        let cut = String(text.dropLast(10))
        #expect(message { _ = try JoinToken(parsing: cut) }.contains("Copy the whole"))
    }

    @Test func `Each kind of token says that it is the wrong kind`() throws {
        let join = try token()
        let api = APIToken(secret: .generate())
        #expect(message { _ = try JoinToken(parsing: api.text) }.contains("It is an API token"))
        #expect(message { _ = try APIToken(parsing: join.text()) }.contains("It is a join token"))
        #expect(try APIToken(parsing: api.text + "\n") == api)
    }

    @Test func `Secrets are never printed`() throws {
        let token = try token()
        let api = APIToken(secret: token.secret)
        var dumped = ""
        dump(token, to: &dumped)
        dump(api, to: &dumped)
        for text in ["\(token)", "\(api)", "\(token.secret)", String(reflecting: token.secret), dumped] {
            #expect(!text.contains(token.secret.text))
        }
    }

    @Test func `Secrets are 32 random bytes, and only their hash is kept`() {
        let secrets = (0..<100).map { _ in Secret.generate() }
        #expect(Set(secrets).count == 100)
        #expect(secrets.allSatisfy { $0.text.utf8.count == 43 })
        #expect(Secret("abc").hash == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}

@Suite struct NodeIdentityFilesTests {
    private let authority: CertificateAuthority

    init() throws { authority = try CertificateAuthority.create(cluster: "alpha", now: now) }

    private func identity(key: NodeKey = .generate(), node: UInt64 = 3) throws -> NodeIdentity {
        let request = try CertificateRequest(pem: key.certificateRequestPEM(name: "a"))
        return try NodeIdentity(
            node: NodeID(node), cluster: "alpha", agentEndpoints: ["head:7443"],
            apiURLs: ["https://head:7442"],
            key: key, certificatePEM: authority.issueNode(request, node: NodeID(node), now: now),
            authorityPEM: authority.certificatePEM)
    }

    @Test func `An identity that is stored and loaded is the same, and its files are closed to others`()
        throws
    {
        let directory = try TemporaryDirectory()
        let files = NodeIdentityFiles(directory: directory.path + "/state/identity")
        #expect(!files.isEnrolled)
        let identity = try identity()
        try files.store(identity)
        #expect(files.isEnrolled)
        let loaded = try files.load()
        #expect(loaded.certificate == identity.certificate)
        #expect(loaded.agentEndpoints == ["head:7443"])
        #expect(loaded.apiURLs == ["https://head:7442"])
        #expect(loaded.key.fingerprint == identity.key.fingerprint)
        #expect(try directory.mode(of: "state/identity") == 0o700)
        #expect(try directory.mode(of: "state/identity/node.key") == 0o600)
        _ = try TLSSettings.agent(loaded)
    }

    @Test(arguments: ["ca.pem", "node.pem", "node.key", "identity.json"])
    func `A missing file is an error that names it`(file: String) throws {
        let directory = try TemporaryDirectory()
        let files = NodeIdentityFiles(directory: directory.path)
        try files.store(identity())
        try FileManager.default.removeItem(atPath: "\(directory.path)/\(file)")
        #expect(code { _ = try files.load() } == .missingFile)
        #expect(message { _ = try files.load() }.contains(file))
    }

    @Test(arguments: ["ca.pem", "node.pem", "node.key", "identity.json"])
    func `A damaged file is an error that names it`(file: String) throws {
        let directory = try TemporaryDirectory()
        let files = NodeIdentityFiles(directory: directory.path)
        try files.store(identity())
        try directory.write("damaged", to: file)
        #expect(code { _ = try files.load() } == .badFile)
        #expect(message { _ = try files.load() }.contains(file))
    }

    @Test func `A renewed certificate is kept only if it is this node's`() throws {
        let directory = try TemporaryDirectory()
        let files = NodeIdentityFiles(directory: directory.path)
        let identity = try identity()
        try files.store(identity)
        let foreign = try self.identity(node: 4)
        #expect(
            code { _ = try files.storeRenewed(certificatePEM: foreign.certificatePEM, of: identity) }
                == .badCertificate)
        #expect(try files.load().certificate == identity.certificate)

        let request = try CertificateRequest(der: identity.renewalRequest())
        let pem = try authority.issueNode(request, node: NodeID(3), now: now + .seconds(60_000))
        let renewed = try files.storeRenewed(certificatePEM: pem, of: identity)
        #expect(renewed.certificate.notAfter == now + .seconds(146_400))
        #expect(try files.load().certificate == renewed.certificate)
    }

    @Test func `The key for enrollment stays the same until the node is enrolled`() throws {
        let directory = try TemporaryDirectory()
        let files = NodeIdentityFiles(directory: directory.path + "/identity")
        let first = try files.keyForEnrollment()
        #expect(try files.keyForEnrollment().fingerprint == first.fingerprint)
        #expect(!files.isEnrolled)
    }
}
