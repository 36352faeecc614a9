import ClusterTypes
import ProtocolMessages

/// A machine that is not there: eight large GPUs whose readings wander, all of it drawn from one seed.
///
/// Its report is as large as a real one and its beats change as real ones do, or their size would say nothing.
struct PretendedMachine: Sendable {
    private static let deviceMemoryBytes: Int64 = 80 << 30
    private static let memoryBytes: Int64 = 512 << 30

    let name: String
    let deviceCount: Int
    private var random: SeededRandom
    private var load: Heartbeat
    private var uptimeSeconds: UInt32

    init(name: String, devices: Int, seed: UInt64) {
        self.name = name
        deviceCount = devices
        random = SeededRandom(seed: seed)
        uptimeSeconds = UInt32.random(in: 1_000...10_000_000, using: &random)
        load = Heartbeat(
            sequence: 0, loadMilli: UInt32.random(in: 0...64_000, using: &random),
            processorPermille: UInt32.random(in: 0...1_000, using: &random),
            memoryUsedBytes: Int64.random(in: 8 << 30...Self.memoryBytes, using: &random),
            diskAvailableBytes: Int64.random(in: 1 << 40...3 << 40, using: &random))
        for _ in 0..<devices {
            load.devices.append(
                DeviceSample(
                    utilizationPercent: UInt32.random(in: 0...100, using: &random),
                    memoryUsedBytes: Int64.random(in: 0...Self.deviceMemoryBytes, using: &random),
                    temperatureCelsius: Int32.random(in: 30...80, using: &random),
                    powerMilliwatts: UInt32.random(in: 70_000...700_000, using: &random),
                    clockMegahertz: UInt32.random(in: 345...1_980, using: &random), correctedErrors: 0,
                    uncorrectedErrors: 0))
        }
    }

    // MARK: The load

    /// The next reading, `seconds` after the one before: some of it has moved, as on a machine that works.
    mutating func measure(after seconds: UInt32) -> Heartbeat {
        uptimeSeconds &+= seconds
        load.uptimeSeconds = uptimeSeconds
        load.loadMilli = moved(load.loadMilli, by: 400, within: 0...64_000)
        load.processorPermille = moved(load.processorPermille, by: 20, within: 0...1_000)
        load.memoryUsedBytes = moved(load.memoryUsedBytes, by: 64 << 20, within: 8 << 30...Self.memoryBytes)
        load.diskAvailableBytes = moved(load.diskAvailableBytes, by: 16 << 20, within: 1 << 40...3 << 40)
        load.rates = TransferRates(
            diskReadBytes: moved(load.rates.diskReadBytes, by: 1 << 20, within: 0...1 << 30),
            diskWriteBytes: moved(load.rates.diskWriteBytes, by: 1 << 20, within: 0...1 << 30),
            networkReceiveBytes: moved(load.rates.networkReceiveBytes, by: 4 << 20, within: 0...10 << 30),
            networkSendBytes: moved(load.rates.networkSendBytes, by: 4 << 20, within: 0...10 << 30))
        for index in load.devices.indices { load.devices[index] = moved(load.devices[index]) }
        return load
    }

    private mutating func moved(_ former: DeviceSample) -> DeviceSample {
        var sample = former
        sample.utilizationPercent = sample.utilizationPercent.map { moved($0, by: 5, within: 0...100) }
        // Memory of a job stays what it is most of the time.
        if Bool.random(using: &random), Bool.random(using: &random) {
            sample.memoryUsedBytes = sample.memoryUsedBytes.map {
                moved($0, by: 32 << 20, within: 0...Self.deviceMemoryBytes)
            }
        }
        sample.temperatureCelsius = sample.temperatureCelsius.map { moved($0, by: 1, within: 30...90) }
        sample.powerMilliwatts = sample.powerMilliwatts.map {
            moved($0, by: 15_000, within: 70_000...700_000)
        }
        sample.clockMegahertz = sample.clockMegahertz.map { moved($0, by: 15, within: 345...1_980) }
        return sample
    }

    private mutating func moved<Value: FixedWidthInteger & Sendable>(
        _ value: Value, by step: Value, within range: ClosedRange<Value>
    ) -> Value {
        let low = value > range.lowerBound + step ? value - step : range.lowerBound
        let high = value < range.upperBound - step ? value + step : range.upperBound
        return Value.random(in: low...high, using: &random)
    }

    // MARK: The hardware

    /// What a prober would have found.
    mutating func report(address: String) -> HardwareReport {
        var report = HardwareReport(
            hostname: name, architecture: .amd64, operatingSystem: "Debian GNU/Linux 12 (bookworm)",
            kernel: "6.1.0-30-amd64",
            processor: ProcessorReport(
                model: "AMD EPYC 9534 64-Core Processor", sockets: 1, cores: 64, threads: 64,
                usableMilliCPU: 64_000),
            memory: MemoryReport(totalBytes: Self.memoryBytes, availableBytes: Self.memoryBytes / 2),
            disk: DiskReport(path: "/var/lib/mortise", totalBytes: 3 << 40, availableBytes: 2 << 40),
            devices: (0..<deviceCount).map { device($0) },
            tools: [
                ToolReport(name: "nvidia-smi", state: .ok), ToolReport(name: "npu-smi", state: .missing),
            ],
            address: AddressReport(
                local: address, advertised: address, rule: "route",
                explanation: ["\(address) on eth0: taken, the default route leaves there"]))
        var machine = MachineReport()
        machine.memoryNodes = [MemoryNodeReport(number: 0, processors: "0-63", totalBytes: Self.memoryBytes)]
        machine.interfaces = [
            InterfaceReport(name: "eth0", kind: "ethernet", state: "up", megabitsPerSecond: 25_000),
            InterfaceReport(
                name: "mlx5_0/1", kind: "infiniband", state: "ACTIVE", megabitsPerSecond: 400_000),
        ]
        report.machine = machine
        return report
    }

    private mutating func device(_ index: Int) -> DeviceReport {
        let words = (0..<4).map { _ in hexadecimal(UInt64.random(in: 0...0xFFFF, using: &random), digits: 4) }
        let uuid = "GPU-\(words[0])\(words[1])-\(words[2])-\(words[3])-9d3e-0f6a2c58b7e1"
        var device = DeviceReport(
            type: .gpu, vendor: "nvidia", model: "NVIDIA H100 80GB HBM3", index: UInt32(index),
            visibleID: uuid, uuid: uuid,
            busID: "00000000:\(hexadecimal(UInt64(index * 16 + 26), digits: 2)):00.0",
            memoryTotalBytes: Self.deviceMemoryBytes, driverVersion: "560.35.03", health: .ok)
        device.powerLimitMilliwatts = 700_000
        device.memoryNode = 0
        device.linkGroup = 0
        return device
    }

    private func hexadecimal(_ value: UInt64, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
