import AgentHardware
import ArgumentParser
import Platform
import TextForms

/// Shows what Mortise reads in the output of a tool that somebody has kept: for reports of machines never seen.
struct ParseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parse",
        abstract: "Show what Mortise reads in a saved output of a tool.",
        discussion: """
            Reads the output of nvidia-smi, npu-smi, amd-smi, lscpu or another tool ('--list' shows all) and prints \
            as JSON what Mortise understands. null is "the output does not say". The tool itself is not needed.

            Example:
              nvidia-smi -q -x | mortise-agent parse -
              npu-smi info > npu.txt && mortise-agent parse npu.txt
              mortise-agent parse --as npu-smi-info npu.txt
              mortise-agent parse --list

            Exit status: 65 for an output of no form that is known, 66 for a file that cannot be read.
            """)

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp(
            "Read it as this form; without it the form is recognised.", valueName: "form"))
    var form: String?

    @Flag(help: "Show the forms, each with the command that prints it.")
    var list = false

    @Argument(help: ArgumentHelp("The output; - is standard input.", valueName: "file"))
    var file: String?

    func validate() throws {
        guard list || file != nil else {
            throw ValidationError("Give the file with the output, or - for standard input.")
        }
        if let form, !reader.forms.contains(where: { $0.name == form }) {
            throw ValidationError(reader.message(.unknownForm(form), name: "", program: "mortise-agent"))
        }
    }

    func run() throws {
        guard !list, let file else { return print(reader.table, terminator: "") }
        let bytes = try read(file)
        let name = file == "-" ? "standard input" : "'\(file)'"
        let fileName = file == "-" ? "" : file.split(separator: "/").last.map(String.init) ?? ""
        do throws(SavedReader.Fault) {
            print(try reader.json(of: bytes, fileName: fileName, form: form), terminator: "")
        } catch {
            try fail(reader.message(error, name: name, program: "mortise-agent"), .notUnderstood)
        }
    }

    private var reader: SavedReader { .hardware }

    private func read(_ file: String) throws -> [UInt8] {
        let limit = SavedReader.limitBytes
        do throws(SystemError) {
            if file == "-" { return try AtomicFile.read(descriptor: 0, "standard input", limitBytes: limit) }
            if let bytes = try AtomicFile.read(file, limitBytes: limit) { return bytes }
        } catch {
            guard !error.isTooLarge else {
                try fail("\(error.attempt): it has more than \(limit >> 20) MiB.", .notUnderstood)
            }
            try fail("\(error).", .unreadable)
        }
        try fail("There is no file '\(file)'.", .unreadable)
    }

    /// As in sysexits.h.
    private enum Status: Int32 {
        case notUnderstood = 65
        case unreadable = 66
    }

    private func fail(_ text: String, _ status: Status) throws -> Never {
        _ = Platform.write(2, Array("Error: \(text)\n".utf8)[...])
        throw ExitCode(status.rawValue)
    }
}
