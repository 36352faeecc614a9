import AgentDoctor
import AgentHardware
import AgentSlots
import Platform
import ProtocolMessages
import Synchronization

/// The parts of the examination that need no coordinator.
struct MachineExamination: Sendable {
    /// For one run of a tool; a probe may run it a few times.
    private static let toolDeadline = Duration.seconds(10)
    /// Of a probe.
    private static let probeLimit = Duration.seconds(30)
    private static let engineDeadline = Duration.seconds(5)
    private static let limit = Duration.seconds(10)

    let directory: AgentDirectory
    let address: AddressSettings
    let usesTools: Bool

    var parts: [Examiner.Part] {
        [addressPart, diskPart, limitsPart, cgroupPart] + toolParts + [enginePart, agentPart]
    }

    private var addressPart: Examiner.Part {
        Examiner.Part("address", within: Self.limit) { [address] in
            do throws(AddressError) {
                // As the agent does: a name is resolved only where the route decides.
                let needsRoute = address.address == nil && address.index == nil
                let (report, took) = try Examiner.timed { () throws(AddressError) in
                    try AddressPolicy.choose(
                        address, interfaces: AddressReader.interfaces(),
                        route: needsRoute ? AddressReader.route(to: address.coordinatorHosts) : .unknown)
                }
                let advertised = Examiner.timed {
                    report.advertised == report.local
                        ? [report.local] : AddressReader.addresses(of: report.advertised)
                }
                let isHere =
                    !address.coordinatorHosts.isEmpty
                    && address.coordinatorHosts.allSatisfy { host in
                        AddressReader.addresses(of: host).allSatisfy { IPAddress($0)?.isLoopback == true }
                    }
                return [
                    Check.address(report, isCoordinatorHere: isHere).timed(took),
                    Check.advertised(
                        report.advertised, local: report.local, addresses: advertised.0
                    ).timed(advertised.1),
                ]
            } catch {
                return [.address(refused: error.message)]
            }
        }
    }

    private var diskPart: Examiner.Part {
        Examiner.Part("disk", of: directory.path, within: Self.limit) { [directory] in
            let (finding, took) = Examiner.timed { DirectoryExamination.disk(directory.path) }
            let unknown = Check(
                "disk", of: directory.path, .failed, "the directory cannot be looked at",
                mend: "Choose another place with --directory.")
            return [(finding?.check ?? unknown).timed(took)]
        }
    }

    private var limitsPart: Examiner.Part {
        Examiner.Part("ulimit", within: Self.limit) {
            ProcessLimits(parsing: FileSource.machine().read("/proc/self/limits") ?? "").checks
        }
    }

    private var cgroupPart: Examiner.Part {
        Examiner.Part("cgroup", within: Self.limit) {
            let (trial, took) = Examiner.timed {
                ControlGroupTrial(name: "mortise-doctor-\(Host.processID)")
            }
            return [Check.slotLimits(trial.limits, reason: trial.reason).timed(took)]
        }
    }

    /// Each vendor's tool, then the devices that they have listed.
    private var toolParts: [Examiner.Part] {
        guard usesTools else {
            return [Examiner.Part("tool", within: Self.limit) { [Check("tool", .skipped, "--no-tools")] }]
        }
        let runner = ToolRunner()
        let context = ToolContext(runner: runner, paths: [:], deadline: Self.toolDeadline)
        return deviceProbes.map { probe in
            Examiner.Part("tool", of: probe.vendor, within: Self.probeLimit) {
                let present = PCIReader(files: .machine()).accelerators().count { $0.vendor == probe.vendor }
                let (result, took) = Examiner.timed { probe.probe(context) }
                // Nobody looks for the tools of devices that are not there.
                guard result.tool.state != .missing || present > 0 || probe.isAlwaysTold else { return [] }
                let tool = Check.tool(
                    result.tool, found: result.devices.count, present: present, took: took)
                return [tool] + Check.devices(result.devices)
            }
        }
    }

    private var enginePart: Examiner.Part {
        Examiner.Part("engine", within: Self.probeLimit) {
            let runner = ToolRunner()
            let commands: [(name: String, arguments: [String])] = [
                ("docker", ["version", "--format", "{{.Server.Version}}"]),
                ("podman", ["version", "--format", "{{.Client.Version}}"]),
                ("nerdctl", ["version", "--format", "{{.Server.Version}}"]),
                ("apptainer", ["--version"]), ("singularity", ["--version"]),
            ]
            let answers = commands.compactMap { command -> Check.EngineAnswer? in
                let (result, took) = Examiner.timed {
                    runner.run(command.name, command.arguments, deadline: Self.engineDeadline)
                }
                return Check.EngineFinding(result).map {
                    Check.EngineAnswer(name: command.name, finding: $0, took: took)
                }
            }
            return Check.engines(answers)
        }
    }

    private var agentPart: Examiner.Part {
        Examiner.Part("agent", of: directory.path, within: Self.limit) { [directory] in
            let (reply, took) = Examiner.timed { LocalSocket.reply(to: .status, in: directory) }
            let finding: Check.AgentFinding =
                switch reply {
                case .nobody: .none
                case .silence: .silent
                case .answer(let answer): .answers(answer.text)
                }
            return [Check.runningAgent(finding, directory: directory.path).timed(took)]
        }
    }
}

extension Check.EngineFinding {
    /// nil where it is not installed.
    fileprivate init?(_ result: ToolResult) {
        func words(_ bytes: [UInt8]) -> String {
            let text = String(decoding: bytes.prefix(4_096), as: UTF8.self)
            return String((text.split(whereSeparator: \.isNewline).first ?? "").prefix(200))
        }
        switch result {
        case .missing: return nil
        case .exited(0, let output, _): self = .version(words(output))
        case .exited(_, let output, let errors): self = .refused(words(errors.isEmpty ? output : errors))
        case .timedOut, .stuck: self = .hangs
        case .failed(let code): self = .refused(SystemError.text(of: code))
        }
    }
}
