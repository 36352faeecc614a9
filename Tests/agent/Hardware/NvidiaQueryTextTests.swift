import ProtocolMessages
import Testing

@testable import AgentHardware

/// The text of `nvidia-smi -q`, and the tables with commas.
@Suite("nvidia-smi's queries")
struct NvidiaQueryTextTests {
    static let query = """

        ==============NVSMI LOG==============

        Timestamp                                              : Sat Jan  3 10:00:00 2026
        Driver Version                                         : 571.10
        CUDA Version                                           : 12.7

        Attached GPUs                                          : 2
        GPU 00000000:1B:00.0
            Product Name                                       : NVIDIA Test 141GB
            Persistence Mode                                   : Enabled
            MIG Mode
                Current                                        : Enabled
                Pending                                        : Enabled
            MIG Device
                Index                                          : 0
                GPU Instance ID                                : 1
                Compute Instance ID                            : 0
                Device Attributes
                    Shared
                        Multiprocessor count                   : 70
                ECC Errors
                    Volatile
                        SRAM Uncorrectable                     : 5
                Shared FB Memory Usage
                    Total                                      : 45001 MiB
                    Used                                       : 1990 MiB
                Shared BAR1 Memory
                    Total                                      : 65535 MiB
            GPU UUID                                           : GPU-1b
            Minor Number                                       : 4
            GPU Recovery Action                                : Reset
            PCI
                Bus Id                                         : 00000000:1B:00.0
            Clocks Event Reasons
                Idle                                           : Not Active
                SW Power Cap                                   : Active
                HW Slowdown                                    : Not Active
                    HW Thermal Slowdown                        : Active
            FB Memory Usage
                Total                                          : 90001 MiB
                Reserved                                       : 400 MiB
                Used                                           : 2001 MiB
            BAR1 Memory Usage
                Total                                          : 131072 MiB
                Used                                           : 7 MiB
            Utilization
                GPU                                            : N/A
                Memory                                         : N/A
            ECC Errors
                Volatile
                    SRAM Correctable                           : 1
                    SRAM Uncorrectable Parity                  : 0
                    SRAM Uncorrectable SEC-DED                 : 2
                    DRAM Correctable                           : 4
                    DRAM Uncorrectable                         : 3
                Aggregate
                    DRAM Uncorrectable                         : 9
                    SRAM Threshold Exceeded                    : Yes
            Retired Pages
                Single Bit ECC                                 : N/A
                Double Bit ECC                                 : N/A
                Pending Page Blacklist                         : N/A
            Remapped Rows
                Correctable Error                              : 0
                Uncorrectable Error                            : 6
                Pending                                        : Yes
                Remapping Failure Occurred                     : No
            Temperature
                GPU Current Temp                               : 41 C
                GPU T.Limit Temp                               : 40 C
                Memory Current Temp                            : 50 C
            GPU Power Readings
                Average Power Draw                             : 301.50 W
                Current Power Limit                            : 700.00 W
            Module Power Readings
                Average Power Draw                             : 900.00 W
            Clocks
                Graphics                                       : 1900 MHz
                SM                                             : 1910 MHz
                Memory                                         : 2600 MHz
            Max Clocks
                SM                                             : 1980 MHz
            Processes
                GPU instance ID                                : 1
                Compute instance ID                            : 0
                Process ID                                     : 4711
                    Type                                       : C
                    Name                                       : /opt/my: tool
                    Used GPU Memory                            : 1980 MiB
                GPU instance ID                                : N/A
                Compute instance ID                            : N/A
                Process ID                                     : 4712
                    Type                                       : G
                    Name                                       : desk
                    Used GPU Memory                            : N/A
        GPU 00000000:2C:00.0
            Product Name                                       : NVIDIA Test 8GB
            Processes                                          : None
            Retired Pages
                Single Bit ECC                                 : 3
                Double Bit ECC                                 : 1
                Pending Page Blacklist                         : No

        """

