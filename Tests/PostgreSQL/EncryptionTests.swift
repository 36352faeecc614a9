import Foundation
import PostgreSQL
import PostgresServer
import Testing

@Suite("Over TCP", .ownThreads, .enabled(if: PostgresServer.isInstalled))
struct EncryptionTests {
    private func secured() throws -> PostgresServer {
        let port = try PostgresServer.freePort()
        let settings = ["listen_addresses=127.0.0.1", "ssl=on"]
        return try PostgresServer(settings: settings, port: port) { data in
            try PostgresServer.run(
                [
                    "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes",
                    "-keyout", "server.key", "-out", "server.crt", "-days", "2", "-subj", "/CN=mortise test",
                    "-addext", "subjectAltName=IP:127.0.0.1",
                ], in: data)
            for name in ["server.key", "server.crt"] {
                try PostgresServer.giveToServer(data + "/" + name, mode: 0o600)
            }
        }
    }

    @Test func theServersCertificateIsVerified() throws {
        let server = try secured()
        defer { server.stop() }
        let passwords = server.directory + "/passwords"
        func allow(_ password: String) throws {
            try Data("*:*:*:ada:\(password)\n".utf8).write(to: URL(fileURLWithPath: passwords))
            guard chmod(passwords, 0o600) == 0 else { throw ServerFailure(message: "chmod") }
        }
        let admin = try server.connect()
        try admin.execute(script: "CREATE ROLE ada LOGIN PASSWORD 'first-s3cret'")
        try allow("first-s3cret")
        func connect(_ host: String, certificate: String) throws -> Connection {
            try Connection(
                PostgresAddress(
                    "postgresql://ada@\(host):\(server.port)/postgres?sslmode=verify-full&passfile=\(passwords)"
                        + "&sslrootcert=\(certificate)"))
        }
        let certificate = server.data + "/server.crt"
        let connection = try connect("127.0.0.1", certificate: certificate)
        #expect(connection.isEncrypted)
        #expect(try connection.execute(Statement("SELECT current_user::text")).text(0, 0) == "ada")
        // Signed by itself, for the address alone: not for the name, and not by another one.
        let name = #expect(throws: PostgresError.self) { try connect("localhost", certificate: certificate) }
        #expect(name?.kind == .cannotConnect)
        try PostgresServer.run(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-keyout", "other.key", "-out", "other.crt", "-days", "2", "-subj", "/CN=mortise test",
            ], in: server.directory)
        let other = #expect(throws: PostgresError.self) {
            try connect("127.0.0.1", certificate: server.directory + "/other.crt")
        }
        #expect(other?.kind == .cannotConnect)
        #expect(other?.message.contains("certificate verify failed") == true)

        try admin.execute(script: "ALTER ROLE ada PASSWORD 'second-s3cret'")
        let refused = #expect(throws: PostgresError.self) {
            try connect("127.0.0.1", certificate: certificate)
        }
        #expect(refused?.kind == .authenticationFailed)
        #expect(refused?.description.contains("s3cret") == false)
        try allow("second-s3cret")
        try connect("127.0.0.1", certificate: certificate).close()
    }
}
