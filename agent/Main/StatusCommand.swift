import AgentHardware
import ArgumentParser
import ProtocolMessages

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
              mortise-agent status --format slurm >> slurm.conf
              mortise-agent status --format gres >> gres.conf
              mortise-agent status --format prometheus > /var/lib/node_exporter/mortise.prom
              mortise-agent status --format hosts >> /etc/hosts
            """)

    @Option(help: "How to print it: table, json, slurm, gres, prometheus or hosts.")
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
        case .gres:
            let places = DevicePlaceReader().places(of: report.devices)
            print(StatusGres.text(report, places: places), terminator: "")
        case .prometheus:
            let status = MachineStatus(
                report: report, load: load, isProcessorLoadKnown: running?.report != nil,
                readingAges: report.devices.map(\.ageSeconds))
            print(StatusPrometheus.text(status), terminator: "")
        case .hosts: print(StatusHosts.text(report), terminator: "")
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
