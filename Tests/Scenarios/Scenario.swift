import Foundation
import Testing

/// A case file: what is done to the world, and all that then happens in it.
///
/// A block is some lines of commands, a line `----`, and the exact trace up to an empty line. Lines that start
/// with `#` and empty lines between blocks are for people.
struct Scenario {
    struct Block {
        /// Number of the first command's line, for messages.
        var line: Int
        var commands: [String]
        var expected: [String]
    }

    enum Part {
        /// A comment or an empty line.
        case prose(String)
        case block(Block)
    }

    var parts: [Part] = []

    init(parsing text: String) throws {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)[...]
        if lines.last == "" { lines.removeLast() }
        while let line = lines.first {
            if line.isEmpty || line.hasPrefix("#") {
                parts.append(.prose(line))
                lines.removeFirst()
                continue
            }
            var block = Block(line: lines.startIndex + 1, commands: [], expected: [])
            while let command = lines.popFirst(), command != "----" {
                guard !command.isEmpty, !lines.isEmpty else {
                    throw WorldError("line \(block.line): the block has no ----")
                }
                block.commands.append(command)
            }
            while let output = lines.first, !output.isEmpty {
                block.expected.append(output)
                lines.removeFirst()
            }
            parts.append(.block(block))
        }
    }

    var text: String {
        parts.map { part in
            switch part {
            case .prose(let line): line + "\n"
            case .block(let block):
                (block.commands + ["----"] + block.expected).map { $0 + "\n" }.joined()
            }
        }.joined()
    }

    /// Performs all blocks in one new world.
    /// - Returns: the same scenario with what did happen.
    func run() throws -> Scenario {
        var result = self
        let world = World()
        for position in parts.indices {
            guard case .block(var block) = parts[position] else { continue }
            for command in block.commands {
                do {
                    try world.perform(command)
                } catch {
                    throw WorldError("line \(block.line), '\(command)': \(error)")
                }
            }
            block.expected = world.takeTrace()
            result.parts[position] = .block(block)
        }
        return result
    }
}

struct WorldError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Where the case files are, and whether they are to be rewritten.
enum ScenarioFiles {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "cases")

    static let names: [String] = {
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        return (names ?? []).filter { $0.hasSuffix(".txt") }.sorted()
    }()

    static let isUpdating = ProcessInfo.processInfo.environment["MORTISE_UPDATE_SCENARIOS"] == "1"

    static func read(_ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    static func write(_ text: String, to name: String) throws {
        try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    }
}
