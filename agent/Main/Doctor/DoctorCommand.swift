import AgentDoctor
import AgentHardware
import ArgumentParser
import ClusterTypes
import FoundationEssentials
import NIOCore
import NIOPosix
import Platform
import TLSIdentity
import Terminal

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Examine what an agent needs here, and say how to mend what is wrong.",
        discussion: """
            Before this machine joins it tries the addresses of the join token, without using it up; afterwards those \
            of the identity, also while the agent runs. It prints no secret, and ends within about \
            half a minute whatever hangs.

            Example:
              mortise-agent doctor --join-file join.token
              mortise-agent doctor --json

            Exit status: 0 all well, perhaps with warnings; 1 something failed; 64 wrong usage.
            """)

    @OptionGroup var place: AgentDirectoryOption
    @OptionGroup var address: AddressOptions
    @OptionGroup var join: JoinTokenOption
    @Option(help: "The name under which the node is to join; default is the host name. [MORTISE_NAME]")
    var name: String?
    @Flag(help: "Do not run vendor tools such as nvidia-smi and npu-smi.")
    var noTools = false
    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let device = TerminalDevice.of(descriptor: 1)
        if device.isInteractive { StandardStream.writeError("examining this machine …\n") }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let membership = Membership.examine(place.location, join: join)
        let proxies = ProxySettings(environment: Host.variable)
        let ways = membership.roles.map { CoordinatorExamination(role: $0, proxies: proxies, group: group) }
        let machine = MachineExamination(
            directory: place.location, address: address.settings(coordinatorHosts: membership.hosts),
            usesTools: !noTools)
        let nodeName = name ?? Host.variable("MORTISE_NAME") ?? Host.name
        let machineParts = machine.parts
        let wayParts = ways.map { way in
            Examiner.Part("connect", of: way.subject, within: CoordinatorExamination.limit) { way.checks() }
        }
        let results = Examiner.run(wayParts + machineParts)
        let reached = softened(ways, Array(results.prefix(ways.count)))
        let checks =
            membership.checks + [.nodeName(nodeName), proxies.check(hosts: membership.hosts)]
            + (reached + results.dropFirst(ways.count)).flatMap { $0 }
        let diagnosis = Diagnosis(version: mortiseVersion, checks: checks)
        StandardStream.writeOutput(
            json ? try Self.json(diagnosis) : DoctorText.text(diagnosis, for: device))
        throw ExitCode(diagnosis.exitCode)
    }

    /// An address that is not reached fails only where no other of its kind is.
    private func softened(_ ways: [CoordinatorExamination], _ checks: [[Check]]) -> [[Check]] {
        let count = ways.prefix { if case .api = $0.role { true } else { false } }.count
        return Reach.softened(Array(checks.prefix(count))) + Reach.softened(Array(checks.dropFirst(count)))
    }

    private static func json(_ diagnosis: Diagnosis) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(diagnosis), as: UTF8.self) + "\n"
    }
}
