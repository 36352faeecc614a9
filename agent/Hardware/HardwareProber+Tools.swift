import ClusterTypes
import Dispatch
import Platform
import ProtocolMessages
import Synchronization

/// When the vendors' tools run, and what becomes of their answers.
extension HardwareProber {
    /// One probe with what is known of its runs.
    struct Vendor {
        var pace: ProbePace
        /// Its last answer.
        var tool: ToolReport?
        /// The report names its tool, even when it is missing.
        var isTold = false
        var startedAt: ContinuousClock.Instant?
        var answeredAt: ContinuousClock.Instant?
        /// While it runs.
        var run: DispatchGroup?
    }

    struct Answer {
        var position: Int
        var result: DeviceProbeResult
        var at: ContinuousClock.Instant
    }

    /// A probe asks several questions; it ends after so many of its deadlines.
    private static let deadlinesOfProbe = 3
    /// What a killed tool may take beyond that to be given up.
    private static let grace = Duration.seconds(2)

    // MARK: Runs

    /// Starts the probes that are due and do not run, each on a thread of its own; quick.
    ///
    /// - Parameter onEnd: called after each of them, on its thread.
    package func startDueProbes(onEnd: @escaping @Sendable () -> Void = {}) {
        guard settings.usesTools else { return }
        let now = ContinuousClock.now
        begin(deadline: settings.sampleDeadline, onEnd: onEnd) { vendor in
            vendor.startedAt.map { now - $0 >= vendor.pace.interval } ?? true
        }
    }

    package var isProbing: Bool { state.withLock { $0.vendors.contains { $0.run != nil } } }

    /// Runs all tools for fresh device samples, whatever they cost.
    ///
    /// - Returns: `hasNews`.
    @discardableResult
    package func sampleDevices() -> Bool {
        guard settings.usesTools else { return false }
        runAll(deadline: settings.sampleDeadline)
        return hasNews
    }

    /// Waits until all have ended, at most as long as one that hangs may take.
    func runAll(deadline: Duration) {
        begin(deadline: deadline) { _ in true }
        let patience = (deadline * Self.deadlinesOfProbe + Self.grace).wholeMilliseconds
        let end = DispatchTime.now() + .milliseconds(Int(clamping: patience))
        for run in state.withLock({ $0.vendors.compactMap(\.run) }) { _ = run.wait(timeout: end) }
    }

    private func begin(
        deadline: Duration, onEnd: @escaping @Sendable () -> Void = {}, where isWanted: (Vendor) -> Bool
    ) {
        let now = ContinuousClock.now
        let positions = state.withLock { state in
            let wanted = state.vendors.indices.filter {
                state.vendors[$0].run == nil && isWanted(state.vendors[$0])
            }
            for position in wanted {
                let run = DispatchGroup()
                run.enter()
                state.vendors[position].run = run
                state.vendors[position].startedAt = now
            }
            return wanted
        }
        guard !positions.isEmpty else { return }
        DispatchQueue(label: "bus").async { [self] in
            let present = PCIReader(files: machine.files).accelerators()
            state.withLock { $0.present = present }
            for position in positions {
                DispatchQueue(label: "probe").async { [self] in
                    probe(position, deadline: deadline)
                    onEnd()
                }
            }
        }
    }

    private func probe(_ position: Int, deadline: Duration) {
        let start = ContinuousClock.now
        let context = ToolContext(
            runner: runner, paths: settings.toolPaths, deadline: deadline,
            end: start + deadline * Self.deadlinesOfProbe)
        let result = probes[position].probe(context)
        let end = ContinuousClock.now
        let run = state.withLock { state in
            state.answers.append(Answer(position: position, result: result, at: end))
            state.vendors[position].pace.probeEnded(
                after: end - start, isMissing: result.tool.state == .missing)
            return state.vendors[position].run.take()
        }
        run?.leave()
    }

    // MARK: Answers

    /// A device, its health or a tool's state is not what the last report said.
    package var hasNews: Bool {
        state.withLock { state in
            guard state.reported != nil else { return !state.answers.isEmpty }
            absorb(&state)
            return state.reported != fingerprint(state)
        }
    }

