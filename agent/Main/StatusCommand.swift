import AgentHardware
import ArgumentParser
import NIOPosix
import ProtocolMessages
import Terminal

/// Shows this machine as the agent sees it, with or without a coordinator or a running agent.
struct StatusCommand: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, json, slurm, gres, prometheus, hosts
    }

    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show this machine: address, processors, memory, devices.",
        discussion: """
            Asks the agent that runs here, if one does, else probes here and now: neither a coordinator nor a \
            running agent is needed.

              table       for people
              json        for programs
              slurm       the machine's line for slurm.conf, as 'slurmd -C' prints it
              gres        the lines of its devices for gres.conf
              prometheus  what is measured now, to be scraped; what is not known is left out
              hosts       its line for /etc/hosts, under the address that others reach it at

            Examples:
              mortise-agent status
              mortise-agent status --watch 5
              mortise-agent status --json --watch | jq .memoryAvailableBytes
              mortise-agent status --format slurm >> slurm.conf
              mortise-agent status --format gres >> gres.conf
              mortise-agent status --format prometheus > /var/lib/node_exporter/mortise.prom
              mortise-agent status --format hosts >> /etc/hosts
            """)

    @Option(help: "How to print it: table, json, slurm, gres, prometheus or hosts.")
    var format: Format = .table

    @Flag(help: "The same as --format json.")
    var json = false

    @Option(
        defaultAsFlag: WatchCommand.defaultSeconds,
        help: ArgumentHelp(
            "Print it again every so many seconds until Ctrl-C; JSON is one line each time.",
            valueName: "seconds"))
    var watch: UInt32?

    @OptionGroup var place: AgentDirectoryOption
    @OptionGroup var address: AddressOptions
    @OptionGroup var cloud: CloudOptions

    @Flag(help: "Probe anew, even if an agent runs here.")
    var probe = false

    @Option(help: ArgumentHelp("Directory whose file system is measured.", valueName: "path"))
    var workDirectory = "/"

    @Flag(help: "Do not run vendor tools such as nvidia-smi and npu-smi.")
    var noTools = false

    func validate() throws {
        guard let watch, !(1...86_400 ~= watch) else { return }
        throw ValidationError("--watch takes 1 to 86400 seconds")
    }

    func run() throws {
        if let watch { return try WatchCommand(command: self, seconds: watch).run() }
        let cloud = cloudInstance()
        if let running = askAgent(cloud) {
            return StandardStream.writeOutput(text(running.status, running.text))
        }
        let prober = try prober()
        let report = prober.report()
        StandardStream.writeOutput(
            text(
                MachineStatus(
                    report: report, load: prober.load(), isProcessorLoadKnown: false, cloud: cloud))
        )
    }

    /// nil where it is not asked for or not known.
    func cloudInstance() -> CloudInstance? {
        let group = MultiThreadedEventLoopGroup.singleton
        return cloud.metadata(on: group.next())?.instance()
    }

    /// nil where none runs, or another is wanted.
    func askAgent(_ cloud: CloudInstance?) -> (status: MachineStatus, text: String)? {
        guard !probe, let answer = LocalSocket.ask(.status, in: place.location), let report = answer.report
        else { return nil }
        return (MachineStatus(report: report, load: answer.load, cloud: cloud), answer.text)
    }

    /// - Parameter agent: what the agent that runs here says of itself.
    func text(_ status: MachineStatus, _ agent: String? = nil) -> String {
        let report = status.report
        switch json ? .json : format {
        case .table:
            return StatusTable.text(report, load: status.load, cloud: status.cloud)
                + "agent  \(agent ?? "none runs in \(place.location.path); probed here and now")\n"
        case .json:
            return StatusJSON.text(report, load: status.load, cloud: status.cloud, isOneLine: watch != nil)
        case .slurm: return StatusSlurm.line(report) + "\n"
        case .gres: return StatusGres.text(report, places: DevicePlaceReader().places(of: report.devices))
        case .prometheus: return StatusPrometheus.text(status)
        case .hosts: return StatusHosts.text(report)
        }
    }

    func prober() throws -> HardwareProber {
        var settings = HardwareProber.Settings(address: address.settings(), workDirectory: workDirectory)
        settings.usesTools = !noTools
        if let watch { settings.sampleInterval = .seconds(Int64(watch)) }
        do {
            return try HardwareProber(settings: settings)
        } catch {
            throw ValidationError(error.message)
        }
    }
}
