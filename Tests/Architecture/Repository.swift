import Foundation

/// The checkout that these tests were built from.
enum Repository {
    static let root: URL = {
        // …/Tests/Architecture/Repository.swift
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }()

    /// Every file that belongs to the project, by its path from the root.
    static let files: [String] = {
        var files: [String] = []
        collect("", into: &files)
        return files.sorted()
    }()

    static func swiftFiles(under folder: String) -> [String] {
        files.filter { $0.hasPrefix(folder + "/") && $0.hasSuffix(".swift") }
    }

    static func text(of path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    static func source(of path: String) throws -> SourceText { SourceText(try text(of: path)) }

    static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: root.appending(path: path).path, isDirectory: &isFolder)
            && isFolder.boolValue
    }

    /// Hidden folders, build output and what is shared between checkouts are no part of the project.
    private static func collect(_ folder: String, into files: inout [String]) {
        let url = folder.isEmpty ? root : root.appending(path: folder)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
        for name in names where !name.hasPrefix(".build") && name != ".git" {
            let path = folder.isEmpty ? name : folder + "/" + name
            if folder.isEmpty, ["dist", "shared"].contains(name) { continue }
            if isFolder(path) { collect(path, into: &files) } else { files.append(path) }
        }
    }
}
