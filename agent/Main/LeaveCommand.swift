import ArgumentParser

struct LeaveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leave",
        abstract: "Make the agent that runs here stop its slots and leave its cluster's work.",
        discussion: """
            The identity stays: 'mortise-agent run' brings the node back.

            With --in its slots run on for most of that time, and jobs that asked for it are warned first: the answer to
            a notice that the machine will be taken away.

            Example:
              mortise-agent leave
              mortise-agent leave --in 120s
            """)

    @OptionGroup var place: AgentDirectoryOption
    @Option(
        name: .customLong("in"),
        help: ArgumentHelp("The machine is gone after this time.", valueName: "duration"))
    var remaining: String?

    func run() throws {
        let request = try remaining.map {
            LocalRequest.leaveIn(
                seconds: UInt32(clamping: try LifetimeOptions.duration($0).components.seconds))
        }
        guard let answer = LocalSocket.ask(request ?? .leave, in: place.location) else {
            throw Failure("No agent runs in \(place.location.path).")
        }
        print(answer.text)
    }
}