    @Test("the text is read as the XML is")
    func text() throws {
        let query = try #require(NvidiaQuery(parsing: Self.query))
        #expect(query.driverVersion == "571.10")
        #expect(query.cudaVersion == "12.7")
        #expect(query.attachedCount == 2)
        #expect(query.isComplete && query.isFromStart && !query.isIluvatar)
        #expect(query.devices.count == 2)
        let device = try #require(query.devices.first)
        #expect(device.name == "NVIDIA Test 141GB")
        #expect(device.uuid == "GPU-1b")
        #expect(device.busID == "00000000:1B:00.0")
        #expect(device.minorNumber == 4)
        #expect(device.isPersistent == true)
        #expect(device.memoryTotalBytes == 90_001 << 20)
        #expect(device.memoryUsedBytes == 2_001 << 20)
        #expect(device.utilizationPercent == nil)
        #expect(device.temperatureCelsius == 41)
        #expect(device.powerMilliwatts == 301_500)
        #expect(device.powerLimitMilliwatts == 700_000)
        #expect(device.multiprocessorMegahertz == 1_910)
        #expect(device.memoryMegahertz == 2_600)
        #expect(device.throttleReasons == ["sw_power_cap", "hw_thermal_slowdown"])
        #expect(device.volatileErrors == NvidiaMemoryErrors(corrected: 5, uncorrected: 5))
        #expect(device.aggregateErrors == NvidiaMemoryErrors(uncorrected: 9, isThresholdExceeded: true))
        #expect(
            device.remappedRows
                == NvidiaRemappedRows(corrected: 0, uncorrected: 6, isPending: true, hasFailed: false))
        #expect(device.retiredPages == nil)
        #expect(device.recoveryAction == "Reset")
        #expect(device.health == .failed)
        var instance = NvidiaMIGInstance(index: 0)
        instance.gpuInstance = 1
        instance.computeInstance = 0
        instance.memoryTotalBytes = 45_001 << 20
        instance.memoryUsedBytes = 1_990 << 20
        instance.multiprocessors = 70
        instance.uncorrectedErrors = 5
        #expect(device.migInstances == [instance])
        let processes = try #require(device.processes)
        #expect(processes.map(\.pid) == [4_711, 4_712])
        #expect(processes.map(\.name) == ["/opt/my: tool", "desk"])
        #expect(processes.map(\.gpuInstance) == [1, nil])
        #expect(processes.map(\.memoryBytes) == [1_980 << 20, nil])
        #expect(query.devices[1].processes == [])
        #expect(
            query.devices[1].retiredPages == NvidiaRetiredPages(singleBit: 3, doubleBit: 1, isPending: false))
        #expect(query.devices[1].volatileErrors == nil)
    }

    @Test("MIG devices get their UUIDs from the list")
    func addList() throws {
        var query = try #require(NvidiaQuery(parsing: Self.query))
        let text = """
            GPU 3: other (UUID: GPU-3)
              MIG 7g.80gb     Device  0: (UUID: MIG-wrong)
            GPU 0: NVIDIA Test 141GB (UUID: GPU-1b)
              MIG 4g.45gb     Device  0: (UUID: MIG-a)
              MIG 1g.11gb     Device  1: (UUID: MIG-b)
            """
        query.add(try #require(NvidiaList(parsing: text)))
        let instances = query.devices[0].migInstances
        #expect(instances.map(\.uuid) == ["MIG-a", "MIG-b"])
        #expect(instances.map(\.profile) == ["4g.45gb", "1g.11gb"])
        #expect(instances.map(\.gpuInstance) == [1, nil])
        #expect(query.devices[1].migInstances.isEmpty)
    }

    @Test("the newer names of throttling and the older ones say the same")
    func throttleReasons() throws {
        for name in ["event", "throttle"] {
            let text = NvidiaTests.document(
                """
                <clocks_\(name)_reasons>
                    <clocks_\(name)_reason_gpu_idle>Not Active</clocks_\(name)_reason_gpu_idle>
                    <clocks_\(name)_reason_hw_slowdown>Active</clocks_\(name)_reason_hw_slowdown>
                </clocks_\(name)_reasons>
                """)
            let query = try #require(NvidiaQuery(parsing: Array(text.utf8)))
            #expect(query.devices.first?.throttleReasons == ["hw_slowdown"])
        }
        let unknown = NvidiaTests.document("<clocks_throttle_reasons>N/A</clocks_throttle_reasons>")
        #expect(NvidiaQuery(parsing: Array(unknown.utf8))?.devices.first?.throttleReasons == nil)
    }

    @Test("a table with commas says what its columns say")
    func columns() throws {
        let text = """
            uuid, power.limit [W], clocks.sm [MHz], clocks.mem [MHz], clocks_throttle_reasons.active, persistence_mode
            GPU-1, 400.00 W, 1410 MHz, 1215 MHz, 0x0000000000000044, Enabled
            GPU-2, [N/A], [N/A], [N/A], 0x0000000000000000, Disabled
            """
        let table = try #require(NvidiaCSV(parsing: text))
        #expect(table.columns?.count == 6)
        #expect(table.devices.map(\.powerLimitMilliwatts) == [400_000, nil])
        #expect(table.devices.map(\.multiprocessorMegahertz) == [1_410, nil])
        #expect(table.devices.map(\.memoryMegahertz) == [1_215, nil])
        #expect(table.devices.map(\.throttleReasons) == [["sw_power_cap", "hw_thermal_slowdown"], []])
        #expect(table.devices.map(\.isPersistent) == [true, false])
        #expect(table.devices.map(\.name) == [nil, nil])
        #expect(NvidiaCSV(parsing: "name\nNVIDIA Test\n")?.devices.map(\.name) == ["NVIDIA Test"])
        #expect(
            NvidiaCSV(parsing: "memory.used [MiB]\n17\n18\n")?.devices.map(\.memoryUsedBytes) == [
                17 << 20, 18 << 20,
            ])
    }

    @Test("rows that come again replace the first ones")
    func loop() throws {
        let text =
            "index, pci.bus_id, utilization.gpu [%]\n0, 00000000:01:00.0, 1 %\n0, 00000000:01:00.0, 2 %\n"
        #expect(NvidiaCSV(parsing: text)?.devices.map(\.utilizationPercent) == [2])
    }

    @Test(
        "without a header only what cannot be mistaken is read",
        arguments: [
            (
                "3, Tesla Test, P0, 41, 17 %, 3 %, 100 MiB, 8001 MiB, 30.5 W, Default", "Tesla Test", 8_001,
                100, 17, 41
            ),
            ("NVIDIA Test, 571.10, 8001 MiB", "NVIDIA Test", 8_001, nil, nil, nil),
            ("17 MiB, 8001 MiB", nil, 8_001, 17, nil, nil),
            ("GPU-1, NVIDIA Test, 8001 MiB", "NVIDIA Test", 8_001, nil, nil, nil),
            ("0, NVIDIA Test, 41, 90, 30 %", "NVIDIA Test", nil, nil, 30, nil),
            ("0, GPU-1, NVIDIA Test, 8001, 100, 17", "NVIDIA Test", nil, nil, nil, nil),
            ("0, NVIDIA Test, 1 MiB, 2 MiB, 3 MiB", "NVIDIA Test", nil, nil, nil, nil),
        ] as [(String, String?, Int64?, Int64?, UInt32?, Int32?)])
    func headless(
        text: String, name: String?, total: Int64?, used: Int64?, utilization: UInt32?, temperature: Int32?
    ) throws {
        let device = try #require(NvidiaCSV(parsing: text)?.devices.first)
        #expect(device.name == name)
        #expect(device.memoryTotalBytes == total.map { $0 << 20 })
        #expect(device.memoryUsedBytes == used.map { $0 << 20 })
        #expect(device.utilizationPercent == utilization)
        #expect(device.temperatureCelsius == temperature)
        #expect(device.index == UInt32(text.prefix { $0 != "," }) ?? 0)
    }

    @Test("texts with commas that are none of it")
    func otherCommas() {
        for text in [
            "", ",", "a, b, c", "1, 2, 3", "12:00:01, GPU 0, 17", "0, word, word",
            "Temperature, 41, C",
        ] {
            #expect(NvidiaCSV(parsing: text) == nil, "\(text)")
        }
    }

    @Test("processes with and without a header")
    func processList() throws {
        let text = """
            pid, process_name, used_gpu_memory [MiB], gpu_uuid
            4711, /opt/tool --list=a, b, 100 MiB, GPU-1
            4712, [Not Found], [N/A], GPU-2
            """
        let list = try #require(NvidiaProcessList(parsing: text))
        #expect(list.processes.map(\.pid) == [4_711, 4_712])
        #expect(list.processes.map(\.name) == ["/opt/tool --list=a, b", nil])
        #expect(list.processes.map(\.memoryBytes) == [100 << 20, nil])
        #expect(list.processes.map(\.gpuUUID) == ["GPU-1", "GPU-2"])
        #expect(!list.hasBusID)
        let headless = try #require(NvidiaProcessList(parsing: "00000000:01:00.0, 4711, tool, 100 MiB\n"))
        #expect(headless.hasBusID)
        #expect(headless.processes.map(\.busID) == ["00000000:01:00.0"])
        #expect(NvidiaProcessList(parsing: "0, Tesla Test, 8001 MiB") == nil)
        #expect(NvidiaProcessList(parsing: "pid, process_name\n")?.processes == [])
    }
}
