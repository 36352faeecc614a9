import AgentSlots
import ArgumentParser
import Platform
import TLSIdentity

let mortiseVersion = "0.1.0"

/// An error whose text is all that a user needs.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

struct AgentDirectoryOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where the agent keeps its identity and slots. [MORTISE_AGENT_DIRECTORY]", valueName: "path"))
    var directory: String?

    var location: AgentDirectory { AgentDirectory(path: directory ?? AgentDirectory.defaultPath) }
}

/// The agent's files, for its user alone.
struct AgentDirectory: Sendable {
    let path: String

    static var defaultPath: String {
        if let path = Host.variable("MORTISE_AGENT_DIRECTORY"), !path.isEmpty { return path }
        if let state = Host.variable("XDG_STATE_HOME"), !state.isEmpty { return state + "/mortise-agent" }
        return (Host.variable("HOME") ?? "/var/lib") + "/.local/state/mortise-agent"
    }

    var lockPath: String { path + "/agent.lock" }
    var slotsPath: String { path + "/slots" }
    var identityFiles: NodeIdentityFiles { NodeIdentityFiles(directory: path + "/identity") }
    static let socketName = "agent.sock"

    /// This program's own file: supervisors are run from it.
    var executable: String { "/proc/self/exe" }

    func create() throws {
        do { try Files.makeFolders(path) } catch {
            throw Failure(
                "Cannot make the agent's directory \(path): \(error). Choose another with --directory.")
        }
    }
}
