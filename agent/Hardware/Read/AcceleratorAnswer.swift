import ProtocolMessages
import Platform
import TextForms

/// An answer of a tool, read by one of the readers of `AcceleratorList`: what the probes of these vendors share.
struct AcceleratorAnswer {
    let tool: String
    let result: ToolResult
    /// nil where the tool has not answered in a form that is known.
    let list: AcceleratorList?

    init(
        _ tools: ToolContext, _ tool: String, _ arguments: [String], searchDirectories: [String] = [],
        read: (String) -> AcceleratorList?
    ) {
        self.tool = tool
        result = tools.run(tool, arguments, searchDirectories: searchDirectories)
        if case .exited(_, let output, _) = result {
            list = read(Scan.plain(String(decoding: output, as: UTF8.self)))
        } else {
            list = nil
        }
    }

    var hasDevices: Bool { list.map { !$0.devices.isEmpty } ?? false }

    /// A question in another form would not be answered either.
    var isFinal: Bool {
        guard case .exited = result else { return true }
        return hasDevices || AcceleratorFailure(parsing: result.complaint)?.code == .noDevices
    }

    /// - Parameter others: more about the same devices.
    func probeResult(
        _ vendor: AcceleratorVendor, _ tools: ToolContext, completedBy others: AcceleratorList? = nil
    ) -> DeviceProbeResult {
        let failure = AcceleratorFailure(parsing: result.complaint)
        guard var list, hasDevices else {
            if failure?.code == .noDevices {
                return DeviceProbeResult(
                    tool: ToolReport(name: tool, state: .ok, message: failure?.advice), isComplete: true)
            }
            return DeviceProbeResult(
                tool: ToolReport.failed(tool, result, deadline: tools.deadline, advice: failure?.advice),
                isDriverLost: failure?.code == .noDriver)
        }
        if let others { list.complete(from: others) }
        var isComplete = list.isComplete
        if case .exited(let code, _, _) = result, code != 0 { isComplete = false }
        let message = list.isComplete ? failure?.advice : "the answer ends in the middle"
        return DeviceProbeResult(
            devices: list.devices.map { $0.report(vendor, driverVersion: list.driverVersion) },
            tool: ToolReport(name: tool, state: list.isComplete ? .ok : .unreadable, message: message),
            isComplete: isComplete)
    }
}
