import HTTPSClient
import Testing

@testable import mortise

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Each test has a folder of its own, which goes away with the suite's value.
final class SettingsTests {
    private let folder: String

    init() throws {
        var template = Array("/tmp/mortise-settings-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        mkdir(folder + "/mortise", 0o700)
        try write("mortise/ca.pem", "-----BEGIN CERTIFICATE-----\n", mode: 0o644)
    }

    deinit {
        for name in ["mortise/client.json", "mortise/ca.pem", "other.pem"] { unlink("\(folder)/\(name)") }
        rmdir(folder + "/mortise")
        rmdir(folder)
    }

    private func write(_ name: String, _ text: String, mode: mode_t = 0o600) throws {
        let file = try #require(fopen("\(folder)/\(name)", "w"))
        fputs(text, file)
        fclose(file)
        chmod("\(folder)/\(name)", mode)
    }

    private func load(config: String? = nil, _ environment: [String: String] = [:]) throws -> ClientSettings {
        var environment = environment
        environment["XDG_CONFIG_HOME"] = environment["XDG_CONFIG_HOME"] ?? folder
        let variables = environment
        return try ClientSettings.load(configPath: config) { variables[$0] }
    }

    private func failure(_ environment: [String: String] = [:], config: String? = nil) -> String {
        do {
            _ = try load(config: config, environment)
            return "no failure"
        } catch let error as CommandFailure {
            #expect(error.status == .invalidInput)
            return error.message.replacing(folder, with: "DIR")
        } catch {
            return "\(error)"
        }
    }

    private let right = #"{"urls": ["https://a:7001", "https://[::1]:7002"], "ca": "ca.pem", "token": "t1"}"#

    @Test func `The file gives addresses, CA and token`() throws {
        try write("mortise/client.json", right)
        #expect(
            try load()
                == ClientSettings(
                    endpoints: [
                        HTTPSEndpoint(host: "a", port: 7001), HTTPSEndpoint(host: "::1", port: 7002),
                    ],
                    trustRootsPEM: "-----BEGIN CERTIFICATE-----\n", token: "t1"))
    }

    @Test func `The file is found by flag, variable, XDG folder or home, in this order`() throws {
        try write("mortise/client.json", right)
        let path = folder + "/mortise/client.json"
        #expect(try load(config: path, ["MORTISE_CONFIG": "/nonexistent"]).token == "t1")
        #expect(try load(["MORTISE_CONFIG": path, "XDG_CONFIG_HOME": "/nonexistent"]).token == "t1")
        #expect(
            failure(["MORTISE_CONFIG": "/nonexistent"])
                == "Cannot read /nonexistent: No such file or directory.")
        #expect(failure(["XDG_CONFIG_HOME": "/nonexistent"]).contains("/nonexistent/mortise/client.json"))
        #expect(
            throws: CommandFailure.self, "no folder at all"
        ) { try ClientSettings.load(configPath: nil) { _ in nil } }
    }

    @Test func `Variables replace what stands in the file`() throws {
        try write("mortise/client.json", right)
        try write("other.pem", "other", mode: 0o644)
        let settings = try load([
            "MORTISE_URL": "https://b:1,https://c:2", "MORTISE_CA": folder + "/other.pem",
            "MORTISE_TOKEN": "t2",
        ])
        #expect(
            settings
                == ClientSettings(
                    endpoints: [HTTPSEndpoint(host: "b", port: 1), HTTPSEndpoint(host: "c", port: 2)],
                    trustRootsPEM: "other", token: "t2"))
        #expect(try load(["MORTISE_TOKEN": ""]).token == "t1")
    }

    @Test func `Variables alone are enough`() throws {
        let settings = try load([
            "MORTISE_URL": "https://b:1", "MORTISE_CA": folder + "/mortise/ca.pem", "MORTISE_TOKEN": "t2",
        ])
        #expect(settings.token == "t2")
    }

    @Test(arguments: [0o644, 0o640, 0o604, 0o660] as [mode_t])
    func `A file that others can read is refused with what to do`(mode: mode_t) throws {
        try write("mortise/client.json", right, mode: mode)
        #expect(failure().hasSuffix("Run: chmod 600 DIR/mortise/client.json"))
    }

    @Test(arguments: [
        (#"{"ca": "ca.pem", "token": "t"}"#, "No coordinator is named. "),
        (#"{"urls": ["https://a:1"], "token": "t"}"#, "The cluster's CA certificate is not named. "),
        (#"{"urls": ["https://a:1"], "ca": "ca.pem"}"#, "There is no API token. "),
        (
            #"{"urls": ["http://a:1"], "ca": "ca.pem", "token": "t"}"#,
            "'http://a:1' is no address of a coordinator"
        ),
        (#"{"urls": ["https://a:1"], "ca": "no.pem", "token": "t"}"#, "Cannot read DIR/mortise/no.pem: "),
        (#"{"urls": ["https://a:1"], "ca": "ca.pem", "token": "a b"}"#, "The API token holds blanks"),
        (#"{"url": "https://a:1"}"#, "DIR/mortise/client.json: unknown key 'url'; keys are urls, ca, token"),
        (#"{"urls": 5}"#, "DIR/mortise/client.json is not JSON of the form"),
        ("nonsense", "DIR/mortise/client.json is not JSON of the form"),
    ])
    func `What is missing or wrong is named`(text: String, expected: String) throws {
        try write("mortise/client.json", text)
        #expect(failure().hasPrefix(expected), "\(failure())")
    }

    @Test func `No message shows the token`() throws {
        try write(
            "mortise/client.json",
            #"{"urls": ["https://a:1"], "ca": "ca.pem", "token": "secret word", "x": 1}"#)
        #expect(!failure().contains("secret"))
        try write(
            "mortise/client.json", #"{"urls": ["https://a:1"], "ca": "ca.pem", "token": "secret word"}"#)
        #expect(!failure().contains("secret"))
    }
}
