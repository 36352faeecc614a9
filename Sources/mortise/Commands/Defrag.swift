import APITypes
import ArgumentParser
import Terminal

struct Defrag: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "defrag",
        abstract: "Say which slots would have to be elsewhere so that devices are whole.",
        discussion: """
            Nothing is moved. A device that several slots share is of no use to work that wants a whole one; where all \
            of its slots have room on devices that are shared anyway, it can be freed.

            Example: mortise defrag --dry-run
            """)

    @OptionGroup var common: CommonOptions

    @Flag(help: "Show the moves. There is nothing else that this command does.")
    var dryRun = false

    @Flag(help: "The same as --format json.")
    var json = false

    func validate() throws {
        guard !dryRun else { return }
        throw ValidationError(
            """
            Mortise moves no slot by itself, so say --dry-run: that shows which moves would make devices whole.
            An operator can end what is in the way, and it starts elsewhere or is submitted anew:
              mortise node cordon NODE    first, so that nothing new goes there
              mortise node drain NODE     services start elsewhere, tasks and batch commands come to their end
              mortise job cancel JOB      ends all slots of a job
              mortise node uncordon NODE  at last: the node takes work again
            """)
    }

    func run() async throws {
        let view = try await common.client().moves()
        var display = common.display
        if json { display.format = .json }
        StandardStream.writeOutput(try MovesDisplay(view: view).text(display))
    }
}
