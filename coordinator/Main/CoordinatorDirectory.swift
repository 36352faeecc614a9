import Foundation
import Platform
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
    /// "sqlite:PATH", relative to the directory.
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

    /// - Parameter store: "sqlite:PATH"; other stores are not there yet.
    func storePath(_ store: String) throws -> String {
        guard store.hasPrefix("sqlite:") else {
            throw Failure("Cannot use the store '\(store)': this version keeps its data in 'sqlite:PATH'.")
        }
        let file = String(store.dropFirst("sqlite:".count))
        return file.hasPrefix("/") ? file : path + "/" + file
    }

    func authority() throws -> CertificateAuthority {
        try CertificateAuthority.load(directory: authorityPath)
    }
}
