import APITypes
import ArgumentParser
import ClusterTypes
import JobFile
import YAMLSections
import Terminal

struct TaskRetry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Run tasks that failed or were canceled again.",
        discussion: """
            Without numbers: all that failed or were canceled.

            Example: mortise task retry 12 3 7 100-199
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "The job's number.")
    var job: JobID

    @Argument(help: "The tasks' numbers or ranges of them.")
    var tasks: [String] = []

    func validate() throws { _ = try selection() }

    func run() async throws {
        let client = try common.client()
        var answer = RetryTasksAnswer(retried: 0)
        if let indices = try selection() {
            for start in stride(from: 0, to: indices.count, by: JobLimits.payloadsPerRequest) {
                let piece = Array(indices[start..<min(indices.count, start + JobLimits.payloadsPerRequest)])
                answer.retried += try await client.retryTasks(of: job, RetryTasksRequest(indices: piece))
                    .retried
            }
        } else {
            answer = try await client.retryTasks(of: job, RetryTasksRequest())
        }
        try common.confirm(
            "\(HumanUnits.count(answer.retried, "task")) of job \(job) will run again.",
            quietText: "\(answer.retried)", json: answer)
    }

    private func selection() throws -> [TaskIndex]? {
        guard !tasks.isEmpty else { return nil }
        do {
            return try TaskSelection.parse(tasks)
        } catch {
            throw ValidationError(error.message)
        }
    }
}
