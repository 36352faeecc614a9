import APITypes
import ArgumentParser
import ClusterTypes
import NIOPosix
import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The options that every command has.
struct CommonOptions: ParsableArguments {
    @Option(help: "How to print results: table or json.")
    var format: Display.Format = .table

    @Flag(name: [.short, .long], help: "Print only the names or numbers of things.")
    var quiet = false

    @Option(
        help: ArgumentHelp("The file with the coordinator's address and the token.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var config: String?

    /// For results.
    var display: Display {
        Display(format: format, isQuiet: quiet, device: .of(descriptor: 1))
    }

    func settings() throws -> ClientSettings {
        try ClientSettings.load(configPath: config, environment: environmentVariable)
    }

    func client() throws -> APIClient {
        let settings = try settings()
        let transport = try HTTPSTransport(
            group: MultiThreadedEventLoopGroup.singleton, endpoints: settings.endpoints,
            trustRootsPEM: settings.trustRootsPEM)
        return APIClient(transport: transport, token: settings.token)
    }

    /// Prints a list; its JSON is the API's page.
    func show<Element: Encodable & Sendable, Row: ListDisplayable>(
        _ page: Page<Element>, as row: (Element, Instant) -> Row
    ) throws {
        let now = Timestamp.now()
        StandardStream.writeOutput(
            try display.text(list: page.items.map { row($0, now) }) { try JSONText.pretty(page) })
        if page.next != nil, format == .table {
            note("There are more than these \(page.items.count); ask for them with --limit.")
        }
    }

    /// Prints one thing; its JSON is the API's object.
    func show<Element: Encodable>(
        _ element: Element, as details: (Element, Instant) -> some DetailDisplayable
    ) throws {
        StandardStream.writeOutput(
            try display.text(details: details(element, Timestamp.now())) { try JSONText.pretty(element) })
    }

    /// The outcome of an order: a sentence, or the JSON of the thing, or with `--quiet` its name.
    func confirm(_ sentence: String, quietText: String, json: some Encodable) throws {
        switch format {
        case .json: StandardStream.writeOutput(try JSONText.pretty(json) + "\n")
        case .table: StandardStream.writeOutput((quiet ? quietText : sentence) + "\n")
        }
    }

    /// Prints the lines of an explanation.
    func showExplanation(_ explanation: ExplanationView) throws {
        switch format {
        case .json: StandardStream.writeOutput(try JSONText.pretty(explanation) + "\n")
        case .table:
            StandardStream.writeOutput(
                explanation.lines.map { DisplayWidth.printable($0) + "\n" }.joined())
        }
    }

    /// For standard error; not with `--quiet`.
    func note(_ text: String) {
        if !quiet { StandardStream.writeError(text + "\n") }
    }
}

/// nil where it is not set.
func environmentVariable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}

// Identifiers and states are understood wherever a command takes one.
extension Display.Format: ExpressibleByArgument {}
extension JobID: ExpressibleByArgument {}
extension SlotID: ExpressibleByArgument {}
extension JobState: ExpressibleByArgument {}
extension TaskState: ExpressibleByArgument {}
extension SlotState: ExpressibleByArgument {}

/// One of the two outputs of a task or slot.
enum LogStreamName: String, ExpressibleByArgument, CaseIterable {
    case stdout, stderr
}
