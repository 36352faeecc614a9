import ClusterTypes
import CoordinatorCore
import Foundation
import LauncherServers
import NIOSSL
import Synchronization
import TLSIdentity
import Testing

@testable import CoordinatorLaunchers

/// Against an imitation of an API server, over HTTPS with a client certificate.
@Suite("Agents in pods", .timeLimit(.minutes(2)))
struct KubernetesLauncherTests {
    private let scratch: Scratch
    private let kubernetes = FakeKubernetes()

    init() throws { scratch = try Scratch() }

    /// - Parameter body: gets a launcher, whose options it may change first.
    private func withServer(
        options change: (inout KubernetesOptions) -> Void = { _ in },
        _ body: (KubernetesLauncher) async throws -> Void
    ) async throws {
        let now = Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        let authority = try CertificateAuthority.create(cluster: "kubernetes", now: now)
        let identity = try authority.issueServer(names: ["127.0.0.1"], now: now)
        let context = try NIOSSLContext(
            configuration: TLSSettings.agentListener(
                identity: identity, authorityPEM: authority.certificatePEM))
        let kubernetes = kubernetes
        let server = try await FakeServer(tls: context) { kubernetes.answer($0) }
        let key = NodeKey.generate()
        let request = try key.certificateRequestPEM(name: "coordinator")
        let certificate = try authority.issueNode(
            CertificateRequest(pem: request), node: NodeID(1), now: now)
        try scratch.write("token", "first-token\n")
        try scratch.write("client.crt", certificate)
        try scratch.write(
            "kubeconfig",
            """
            apiVersion: v1
            kind: Config
            current-context: lab
            clusters:
            - name: c
              cluster:
                server: https://127.0.0.1:\(server.port)/prefix/
                certificate-authority-data: \(Data(authority.certificatePEM.utf8).base64EncodedString())
            contexts:
            - name: lab
              context: {cluster: c, user: u, namespace: nodes}
            users:
            - name: u
              user:
                tokenFile: token
                client-certificate: client.crt
                client-key-data: \(Data(key.pem.utf8).base64EncodedString())
            """)
        var options = KubernetesOptions(image: "agent:1")
        options.access = .configuration(path: scratch.path + "/kubeconfig", context: nil)
        change(&options)
        try await body(KubernetesLauncher(options, Launching.scope))
        await server.stop()
    }

    private func pods(_ change: (inout [String: JSONTree]) -> Void = { _ in }) -> [String: JSONTree] {
        kubernetes.state.withLock { state in
            change(&state.pods)
            return state.pods
        }
    }

    private var name: String { Launching.scope.prefix + "1-1" }

    private func refuse(_ path: String, _ status: Int, _ message: String, retryAfter: String? = nil) {
        kubernetes.state.withLock { $0.refusals.append((path, status, message, retryAfter)) }
    }

    @Test func `It keeps all promises of a launcher`() async throws {
        try await withServer { (launcher: KubernetesLauncher) async throws -> Void in
            await Launching.expectConformance(launcher)
            #expect(kubernetes.state.withLock { $0.pods.isEmpty && $0.secrets.isEmpty })
        }
    }

