import ArgumentParser
import Inventory
import Testing

@testable import JobFile
@testable import mortise

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The pages under docs/ say what the program does.
struct DocumentationTests {
    private func page(_ name: String, from file: String = #filePath) throws -> String {
        let root = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(
            separator: "/")
        let path = "\(root)/docs/\(name)"
        let handle = try #require(fopen(path, "r"), "\(path) is missing")
        defer { fclose(handle) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4_096)
        while case let count = fread(&piece, 1, piece.count, handle), count > 0 {
            bytes += piece[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: CommandStatus.allCases)
    func `Every exit status is documented`(status: CommandStatus) throws {
        #expect(try page("cli.md").contains("\n| \(status.rawValue) | "))
    }

    @Test(arguments: JobReader.keys)
    func `Every key of the job file is documented`(key: String) throws {
        #expect(try page("job-file.md").contains("\n| `\(key)` | "))
    }

    @Test func `Every example of a job file is a job`() throws {
        let blocks = try page("job-file.md").split(separator: "```").filter { $0.hasPrefix("yaml\n") }
        let jobs = blocks.map { $0.dropFirst(5) }.filter { $0.contains("job: ") }
        #expect(jobs.count == 3)
        for job in jobs { _ = try JobFileReader.parse(String(job), file: "example.yaml") }
    }

    @Test func `The example of an inventory is one, and every form is documented`() throws {
        let page = try page("inventory.md")
        let blocks = page.split(separator: "```").filter { $0.hasPrefix("yaml\nhosts:") }
        #expect(blocks.count == 1)
        for block in blocks {
            let file = try InventoryReader.parse(String(block.dropFirst(5)), file: "example.yaml")
            #expect(file.inventory.hosts.count == 3)
        }
        let forms = InventoryForm.allCases.map(\.rawValue) + InventoryOutput.allCases.map(\.rawValue)
        for form in forms { #expect(page.contains("\n| `\(form)` | "), "\(form)") }
        for key in HostReader.keys { #expect(page.contains("`\(key)`"), "\(key)") }
    }

    @Test func `Every command is documented`() throws {
        let page = try page("cli.md")
        for command in Mortise.configuration.subcommands {
            for verb in command.configuration.subcommands {
                #expect(
                    page.contains("`\(verb._commandName)`")
                        || page.contains("`\(command._commandName) \(verb._commandName)`"))
            }
            #expect(page.contains("`\(command._commandName)"))
        }
    }
}
