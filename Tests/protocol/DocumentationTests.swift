import Foundation
import ProtocolMessages
import Testing

/// What an agent in another language is written from must not fall behind.
@Suite struct DocumentationTests {
    private func text(of path: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    @Test(arguments: ["agent", "coordinator"])
    func everyMessageOfTheSchemaIsDescribedWithItsNumber(side: String) throws {
        let schema = try text(of: "protocol/Schema/mortise/agent/v1/\(side).proto")
        let documentation = try text(of: "docs/protocol.md")
        let envelope = try #require(schema.firstMatch(of: /oneof message \{([^}]*)\}/)?.output.1)
        let messages = envelope.matches(of: /\n\s+\w+ (\w+) = (\d+);/)
        // A heartbeat has two forms.
        #expect(
            messages.count
                == (side == "agent" ? MessageGenerator.agentKinds + 1 : MessageGenerator.coordinatorKinds))
        for message in messages {
            let row = "| `\(message.output.1)` | \(message.output.2) |"
            #expect(documentation.contains(row), "\(row)")
        }
    }

    @Test func everyRefusalIsDescribedWithItsNumber() throws {
        let schema = try text(of: "protocol/Schema/mortise/agent/v1/coordinator.proto")
        let documentation = try text(of: "docs/protocol.md")
        for code in Refusal.Code.allCases {
            let number = try #require(
                schema.firstMatch(of: try Regex("CODE_\(code.rawValue.uppercased()) = ([0-9]+);"))?.output[1]
                    .substring)
            #expect(
                documentation.contains("| `\(code.rawValue)` | \(number) |"), "\(code.rawValue) \(number)")
        }
    }
}
