import Foundation
import Platform

/// podman with a store of its own, which runs programs of this machine in a container: its root has what the machine's
/// `/usr` and the libraries of the program have, read-only.
struct ContainerEngine {
    let folder: ScratchFolder

    /// Limits of a container, as podman takes them.
    struct Limits {
        var options: [String]

        static let none = Limits(options: [])
    }

    /// Why no program can be run in a container with limits; nil where one can.
    static func obstacle(_ folder: ScratchFolder, _ limits: Limits) async throws -> String? {
        guard Host.userID == 0 else { return "only root may set limits of containers" }
        guard SystemCommand.path(of: "podman") != nil else { return "podman is missing" }
        let engine = ContainerEngine(folder: folder)
        let free = try await engine.run("/usr/bin/true", [], .none)
        guard free.status == 0 else { return "podman runs no containers here: \(free.errors.trimmed)" }
        let limited = try await engine.run("/usr/bin/true", [], limits)
        return limited.status == 0 ? nil : "podman cannot set limits here: \(limited.errors.trimmed)"
    }

    /// Runs one program of `/usr`, or of this build, to its end.
    func run(_ program: String, _ arguments: [String], _ limits: Limits) async throws -> CommandResult {
        guard let podman = SystemCommand.path(of: "podman") else { throw TestFailure("podman is missing") }
        let root = try makeRoot()
        var words = ["--root", folder.path + "/store", "--runroot", folder.path + "/run"]
        words += ["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--events-backend", "none"]
        // The most common one; it also knows version 1 of control groups.
        if let runtime = SystemCommand.path(of: "runc") { words += ["--runtime", runtime] }
        words += ["run", "--rm", "--network", "none"] + limits.options
        // Ours may be lower than those that podman would ask for.
        words += ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"]
        for path in try await mounted(program) { words += ["--volume", "\(path):\(path):ro"] }
        return try await folder.run(podman, words + ["--rootfs", root, program] + arguments)
    }

    /// Links such as `/lib` to `usr/lib`, as the machine has them.
    private func makeRoot() throws -> String {
        let root = folder.path + "/root"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        for name in ["bin", "lib", "lib64"] {
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/" + name),
                !FileManager.default.fileExists(atPath: root + "/" + name)
            else { continue }
            try? FileManager.default.createSymbolicLink(
                atPath: root + "/" + name, withDestinationPath: target)
        }
        return root
    }

    /// Paths to be mounted that a program runs: `/usr`, the program, and the folders of libraries elsewhere, such as Swift's.
    func mounted(_ program: String) async throws -> [String] {
        let words = try await folder.run("/usr/bin/ldd", [program]).output.split { $0.isWhitespace }
        let libraries = words.filter { $0.hasPrefix("/") && $0.contains(".so") && !$0.hasPrefix("/lib") }
        let folders = Set(
            libraries.compactMap { $0.lastIndex(of: "/").map($0.prefix(upTo:)) }.map(String.init))
        let paths = ["/usr"] + folders.sorted() + [program]
        return paths.enumerated().filter { $0.offset == 0 || !$0.element.hasPrefix("/usr/") }.map(\.element)
    }
}
