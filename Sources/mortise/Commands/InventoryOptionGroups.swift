import ArgumentParser
import Inventory
import Platform
import Terminal
import YAMLSections

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension InventoryForm: ExpressibleByArgument {}
extension InventoryOutput: ExpressibleByArgument {}

/// How an inventory is read.
struct InventorySource: ParsableArguments {
    @Option(name: .customLong("from"), help: "Its form, where it cannot be recognized.")
    var form: InventoryForm?

    @Option(help: "Which cluster of a Scalebox file.")
    var cluster: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "What ${NAME} stands for in a Scalebox file; repeat it. It wins over the environment.",
            valueName: "NAME=VALUE"))
    var definitions: [String] = []

    @Option(
        name: .customLong("env-file"),
        help: ArgumentHelp(
            "A file of lines NAME=VALUE with such definitions; repeat it, later ones win.", valueName: "file"),
        completion: .file())
    var definitionFiles: [String] = []

    func validate() throws { _ = try options() }

    func options() throws -> InventoryOptions {
        var options = InventoryOptions()
        options.form = form
        options.cluster = cluster
        options.definitionFiles = definitionFiles
        for text in definitions {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw ValidationError("'\(text)' is no NAME=VALUE")
            }
            options.variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        return options
    }

    /// Says what was left out.
    func read(_ path: String, _ common: CommonOptions) throws -> InventoryFile {
        let file = try InventoryReader.read(path: path, options())
        for note in file.notes { common.note("\(note)") }
        return file
    }
}

/// Where a text goes: standard output, or a file that is replaced as a whole.
struct OutputOptions: ParsableArguments {
    @Option(
        name: [.short, .long], help: ArgumentHelp("Write into this file.", valueName: "file"),
        completion: .file())
    var output: String?

    @Flag(help: "Replace the file if it is there.")
    var force = false

    func validate() throws {
        if force, output == nil { throw ValidationError("--force needs --output") }
    }

    /// - Parameter replaces: the text has been made of what is there.
    /// - Throws: where the file is there and is not to be replaced.
    func write(_ text: String, replaces: Bool = false) throws {
        guard let output else { return StandardStream.writeOutput(text) }
        let mode = fileMode(output)
        if mode != nil, !force, !replaces {
            throw CommandFailure(.invalidInput, "'\(output)' is there already; --force replaces it.")
        }
        do throws(SystemError) {
            try AtomicFile.write(Array(text.utf8), to: behindLinks(output), mode: mode ?? 0o644)
        } catch {
            throw CommandFailure(.invalidInput, "\(error)")
        }
    }

    /// nil: nothing is there.
    private func fileMode(_ path: String) -> UInt32? {
        var status = stat()
        return stat(path, &status) == 0 ? UInt32(status.st_mode & 0o777) : nil
    }

    /// The file itself, where a link leads to it.
    private func behindLinks(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
