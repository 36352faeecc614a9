import HTTPSClient

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where the coordinator is, whom to trust and who we are.
struct ClientSettings: Equatable, Sendable {
    var endpoints: [HTTPSEndpoint]
    /// The CA's certificate.
    var trustRootsPEM: String
    var token: String

    /// As `mortise-coordinator init` writes it.
    private struct File: Decodable {
        var urls: [String]?
        /// Relative to the file's own folder.
        var ca: String?
        var token: String?

        enum Key: String, CodingKey, CaseIterable {
            case urls, ca, token
        }

        /// Takes any key, to find those that are not known.
        struct AnyKey: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { return nil }
        }

        init(from decoder: any Decoder) throws {
            let all = try decoder.container(keyedBy: AnyKey.self)
            for key in all.allKeys where Key(rawValue: key.stringValue) == nil {
                throw CommandFailure(
                    .invalidInput, "unknown key '\(key.stringValue)'; keys are urls, ca, token")
            }
            let container = try decoder.container(keyedBy: Key.self)
            urls = try container.decodeIfPresent([String].self, forKey: .urls)
            ca = try container.decodeIfPresent(String.self, forKey: .ca)
            token = try container.decodeIfPresent(String.self, forKey: .token)
        }
    }

    /// Flag over environment over file: `--config` (or `MORTISE_CONFIG`) names the file, `MORTISE_URL`,
    /// `MORTISE_CA` and `MORTISE_TOKEN` replace what stands in it.
    ///
    /// - Throws: `CommandFailure` saying what is missing and where it was looked for.
    static func load(
        configPath: String?, environment: (String) -> String?
    ) throws -> ClientSettings {
        func given(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        let named = configPath ?? given("MORTISE_CONFIG")
        let path = named ?? defaultPath(given)
        let file = try path.flatMap { try read($0, mustExist: named != nil) }
        let place = path.map { "in \($0)" } ?? "in a file named with --config"

        let urls = given("MORTISE_URL")?.split(separator: ",").map { String($0) } ?? file?.urls ?? []
        guard !urls.isEmpty else {
            throw CommandFailure(
                .invalidInput,
                "No coordinator is named. Set \"urls\" \(place) ('mortise-coordinator init' writes that file), or "
                    + "MORTISE_URL, MORTISE_CA and MORTISE_TOKEN.")
        }
        let endpoints = try urls.map { url in
            guard let endpoint = HTTPSEndpoint(url: url) else {
                throw CommandFailure(
                    .invalidInput, "'\(url)' is no address of a coordinator; write https://HOST:PORT.")
            }
            return endpoint
        }
        guard let ca = given("MORTISE_CA") ?? file?.ca.map({ relative($0, to: path ?? "") }) else {
            throw CommandFailure(
                .invalidInput,
                "The cluster's CA certificate is not named. Set \"ca\" \(place), or MORTISE_CA.")
        }
        guard let token = given("MORTISE_TOKEN") ?? file?.token else {
            throw CommandFailure(
                .invalidInput,
                "There is no API token. Set \"token\" \(place), or MORTISE_TOKEN; an administrator makes one with "
                    + "'mortise-coordinator token create'.")
        }
        guard token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !token.isEmpty else {
            throw CommandFailure(
                .invalidInput, "The API token holds blanks or other wrong characters; copy it again.")
        }
        return ClientSettings(endpoints: endpoints, trustRootsPEM: try readCertificate(ca), token: token)
    }

    private static func defaultPath(_ environment: (String) -> String?) -> String? {
        if let folder = environment("XDG_CONFIG_HOME") { return folder + "/mortise/client.json" }
        return environment("HOME").map { $0 + "/.config/mortise/client.json" }
    }

    private static func relative(_ path: String, to file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return String(file[...slash]) + path
    }

    private static func read(_ path: String, mustExist: Bool) throws -> File? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT, !mustExist { return nil }
            throw CommandFailure(.invalidInput, "Cannot read \(path): \(String(cString: strerror(errno))).")
        }
        // The token in it is as good as a password.
        guard status.st_mode & 0o077 == 0 else {
            throw CommandFailure(
                .invalidInput,
                "\(path) can be read by others, and it holds your token. Run: chmod 600 \(path)")
        }
        do {
            return try JSONText.decode(File.self, from: try contents(path))
        } catch let failure as CommandFailure {
            throw CommandFailure(
                failure.status,
                failure.message.contains(path) ? failure.message : "\(path): \(failure.message)")
        } catch {
            throw CommandFailure(
                .invalidInput,
                "\(path) is not JSON of the form {\"urls\": [\"https://HOST:PORT\"], \"ca\": \"ca.pem\", \"token\": \"…\"}."
            )
        }
    }

    private static func readCertificate(_ path: String) throws -> String {
        String(decoding: try contents(path), as: UTF8.self)
    }

    private static func contents(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "rbe") else {
            throw CommandFailure(.invalidInput, "Cannot read \(path): \(String(cString: strerror(errno))).")
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 14)
        while bytes.count < 1 << 20 {
            let count = fread(&piece, 1, piece.count, file)
            if count == 0 { break }
            bytes.append(contentsOf: piece[..<count])
        }
        guard ferror(file) == 0 else {
            throw CommandFailure(.invalidInput, "Cannot read \(path): \(String(cString: strerror(errno))).")
        }
        return bytes
    }
}
