import AgentHardware
import ArgumentParser
import ProtocolMessages

/// Shows this machine as the agent sees it, with or without a coordinator or a running agent.
struct StatusCommand: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, json, slurm
    }

    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show this machine: address, processors, memory, devices.",
        discussion: """
            Asks the agent that runs here, if one does, else probes here and now: neither a coordinator nor a \
            running agent is needed. With --format slurm it prints the machine's line for slurm.conf.

            Example:
              mortise-agent status
              mortise-agent status --format slurm >> slurm.conf
            """)

    @Option(help: "How to print it: table, json or slurm.")
    var format: Format = .table

    @Flag(help: "The same as --format json.")
    var json = false

    @OptionGroup var place: AgentDirectoryOption
    @OptionGroup var address: AddressOptions

    @Flag(help: "Probe anew, even if an agent runs here.")
    var probe = false

    @Option(help: ArgumentHelp("Directory whose file system is measured.", valueName: "path"))
    var workDirectory = "/"

    @Flag(help: "Do not run vendor tools such as nvidia-smi and npu-smi.")
    var noTools = false

    func run() throws {
        let running = probe ? nil : LocalSocket.ask(.status, in: place.location)
        let report: HardwareReport
        let load: Heartbeat?
        if let known = running?.report {
            (report, load) = (known, running?.load)
        } else {
            let prober = try prober()
            (report, load) = (prober.report(), prober.load())
        }
        switch json ? .json : format {
        case .table:
            print(StatusTable.text(report, load: load), terminator: "")
            print("agent  " + (running?.text ?? "none runs in \(place.location.path); probed here and now"))
        case .json: print(StatusJSON.text(report, load: load), terminator: "")
        case .slurm: print(StatusSlurm.line(report))
        }
    }

    private func prober() throws -> HardwareProber {
        var settings = HardwareProber.Settings(address: address.settings(), workDirectory: workDirectory)
        settings.usesTools = !noTools
        do {
            return try HardwareProber(settings: settings)
        } catch {
            throw ValidationError(error.message)
        }
    }
}
