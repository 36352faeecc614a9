import ClusterTypes
package import ProtocolMessages

/// A node's telemetry over time, drawn from a seed: what benchmarks and the training of dictionaries use where no fleet
/// of real nodes can be asked.
///
/// Each device goes through phases as tools show them on real machines: idle; a training plateau (nearly full, memory
/// as one block, power near its limit with some noise, temperature after power, clocks in steps); inference (bursts).
package struct NodeLoad: Sendable {
    private var random: SeededRandom
    private var devices: [Device]
    private let slots: [SlotKey]
    private let processors: Double
    private var uptimeSeconds: Double
    private var memoryUsed: Double
    private var diskAvailable: Double
    private var loadAverage = 0.0
    private var beat = Heartbeat(sequence: 0)

    /// - Parameter steady: devices stay in their first phase, as they do for hours in a long job.
    package init(seed: UInt64, devices: Int, slots: Int = 0, steady: Bool = false) {
        var random = SeededRandom(seed: seed)
        processors = [32, 64, 96, 128][Int.random(in: 0...3, using: &random)]
        uptimeSeconds = .random(in: 1_000...10_000_000, using: &random)
        memoryUsed = .random(in: 8e9...400e9, using: &random)
        diskAvailable = .random(in: 50e9...7e12, using: &random)
        self.devices = []
        // A job's devices do the same.
        var phase = Phase.drawn(using: &random)
        for _ in 0..<devices {
            if Int.random(in: 0..<4, using: &random) == 0 { phase = .drawn(using: &random) }
            self.devices.append(Device(phase: phase, isSteady: steady, using: &random))
        }
        var keys: [SlotKey] = []
        var number = UInt64.random(in: 1...100_000, using: &random)
        for _ in 0..<slots {
            number += .random(in: 1...9, using: &random)
            keys.append(SlotKey(SlotID(number), Generation(1)))
        }
        self.slots = keys
        self.random = random
    }

    /// The telemetry some seconds later. Its sequence is one more than the last.
    package mutating func next(after seconds: Double) -> Heartbeat {
        uptimeSeconds += seconds
        for device in devices.indices { devices[device].advance(seconds, using: &random) }
        let share = devices.isEmpty ? 0.4 : devices.map(\.demand).reduce(0, +) / Double(devices.count)
        let demand = (0.02 + 0.3 * share) * processors
        loadAverage += (demand - loadAverage) * min(1, seconds / 60)
        memoryUsed = min(max(memoryUsed + noise(2e6), 4e9), 900e9)
        diskAvailable = max(1e9, diskAvailable - max(0, noise(3e6)))
        beat.sequence += 1
        beat.uptimeSeconds = UInt32(uptimeSeconds)
        beat.loadMilli = UInt32(max(0, loadAverage * 1_000).rounded() / 10) * 10
        beat.processorPermille = UInt32(min(1_000, max(0, demand / processors * 1_000 + noise(4))))
        beat.memoryUsedBytes = Int64(memoryUsed)
        beat.diskAvailableBytes = Int64(diskAvailable)
        beat.runningSlots = UInt32(slots.count)
        beat.rates.diskReadBytes = Int64(max(0, 4e6 * share + noise(60e3)))
        beat.rates.diskWriteBytes = Int64(max(0, 80e3 + noise(60e3)))
        beat.rates.networkReceiveBytes = Int64(max(0, 6e6 * share + 3_000 + noise(40e3)))
        beat.rates.networkSendBytes = Int64(max(0, 1e6 * share + 3_000 + noise(20e3)))
        beat.devices = devices.map(\.sample)
        beat.slots = slots.enumerated().map { index, key in
            let device = devices.isEmpty ? nil : devices[index % devices.count]
            let isFirst = beat.slots.count <= index
            let memory =
                isFirst
                ? Double.random(in: 1e9...30e9, using: &random) : Double(beat.slots[index].memoryBytes)
            return SlotSample(
                key: key, state: .running,
                milliCPU: UInt32(max(0, 1_000 + 3_000 * (device?.demand ?? 0.5) + noise(30))),
                memoryBytes: Int64(max(1e8, memory + (isFirst ? 0 : noise(3e5)))),
                devicePermille: device.map { UInt32($0.utilization * 10) })
        }
        return beat
    }

    private mutating func noise(_ width: Double) -> Double { random.noise(width) }
}

private enum Phase {
    case idle, training, inference

    static func drawn(using random: inout SeededRandom) -> Phase {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<3: .idle
        case 3..<8: .training
        default: .inference
        }
    }
}

private struct Device {
    private var phase: Phase
    private let isSteady: Bool
    private let limitWatts: Double
    private let topMegahertz: Double
    private var memory: Double
    private var watts = 60.0
    private var celsius = 32.0
    private(set) var demand = 0.0
    private(set) var utilization = 0.0
    private let corrected: UInt64

    init(phase: Phase, isSteady: Bool, using random: inout SeededRandom) {
        self.phase = phase
        self.isSteady = isSteady
        (limitWatts, topMegahertz) =
            [(400, 1_410), (700, 1_980), (300, 1_530), (310, 1_000)][Int.random(in: 0...3, using: &random)]
        corrected = Int.random(in: 0..<20, using: &random) == 0 ? .random(in: 1...400, using: &random) : 0
        memory = 0
        enter(phase, using: &random)
        watts = 60 + (limitWatts - 60) * demand
        celsius = 30 + 45 * watts / limitWatts
    }

    private mutating func enter(_ phase: Phase, using random: inout SeededRandom) {
        self.phase = phase
        switch phase {
        case .idle: memory = 0
        case .training: memory = Double.random(in: 20...79, using: &random) * 1e9
        case .inference: memory = Double.random(in: 10...70, using: &random) * 1e9
        }
        draw(using: &random)
    }

    private mutating func draw(using random: inout SeededRandom) {
        switch phase {
        case .idle: demand = 0
        case .training: demand = min(1, max(0.5, 0.96 + random.noise(0.03)))
        case .inference: demand = min(1, max(0, demand * 0.5 + .random(in: 0...0.5, using: &random)))
        }
        utilization = (demand * 100).rounded()
    }

    mutating func advance(_ seconds: Double, using random: inout SeededRandom) {
        if !isSteady, Double.random(in: 0..<1, using: &random) < seconds / 5_400 {
            enter(.drawn(using: &random), using: &random)
        } else {
            draw(using: &random)
        }
        let target = 60 + (limitWatts - 60) * demand * 0.95
        watts = target + (phase == .idle ? random.noise(0.3) : random.noise(2.5))
        celsius += (30 + 45 * watts / limitWatts - celsius) * min(1, seconds / 60)
    }

    var sample: DeviceSample {
        let isFull = watts > limitWatts * 0.93
        let clock = phase == .idle ? 210 : isFull ? topMegahertz - 15 : topMegahertz
        return DeviceSample(
            utilizationPercent: UInt32(utilization), memoryUsedBytes: Int64(memory / 1_048_576) * 1_048_576,
            temperatureCelsius: Int32(celsius.rounded()),
            powerMilliwatts: UInt32(max(0, watts * 100).rounded()) * 10, clockMegahertz: UInt32(clock),
            correctedErrors: corrected, uncorrectedErrors: 0)
    }
}

extension SeededRandom {
    /// Around 0, most of it within twice the width.
    fileprivate mutating func noise(_ width: Double) -> Double {
        var sum = 0.0
        for _ in 0..<4 { sum += .random(in: -1...1, using: &self) }
        return sum * width * 0.87
    }
}
