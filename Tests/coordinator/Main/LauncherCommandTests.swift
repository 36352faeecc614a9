import ArgumentParser
import Testing

@testable import mortise_coordinator

@Suite("The test of launcher programs on the command line")
struct LauncherCommandTests {
    private func complaint(_ arguments: String...) -> String? {
        do {
            _ = try LauncherCommand.TestCommand.parse(arguments)
            return nil
        } catch {
            return LauncherCommand.TestCommand.message(for: error)
        }
    }

    @Test func `It starts nothing unless that is said`() {
        let said = complaint("--pool", "cloud", "--", "./cloud", "--region", "north")
        #expect(
            said?.contains("this starts three nodes for the pool 'cloud' with './cloud'") == true,
            "\(said ?? "")")
        #expect(complaint("--yes", "--", "./cloud", "--region", "north") == nil)
    }

    @Test func `What cannot be is said before anything starts`() {
        #expect(complaint("--yes")?.contains("name the program after '--'") == true)
        #expect(complaint("--yes", "--environment", "A", "--", "x")?.contains("NAME=VALUE, not 'A'") == true)
        #expect(complaint("--yes", "--environment", "1=2", "--", "x")?.contains("'1' is no name") == true)
        #expect(
            complaint("--yes", "--pass", "A", "--environment", "A=1", "--", "x")?.contains("twice") == true)
        #expect(complaint("--yes", "--timeout", "0", "--", "x")?.contains("--timeout is 1 to 3600") == true)
    }

    @Test func `The program's own words are its own`() throws {
        let command = try LauncherCommand.TestCommand.parse([
            "--yes", "--json", "--", "./cloud", "--yes", "list",
        ])
        #expect(command.command == ["./cloud", "--yes", "list"] && command.json)
    }
}
