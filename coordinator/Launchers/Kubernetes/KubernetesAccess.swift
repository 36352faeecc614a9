import CoordinatorCore
import Foundation
import HTTPSClient
import Platform
import Yams

/// Where an API server is and as whom it is asked, read from files.
struct KubernetesAccess: Sendable {
    var server: HTTPSEndpoint
    /// In front of all paths: "" or `/k8s/clusters/c-1`.
    var path: String
    var tls: TLSClientSettings
    /// nil: the client certificate says who asks.
    var token: String?
    var namespace: String

    /// Reads it anew: tokens are replaced about every hour.
    static func read(_ access: KubernetesOptions.Access) throws(LaunchFailure) -> KubernetesAccess {
        switch access {
        case .pod(let folder): try pod(folder)
        case .configuration(let path, let context):
            try KubernetesConfiguration(try text(path), path: path).access(context)
        }
    }

    private static func pod(_ folder: String) throws(LaunchFailure) -> KubernetesAccess {
        guard let host = Host.variable("KUBERNETES_SERVICE_HOST"),
            let port = Int(Host.variable("KUBERNETES_SERVICE_PORT") ?? "443")
        else {
            throw LaunchFailure(
                .refused,
                "The coordinator runs in no pod of Kubernetes (KUBERNETES_SERVICE_HOST is not set): name a kubeconfig."
            )
        }
        return KubernetesAccess(
            server: HTTPSEndpoint(host: host, port: port), path: "",
            tls: TLSClientSettings(trustRootsPEM: try text(folder + "/ca.crt"), allowsTLS12: true),
            token: try text(folder + "/token").trimmedBlanks,
            namespace: (try? text(folder + "/namespace").trimmedBlanks) ?? "default")
    }

    static func text(_ path: String) throws(LaunchFailure) -> String {
        do throws(SystemError) {
            if let bytes = try AtomicFile.read(path, limitBytes: 4 << 20) {
                return String(decoding: bytes, as: UTF8.self)
            }
        } catch {
            throw LaunchFailure(.unavailable, "Kubernetes: \(error).")
        }
        throw LaunchFailure(.unavailable, "Kubernetes: there is no file \(path).")
    }
}

/// A kubeconfig, of which certificates and tokens are understood, and no plug-ins.
struct KubernetesConfiguration {
    private let tree: JSONTree
    private let path: String

    /// - Parameter path: of the file, for messages; and other files are named from its folder.
    init(_ text: String, path: String) throws(LaunchFailure) {
        self.path = path
        do {
            tree = try Yams.compose(yaml: text).map { JSONTree($0) } ?? .null
        } catch {
            throw LaunchFailure(.refused, "The kubeconfig \(path) is no YAML: \(error)")
        }
    }

    func access(_ name: String?) throws(LaunchFailure) -> KubernetesAccess {
        guard let name = name ?? tree["current-context"].text, !name.isEmpty else {
            throw refused("names no current context; name one for the pool")
        }
        let context = try entry("contexts", name)["context"]
        let cluster = try entry("clusters", context["cluster"].text ?? "")["cluster"]
        let user = try entry("users", context["user"].text ?? "")["user"]
        guard let url = cluster["server"].text, let (server, prefix) = Self.parse(url) else {
            throw refused("has the server \(cluster["server"].excerpt), which is no address with https://")
        }
        if cluster["insecure-skip-tls-verify"] == true || cluster["insecure-skip-tls-verify"] == "true" {
            throw refused(
                "asks not to verify the server, which is never done: give it certificate-authority-data")
        }
        for key in ["exec", "auth-provider", "username", "as"] where !user[key].isNull {
            throw refused(
                "has the user '\(context["user"].text ?? "")' with \(key), which is not understood: take a token "
                    + "of a service account or a client certificate")
        }
        let tls = TLSClientSettings(
            trustRootsPEM: try pem(cluster, "certificate-authority"),
            certificatePEM: try pem(user, "client-certificate"),
            keyPEM: try pem(user, "client-key"), allowsTLS12: true)
        var token = user["token"].text
        if let file = user["tokenFile"].text {
            token = try KubernetesAccess.text(absolute(file)).trimmedBlanks
        }
        guard token != nil || tls.certificatePEM != nil && tls.keyPEM != nil else {
            throw refused(
                "has the user '\(context["user"].text ?? "")' with neither a token nor a client certificate")
        }
        return KubernetesAccess(
            server: server, path: prefix, tls: tls, token: token,
            namespace: context["namespace"].text ?? "default")
    }

    private func entry(_ list: String, _ name: String) throws(LaunchFailure) -> JSONTree {
        if let entry = tree[list].list?.first(where: { $0["name"].text == name }) { return entry }
        throw refused("has nothing called '\(name)' among its \(list)")
    }

    /// `KEY-data` in base 64, or the file `KEY`.
    private func pem(_ section: JSONTree, _ key: String) throws(LaunchFailure) -> String? {
        if let data = section[key + "-data"].text {
            guard let bytes = Data(base64Encoded: data, options: .ignoreUnknownCharacters) else {
                throw refused("has \(key)-data that is not base 64")
            }
            return String(decoding: bytes, as: UTF8.self)
        }
        guard let file = section[key].text else { return nil }
        return try KubernetesAccess.text(absolute(file))
    }

    private func absolute(_ file: String) -> String {
        guard !file.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return file }
        return path[...slash] + file
    }

    private static func parse(_ url: String) -> (HTTPSEndpoint, String)? {
        let scheme = "https://"
        guard url.hasPrefix(scheme) else { return nil }
        let rest = url.dropFirst(scheme.count)
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        guard let server = HTTPSEndpoint(url: scheme + rest[..<end]) else { return nil }
        var path = String(rest[end...])
        while path.hasSuffix("/") { path.removeLast() }
        return (server, path)
    }

    private func refused(_ text: String) -> LaunchFailure {
        LaunchFailure(.refused, "The kubeconfig \(path) \(text).")
    }
}

extension JSONTree {
    /// Scalars are texts as they are written, but for `true`, `false` and nothing.
    init(_ node: Node) {
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain
            switch scalar.string {
            case "true" where isPlain: self = true
            case "false" where isPlain: self = false
            case "" where isPlain, "~" where isPlain, "null" where isPlain: self = .null
            default: self = .text(scalar.string)
            }
        case .sequence(let items): self = .list(items.map { JSONTree($0) })
        case .mapping(let mapping):
            var object: [String: JSONTree] = [:]
            for (key, value) in mapping where key.scalar != nil {
                object[key.scalar?.string ?? ""] = JSONTree(value)
            }
            self = .object(object)
        case .alias: self = .null
        }
    }
}
