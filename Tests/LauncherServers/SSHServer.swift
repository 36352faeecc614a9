import Foundation
import PostgresServer
import Synchronization

package import CoordinatorLaunchers

/// Machines to be reached by ssh, each a real sshd on a port of its own with a host key and a folder of its own, and what a
/// user has who may log in there. They end with this process, however that ends.
package final class SSHServers: Sendable {
    /// nil: they can be started here.
    package static let obstacle: String? = Programs.missing(
        "sshd", "ssh", "ssh-keygen", "ssh-keyscan", "mkfifo")

    package let scratch: Scratch
    package let names: [String]
    private let servers: Mutex<[String: LeashedProcess]>
    private let ports: [String: UInt16]

    /// - Parameter greeting: what a login prints before anything else.
    package init(_ names: [String], greeting: String = "") throws {
        scratch = try Scratch()
        self.names = names
        try Self.run("ssh-keygen -q -t ed25519 -N '' -f key && cp key.pub authorized_keys", in: scratch)
        if geteuid() == 0 { try Self.run("mkdir -p /run/sshd", in: scratch) }
        var servers: [String: LeashedProcess] = [:]
        var ports: [String: UInt16] = [:]
        for name in names {
            (servers[name], ports[name]) = try Self.start(name, greeting, scratch)
        }
        self.servers = Mutex(servers)
        self.ports = ports
        let lines = names.map { name in
            "Host \(name)\n    HostName 127.0.0.1\n    Port \(ports[name] ?? 0)\n    HostKeyAlias \(name)\n"
        }
        try scratch.write(
            "config",
            """
            \(lines.joined())
            Host *
                IdentityFile \(scratch.path)/key
                IdentitiesOnly yes
                IdentityAgent none
                UserKnownHostsFile \(scratch.path)/known_hosts
                GlobalKnownHostsFile /dev/null
                StrictHostKeyChecking yes
            """)
        for name in names { try know(name) }
    }

    deinit { for server in servers.withLock({ $0 }).values { server.end(with: "stop\n") } }

    /// What a program that is its host's agent does: says what it was given, and waits for TERM.
    package func agent() throws -> String {
        try scratch.program(
            "mortise-agent",
            """
            #!/bin/sh
            echo "arguments $*"
            echo "allocation $MORTISE_ALLOCATION name $MORTISE_NAME lifetime $MORTISE_LIFETIME place $PLACE"
            echo "token $(cat join.token) in a file of mode $(stat -c %a join.token)"
            case $PLACE in ends) echo "no coordinator there"; exit 7 ;; leaves) exit 0 ;; esac
            if [ "$PLACE" = stubborn ]; then trap '' TERM; else trap 'exit 0' TERM; fi
            # No child that would outlive this.
            mkfifo wait
            exec 3<>wait
            echo "ready $$"
            while :; do read -r line <&3; done
            """)
    }

    package func options(_ hosts: [SSHHost]? = nil) throws -> SSHOptions {
        var options = SSHOptions(
            hosts: hosts ?? names.map { SSHHost($0) },
            agents: [SSHAgentProgram(machine: Self.machine, path: try agent())])
        options.configuration = configuration
        options.directory = "state/launches"
        options.graceSeconds = 10
        return options
    }

    package var configuration: String { scratch.path + "/config" }

    /// What `uname -m` says of all of them.
    package static let machine: String = {
        var machine = utsname()
        uname(&machine)
        return withUnsafeBytes(of: &machine.machine) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }()

    /// Takes the host's own key as known.
    package func know(_ name: String) throws {
        let key = scratch.read("\(name)/host_key.pub").split(separator: " ").prefix(2).joined(separator: " ")
        try scratch.write("known_hosts", scratch.read("known_hosts") + "\(name) \(key)\n")
    }

    /// Takes another key as known.
    package func knowAnother(_ name: String) throws {
        forget(name)
        let key = scratch.read("key.pub").split(separator: " ").prefix(2).joined(separator: " ")
        try scratch.write("known_hosts", scratch.read("known_hosts") + "\(name) \(key)\n")
    }

    package func forget(_ name: String) {
        let lines = scratch.read("known_hosts").split(separator: "\n").filter { !$0.hasPrefix(name + " ") }
        _ = try? scratch.write("known_hosts", lines.map { $0 + "\n" }.joined())
    }

    /// Nobody listens on its port any more; what runs there runs on.
    package func takeDown(_ name: String) { servers.withLock { $0[name] }?.end(with: "stop\n") }

    /// On the port that it had.
    package func bringUp(_ name: String) throws {
        try scratch.write("\(name)/log", "")
        let server = try Self.serve(name, scratch)
        servers.withLock { $0[name] = server }
        let deadline = ContinuousClock.now + .seconds(60)
        while !scratch.read("\(name)/log").contains("Server listening") {
            guard server.isRunning, ContinuousClock.now < deadline else {
                throw ServerFailure(message: "sshd does not start: \(scratch.read("\(name)/log"))")
            }
            usleep(5_000)
        }
    }

    /// A file of an allocation on a host, when it has this text in it.
    package func file(_ path: String, on name: String, containing text: String) throws -> String {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            let found = scratch.read("\(name)/login/state/launches/\(path)")
            if found.contains(text) { return found }
            guard ContinuousClock.now < deadline else {
                throw ServerFailure(message: "\(path) on \(name) has no '\(text)': \(found)")
            }
            usleep(5_000)
        }
    }

    private static func serve(_ name: String, _ scratch: Scratch) throws -> LeashedProcess {
        let folder = "\(scratch.path)/\(name)"
        return try LeashedProcess(
            [Programs.path(of: "sshd") ?? "sshd", "-D", "-e", "-f", folder + "/sshd_config"],
            log: folder + "/log", directory: folder)
    }

    private static func start(
        _ name: String, _ greeting: String, _ scratch: Scratch
    ) throws -> (LeashedProcess, UInt16) {
        let folder = "\(scratch.path)/\(name)"
        try FileManager.default.createDirectory(atPath: folder + "/login", withIntermediateDirectories: true)
        try run("ssh-keygen -q -t ed25519 -N '' -f \(name)/host_key", in: scratch)
        let hello = greeting.isEmpty ? "" : "echo '\(greeting)'; "
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let port = try freePort()
            // Each has another folder where a login begins, as they have one user.
            try scratch.write(
                "\(name)/sshd_config",
                """
                Port \(port)
                ListenAddress 127.0.0.1
                HostKey \(folder)/host_key
                PidFile none
                AuthorizedKeysFile \(scratch.path)/authorized_keys
                StrictModes no
                UsePAM no
                PasswordAuthentication no
                ForceCommand \(hello)cd \(folder)/login && eval "$SSH_ORIGINAL_COMMAND"
                """)
            let server = try serve(name, scratch)
            while server.isRunning, ContinuousClock.now < deadline {
                if scratch.read("\(name)/log").contains("Server listening") { return (server, port) }
                usleep(5_000)
            }
            server.end(with: "kill\n")
            guard ContinuousClock.now < deadline else {
                throw ServerFailure(message: "sshd does not start: \(scratch.read("\(name)/log"))")
            }
        }
    }

    /// Another process may take it first: then the next one is tried.
    private static func freePort() throws -> UInt16 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        guard isBound else { throw ServerFailure(message: "no port is free") }
        return UInt16(bigEndian: address.sin_port)
    }

    package static func run(_ script: String, in scratch: Scratch) throws {
        try PostgresServer.run(["sh", "-c", script], in: scratch.path)
    }
}
