import APITypes
import ArgumentParser
import ClusterTypes
import JobFile
import Terminal

struct Plan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Say where the slots of a job file would go now, and submit nothing.",
        discussion: """
            The answer is that of this moment, as if the job were the next in its turn: jobs that wait before it, and \
            what would be stopped for it, are left out. The status is 7 where slots would wait.

            Example: submit a job only if all of it starts at once:

              mortise plan train.yaml && mortise submit train.yaml
            """)

    @OptionGroup var common: CommonOptions

    @Flag(help: "The same as --format json.")
    var json = false

    @Argument(
        help: ArgumentHelp("The job file; - is standard input.", valueName: "job.yaml"),
        completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    func run() async throws {
        let request = try Plan.request(for: JobFileReader.read(path: file), common: common)
        let view = try await common.client().plan(request)
        var display = common.display
        if json { display.format = .json }
        StandardStream.writeOutput(try PlanDisplay(view: view).text(display))
        if view.waiting > 0 { throw CommandFailure(.wouldWait, "") }
    }

    /// The tasks themselves stay here: their number is all that matters.
    static func request(for submission: Submission, common: CommonOptions) throws -> PlanRequest {
        let specification = submission.specification
        let count = try loadPayloads(submission.tasks, common: common).count
        guard specification.kind == .tasks, specification.array == nil, !specification.isOpen else {
            return PlanRequest(specification: specification)
        }
        guard count > 0 else {
            throw CommandFailure(.invalidInput, "There are no tasks: there is nothing to plan.")
        }
        return PlanRequest(specification: specification, tasks: UInt32(clamping: count))
    }
}
