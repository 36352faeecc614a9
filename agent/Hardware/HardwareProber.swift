import ClusterTypes
import Platform
package import ProtocolMessages
import Synchronization

/// Measures the machine. Everything here blocks (files, resolver, tools): call it on a helper thread.
///
/// One prober lives as long as the agent: it remembers the devices, so that a tool that hangs or fails never
/// empties the inventory and no device changes its position in the report.
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
        /// Older device samples are no longer reported.
        package var sampleExpiry: Duration = .seconds(120)

        package init(address: AddressSettings = AddressSettings(), workDirectory: String) {
            self.address = address
            self.workDirectory = workDirectory
        }
    }

    private struct State {
        var address: AddressReport
        var devices: [DeviceReport] = []
        var tools: [ToolReport] = []
        var sampledAt: ContinuousClock.Instant?
        /// When the device at each position was last told by its tool.
        var readAt: [ContinuousClock.Instant] = []
        var processorTimes: ProcessorTimes?
    }

    package let settings: Settings
    private let machine: MachineReader
    private let probes: [any DeviceProbe]
    private let runner = ToolRunner()
    private let state: Mutex<State>
    /// Held while tools run: one probe at a time.
    private let turn = Mutex<Void>(())

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
                address: try Self.findAddress(settings.address), processorTimes: machine.processorTimes()))
    }

    /// Names the boot of the machine in `Hello`.
    package var bootID: String { machine.bootID() }

    /// All of the machine, measured now; with tools it may take their deadlines.
    package func report() -> HardwareReport {
        refreshAddress()
        if settings.usesTools { runTools(deadline: settings.inventoryDeadline) }
        let (address, devices, tools) = state.withLock {
            ($0.address, Self.aged($0), $0.tools)
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

    /// The load for a heartbeat, with the newest device samples; runs no tools. Its sequence is 0.
    package func load() -> Heartbeat {
        let memory = machine.memory()
        let times = machine.processorTimes()
        let (permille, samples) = state.withLock { state -> (UInt32, [DeviceSample]) in
            var permille: UInt32 = 0
            if let times {
                permille = state.processorTimes.map { times.permille(since: $0) } ?? 0
                state.processorTimes = times
            }
            return (permille, Self.samples(state, expiry: settings.sampleExpiry))
        }
        return Heartbeat(
            sequence: 0, loadMilli: machine.loadMilli(), processorPermille: permille,
            memoryUsedBytes: max(0, memory.usableBytes - memory.availableBytes),
            diskAvailableBytes: machine.disk(settings.workDirectory).availableBytes, devices: samples)
    }

    /// Runs the tools for fresh device samples.
    ///
    /// - Returns: true when a device, its health or a tool's state is not what the last report said.
    @discardableResult
    package func sampleDevices() -> Bool {
        guard settings.usesTools else { return false }
        let before = state.withLock { Self.fingerprint($0) }
        runTools(deadline: settings.sampleDeadline)
        return state.withLock { Self.fingerprint($0) } != before
    }

    /// Since the tools last ran to an end; nil before the first time.
    package var deviceSampleAge: Duration? {
        state.withLock { state in state.sampledAt.map { ContinuousClock.now - $0 } }
    }

    // MARK: Devices

    private func runTools(deadline: Duration) {
        turn.withLock { _ in
            let context = ToolContext(runner: runner, paths: settings.toolPaths, deadline: deadline)
            let present = PCIReader(files: machine.files).accelerators()
            var tools: [String: ToolReport] = [:]
            for probe in probes {
                let result = probe.probe(context)
                tools[probe.vendor] = result.tool
                let isTold = probe.isAlwaysTold || present.contains { $0.vendor == probe.vendor }
                state.withLock { state in
                    state.devices = DeviceMerge.merge(state.devices, vendor: probe.vendor, result)
                    if let position = state.tools.firstIndex(where: { $0.name == result.tool.name }) {
                        state.tools[position] = result.tool
                    } else if isTold || result.tool.state != .missing {
                        state.tools.append(result.tool)
                    }
                }
            }
            state.withLock { state in
                state.devices = DeviceMerge.merge(state.devices, present: present, tools: tools)
                state.sampledAt = ContinuousClock.now
                Self.noteReadings(&state)
            }
        }
    }

    private static func samples(_ state: State, expiry: Duration) -> [DeviceSample] {
        let isFresh = state.sampledAt.map { ContinuousClock.now - $0 <= expiry } ?? false
        return state.devices.map { device in
            guard isFresh, device.ageSeconds == nil else { return DeviceSample() }
            return DeviceSample(
                utilizationPercent: device.utilizationPercent, memoryUsedBytes: device.memoryUsedBytes,
                temperatureCelsius: device.temperatureCelsius, powerMilliwatts: device.powerMilliwatts)
        }
    }

    private static func noteReadings(_ state: inout State) {
        let now = ContinuousClock.now
        for (position, device) in state.devices.enumerated() {
            if position >= state.readAt.count {
                state.readAt.append(now)
            } else if device.ageSeconds == nil {
                state.readAt[position] = now
            }
        }
    }

    /// The devices, with the age of readings that are kept from before.
    private static func aged(_ state: State) -> [DeviceReport] {
        var devices = state.devices
        let now = ContinuousClock.now
        for (position, readAt) in zip(devices.indices, state.readAt) where devices[position].ageSeconds != nil
        {
            devices[position].ageSeconds = UInt32(clamping: (now - readAt).wholeMilliseconds / 1_000)
        }
        return devices
    }

    /// Devices without their readings, and how the tools are.
    private static func fingerprint(_ state: State) -> [String] {
        state.devices.map { device in
            let names = [device.vendor, device.model, device.visibleID, device.busID ?? ""]
            let judgement = [device.health.rawValue, device.reason ?? "", device.driverVersion ?? ""]
            return (names + judgement).joined(separator: "\u{1f}")
        } + state.tools.map { $0.name + $0.state.rawValue }
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
