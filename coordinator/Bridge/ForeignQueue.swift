import CoordinatorSchedulers
package import Platform

/// What the bridge needs of a scheduler: Slurm or Torque. Calls block until their command has ended.
package protocol ForeignQueue: Sendable {
    /// The scheduler's own words for its version; thrown where it is not there, before anything is begun.
    func version() throws(BridgeFailure) -> String
    func look() throws(BridgeFailure) -> BridgeLook
    func join(_ node: String) throws(BridgeFailure)
    func drain(_ node: String) throws(BridgeFailure)
    func resume(_ node: String) throws(BridgeFailure)
    /// The node's machine is gone.
    func forget(_ node: String) throws(BridgeFailure)
}

/// Machines for the names of nodes: whatever makes them. Both may take long.
package protocol BridgeMachines: Sendable {
    /// The names of nodes that have a machine, or to which one is coming.
    func list() async throws -> [String]
    func add(_ node: String) async throws
    func remove(_ node: String) async throws
}

/// What was tried, on what, and what it said.
package struct BridgeFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

/// Commands of a scheduler: where, and as whom, they are run.
package struct SchedulerTools: Sendable {
    static let outputLimitBytes = 64 << 20

    private let runner = ToolRunner()
    /// The folder of the commands; nil: PATH.
    package var folder: String?
    /// `NAME=value`
    package var environment: [String] = []
    /// The host on which they run, as ssh takes it; nil: here.
    package var login: LoginShell?
    /// Those that change nodes go through `sudo -n`, as only operators of the scheduler may change them.
    package var changesBySudo = false
    /// Of one command.
    package var timeout = Duration.seconds(60)

    package init(folder: String? = nil) { self.folder = folder }

    /// - Returns: what the command printed; only of one that succeeded, and whole.
    func run(_ tool: String, _ arguments: [String]) throws(BridgeFailure) -> String {
        try run([folder.map { $0 + "/" + tool } ?? tool] + arguments, ([tool] + arguments))
    }

    /// Changes a node.
    func change(_ tool: String, _ arguments: [String]) throws(BridgeFailure) {
        let program = [folder.map { $0 + "/" + tool } ?? tool] + arguments
        // sudo passes no variable on that it is not told of.
        let command = changesBySudo ? ["sudo", "-n"] + environment + program : program
        _ = try run(command, (changesBySudo ? ["sudo"] : []) + [tool] + arguments)
    }

    private func run(_ command: [String], _ words: [String]) throws(BridgeFailure) -> String {
        let line = words.joined(separator: " ") + (login.map { " on \($0.host)" } ?? "")
        let limit = Self.outputLimitBytes + 1
        let answer =
            if let login {
                login.run(
                    command, environment: environment, with: runner, deadline: timeout, outputLimit: limit)
            } else {
                runner.run(
                    command[0], Array(command.dropFirst()), environment: environment, deadline: timeout,
                    outputLimit: limit)
            }
        switch answer {
        case .exited(0, let output, _):
            guard output.count <= Self.outputLimitBytes else {
                throw BridgeFailure("'\(line)' printed more than \(Self.outputLimitBytes >> 20) MiB.")
            }
            return String(decoding: output, as: UTF8.self)
        case .exited(let code, let output, let errors):
            let said = String(decoding: errors + output, as: UTF8.self).split(whereSeparator: \.isNewline)
                .suffix(4)
            throw BridgeFailure("'\(line)' ended with \(code): \(said.joined(separator: " ").prefix(500))")
        case .timedOut: throw BridgeFailure("'\(line)' gave no answer within \(timeout) and was killed.")
        case .stuck: throw BridgeFailure("'\(line)' was killed earlier and has not ended since.")
        case .missing: throw BridgeFailure("There is no program '\(command[0])' here, or it may not be run.")
        case .failed(let code):
            throw BridgeFailure("'\(line)' cannot be started: \(SystemError.text(of: code)).")
        }
    }
}
