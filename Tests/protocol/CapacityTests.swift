import ClusterTypes
import ProtocolMessages
import Testing

@Suite("What a hardware report offers")
struct CapacityTests {
    private func report(_ interfaces: [InterfaceReport] = []) -> HardwareReport {
        var report = HardwareReport(
            hostname: "n", architecture: .amd64, operatingSystem: "", kernel: "",
            processor: ProcessorReport(model: "", sockets: 2, cores: 4, threads: 8, usableMilliCPU: 8_000),
            memory: MemoryReport(totalBytes: 1, availableBytes: 1),
            disk: DiskReport(path: "/", totalBytes: 1, availableBytes: 1),
            devices: [DeviceReport(type: .gpu, vendor: "nvidia", model: "X", index: 0, visibleID: "GPU-0")],
            address: AddressReport(local: "::1", advertised: "::1", rule: "first"))
        report.machine = MachineReport()
        report.machine?.memoryNodes = [
            MemoryNodeReport(number: 0, processors: "0-3"), MemoryNodeReport(number: 1, processors: "4,6-7"),
        ]
        report.machine?.interfaces = interfaces
        return report
    }

    @Test("the processors of NUMA nodes are told where there are several, and devices")
    func memoryNodes() {
        var report = report()
        #expect(
            report.capacity(labels: []).memoryNodes == [
                MemoryNodeCapacity(number: 0, milliCPU: 4_000),
                MemoryNodeCapacity(number: 1, milliCPU: 3_000),
            ])
        report.machine?.memoryNodes.removeLast()
        #expect(report.capacity(labels: []).memoryNodes == nil)
        report = self.report()
        report.devices = []
        #expect(report.capacity(labels: []).memoryNodes == nil)
    }

    @Test("network.mbps is the fastest interface that is up, unless another number was given")
    func bandwidth() {
        let interfaces = [
            InterfaceReport(name: "eth0", kind: "ethernet", state: "up", megabitsPerSecond: 10_000),
            InterfaceReport(
                name: "mlx5_0/1", kind: "infiniband", state: "ACTIVE", megabitsPerSecond: 200_000),
            InterfaceReport(name: "eth1", kind: "ethernet", state: "down", megabitsPerSecond: 400_000),
            InterfaceReport(name: "eth2", kind: "ethernet", state: "up"),
        ]
        func labels(_ given: [Label], _ interfaces: [InterfaceReport]) -> [Label] {
            Hello(
                build: "1", cluster: "c", nodeName: "n", instance: 1, bootID: "b", labels: given,
                hardware: report(interfaces)
            ).allLabels
        }
        #expect(
            labels([Label("zone", "a")], interfaces) == [Label("network.mbps", "200000"), Label("zone", "a")])
        #expect(labels([Label("network.mbps", "5000")], interfaces) == [Label("network.mbps", "5000")])
        #expect(labels([], [interfaces[2], interfaces[3]]) == [])
    }

    @Test("lists of processors are read as the kernel writes them, and nothing else")
    func processors() {
        #expect(ProcessorList.parse("0-3,8\n") == [0, 1, 2, 3, 8])
        #expect(ProcessorList.parse(" 5 , 7 ") == [5, 7])
        #expect(ProcessorList.parse("\n") == [])
        for text in ["3-1", "0 3", "a", "0-70000", "-1", "1-2-3"] {
            #expect(ProcessorList.parse(text) == nil)
        }
        #expect(ProcessorList.text([7, 0, 1, 2]) == "0-2,7")
    }
}
