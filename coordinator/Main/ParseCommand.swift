import ArgumentParser
import CoordinatorSchedulers
import Platform
import TextForms

/// Shows what Mortise reads in the output of a scheduler's command that somebody has kept.
struct ParseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parse",
        abstract: "Show what Mortise reads in a saved output of a scheduler.",
        discussion: """
            Reads what squeue, sinfo, scontrol, sbatch, salloc, qstat or pbsnodes has printed ('--list' shows all \
            forms) and prints as JSON what Mortise understands. null is "the output does not say". Neither the \
            scheduler nor a coordinator is needed.

            Example:
              squeue | mortise-coordinator parse -
              sinfo -Nel > nodes.txt && mortise-coordinator parse nodes.txt
              mortise-coordinator parse --as qstat queue.txt
              mortise-coordinator parse --list

            Exit status: 65 for an output that is empty, not whole, or of no form that is known, 66 for a file that \
            cannot be read.
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

    private var reader: SavedReader { .schedulers }

    func validate() throws {
        guard list || file != nil else {
            throw ValidationError("Give the file with the output, or - for standard input.")
        }
        if let form, !reader.forms.contains(where: { $0.name == form }) {
            throw ValidationError(
                reader.message(.unknownForm(form), name: "", program: "mortise-coordinator"))
        }
    }

    func run() throws {
        guard !list, let file else { return print(reader.table, terminator: "") }
        let bytes = try read(file)
        let name = file == "-" ? "standard input" : "'\(file)'"
        do throws(SavedReader.Fault) {
            print(try reader.json(of: bytes, form: form), terminator: "")
        } catch {
            try fail(reader.message(error, name: name, program: "mortise-coordinator"), .notUnderstood)
        }
    }

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