    @Test func `The token is in a Secret of the pod alone, and goes with it`() async throws {
        try await withServer { (launcher: KubernetesLauncher) async throws -> Void in
            let found = try await launcher.launch(Launching.order(), Launching.start)
            #expect(found == [Allocation(name: name, launch: LaunchID(1))])
            let secrets = kubernetes.state.withLock { $0.secrets }
            #expect(secrets.keys.sorted() == [name])
            #expect(secrets[name]?["stringData"] == ["join.token": "join-token-of-tests"])
            #expect(secrets[name]?["metadata"]["ownerReferences"].list?.first?["uid"] == "uid-1")
            #expect(
                pods()[name].map { !String(decoding: $0.bytes, as: UTF8.self).contains("join-token-of") }
                    == true)
            try await launcher.release([name, "other-pod"])
            #expect(kubernetes.state.withLock { $0.secrets.isEmpty })
            // What does not begin as ours is not even asked about.
            #expect(!kubernetes.state.withLock { $0.requests.contains { $0.path.contains("other-pod") } })
        }
    }

    @Test func `A pod whose Secret was never made gets it with the next request`() async throws {
        try await withServer { (launcher: KubernetesLauncher) async throws -> Void in
            refuse("/secrets", 500, "broken")
            let failure = await Launching.failure { () async throws(LaunchFailure) in
                try await launcher.launch(Launching.order(), Launching.start)
            }
            #expect(
                failure.code == .unavailable
                    && failure.message.contains("POST /api/v1/namespaces/nodes/secrets"))
            #expect(pods().count == 1)
            #expect(try await launcher.launch(Launching.order(), Launching.start).map(\.state) == [.waiting])
            #expect(kubernetes.state.withLock { $0.secrets.count } == 1)
            #expect(pods().count == 1)
        }
    }

    @Test func `A busy server is asked again when it says so`() async throws {
        try await withServer { (launcher: KubernetesLauncher) async throws -> Void in
            for _ in 0..<3 { refuse("/pods", 429, "too many requests", retryAfter: "0") }
            #expect(try await launcher.list() == [])
            #expect(kubernetes.state.withLock { $0.requests.count } == 4)
            for _ in 0..<5 { refuse("/pods", 503, "etcd has no leader", retryAfter: "0") }
            let failure = await Launching.failure { () async throws(LaunchFailure) in
                try await launcher.list()
            }
            #expect(failure.code == .unavailable && failure.message.hasSuffix("with 503: etcd has no leader"))
        }
    }

    @Test func `A token that was replaced is read again, and one that is no good is refused`() async throws {
        try await withServer { (launcher: KubernetesLauncher) async throws -> Void in
            #expect(try await launcher.list() == [])
            let kubernetes = kubernetes
            let scratch = scratch
            kubernetes.state.withLock { $0.tokens = ["second-token"] }
            let failure = await Launching.failure { () async throws(LaunchFailure) in
                try await launcher.list()
            }
            #expect(
                failure.code == .refused && failure.message.contains("with 401")
                    && !failure.message.contains("first"))
            // Twice: the token may have been replaced between the reading of the file and the question.
            #expect(kubernetes.state.withLock { $0.requests.count } == 3)
            try scratch.write("token", "second-token\n")
            #expect(try await launcher.list() == [])
        }
    }

    @Test(arguments: [
        (403, "pods \"x\" is forbidden: exceeded quota: q, requested: pods=1", LaunchFailure.Code.quota),
        (403, "pods is forbidden: User cannot create resource", .refused),
        (404, "namespaces not found", .refused),
        (422, "Pod is invalid: spec", .refused), (500, "internal error", .unavailable),
    ])
    func `What Kubernetes refuses has its code`(status: Int, message: String, code: LaunchFailure.Code)
        async throws
    {
        try await withServer { (launcher: KubernetesLauncher) async throws -> Void in
            refuse("/pods", status, message)
            let failure = await Launching.failure { () async throws(LaunchFailure) in
                try await launcher.launch(Launching.order(), Launching.start)
            }
            #expect(failure.code == code && failure.message.contains(message), "\(failure)")
        }
    }

    @Test func `Pods that are taken count where others are not`() async throws {
        try await withServer { (launcher: KubernetesLauncher) async throws -> Void in
            refuse("/pods", 403, "exceeded quota: q")
            let found = try await launcher.launch(Launching.order(count: 3), Launching.start)
            #expect(found.count { $0.state == .waiting } == 2)
            #expect(found.first { $0.state == .failed }?.reason.contains("exceeded quota") == true)
        }
    }

    @Test func `A list comes in pages, and begins anew where one has expired`() async throws {
        try await withServer { (launcher: KubernetesLauncher) async throws -> Void in
            kubernetes.state.withLock { $0.pageLimit = 2 }
            _ = try await launcher.launch(Launching.order(count: 5), Launching.start)
            refuse("continue=", 410, "expired")
            #expect(try await launcher.list().count == 5)
            refuse("watch=1", 410, "expired")
            for _ in 0..<3 { refuse("continue=", 410, "expired") }
            let failure = await Launching.failure { () async throws(LaunchFailure) in
                try await launcher.list()
            }
            #expect(failure.code == .unavailable)
        }
    }

    @Test func `After the first look only changes are asked for, and all again where they are forgotten`()
        async throws
    {
        try await withServer { (launcher: KubernetesLauncher) async throws -> Void in
            _ = try await launcher.launch(Launching.order(count: 2), Launching.start)
            #expect(try await launcher.list().map(\.state) == [.waiting, .waiting])
            let second = Launching.scope.prefix + "1-2"
            func phase(_ phase: JSONTree, of name: String) {
                _ = pods { pods in
                    var pod = pods[name]?.object ?? [:]
                    pod["status"] = ["phase": phase]
                    pods[name] = .object(pod)
                }
            }
            func asked() -> (lists: Int, watches: Int) {
                kubernetes.state.withLock { state in
                    let gets = state.requests.filter { $0.method == "GET" && $0.path.contains("/pods?") }
                    let watches = gets.count { $0.path.contains("watch=1") }
                    return (gets.count - watches, watches)
                }
            }
            phase("Running", of: name)
            #expect(try await launcher.list().map(\.state) == [.running, .waiting])
            _ = pods { $0[name] = nil }
            phase("Running", of: second)
            #expect(try await launcher.list().map(\.name) == [second])
            #expect(try await launcher.list().map(\.state) == [.running])
            #expect(asked() == (1, 3))
            // Busy, or broken: what was seen is not forgotten, and nothing is missed.
            refuse("watch=1", 500, "etcd is slow")
            let failure = await Launching.failure { () async throws(LaunchFailure) in
                try await launcher.list()
            }
            #expect(failure.code == .unavailable)
            phase("Succeeded", of: second)
            #expect(try await launcher.list().map(\.state) == [.completed])
            #expect(asked() == (1, 5))
            for forget in [
                { refuse("watch=1", 410, "too old") }, { refuse("watch=1", 403, "may not watch") },
            ] {
                forget()
                _ = try await launcher.list()
            }
            phase("Failed", of: second)
            phase("Running", of: second)
            kubernetes.state.withLock { $0.events.removeFirst($0.events.count - 1) }
            #expect(try await launcher.list().map(\.state) == [.running])
            #expect(asked().lists == 4)
        }
    }

    @Test func `A watch that is none, or not whole, is a failure and loses nothing`() throws {
        func pod(_ name: String, _ revision: Int) -> String {
            let labels = KubernetesPod.creation(
                name, Launching.order(), KubernetesOptions(image: "i"), Launching.scope, owner: nil)[
                    "metadata"]["labels"]
            let object: JSONTree = [
                "metadata": ["name": .text(name), "labels": labels, "resourceVersion": .text("\(revision)")],
                "status": ["phase": "Running"],
            ]
            return String(
                decoding: JSONTree.object(["type": "ADDED", "object": object]).bytes, as: UTF8.self)
        }
        var pods = KubernetesPods([], revision: "5")
        let text = pod(name, 6) + "\n" + pod(Launching.scope.prefix + "1-2", 7)
        #expect(throws: LaunchFailure.self) { try pods.apply(Array(text.utf8), Launching.scope) }
        #expect(pods.allocations.map(\.name) == [name] && pods.revision == "6")
        for text in ["<html>\n", "{}\n", "{\"type\":\"MOVED\",\"object\":{}}\n", "{\"type\":\"ADDED\"}\n"] {
            #expect(throws: LaunchFailure.self, "\(text)") {
                try pods.apply(Array(text.utf8), Launching.scope)
            }
        }
        #expect(try pods.apply([], Launching.scope) && pods.revision == "6")
        let gone = "{\"type\":\"ERROR\",\"object\":{\"code\":410}}\n"
        #expect(try !pods.apply(Array(gone.utf8), Launching.scope))
    }

    @Test func `Pods of others are left alone`() async throws {
        try await withServer { (launcher: KubernetesLauncher) async throws -> Void in
            _ = pods {
                $0[name] = [
                    "metadata": ["name": .text(name), "labels": ["app": "web"]],
                    "status": ["phase": "Running"],
                ]
            }
            #expect(try await launcher.list() == [])
            let failure = await Launching.failure { () async throws(LaunchFailure) in
                try await launcher.launch(Launching.order(), Launching.start)
            }
            #expect(failure.code == .refused && failure.message.contains("that Mortise has not made"))
        }
    }

    @Test func `An owner is looked up and named`() async throws {
        try await withServer(options: { $0.owner = .init(version: "v1", kind: "ConfigMap", name: "mortise") })
        {
            launcher in
            _ = try await launcher.launch(Launching.order(), Launching.start)
            #expect(
                pods()[name]?["metadata"]["ownerReferences"]
                    == [["apiVersion": "v1", "kind": "ConfigMap", "name": "mortise", "uid": "uid-of-owner"]])
        }
    }

    @Test(arguments: [
        ("current-context: lab", "current-context: none", "has nothing called 'none' among its contexts"),
        ("tokenFile: token", "exec: {command: aws}", "with exec, which is not understood"),
        ("certificate-authority-data: ", "certificate-authority-data: '*'\n    other: ", "is not base 64"),
        ("    server: https", "    insecure-skip-tls-verify: true\n    server: https", "never done"),
        ("server: https://", "server: http://", "no address with https://"),
        ("tokenFile: token", "tokenFile: no-token", "there is no file"),
        ("apiVersion: v1", "apiVersion: [", "is no YAML"),
    ])
    func `A kubeconfig that cannot be used is refused with what is wrong`(
        text: String, replacement: String, message: String
    ) async throws {
        try await withServer { (launcher: KubernetesLauncher) async throws -> Void in
            let changed = scratch.read("kubeconfig").replacingOccurrences(of: text, with: replacement)
            #expect(changed != scratch.read("kubeconfig"))
            try scratch.write("kubeconfig", changed)
            let failure = await Launching.failure { () async throws(LaunchFailure) in
                try await launcher.list()
            }
            #expect(failure.message.contains(message), "\(failure)")
        }
    }

    @Test func `A server that is not trusted is not asked`() async throws {
        try await withServer { (launcher: KubernetesLauncher) async throws -> Void in
            let now = Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
            let other = try CertificateAuthority.create(cluster: "kubernetes", now: now)
            let lines = scratch.read("kubeconfig").split(separator: "\n").map { line in
                line.contains("certificate-authority-data")
                    ? "    certificate-authority-data: \(Data(other.certificatePEM.utf8).base64EncodedString())"
                    : line
            }
            try scratch.write("kubeconfig", lines.joined(separator: "\n"))
            let failure = await Launching.failure { () async throws(LaunchFailure) in
                try await launcher.list()
            }
            #expect(failure.code == .unavailable && failure.message.contains("was not issued by the CA"))
            #expect(kubernetes.state.withLock { $0.requests.isEmpty })
        }
    }

    @Test func `Outside of a pod there is no service account`() async {
        let launcher = KubernetesLauncher(KubernetesOptions(image: "agent:1"), Launching.scope)
        let failure = await Launching.failure { () async throws(LaunchFailure) in try await launcher.list() }
        #expect(failure.code == .refused && failure.message.contains("KUBERNETES_SERVICE_HOST"))
    }
}
