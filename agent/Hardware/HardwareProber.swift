import ClusterTypes
import Platform
package import ProtocolMessages
import Synchronization

/// Measures the machine. Everything here that is not said to be quick blocks (files, resolver, tools): call it on a
/// helper thread.
///
/// Each vendor's tools run on a thread of their own, so that one that is slow or hangs delays neither the values of
/// the others nor the load. One prober lives as long as the agent: it remembers the devices, so that a tool that
/// hangs or fails never empties the inventory and no device changes its position in the report.
package final class HardwareProber: Sendable {
    package struct Settings: Sendable {
        package var address: AddressSettings
        /// Its file system is reported; it need not exist yet.
        package var workDirectory: String
        /// Run vendor tools at all.
        package var usesTools = true
        /// Name of a tool ("nvidia-smi") to the path that replaces it.
        package var toolPaths: [String: String] = [:]
        /// For each run of a tool while the inventory is made.
        package var inventoryDeadline: Duration = .seconds(20)
        /// The same for device samples between inventories.
        package var sampleDeadline: Duration = .seconds(10)
        /// Between two probes of a vendor whose tool is quick; `ProbePace` stretches it where it is slow.
        package var sampleInterval: Duration = .seconds(30)
        /// Older device samples are no longer reported, unless their vendor is asked less often.
        package var sampleExpiry: Duration = .seconds(120)

        package init(address: AddressSettings = AddressSettings(), workDirectory: String) {
            self.address = address
            self.workDirectory = workDirectory
        }
    }

    struct State {
        var address: AddressReport
        /// In the order of `probes`.
        var vendors: [Vendor]
        var devices: [DeviceReport] = []
        /// When the device at each position was last told by its tool.
        var readAt: [ContinuousClock.Instant] = []
        /// Of the bus, when a tool was last asked.
        var present: [PCIAccelerator] = []
        /// What tools have said and nobody has asked for yet.
        var answers: [Answer] = []
        var processorTimes: ProcessorTimes?
        /// Counted when the load was asked for last.
        var transfers: (TransferCounters, at: ContinuousClock.Instant)?
        /// What the last report said; nil before the first.
        var reported: [String]?
    }

    package let settings: Settings
    let machine: MachineReader
    let probes: [any DeviceProbe]
    let runner = ToolRunner()
    let state: Mutex<State>

    /// Finds the address at once.
    ///
    /// - Throws: when the settings name no address of this machine: the agent must not start with another.
    package init(
        settings: Settings, machine: MachineReader = MachineReader(),
        probes: [any DeviceProbe] = deviceProbes
    ) throws(AddressError) {
        self.settings = settings
        self.machine = machine
        self.probes = probes
        state = Mutex(
            State(
                address: try Self.findAddress(settings.address),
                vendors: probes.map { _ in Vendor(pace: ProbePace(shortest: settings.sampleInterval)) },
                processorTimes: machine.processorTimes()))
    }

    /// Names the boot of the machine in `Hello`.
    package var bootID: String { machine.bootID() }

    /// All of the machine, measured now; with tools it may take their deadlines.
    package func report() -> HardwareReport {
        if settings.usesTools { runAll(deadline: settings.inventoryDeadline) }
        return latestReport()
    }

    /// The machine measured now, with what the tools have said last; runs none.
    package func latestReport() -> HardwareReport {
        refreshAddress()
        let (address, devices, tools) = state.withLock { state in
            absorb(&state)
            state.reported = fingerprint(state)
            return (state.address, Self.aged(state), self.tools(state))
        }
        var report = HardwareReport(
            hostname: machine.hostname(), architecture: machine.architecture(),
            operatingSystem: machine.operatingSystem(), kernel: machine.kernel(),
            processor: machine.processor(), memory: machine.memory(),
            disk: machine.disk(settings.workDirectory),
            devices: devices, tools: tools, address: address, container: machine.container())
        report.machine = machine.surroundings(workDirectory: settings.workDirectory)
        return report
    }

    /// The last report with what was measured since, and the load; quick: it runs no tools and reads few files.
    package func refreshed(_ report: HardwareReport) -> (report: HardwareReport, load: Heartbeat) {
        var report = report
        report.memory = machine.memory()
        report.disk = machine.disk(settings.workDirectory)
        let load = load(memory: report.memory, disk: report.disk)
        state.withLock { state in
            report.devices = Self.aged(state)
            report.tools = tools(state)
        }
        return (report, load)
    }

    /// The load for a heartbeat, with the newest samples of the devices of the last report; quick. Its sequence is 0.
    package func load() -> Heartbeat {
        load(memory: machine.memory(), disk: machine.disk(settings.workDirectory))
    }

    private func load(memory: MemoryReport, disk: DiskReport) -> Heartbeat {
        let times = machine.processorTimes()
        let transfers = machine.transfers()
        let now = ContinuousClock.now
        var load = Heartbeat(
            sequence: 0, uptimeSeconds: machine.uptimeSeconds(), loadMilli: machine.loadMilli(),
            memoryUsedBytes: max(0, memory.usableBytes - memory.availableBytes),
            diskAvailableBytes: disk.availableBytes)
        state.withLock { state in
            if let times {
                load.processorPermille = state.processorTimes.map { times.permille(since: $0) } ?? 0
                state.processorTimes = times
            }
            if let (former, at) = state.transfers {
                load.rates = transfers.rates(since: former, over: now - at)
            }
            state.transfers = (transfers, now)
            guard state.reported != nil else { return }
            absorb(&state)
            load.devices = samples(state)
        }
        return load
    }

    // MARK: Address

    private static func findAddress(_ settings: AddressSettings) throws(AddressError) -> AddressReport {
        // A name is resolved only where the route decides.
        let needsRoute = settings.address == nil && settings.index == nil
        return try AddressPolicy.choose(
            settings, interfaces: AddressReader.interfaces(),
            route: needsRoute ? AddressReader.route(to: settings.coordinatorHosts) : .unknown)
    }

    /// While the agent runs, an address that goes away does not end it: the last good one stays.
    private func refreshAddress() {
        do throws(AddressError) {
            let address = try Self.findAddress(settings.address)
            state.withLock { $0.address = address }
        } catch {
            state.withLock { state in
                let note = "kept from before: \(error.message)"
                if state.address.explanation.last != note { state.address.explanation.append(note) }
            }
        }
    }
}
