import ClusterTypes
package import Platform
package import ProtocolMessages
import TextForms

/// What one vendor's tool has said.
package struct DeviceProbeResult: Hashable, Sendable {
    package var devices: [DeviceReport]
    package var tool: ToolReport
    /// The tool has listed all that there is: what it knew before and does not list now is gone.
    package var isComplete: Bool
    /// Bus id of a device that the tool calls lost.
    package var lostBusID: String?
    /// The tool runs and says that the driver does not: no device can be used.
    package var isDriverLost: Bool

    package init(
        devices: [DeviceReport] = [], tool: ToolReport, isComplete: Bool = false, lostBusID: String? = nil,
        isDriverLost: Bool = false
    ) {
        self.devices = devices
        self.tool = tool
        self.isComplete = isComplete
        self.lostBusID = lostBusID
        self.isDriverLost = isDriverLost
    }
}

/// Runs the tools of a probe with the prober's paths and deadlines.
package struct ToolContext: Sendable {
    package let runner: ToolRunner
    /// Name of a tool to the path that replaces it.
    package let paths: [String: String]
    /// For one run of a tool.
    package let deadline: Duration
    /// Of all runs together; nil sets no end.
    package let end: ContinuousClock.Instant?

    package init(
        runner: ToolRunner, paths: [String: String], deadline: Duration, end: ContinuousClock.Instant? = nil
    ) {
        self.end = end
        self.runner = runner
        self.paths = paths
        self.deadline = deadline
    }

    package func run(
        _ tool: String, _ arguments: [String], environment: [String] = [], searchDirectories: [String] = []
    ) -> ToolResult {
        let left = end.map { $0 - ContinuousClock.now } ?? deadline
        guard left > .zero else { return .timedOut(output: [], errors: []) }
        return runner.run(
            paths[tool] ?? tool, arguments, environment: environment, searchDirectories: searchDirectories,
            deadline: min(deadline, left))
    }
}

/// A kind of device that a tool knows about. Further vendors are further conformances, listed in `deviceProbes`.
package protocol DeviceProbe: Sendable {
    /// As in `DeviceReport.vendor`.
    var vendor: String { get }
    /// The report says that its tool is missing even where none of its devices is seen: people look for it there.
    var isAlwaysTold: Bool { get }
    func probe(_ tools: ToolContext) -> DeviceProbeResult
}

extension DeviceProbe {
    package var isAlwaysTold: Bool { false }
}

/// In the order of the report; new ones each time, for some remember what they have found.
package var deviceProbes: [any DeviceProbe] {
    [
        AscendProbe(), NvidiaProbe(), AmdProbe(), IntelProbe(), GaudiProbe(), CambriconProbe(),
        MooreThreadsProbe(),
    ]
}

extension ToolReport {
    /// For a run that brought no devices.
    static func failed(_ name: String, _ result: ToolResult, deadline: Duration, advice: String?)
        -> ToolReport
    {
        switch result {
        case .missing: return ToolReport(name: name, state: .missing)
        case .timedOut:
            let seconds = deadline.wholeMilliseconds / 1_000
            return ToolReport(
                name: name, state: .timedOut, message: "no answer within \(max(1, seconds)) s, it was killed")
        case .stuck:
            return ToolReport(
                name: name, state: .timedOut,
                message: "an earlier run was killed and has still not ended; the driver may hang")
        case .failed(let code):
            return ToolReport(name: name, state: .failed, message: "it cannot be started (errno \(code))")
        case .exited(let code, let output, let errors):
            let text = String(decoding: output.prefix(4_096) + errors.prefix(4_096), as: UTF8.self)
            let said = Scan.summary(text)
            if let advice { return ToolReport(name: name, state: .failed, message: advice) }
            if code != 0 {
                let message = said.isEmpty ? "exit code \(code)" : "exit code \(code): \(said)"
                return ToolReport(name: name, state: .failed, message: message)
            }
            return ToolReport(
                name: name, state: .unreadable,
                message: said.isEmpty ? "the answer is empty" : "the answer is not understood: \(said)")
        }
    }
}

extension ToolResult {
    /// Both streams as one text, the end of each cut: for complaints.
    var complaint: String {
        guard case .exited(_, let output, let errors) = self else { return "" }
        return String(decoding: errors.prefix(16_384), as: UTF8.self) + "\n"
            + String(decoding: output.prefix(16_384), as: UTF8.self)
    }
}
