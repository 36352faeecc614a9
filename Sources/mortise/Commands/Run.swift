import ArgumentParser
import JobFile

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a command: once, or once for each of many tasks.",
        usage: "mortise run [<options>] -- <command> [<argument> ...]",
        discussion: """
            Prints the job's number and returns; --wait waits for the end. Each task's number or text takes the \
            place of {} in the command, and is in $MORTISE_TASK.

            Examples:

              mortise run --cpus 4 --memory 8GiB --wait -- make -j4
              mortise run --array 1-1000 --progress -- ./simulate --seed {}
              mortise run --each-line images.txt --gpus 1:0.25 -- ./detect {}
            """)

    @OptionGroup(title: "Job") var job: JobOptions
    @OptionGroup(title: "Tasks") var tasks: TaskOptions
    @OptionGroup(title: "What one slot needs") var resources: ResourceOptions
    @OptionGroup(title: "Where") var placement: PlacementOptions
    @OptionGroup(title: "Rules") var rules: RuleOptions
    @OptionGroup(title: "Submitting") var options: SubmitOptions
    @OptionGroup var common: CommonOptions

    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("The command and its arguments, after --.", valueName: "command"))
    var command: [String] = []

    func validate() throws {
        // Everything from the first word that is no option on is the command's, and so is a lone --help.
        if command.first == "--help" || command.first == "-h" { throw CleanExit.helpRequest(self) }
        if let first = command.first, first.hasPrefix("-"), first != "--" {
            throw ValidationError(
                "Unknown option '\(first)'. Options stand before the command, the command after --.")
        }
        _ = try submission()
    }

    func run() async throws {
        try await submit(submission(), options: options, common: common)
    }

    func submission() throws -> Submission {
        var run = RunOptions(command: command.first == "--" ? Array(command.dropFirst()) : command)
        job.apply(to: &run)
        tasks.apply(to: &run)
        resources.apply(to: &run)
        placement.apply(to: &run)
        rules.apply(to: &run)
        do {
            return try run.submission(inheritedEnvironment: environmentVariable)
        } catch {
            throw ValidationError(error.description)
        }
    }
}
