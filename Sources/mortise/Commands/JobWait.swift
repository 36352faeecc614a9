import ArgumentParser
import ClusterTypes

struct JobWait: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until jobs have ended and end with their outcome.",
        discussion: """
            Ends with 0 when all finished, with 1 when one failed, with 6 when one was canceled. Ctrl-C ends the \
            waiting, not the job.

            Example: mortise job wait 12 --progress && ./collect-results
            """)

    @OptionGroup var common: CommonOptions

    @Flag(help: "Show progress even where standard error is no terminal.")
    var progress = false

    @Argument(help: "The jobs' numbers.")
    var jobs: [JobID]

    func run() async throws {
        let watch = JobWatch(client: try common.client(), common: common, forcesProgress: progress)
        var worst = CommandStatus.success
        for job in jobs {
            let ended = try await watch.wait(for: job)
            try await watch.printOutcome(of: ended)
            // A failure says more than a cancellation.
            if worst == .success || ended.exitStatus == .failed { worst = ended.exitStatus }
        }
        if worst != .success { throw CommandFailure(worst, "") }
    }
}
