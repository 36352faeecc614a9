import ArgumentParser
import ClusterTypes
import JobFile
import Terminal

struct TaskAppend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "append",
        abstract: "Give an open job more tasks, or close it.",
        discussion: """
            Example: mortise task append 12 --each-line more.txt --close
            """)

    @OptionGroup var common: CommonOptions

    @Option(
        help: ArgumentHelp("One task for each line of this file.", valueName: "file"), completion: .file())
    var eachLine: String?

    @Option(
        name: .customLong("from-json"),
        help: ArgumentHelp("One task for each element of this file's JSON array.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var fromJSON: String?

    @Flag(help: "One task for each line of standard input.")
    var stdin = false

    @Flag(help: "No more tasks will follow: the job ends with its last one.")
    var close = false

    @Argument(help: "The job's number.")
    var job: JobID

    @Argument(help: "The tasks' texts.")
    var payloads: [String] = []

    func validate() throws {
        let given = [eachLine != nil, fromJSON != nil, stdin, !payloads.isEmpty].count { $0 }
        guard given <= 1 else {
            throw ValidationError(
                "The tasks come from one place: texts, --each-line, --from-json or --stdin.")
        }
        guard given == 1 || close else {
            throw ValidationError("Give texts, --each-line, --from-json or --stdin, or --close.")
        }
    }

    func run() async throws {
        let payloads = try loadPayloads(source, common: common)
        let submitter = JobSubmitter(client: try common.client(), surroundings: .real(report: common.note))
        let view = try await submitter.append(payloads, to: job, closing: close)
        try common.confirm(
            "\(HumanUnits.count(payloads.count, "task")) appended to job \(job)\(close ? ", which is closed now" : "").",
            quietText: "\(job)", json: view)
    }

    private var source: TaskSource {
        if let eachLine { return .lines(path: eachLine) }
        if let fromJSON { return .json(path: fromJSON) }
        return stdin ? .standardInput : .list(payloads)
    }
}
