import Foundation
package import PostgreSQL
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A real server with a directory, socket and settings of its own, which ends with the process that started it, however
/// that ends. As root it runs as the user postgres, since it refuses to be root.
package final class PostgresServer: Sendable {
    /// Where Debian has the programs, newest first; nil: PostgreSQL is not installed.
    package static let programs: String? = {
        let base = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
        let folders = versions.compactMap { Int($0) }.sorted(by: >).map { "\(base)/\($0)/bin" }
        let isUsable = geteuid() != 0 || getpwnam("postgres") != nil
        return isUsable ? folders.first { FileManager.default.fileExists(atPath: $0 + "/initdb") } : nil
    }()

    package static var isInstalled: Bool { programs != nil }

    /// One for all tests of a process.
    package static func shared() throws -> PostgresServer { try sharedServer.get() }
    private static let sharedServer = Result { try PostgresServer() }

    package let directory: String
    /// Only the socket's name where nothing listens on TCP.
    package let port: Int
    private let settings: [String]
    private let running = Mutex<LeashedProcess?>(nil)
    private let databases = Atomic(0)

    /// - Parameters:
    ///   - data: the folder of the tables, if it shall be elsewhere than in the directory (on a small disk).
    ///   - settings: as `postgres -c` takes them. By default nothing listens on TCP.
    ///   - primary: the server of which this one is a standby.
    ///   - prepare: what is done with the folder of the data before the first start.
    package init(
        data: String? = nil, settings: [String] = [], port: Int = 5_432,
        copying primary: PostgresServer? = nil,
        prepare: (String) throws -> Void = { _ in }
    ) throws {
        let name = "mortise-pg-\(UUID().uuidString.prefix(13))"
        directory = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
        self.port = port
        let data = data ?? directory + "/data"
        self.settings = settings
        self.data = data
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Self.giveToServer(directory)
        if let primary {
            try run(
                "pg_basebackup", "-h", primary.directory, "-p", "\(primary.port)", "-U", "postgres", "-D",
                data,
                "-R", "-X", "stream", "--checkpoint=fast", "--no-sync")
        } else {
            try run(
                "initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
                "--auth-local=trust", "--auth-host=scram-sha-256", "-X", directory + "/log-of-writes")
        }
        try prepare(data)
        try start()
    }

    package let data: String

    deinit {
        stop()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Where `database` is, for libpq.
    package func address(_ database: String = "postgres", user: String = "postgres", _ more: String = "")
        -> String
    {
        "host=\(directory) port=\(port) user=\(user) dbname=\(database) \(more)"
    }

    /// A port of 127.0.0.1 that nobody uses.
    package static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
            }
        }
        guard port else { throw ServerFailure(message: "no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    package func connect(_ database: String = "postgres") throws -> Connection {
        try Connection(PostgresAddress(address(database)))
    }

    /// A new database, a copy of the template if it is named.
    package func createDatabase(template: String? = nil) throws -> String {
        let name = "test_\(databases.add(1, ordering: .relaxed).newValue)"
        let connection = try connect()
        defer { connection.close() }
        try connection.execute(
            Statement("CREATE DATABASE \(name)" + (template.map { " TEMPLATE \($0)" } ?? "")))
        return name
    }

    package func dropDatabase(_ name: String) throws {
        let connection = try connect()
        defer { connection.close() }
        try connection.execute(Statement("DROP DATABASE IF EXISTS \(name) WITH (FORCE)"))
    }

    /// Returns when the server takes connections. What is left of one that was killed is waited for.
    package func start() throws {
        let deadline = Deadline.after(.seconds(60))
        while true {
            let child = try launch()
            while child.isRunning {
                if let connection = try? connect() { return connection.close() }
                guard !deadline.isOver else { break }
                deadline.pause(milliseconds: 10)
            }
            end(with: "stop\n")
            guard !deadline.isOver else { throw ServerFailure(message: "the server does not start\n\(log)") }
        }
    }

    private func launch() throws -> LeashedProcess {
        let options = [
            "listen_addresses=", "port=\(port)", "unix_socket_directories=\(directory)", "fsync=on",
            "max_connections=300", "shared_buffers=16MB", "log_min_messages=warning",
        ]
        let arguments = (options + settings).flatMap { ["-c", $0] }
        let child = try LeashedProcess(
            Self.asServer + [(Self.programs ?? "") + "/postgres", "-D", data] + arguments,
            log: directory + "/log", directory: directory)
        running.withLock { $0 = child }
        return child
    }

    package var log: String { (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? "" }

    /// Ends the server in order, all connections with it.
    package func stop() { end(with: "stop\n") }

    /// The server's processes end at once, without anything written; the next start recovers.
    package func crash() { end(with: "crash\n") }

    /// kill -9 of the server's first process; the others notice it.
    package func kill() { end(with: "kill\n") }

    private func end(with order: String) {
        let child = running.withLock { running in
            defer { running = nil }
            return running
        }
        child?.end(with: order)
    }

    // MARK: Programs

    /// What a command begins with, so that it runs as the server's user.
    static var asServer: [String] {
        geteuid() == 0
            ? ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--"] : []
    }

    /// Makes a file or folder the server's own.
    package static func giveToServer(_ path: String, mode: UInt32 = 0o700) throws {
        guard chmod(path, mode) == 0 else { throw ServerFailure(message: "cannot chmod \(path)") }
        guard geteuid() == 0, let user = getpwnam("postgres")?.pointee else { return }
        guard chown(path, user.pw_uid, user.pw_gid) == 0 else {
            throw ServerFailure(message: "cannot chown \(path)")
        }
    }

    private func run(_ program: String, _ arguments: String...) throws {
        try Self.run(Self.asServer + [(Self.programs ?? "") + "/" + program] + arguments, in: directory)
    }

    /// Runs a program to its end.
    package static func run(_ command: [String], in directory: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.environment = ["PATH": "/usr/bin:/bin:/usr/sbin", "LC_ALL": "C.UTF-8"]
        process.standardInput = FileHandle.nullDevice
        let output = try ProcessStart.alone {
            let output = Pipe()
            process.standardOutput = output
            process.standardError = output
            for end in [output.fileHandleForReading, output.fileHandleForWriting] {
                _ = fcntl(end.fileDescriptor, F_SETFD, FD_CLOEXEC)
            }
            try process.run()
            return output
        }
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ServerFailure(message: "\(command.joined(separator: " ")): \(said)")
        }
    }
}

package struct ServerFailure: Error, CustomStringConvertible {
    package let message: String
    package var description: String { message }
    package init(message: String) { self.message = message }
}
