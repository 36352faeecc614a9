import Foundation
import Platform
import Synchronization

/// The network of a test whose machines can be cut off: a namespace for each node, one link from each to a bridge, and
/// the coordinator's address on that bridge, in this process's own namespace.
///
/// Names carry this process's number, so that the next run removes what a run that crashed has left.
final class NodeNetwork: Sendable {
    /// What nodes receive, or what they send.
    enum Direction: String, CaseIterable {
        case input, output
    }

    /// Why there can be no such network here; nil where there can.
    static let obstacle: String? = {
        guard Host.userID == 0 else { return "only root may make network namespaces" }
        let missing = ["ip", "nft", "nsenter", "unshare", "prlimit"].filter {
            SystemCommand.path(of: $0) == nil
        }
        guard missing.isEmpty else { return "these programs are missing: \(missing.joined(separator: ", "))" }
        // Root in a container may lack the right.
        guard SystemCommand.succeeds("unshare", "--net", "--mount", "true") else {
            return "network namespaces may not be made here"
        }
        return nil
    }()

    private static let count = Mutex(0)

    private let folder: String
    private let prefix: String
    private let base: Int
    private let names: [String]

    /// - Parameter folder: for the output of the commands that this takes.
    init(nodes names: [String], folder: String) async throws {
        self.folder = folder
        self.names = names
        let process = Int(ProcessInfo.processInfo.processIdentifier)
        let number = Self.count.withLock { count in
            count += 1
            return count
        }
        prefix = "mz\(process)x\(number)"
        // One of the 4,096 blocks of 32 addresses of 198.18.0.0/15, which nobody routes.
        base = ((process * 7 + number) % 4_096) * 32
        try await Self.removeLeftovers(folder)
        do {
            try await make()
        } catch {
            await remove()
            throw error
        }
    }

    private func make() async throws {
        try await run("ip", "link", "add", bridge, "type", "bridge")
        try await run("ip", "address", "add", "\(coordinatorAddress)/27", "dev", bridge)
        try await run("ip", "link", "set", bridge, "up")
        for name in names {
            try await run("ip", "netns", "add", namespace(name))
            try await run(
                "ip", "link", "add", link(name), "type", "veth", "peer", "name", "uplink", "netns",
                namespace(name))
            try await run("ip", "link", "set", link(name), "master", bridge, "up")
            for words in [
                ["link", "set", "lo", "up"], ["address", "add", "\(address(of: name))/27", "dev", "uplink"],
                ["link", "set", "uplink", "up"],
            ] {
                try await run(["ip", "-n", namespace(name)] + words)
            }
            try await filter(
                name, "add table inet mortise",
                "add chain inet mortise input { type filter hook input priority 0; }",
                "add chain inet mortise output { type filter hook output priority 0; }")
        }
    }

    func remove() async {
        for name in names {
            _ = try? await run("ip", "link", "delete", link(name))
            _ = try? await run("ip", "netns", "delete", namespace(name))
        }
        _ = try? await run("ip", "link", "delete", bridge)
    }

    // MARK: Names

    var coordinatorAddress: String { address(1) }

    func address(of name: String) -> String { address(2 + index(of: name)) }

    private func address(_ host: Int) -> String {
        let number = base + host
        return "198.\(18 + number >> 16).\((number >> 8) & 255).\(number & 255)"
    }

    private func index(of name: String) -> Int {
        guard let index = names.firstIndex(of: name) else {
            preconditionFailure("There is no node \(name) in this network.")
        }
        return index
    }

    private var bridge: String { prefix + "b" }
    private func link(_ name: String) -> String { "\(prefix)n\(index(of: name))" }
    private func namespace(_ name: String) -> String { "mortise-\(prefix)-\(name)" }

    /// To be put before a command's words: it runs on that node then, with the same process number.
    func prefix(on name: String) -> [String] { ["nsenter", "--net=/run/netns/" + namespace(name)] }

    // MARK: Faults

    func setLink(of name: String, isUp: Bool) async throws {
        try await run("ip", "link", "set", link(name), isUp ? "up" : "down")
    }

    /// Loses all packets of one direction, without a word to anybody.
    func drop(_ direction: Direction, of name: String) async throws {
        try await filter(name, "add rule inet mortise \(direction) drop")
    }

    func dropNothing(of name: String) async throws {
        try await filter(
            name, "flush chain inet mortise input", "flush chain inet mortise output")
    }

    private func filter(_ name: String, _ rules: String...) async throws {
        try await run(prefix(on: name) + ["nft", rules.joined(separator: "; ")])
    }

    // MARK: Commands

    private func run(_ words: String...) async throws { try await run(words) }

    private func run(_ words: [String]) async throws { try await SystemCommand.run(words, folder: folder) }

    /// What runs whose process is gone have left.
    private static func removeLeftovers(_ folder: String) async throws {
        func isLeft(_ name: String) -> Bool {
            guard let match = name.firstMatch(of: /^(mortise-)?mz([0-9]+)x/) else { return false }
            return !FileManager.default.fileExists(atPath: "/proc/\(match.2)")
        }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/run/netns")) ?? []
        where isLeft(name) {
            _ = try? await SystemCommand.run(["ip", "netns", "delete", name], folder: folder)
        }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/sys/class/net")) ?? []
        where isLeft(name) {
            _ = try? await SystemCommand.run(["ip", "link", "delete", name], folder: folder)
        }
    }
}

/// A program of the system that is expected to succeed.
enum SystemCommand {
    private static let count = Mutex(0)

    static func path(of program: String) -> String? {
        ["/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"].map { $0 + program }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }

    /// For one that ends at once, and says nothing of interest.
    static func succeeds(_ program: String, _ arguments: String...) -> Bool {
        guard let path = path(of: program),
            let process = try? Program.start(
                path, arguments: CStringArray([program] + arguments),
                environment: CStringArray(["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]), folder: nil,
                streams: .init())
        else { return false }
        var status: Int32 = -1
        return waitpid(process, &status, 0) == process && status == 0
    }

    static func run(_ words: [String], folder: String) async throws {
        guard let program = words.first, let path = path(of: program) else {
            throw TestFailure("there is no program for '\(words.joined(separator: " "))'")
        }
        let number = count.withLock { count in
            count += 1
            return count
        }
        let child = try await ChildProcess.start(
            path, Array(words.dropFirst()), environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
            folder: folder,
            files: "\(folder)/system-\(number)")
        let status = try await child.waitForExit()
        let errors = child.errors
        for path in [child.outputPath, child.errorPath] { try? FileManager.default.removeItem(atPath: path) }
        guard status == 0 else {
            throw TestFailure("'\(words.joined(separator: " "))' ended with \(status): \(errors.trimmed)")
        }
    }
}
