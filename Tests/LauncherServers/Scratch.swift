import Foundation
import PostgresServer

/// A folder of one test, gone with it.
package final class Scratch: Sendable {
    package let path: String

    package init() throws {
        let folder = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
        path = folder.appendingPathComponent("mortise-launch-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// - Returns: its path.
    @discardableResult
    package func write(_ name: String, _ text: String, mode: Int = 0o600) throws -> String {
        let file = path + "/" + name
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        return file
    }

    /// Written by a process of its own: a file that this one has open for writing cannot be run, and a child that another
    /// thread starts at this moment has it open for as long as it is no program yet.
    ///
    /// - Returns: its path.
    @discardableResult
    package func program(_ name: String, _ text: String) throws -> String {
        let file = path + "/" + name
        try write(name + ".text", text)
        try PostgresServer.run(
            ["sh", "-c", #"cp "$1.text" "$1" && chmod 755 "$1" && rm "$1.text""#, "sh", file], in: path)
        return file
    }

    /// "" where there is none.
    package func read(_ name: String) -> String {
        let data = try? Data(contentsOf: URL(fileURLWithPath: path + "/" + name))
        return data.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    package func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }
}

/// The checkout that these tests were built from.
package enum Checkout {
    package static func path(_ name: String) -> String {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        return root.appendingPathComponent(name).path
    }
}

/// Programs that tests need and a machine may lack.
package enum Programs {
    package static func path(of name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return (path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"])
            .map { $0 + "/" + name }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    package static func missing(_ names: String...) -> String? {
        let missing = names.filter { path(of: $0) == nil }
        return missing.isEmpty ? nil : "\(missing.joined(separator: ", ")) missing"
    }
}
