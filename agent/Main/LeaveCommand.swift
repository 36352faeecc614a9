import ArgumentParser

struct LeaveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leave",
        abstract: "Make the agent that runs here stop its slots and leave its cluster's work.",
        discussion: """
            The identity stays: 'mortise-agent run' brings the node back.

            Example:
              mortise-agent leave
            """)

    @OptionGroup var place: AgentDirectoryOption

    func run() throws {
        guard let answer = LocalSocket.ask(.leave, in: place.location) else {
            throw Failure("No agent runs in \(place.location.path).")
        }
        print(answer.text)
    }
}
