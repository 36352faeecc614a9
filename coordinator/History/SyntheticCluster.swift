import ClusterTypes
package import ProtocolMessages

/// Heartbeats of machines that never were, for measuring: devices that train on a plateau with noise, that come in
/// bursts, that idle, changing over by chance; memory in steps, power that follows the load with noise down to 0.1 W,
/// a temperature that drifts after the power, clocks in steps of 15 MHz. Nothing of it is made to compress well.
package struct SyntheticCluster: Sendable {
    private enum Work { case idle, training, bursty }

    private struct Device {
        var work = Work.idle
        var remainingSeconds: Int64 = 0
        var plateau = 0.0
        var memoryMebibytes: Int64 = 0
        var temperature = 35.0
        var corrected: UInt64 = 0
    }

    private struct Machine {
        var devices: [Device]
        var load = 2.0
        var memory = 40_000.0
        var disk = 3_000_000.0
    }

    private var random: SeededRandom
    private var machines: [Machine]
    private var lastSecond: [Int64]

    package init(seed: UInt64, nodes: Int, devices: Int) {
        random = SeededRandom(seed: seed)
        machines = Array(
            repeating: Machine(devices: Array(repeating: Device(), count: devices)), count: nodes)
        lastSecond = Array(repeating: 0, count: nodes)
    }

    /// - Parameters:
    ///   - node: counts from 0.
    ///   - second: grows from call to call.
    package mutating func beat(of node: Int, at second: Int64) -> Heartbeat {
        let elapsed = max(1, min(60, second - lastSecond[node]))
        lastSecond[node] = second
        let isWholeNode = Double.random(in: 0..<1, using: &random) < 0.5
        var samples: [DeviceSample] = []
        var activity = 0.0
        for device in machines[node].devices.indices {
            if device > 0, isWholeNode, machines[node].devices[device].remainingSeconds <= elapsed {
                // A job often has all devices of a machine.
                let first = machines[node].devices[0]
                machines[node].devices[device].work = first.work
                machines[node].devices[device].plateau = first.plateau
                machines[node].devices[device].remainingSeconds = first.remainingSeconds
                machines[node].devices[device].memoryMebibytes =
                    first.work == .idle
                    ? 4 : first.memoryMebibytes + Int64.random(in: -200...200, using: &random)
            }
            let sample = sample(node, device, elapsed)
            activity += Double(sample.utilizationPercent ?? 0) / 100
            samples.append(sample)
        }
        return beat(node, activity, elapsed, samples)
    }

    private mutating func beat(
        _ node: Int, _ activity: Double, _ elapsed: Int64, _ samples: [DeviceSample]
    ) -> Heartbeat {
        let busy = samples.isEmpty ? 0.1 : activity / Double(samples.count)
        let wanted = 1 + 60 * busy
        machines[node].load += (wanted - machines[node].load) * 0.15 + noise() * 0.3
        machines[node].memory += (40_000 + 400_000 * busy - machines[node].memory) * 0.02 + noise() * 40
        machines[node].disk -= busy * Double(elapsed) * 2
        if machines[node].disk < 500_000 { machines[node].disk = 3_000_000 }
        func rate(_ mean: Double, _ noise: Double) -> Int64 { Int64(max(0, mean * (1 + 0.2 * noise))) }
        return Heartbeat(
            sequence: 1, uptimeSeconds: 1, loadMilli: UInt32(max(0, machines[node].load) * 100) * 10,
            processorPermille: UInt32(max(0, min(1_000, 20 + 500 * busy + noise() * 12))),
            memoryUsedBytes: Int64(machines[node].memory) << 20,
            diskAvailableBytes: Int64(machines[node].disk) << 20,
            rates: TransferRates(
                diskReadBytes: rate(2e8 * busy, noise()), diskWriteBytes: rate(3e7 * busy, noise()),
                networkReceiveBytes: rate(2e4 + 6e8 * busy, noise()),
                networkSendBytes: rate(2e4 + 6e8 * busy, noise())),
            devices: samples, runningSlots: busy > 0.02 ? 1 : 0)
    }

    private mutating func sample(_ node: Int, _ device: Int, _ elapsed: Int64) -> DeviceSample {
        var now = machines[node].devices[device]
        now.remainingSeconds -= elapsed
        if now.remainingSeconds <= 0 { begin(&now) }
        let utilization: Double
        switch now.work {
        case .idle: utilization = 0
        case .training: utilization = min(100, max(0, now.plateau + noise() * 2.5))
        case .bursty:
            utilization =
                Double.random(in: 0..<1, using: &random) < 0.4
                ? Double.random(in: 5...95, using: &random) : 0
        }
        if now.work != .idle, Int.random(in: 0..<400, using: &random) == 0 {
            now.memoryMebibytes += Int64.random(in: -512...512, using: &random)
        }
        let isBusy = utilization > 0
        let watts = isBusy ? 160 + 5.2 * utilization + noise() * 9 : 68 + noise() * 0.3
        now.temperature += (28 + watts * 0.06 - now.temperature) * 0.08 + noise() * 0.15
        if Int.random(in: 0..<2_000_000, using: &random) == 0 { now.corrected += 1 }
        machines[node].devices[device] = now
        let throttle =
            Int64.random(in: 0..<10, using: &random) < 3 ? 15 * Int64.random(in: 1...6, using: &random) : 0
        return DeviceSample(
            utilizationPercent: UInt32(utilization),
            memoryUsedBytes: (now.work == .idle ? 4 : max(4, now.memoryMebibytes)) << 20,
            temperatureCelsius: Int32(now.temperature), powerMilliwatts: UInt32(max(0, watts * 10)) * 100,
            clockMegahertz: isBusy ? UInt32(1_980 - throttle) : 345, correctedErrors: now.corrected,
            uncorrectedErrors: 0)
    }

    private mutating func begin(_ device: inout Device) {
        let chance = Double.random(in: 0..<1, using: &random)
        device.work = chance < 0.55 ? .training : chance < 0.75 ? .bursty : .idle
        device.remainingSeconds = Int64.random(in: 600...14_400, using: &random)
        device.plateau = Double.random(in: 60...99, using: &random)
        device.memoryMebibytes = device.work == .idle ? 4 : Int64.random(in: 4_000...78_000, using: &random)
    }

    /// About normal, of variance 1: four dice.
    private mutating func noise() -> Double {
        let sum = (0..<4).reduce(0.0) { sum, _ in sum + Double.random(in: -1...1, using: &random) }
        return sum * 0.866
    }
}
