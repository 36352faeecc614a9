import ArgumentParser
import CoordinatorStore
import CoordinatorStorePostgres
import CoordinatorStoreRows
import CoordinatorStoreSQLite
import Foundation
import Platform
import PostgreSQL
import TLSIdentity

/// What `init` decided; `serve` reads it.
struct CoordinatorSettings: Codable, Sendable {
    var cluster: String
    /// Names or addresses by which agents and users reach this machine, the best one first.
    var addresses: [String]
    /// Listen address of both listeners.
    var listen: String
    var apiPort: Int
    var agentPort: Int
    /// "sqlite:PATH", relative to the directory, or a PostgreSQL address without a password.
    var store: String
}

/// How the command line reaches the coordinator: the file that `mortise --config` reads.
struct ClientConfiguration: Codable, Sendable {
    var urls: [String]
    /// Relative to the file.
    var ca: String
    var token: String
}

/// The coordinator's files. Everything in it is readable by its owner alone.
struct CoordinatorDirectory: Sendable {
    let path: String

    static var defaultPath: String {
        let environment = ProcessInfo.processInfo.environment
        if let path = environment["MORTISE_DIRECTORY"], !path.isEmpty { return path }
        let data = environment["XDG_DATA_HOME"].flatMap { $0.isEmpty ? nil : $0 }
        return (data ?? NSHomeDirectory() + "/.local/share") + "/mortise"
    }

    var settingsPath: String { path + "/coordinator.json" }
    var authorityPath: String { path + "/ca" }
    var clientPath: String { path + "/client.json" }
    var exists: Bool { FileManager.default.fileExists(atPath: settingsPath) }

    func create() throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    func settings() throws -> CoordinatorSettings {
        guard exists else {
            throw Failure("There is no coordinator in \(path): run 'mortise-coordinator init' first.")
        }
        do {
            return try JSONDecoder().decode(
                CoordinatorSettings.self, from: Data(contentsOf: URL(fileURLWithPath: settingsPath)))
        } catch {
            throw Failure(
                "Cannot read \(settingsPath): \(error). Mend it, or start anew in another directory.")
        }
    }

    func client() throws -> ClientConfiguration {
        do {
            return try JSONDecoder().decode(
                ClientConfiguration.self, from: Data(contentsOf: URL(fileURLWithPath: clientPath)))
        } catch {
            throw Failure("Cannot read \(clientPath): \(error).")
        }
    }

    func write(_ value: some Encodable, to file: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(Array(try encoder.encode(value)) + [UInt8(ascii: "\n")], to: file)
    }

    /// - Parameters:
    ///   - store: "sqlite:PATH" or a PostgreSQL address.
    ///   - allowsUnfinishedCopy: else a store that holds a part of another one is refused.
    /// - Throws: `StoreError`; `Failure` for what is neither, or would show a password.
    func openStore(_ store: String, allowsUnfinishedCopy: Bool = false) throws -> any RowStore {
        let opened = try openAny(store)
        if !allowsUnfinishedCopy, try opened.isUnfinishedCopy {
            try opened.close()
            throw Failure(
                "The store \(store) is the unfinished copy of another one: run 'mortise-coordinator store copy' again."
            )
        }
        return opened
    }

    private func openAny(_ store: String) throws -> any RowStore {
        if let address = try Self.postgresAddress(store) { return try PostgresStore(address) }
        let file = String(store.dropFirst("sqlite:".count))
        return try SQLiteStore(path: file.hasPrefix("/") ? file : path + "/" + file)
    }

    /// Several coordinators may be started on it.
    static func isShared(_ store: String) -> Bool { !store.hasPrefix("sqlite:") }

    /// nil for an SQLite store.
    static func postgresAddress(_ store: String) throws -> PostgresAddress? {
        if store.hasPrefix("sqlite:") { return nil }
        guard store.hasPrefix("postgres://") || store.hasPrefix("postgresql://") else {
            throw Failure(
                "'\(store.prefix { $0 != ":" })' is no store: take sqlite:PATH or postgresql://USER@HOST:PORT/DATABASE."
            )
        }
        let address: PostgresAddress
        do { address = try PostgresAddress(store) } catch {
            throw Failure("Cannot use the store: \(error.message).")
        }
        guard !address.hasPassword else {
            throw Failure(
                "The store's address has a password in it, which everybody on this machine could read: leave it out, and "
                    + "give it in PGPASSWORD, in a file that PGPASSFILE names (~/.pgpass), or with service= in "
                    + "pg_service.conf.")
        }
        return address
    }

    func authority() throws -> CertificateAuthority {
        try CertificateAuthority.load(directory: authorityPath)
    }
}

enum StoreHelp {
    static let text = ArgumentHelp(
        "Where the truth is kept: sqlite:PATH, relative to the directory, or postgresql://USER@HOST:PORT/DATABASE.",
        discussion:
            "A password of PostgreSQL's comes from PGPASSWORD, PGPASSFILE or service=, never from here.")
    static let textOfServe = ArgumentHelp(
        "sqlite:PATH or postgresql://USER@HOST:PORT/DATABASE. [MORTISE_STORE]",
        discussion:
            "A password of PostgreSQL's comes from PGPASSWORD, PGPASSFILE or service=, never from here.")
}
