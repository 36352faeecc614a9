import ArgumentParser
import YAMLSections

/// Which part of a log to print.
struct LogOptions: ParsableArguments {
    @Flag(name: [.short, .long], help: "Go on printing what is written until it ends.")
    var follow = false

    @Option(help: "Which output: stdout or stderr.")
    var stream: LogStreamName = .stdout

    @Option(help: ArgumentHelp("Only the newest bytes, for example 64KiB.", valueName: "size"))
    var tail: String?

    func validate() throws {
        if let tail { _ = try parsedTail(tail) }
    }

    func query(attempt: UInt32? = nil) throws -> APIClient.LogQuery {
        APIClient.LogQuery(
            stream: stream.rawValue, follows: follow, tailBytes: try tail.map(parsedTail), attempt: attempt)
    }

    private func parsedTail(_ text: String) throws -> Int64 {
        do {
            return try Quantity.bytes(text)
        } catch {
            throw ValidationError("--tail: \(error.message)")
        }
    }
}
