import Foundation
import PostgreSQL

/// A real pgbouncer in front of a server, which gives each client a session of its own.
package final class PgBouncer: Sendable {
    package static var isInstalled: Bool { FileManager.default.fileExists(atPath: program) }
    private static let program = "/usr/sbin/pgbouncer"

    private let directory: String
    private let child: LeashedProcess

    package init(before server: PostgresServer) throws {
        directory = server.directory + "/bouncer-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let file = directory + "/pgbouncer.ini"
        try """
        [databases]
        * = host=\(server.directory) port=\(server.port) user=postgres
        [pgbouncer]
        pool_mode = session
        auth_type = any
        listen_addr =
        listen_port = 6432
        unix_socket_dir = \(directory)
        default_pool_size = 50
        """.write(toFile: file, atomically: true, encoding: .utf8)
        try PostgresServer.giveToServer(file, mode: 0o600)
        try PostgresServer.giveToServer(directory)
        child = try LeashedProcess(
            PostgresServer.asServer + [Self.program, file], log: directory + "/log", directory: directory)
        let deadline = Deadline.after(.seconds(60))
        while (try? Connection(PostgresAddress(address("postgres")))) == nil {
            guard child.isRunning, !deadline.isOver else {
                throw ServerFailure(message: "pgbouncer does not start\n\(log)")
            }
            deadline.pause(milliseconds: 10)
        }
    }

    /// At once; its sessions end with it.
    package func stop() { child.end(with: "kill\n") }

    /// Where `database` is, for libpq.
    package func address(_ database: String) -> String {
        "host=\(directory) port=6432 user=postgres dbname=\(database)"
    }

    private var log: String { (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? "" }
}
