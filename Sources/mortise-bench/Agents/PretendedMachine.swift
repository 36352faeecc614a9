import ClusterTypes
import LoadModel
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
    private var load: NodeLoad

    init(name: String, devices: Int, seed: UInt64) {
        self.name = name
        deviceCount = devices
        random = SeededRandom(seed: seed)
        load = NodeLoad(seed: random.next(), devices: devices)
    }

    /// The next reading, `seconds` after the one before.
    mutating func measure(after seconds: UInt32) -> Heartbeat { load.next(after: Double(seconds)) }

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
