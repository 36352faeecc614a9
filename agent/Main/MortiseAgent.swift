import ArgumentParser

@main
struct MortiseAgent: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mortise-agent",
        abstract: "Makes this machine a node of a Mortise cluster.",
        discussion: """
            Example:
              mortise-agent status
              mortise-agent doctor
              mortise-agent run --join-file join.token
            """,
        version: mortiseVersion,
        subcommands: [
            RunCommand.self, StatusCommand.self, DoctorCommand.self, ParseCommand.self, LeaveCommand.self,
            SuperviseCommand.self,
        ])
}
