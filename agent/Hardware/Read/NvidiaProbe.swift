import ProtocolMessages
import Platform

/// NVIDIA GPUs by `nvidia-smi`.
package struct NvidiaProbe: DeviceProbe {
    private static let tool = "nvidia-smi"

    package init() {}

    package var vendor: String { "nvidia" }
    package var isAlwaysTold: Bool { true }

    package func probe(_ tools: ToolContext) -> DeviceProbeResult {
        let result = tools.run(Self.tool, ["-q", "-x"])
        let failure = NvidiaFailure(parsing: result.complaint)
        if case .exited(_, let output, _) = result, let query = NvidiaQuery(parsing: output),
            !query.devices.isEmpty || query.attachedCount == 0
        {
            return answer(query, failure)
        }
        guard case .exited = result, failure == nil else { return refused(result, failure, tools) }
        // No XML and no complaint that would come again: the plain table may work.
        let columns = NvidiaTable.query.joined(separator: ",")
        let second = tools.run(Self.tool, ["--query-gpu=" + columns, "--format=csv"])
        guard
            case .exited(_, let output, _) = second,
            let table = NvidiaTable(parsing: String(decoding: output, as: UTF8.self)), !table.devices.isEmpty
        else { return refused(result, NvidiaFailure(parsing: second.complaint), tools) }
        return DeviceProbeResult(
            devices: table.devices.map { $0.report(driverVersion: table.driverVersion) },
            tool: ToolReport(
                name: Self.tool, state: .ok, message: "the XML could not be read, the plain table was used"),
            isComplete: true)
    }

    private func answer(_ query: NvidiaQuery, _ failure: NvidiaFailure?) -> DeviceProbeResult {
        var message = failure?.code == .noDevices ? nil : failure?.advice
        if !query.isComplete { message = message ?? "the answer ends in the middle" }
        let isShort = query.attachedCount.map { Int($0) > query.devices.count } ?? false
        return DeviceProbeResult(
            devices: query.devices.map { $0.report(driverVersion: query.driverVersion) },
            tool: ToolReport(name: Self.tool, state: query.isComplete ? .ok : .unreadable, message: message),
            isComplete: query.isComplete && !isShort, lostBusID: failure?.busID)
    }

    private func refused(
        _ result: ToolResult, _ failure: NvidiaFailure?, _ tools: ToolContext
    ) -> DeviceProbeResult {
        if failure?.code == .noDevices {
            let report = ToolReport(name: Self.tool, state: .ok, message: failure?.advice)
            return DeviceProbeResult(tool: report, isComplete: true)
        }
        let report = ToolReport.failed(
            Self.tool, result, deadline: tools.deadline, advice: failure?.advice)
        return DeviceProbeResult(tool: report, lostBusID: failure?.busID)
    }
}
