import Platform
import ProtocolMessages
import Synchronization
import TextForms

/// NVIDIA GPUs by `nvidia-smi`.
///
/// Each probe runs `-q -x`, which says nearly all. Other commands are run only for what it lacks: the plain table where
/// the XML cannot be had, `-L` for the UUIDs of MIG instances, and `topo -m` for the links, which is slow and changes
/// with the GPUs only: its answer is kept while they are the same.
package final class NvidiaProbe: DeviceProbe {
    /// All that is known of the GPUs of a machine.
    package struct Inventory: Hashable, Sendable {
        /// In bus order.
        package var devices: [NvidiaDevice] = []
        package var driverVersion: String?
        package var cudaVersion: String?
        /// nil where the tool cannot say.
        package var topology: NvidiaTopology?
    }

    private struct Links {
        var devices: [String] = []
        var topology: NvidiaTopology?
    }

    private static let tool = "nvidia-smi"

    private let latest = Mutex(Inventory())
    private let links = Mutex(Links())

    package init() {}

    package var vendor: String { "nvidia" }
    package var isAlwaysTold: Bool { true }

    /// What the newest probe that had an answer has found.
    package var inventory: Inventory { latest.withLock { $0 } }

    package func probe(_ tools: ToolContext) -> DeviceProbeResult {
        let result = tools.run(Self.tool, ["-q", "-x"])
        let failure = NvidiaFailure(parsing: result.complaint)
        if case .exited(_, let output, _) = result, let query = NvidiaQuery(parsing: output),
            !query.devices.isEmpty || query.attachedCount == 0
        {
            return answer(query, failure, tools)
        }
        guard case .exited = result, failure == nil || failure?.code == .unsupportedOption else {
            return refused(result, failure, tools)
        }
        // No XML and no complaint that would come again: the plain table may work.
        let columns = NvidiaCSV.query.joined(separator: ",")
        let second = tools.run(Self.tool, ["--query-gpu=" + columns, "--format=csv"])
        guard
            case .exited(_, let output, _) = second,
            let table = NvidiaCSV(parsing: String(decoding: output, as: UTF8.self)), !table.devices.isEmpty
        else { return refused(result, NvidiaFailure(parsing: second.complaint), tools) }
        let devices = keep(table.devices, driverVersion: table.driverVersion, cudaVersion: nil, tools)
        return DeviceProbeResult(
            devices: reports(devices, table.driverVersion, hasInstances: false),
            tool: ToolReport(
                name: Self.tool, state: .ok, message: "the XML could not be read, the plain table was used"),
            // It has no MIG instances, though they may be there.
            isComplete: !table.devices.contains { $0.migMode == "Enabled" })
    }

    private func answer(
        _ query: NvidiaQuery, _ failure: NvidiaFailure?, _ tools: ToolContext
    ) -> DeviceProbeResult {
        var query = query
        // What stands behind a cut may be why a device is not well, or its name.
        if !query.isComplete { query.devices.removeLast(query.devices.count - query.wholeCount) }
        let hasUnnamed = query.devices.contains { $0.migInstances.contains { $0.uuid == nil } }
        if hasUnnamed, let list = NvidiaList(parsing: text(tools.run(Self.tool, ["-L"]))) { query.add(list) }
        var message = failure?.code == .noDevices ? nil : failure?.advice
        if !query.isComplete { message = message ?? "the answer ends in the middle" }
        let isShort = query.attachedCount.map { Int($0) > query.devices.count } ?? false
        let devices = keep(
            query.devices, driverVersion: query.driverVersion, cudaVersion: query.cudaVersion, tools)
        return DeviceProbeResult(
            devices: reports(devices, query.driverVersion),
            tool: ToolReport(name: Self.tool, state: query.isComplete ? .ok : .unreadable, message: message),
            isComplete: query.isComplete && !isShort, lostBusID: failure?.busID)
    }

    /// With what the links tell.
    private func reports(
        _ devices: [NvidiaDevice], _ driverVersion: String?, hasInstances: Bool = true
    ) -> [DeviceReport] {
        let topology = inventory.topology
        let groups = topology?.groups ?? []
        return devices.flatMap { device in
            var reports = device.reports(driverVersion: driverVersion, hasInstances: hasInstances)
            let node = topology?.memoryNode(ofGPU: device.index)
            for position in reports.indices { reports[position].memoryNode = node }
            reports[0].linkGroup = groups.firstIndex { $0.contains(device.index) }.map { UInt32($0) }
            return reports
        }
    }

    /// - Returns: the devices in bus order.
    private func keep(
        _ devices: [NvidiaDevice], driverVersion: String?, cudaVersion: String?, _ tools: ToolContext
    ) -> [NvidiaDevice] {
        let sorted = Self.inBusOrder(devices)
        let topology = topology(sorted, tools)
        latest.withLock {
            $0 = Inventory(
                devices: sorted, driverVersion: driverVersion, cudaVersion: cudaVersion, topology: topology)
        }
        return sorted
    }

    /// One GPU has no links to others, but processors and memory near it.
    private func topology(_ devices: [NvidiaDevice], _ tools: ToolContext) -> NvidiaTopology? {
        let names = devices.map { ($0.busID ?? "") + " " + ($0.uuid ?? "") }
        if let known = links.withLock({ $0.devices == names ? $0 : nil }) { return known.topology }
        let result = tools.run(Self.tool, ["topo", "-m"])
        let topology = NvidiaTopology(parsing: text(result))
        // Kept in every case: a tool that is too slow for it would cost its deadline again and again.
        links.withLock { $0 = Links(devices: names, topology: topology) }
        return topology
    }

    private func text(_ result: ToolResult) -> String {
        guard case .exited(_, let output, _) = result else { return "" }
        return Scan.plain(String(decoding: output, as: UTF8.self))
    }

    /// By PCI address; by the tool's own numbers where it does not say one.
    static func inBusOrder(_ devices: [NvidiaDevice]) -> [NvidiaDevice] {
        let addresses = devices.map { $0.busID.flatMap { BusAddress($0) } }
        guard !addresses.contains(nil) else { return devices.sorted { $0.index < $1.index } }
        return zip(devices, addresses).sorted { left, right in
            guard let first = left.1, let second = right.1, first != second else { return false }
            return first < second
        }.map(\.0)
    }

    private func refused(
        _ result: ToolResult, _ failure: NvidiaFailure?, _ tools: ToolContext
    ) -> DeviceProbeResult {
        if failure?.code == .noDevices {
            latest.withLock { $0 = Inventory() }
            let report = ToolReport(name: Self.tool, state: .ok, message: failure?.advice)
            return DeviceProbeResult(tool: report, isComplete: true)
        }
        let report = ToolReport.failed(
            Self.tool, result, deadline: tools.deadline, advice: failure?.advice)
        return DeviceProbeResult(
            tool: report, lostBusID: failure?.busID, isDriverLost: failure?.isDriverLost ?? false)
    }
}
