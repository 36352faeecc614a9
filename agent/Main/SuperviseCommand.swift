import AgentSlots
import ArgumentParser

/// A slot's own process: started by the agent, outlives it.
struct SuperviseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "supervise", shouldDisplay: false)

    @Argument var directory: String

    func run() throws { throw ExitCode(Supervisor.run(directory: directory)) }
}
