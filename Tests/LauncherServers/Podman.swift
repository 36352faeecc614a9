import Foundation
package import HTTPSClient
import NIOCore
import NIOPosix
import PostgresServer

/// podman with a store of its own, which serves the Engine API on a socket of its own, and an image `agent:test` whose
/// program says what it was given and waits for TERM. It ends with this process, however that ends.
package final class Podman: Sendable {
    /// nil: it can be used here.
    package static let obstacle: String? = {
        guard geteuid() == 0 else { return "containers are tested as root" }
        if let missing = Programs.missing("podman", "runc", "tar") { return missing }
        guard Programs.path(of: "busybox") != nil else { return "busybox missing" }
        return nil
    }()

    /// One for all tests of a process; its containers are told apart by their pools.
    package static func shared() throws -> Podman { try result.get() }
    private static let result = Result { try Podman() }

    private let scratch: Scratch
    private let words: [String]
    private let server: LeashedProcess
    package let socket: String

    private init() throws {
        scratch = try Scratch()
        let folder = scratch.path
        socket = folder + "/engine.sock"
        let configuration = try scratch.write(
            "containers.conf",
            """
            [containers]
            default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
            log_driver = "k8s-file"
            [engine]
            cgroup_manager = "cgroupfs"
            events_logger = "none"
            """)
        words = [
            "env", "HOME=\(folder)", "CONTAINERS_CONF=\(configuration)",
            Programs.path(of: "podman") ?? "podman",
            "--root", folder + "/store", "--runroot", folder + "/run", "--storage-driver", "vfs",
            "--runtime", Programs.path(of: "runc") ?? "runc",
        ]
        try Self.makeImage(words, in: scratch)
        server = try LeashedProcess(
            words + ["system", "service", "--time", "0", "unix://" + socket], log: folder + "/log",
            directory: folder)
        let deadline = ContinuousClock.now + .seconds(60)
        while !FileManager.default.fileExists(atPath: socket) {
            guard server.isRunning, ContinuousClock.now < deadline else {
                throw ServerFailure(message: "podman does not serve: \(scratch.read("log"))")
            }
            usleep(10_000)
        }
    }

    private static func makeImage(_ words: [String], in scratch: Scratch) throws {
        let busybox = Programs.path(of: "busybox") ?? "busybox"
        try scratch.program(
            "image/bin/mortise-agent",
            """
            #!/bin/busybox sh
            export PATH=/bin
            echo "arguments $*"
            echo "allocation $MORTISE_ALLOCATION name $MORTISE_NAME lifetime $MORTISE_LIFETIME zone $ZONE"
            echo "token in the environment: ${MORTISE_JOIN_TOKEN:-none}"
            echo "token in the file: $(cat /mortise/join.token)"
            echo "file $(stat -c '%a %u:%g' /mortise/join.token) folder $(stat -c '%a %u:%g' /mortise/agent)"
            echo "user $(id -u):$(id -g)"
            case $ZONE in ends) echo "ended with an error" >&2; exit 7 ;; leaves) exit 0 ;; esac
            trap 'echo leaving; exit 0' TERM
            while :; do sleep 600 & wait $!; done
            """)
        let image = scratch.path + "/image"
        try FileManager.default.copyItem(atPath: busybox, toPath: image + "/bin/busybox")
        for name in ["sh", "cat", "id", "sleep", "stat"] {
            try FileManager.default.createSymbolicLink(
                atPath: image + "/bin/" + name, withDestinationPath: "busybox")
        }
        let archive = scratch.path + "/image.tar"
        try PostgresServer.run(["tar", "-C", image, "-cf", archive, "."], in: scratch.path)
        try PostgresServer.run(words + ["import", archive, "localhost/agent:test"], in: scratch.path)
    }

    /// An image without any program: links such as `/lib` to `usr/lib`, as this machine has them. What runs in it is this
    /// machine's, mounted.
    ///
    /// - Returns: its name.
    package func emptyImage() throws -> String {
        let root = scratch.path + "/empty"
        try FileManager.default.createDirectory(atPath: root + "/tmp", withIntermediateDirectories: true)
        for name in ["bin", "lib", "lib64"] {
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/" + name) else {
                continue
            }
            try FileManager.default.createSymbolicLink(
                atPath: root + "/" + name, withDestinationPath: target)
        }
        try PostgresServer.run(["tar", "-C", root, "-cf", root + ".tar", "."], in: scratch.path)
        try PostgresServer.run(words + ["import", root + ".tar", "localhost/empty:test"], in: scratch.path)
        return "localhost/empty:test"
    }

    /// One request to the engine, past the launcher.
    package func call(_ method: String, _ path: String, _ body: String = "") async throws -> HTTPSResponse {
        let client = HTTPSClient(group: MultiThreadedEventLoopGroup.singleton, socketPath: socket)
        let request = HTTPSRequest(
            method: method, path: path, headers: [("Content-Type", "application/json")],
            body: Array(body.utf8),
            timeout: .seconds(60))
        return try await client.send(request).get()
    }
}
