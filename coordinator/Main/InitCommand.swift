import ArgumentParser
import ClusterTypes
import CoordinatorCore
import CoordinatorDriver
import CoordinatorStore
import Foundation
import Platform
import TLSIdentity

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a new cluster: its CA, its store and an administrator's token.",
        discussion: """
            Example:
              mortise-coordinator init --cluster lab --address head.example.org --address 10.0.2.21
            """)

    @OptionGroup var place: DirectoryOption
    @Option(help: "The cluster's name: letters, digits, '-' and '.'.")
    var cluster = "default"
    @Option(help: "A name or address of this machine for agents and users; repeat it, the best one first.")
    var address: [String] = []
    @Option(help: "The address that both listeners bind.")
    var listen = "0.0.0.0"
    @Option(help: "Port of the HTTPS API; 0 takes a free one at each start.")
    var apiPort = 7001
    @Option(help: "Port of the agents' listener; 0 takes a free one at each start.")
    var agentPort = 7002
    @Option(help: StoreHelp.text)
    var store = "sqlite:mortise.db"
    @Flag(help: "Do not write ~/.config/mortise/client.json.")
    var noClientConfig = false

    func validate() throws {
        let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")
        guard !cluster.isEmpty, cluster.count <= 63, cluster.allSatisfy(allowed.contains) else {
            throw ValidationError("--cluster takes 1 to 63 letters, digits, '-' and '.', not '\(cluster)'")
        }
        _ = try CoordinatorDirectory.postgresAddress(store)
        for (name, port) in [("--api-port", apiPort), ("--agent-port", agentPort)]
        where !(0...65_535).contains(port) {
            throw ValidationError("\(name) takes 0 to 65535, not \(port)")
        }
    }

    func run() throws {
        let directory = place.location
        guard !directory.exists else {
            throw Failure("There is a coordinator in \(directory.path) already: choose another --directory.")
        }
        try directory.create()
        let now = Instant(microseconds: SteadyClock.now())
        let authority: CertificateAuthority
        let isContinued = CertificateAuthority.exists(in: directory.authorityPath)
        if isContinued {
            authority = try directory.authority()
        } else {
            authority = try CertificateAuthority.create(cluster: cluster, now: now)
            try authority.save(directory: directory.authorityPath)
        }
        let names = address.isEmpty ? [Platform.Host.name, "localhost", "127.0.0.1"] : address
        let settings = CoordinatorSettings(
            cluster: cluster, addresses: names, listen: listen, apiPort: apiPort, agentPort: agentPort,
            store: store)

        let token = APIToken(secret: Secret.generate())
        let database = try directory.openStore(store)
        defer { try? database.close() }
        // A second CA would be trusted by none of its agents.
        guard try isContinued || database.snapshot(endedJobs: 0).lastToken == 0 else {
            try FileManager.default.removeItem(atPath: directory.authorityPath)
            throw Failure(
                "The store \(store) holds a cluster already. For one more coordinator of it, copy the directory of its first"
                    + " one; for another cluster, name another store.")
        }
        _ = try OneShot.perform(
            .createToken(
                name: "administrator", purpose: .api(.admin), secretHash: token.secret.hash, expiresAt: nil,
                uses: nil),
            on: database, cluster: cluster, at: now)

        let url = "https://\(names[0]):\(apiPort)"
        try directory.write(
            ClientConfiguration(urls: [url], ca: "ca/ca.pem", token: token.text), to: directory.clientPath)
        // Last: with it, the coordinator exists.
        try directory.write(settings, to: directory.settingsPath)
        print("Cluster '\(cluster)' is ready in \(directory.path).")
        try writeUserConfiguration(directory, url, token)
        print("Next: mortise-coordinator serve" + (place.directory.map { " --directory \($0)" } ?? ""))
    }

    private func writeUserConfiguration(_ directory: CoordinatorDirectory, _ url: String, _ token: APIToken)
        throws
    {
        let environment = ProcessInfo.processInfo.environment
        let base =
            environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? NSHomeDirectory() + "/.config"
        let file = base + "/mortise/client.json"
        if noClientConfig || apiPort == 0 || FileManager.default.fileExists(atPath: file) {
            print("For the command line: export MORTISE_CONFIG=\(directory.clientPath)")
            return
        }
        try FileManager.default.createDirectory(
            atPath: base + "/mortise", withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let authority = URL(fileURLWithPath: directory.authorityPath).standardizedFileURL.path + "/ca.pem"
        try directory.write(ClientConfiguration(urls: [url], ca: authority, token: token.text), to: file)
        print("The command line finds it through \(file).")
    }
}
