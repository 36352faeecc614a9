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
            Probes here and now; neither a coordinator nor a running agent is needed. With --format slurm it \
            prints the machine's line for slurm.conf.
            """)

    @Option(help: "How to print it: table, json or slurm.")
    var format: Format = .table

    @Flag(help: "The same as --format json.")
    var json = false

    @OptionGroup var address: AddressOptions

    @Option(help: ArgumentHelp("Directory whose file system is measured.", valueName: "path"))
    var workDirectory = "/"

    @Flag(help: "Do not run vendor tools such as nvidia-smi and npu-smi.")
    var noTools = false

    func run() throws {
        var settings = HardwareProber.Settings(address: address.settings(), workDirectory: workDirectory)
        settings.usesTools = !noTools
        let prober: HardwareProber
        do {
            prober = try HardwareProber(settings: settings)
        } catch {
            throw ValidationError(error.message)
        }
        let report = runningAgentReport() ?? prober.report()
        switch json ? .json : format {
        case .table: print(StatusTable.text(report, load: prober.load()), terminator: "")
        case .json: print(StatusJSON.text(report, load: prober.load()), terminator: "")
        case .slurm: print(StatusSlurm.line(report))
        }
    }

    /// What an agent that runs on this machine has measured; nil where none answers.
    private func runningAgentReport() -> HardwareReport? { nil }
}
