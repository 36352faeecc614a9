import ArgumentParser
import JobFile

struct Submit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Submit the job of a job file.",
        discussion: """
            Example job file, thumbs.yaml (all keys are in docs/job-file.md):

              job: thumbnails
              command: [convert, "{}", -resize, 200x200, out.png]
              tasks: { lines: images.txt }

              mortise submit thumbs.yaml --progress
            """)

    @OptionGroup var options: SubmitOptions
    @OptionGroup var common: CommonOptions

    @Argument(
        help: ArgumentHelp("The job file; - is standard input.", valueName: "job.yaml"),
        completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    func run() async throws {
        try await mortise.submit(JobFileReader.read(path: file), options: options, common: common)
    }
}
