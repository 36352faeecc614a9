import Foundation
import Synchronization

/// A folder of one test that needs no cluster, gone with it.
final class ScratchFolder: Sendable {
    let path: String
    private let commands = Mutex(0)

    private init() throws {
        path =
            FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
            .appendingPathComponent("mortise-e2e-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    static func with(_ body: (ScratchFolder) async throws -> Void) async throws {
        let folder = try ScratchFolder()
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        try await body(folder)
    }

    /// - Returns: the file's path.
    func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
        return path + "/" + name
    }

    /// - Parameter input: a file for its standard input; nothing to read without one.
    func run(
        _ program: String, _ arguments: [String], input: String? = nil,
        within limit: Duration = .seconds(60)
    ) async throws -> CommandResult {
        let number = commands.withLock { commands in
            commands += 1
            return commands
        }
        let child = try await ChildProcess.start(
            program, arguments, environment: Programs.environment(home: path), folder: path,
            files: "\(path)/command-\(number)", input: input)
        let status = try await child.waitForExit(within: limit)
        return CommandResult(status: status, output: child.output, errors: child.errors)
    }
}
