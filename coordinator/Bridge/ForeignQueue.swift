import CoordinatorSchedulers
import Platform

/// What the bridge needs of a scheduler: Slurm or Torque. Calls block until their command has ended.
package protocol ForeignQueue: Sendable {
    /// The scheduler's own words for its version; thrown where it is not there, before anything is begun.
    func version() throws(BridgeFailure) -> String
    func look() throws(BridgeFailure) -> BridgeLook
    func join(_ node: String) throws(BridgeFailure)
    func drain(_ node: String) throws(BridgeFailure)
    func resume(_ node: String) throws(BridgeFailure)
}

/// Machines for the names of nodes: whatever makes them. Both may take long.
package protocol BridgeMachines: Sendable {
    func add(_ node: String) async throws
    func remove(_ node: String) async throws
}

/// What was tried, on what, and what it said.
package struct BridgeFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

/// Commands of a scheduler, run here.
struct SchedulerTools: Sendable {
    static let outputLimitBytes = 64 << 20

    let runner = ToolRunner()
    /// The folder of the commands; nil: PATH.
    let folder: String?
    /// `NAME=value`
    let environment: [String]
    let timeout: Duration

    /// - Returns: what the command printed; only of one that succeeded, and whole.
    func run(_ tool: String, _ arguments: [String]) throws(BridgeFailure) -> String {
        let program = folder.map { $0 + "/" + tool } ?? tool
        let line = ([tool] + arguments).joined(separator: " ")
        let answer = runner.run(
            program, arguments, environment: environment, deadline: timeout,
            outputLimit: Self.outputLimitBytes + 1)
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
        case .missing: throw BridgeFailure("There is no program '\(program)' here, or it may not be run.")
        case .failed(let code):
            throw BridgeFailure("'\(line)' cannot be started: \(SystemError.text(of: code)).")
        }
    }
}
