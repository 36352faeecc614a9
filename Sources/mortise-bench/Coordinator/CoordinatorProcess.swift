import ClusterTypes
import Foundation
import NIOPosix
import Platform
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A coordinator of this run alone, in a folder of its own, on loopback and free ports.
///
/// All programs are started on one thread of its own: they are killed when it ends, which is when this process does.
final class CoordinatorProcess: Sendable {
    let directory: String
    let apiPort: Int
    let agentPort: Int
    private let program: String
    private let running = Mutex<Int32?>(nil)
    private let starter = NIOThreadPool(numberOfThreads: 1)

    var process: Int32? { running.withLock { $0 } }
    var clientConfiguration: String { directory + "/client.json" }
    var storePath: String { directory + "/mortise.db" }
    private var logPath: String { directory + "/coordinator.log" }

    /// Makes the coordinator where there is none yet; it does not run.
    init(program: String, directory: String, store: String? = nil) async throws {
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw Failure(
                "There is no coordinator at \(program): name one with --coordinator, or join a running one with "
                    + "--join.")
        }
        self.program = program
        self.directory = directory
        starter.start()
        (apiPort, agentPort) = try Self.freePorts()
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        if !FileManager.default.fileExists(atPath: directory + "/coordinator.json") {
            _ = try await run(
                [
                    "init", "--directory", directory, "--cluster", "bench", "--address", "127.0.0.1",
                    "--listen",
                    "127.0.0.1", "--api-port", "0", "--agent-port", "0", "--no-client-config",
                ] + (store.map { ["--store", $0] } ?? []))
        }
    }

    func start() async throws {
        let log = try Descriptor.openForAppending(logPath)
        let process = try await spawn(
            [
                "serve", "--directory", directory, "--api-port", "\(apiPort)", "--agent-port", "\(agentPort)",
                "--certificate-seconds", "31536000",
            ], output: log.number)
        running.withLock { $0 = process }
    }

    /// - Throws: `Failure` with the end of its log where it has ended by itself.
    func checkRunning() throws {
        guard let process, Children.reap(process) else { return }
        running.withLock { $0 = nil }
        let log = (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? ""
        throw Failure("The coordinator has ended: \(log.suffix(2_000))")
    }

    /// Kills it, as a crash would.
    func kill() async { await end(SIGKILL) }

    func stop() async { await end(SIGTERM) }

    private func end(_ signal: Int32) async {
        guard let process else { return }
        Children.signal(process, signal)
        var patience = 300
        while !Children.reap(process) {
            patience -= 1
            if patience == 0 { Children.signal(process, SIGKILL) }
            // The end is due even where the run is cancelled.
            usleep(50_000)
        }
        running.withLock { $0 = nil }
    }

    func joinToken() async throws -> String {
        try await run(["token", "create", "--directory", directory, "--name", "bench"])
    }

    // MARK: Programs

    private func run(_ arguments: [String]) async throws -> String {
        let path = directory + "/command.out"
        unlink(path)
        let output = try Descriptor.openForAppending(path)
        let process = try await spawn(arguments, output: output.number)
        var status: Int32 = 0
        while waitpid(process, &status, WNOHANG) == 0 { try await Task.sleep(for: .milliseconds(10)) }
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        guard status == 0 else {
            throw Failure("'\(program) \(arguments.first ?? "")' failed: \(text.suffix(2_000))")
        }
        return text
    }

    private func spawn(_ arguments: [String], output: Int32) async throws -> Int32 {
        try await starter.runIfActive { [program] in
            let environment = ProcessInfo.processInfo.environment.map { "\($0)=\($1)" }
            do throws(Program.Failure) {
                return try Program.start(
                    program, arguments: CStringArray([program] + arguments),
                    environment: CStringArray(environment), folder: nil,
                    streams: Program.Streams(output: output, error: output))
            } catch {
                throw Failure("Cannot start \(program): \(error.text)")
            }
        }
    }

    /// Two that nobody listens on now. They stay the same over a restart, so they cannot be the coordinator's choice.
    private static func freePorts() throws -> (Int, Int) {
        var descriptors: [Int32] = []
        defer { descriptors.forEach { close($0) } }
        let ports = try (0..<2).map { _ in
            #if canImport(Glibc)
                let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            #else
                let descriptor = socket(AF_INET, SOCK_STREAM, 0)
            #endif
            descriptors.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafeMutableBytes(of: &address) { bytes -> Int32 in
                guard let base = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                    bind(descriptor, base, length) == 0
                else { return -1 }
                return getsockname(descriptor, base, &length)
            }
            guard result == 0 else { throw Failure("No free port can be found on 127.0.0.1.") }
            return Int(UInt16(bigEndian: address.sin_port))
        }
        return (ports[0], ports[1])
    }
}