    /// Since a tool last ran to an end; nil before the first time.
    package var deviceSampleAge: Duration? {
        state.withLock { state in
            absorb(&state)
            return state.vendors.compactMap(\.answeredAt).max().map { ContinuousClock.now - $0 }
        }
    }

    /// Takes in what the tools have said, in the order of the probes: so the first report has the same order whichever
    /// tool was the quickest.
    func absorb(_ state: inout State) {
        guard !state.answers.isEmpty else { return }
        var told: [String: ContinuousClock.Instant] = [:]
        for answer in state.answers.sorted(by: { $0.position < $1.position }) {
            let vendor = probes[answer.position].vendor
            told[vendor] = answer.at
            state.devices = DeviceMerge.merge(state.devices, vendor: vendor, answer.result)
            state.vendors[answer.position].tool = answer.result.tool
            state.vendors[answer.position].answeredAt = answer.at
            state.vendors[answer.position].isTold =
                state.vendors[answer.position].isTold || probes[answer.position].isAlwaysTold
                || answer.result.tool.state != .missing || state.present.contains { $0.vendor == vendor }
        }
        state.answers = []
        var tools: [String: ToolReport] = [:]
        for (probe, vendor) in zip(probes, state.vendors) { tools[probe.vendor] = vendor.tool }
        // A vendor whose first answer is not there yet may still name its devices.
        let silent = Set(probes.map(\.vendor)).subtracting(tools.keys)
        state.devices = DeviceMerge.merge(
            state.devices, present: state.present.filter { !silent.contains($0.vendor) }, tools: tools)
        state.devices = DeviceMerge.place(state.devices, on: state.present)
        for (position, device) in state.devices.enumerated() {
            let toldAt = told[device.vendor]
            if position >= state.readAt.count {
                state.readAt.append(toldAt ?? ContinuousClock.now)
            } else if device.ageSeconds == nil, let toldAt {
                state.readAt[position] = toldAt
            }
        }
    }

    func tools(_ state: State) -> [ToolReport] { state.vendors.filter(\.isTold).compactMap(\.tool) }

    func samples(_ state: State) -> [DeviceSample] {
        let now = ContinuousClock.now
        var isFresh: [String: Bool] = [:]
        for (probe, vendor) in zip(probes, state.vendors) {
            let expiry = max(settings.sampleExpiry, vendor.pace.interval * 2)
            isFresh[probe.vendor] = vendor.answeredAt.map { now - $0 <= expiry } ?? false
        }
        return state.devices.map { device in
            guard isFresh[device.vendor] ?? false, device.ageSeconds == nil else { return DeviceSample() }
            return DeviceSample(
                utilizationPercent: device.utilizationPercent, memoryUsedBytes: device.memoryUsedBytes,
                temperatureCelsius: device.temperatureCelsius, powerMilliwatts: device.powerMilliwatts,
                clockMegahertz: device.processorMegahertz, correctedErrors: device.correctableErrors,
                uncorrectedErrors: device.uncorrectableErrors)
        }
    }

    /// The devices, with the age of readings that are kept from before.
    static func aged(_ state: State) -> [DeviceReport] {
        var devices = state.devices
        let now = ContinuousClock.now
        for (position, readAt) in zip(devices.indices, state.readAt) where devices[position].ageSeconds != nil
        {
            devices[position].ageSeconds = UInt32(clamping: (now - readAt).wholeMilliseconds / 1_000)
        }
        return devices
    }

    /// Devices without their readings, and how the tools are.
    func fingerprint(_ state: State) -> [String] {
        state.devices.map { device in
            let names = [device.vendor, device.model, device.visibleID, device.busID ?? ""]
            let judgement = [device.health.rawValue, device.reason ?? "", device.driverVersion ?? ""]
            return (names + judgement).joined(separator: "\u{1f}")
        } + tools(state).map { $0.name + $0.state.rawValue }
    }
}
