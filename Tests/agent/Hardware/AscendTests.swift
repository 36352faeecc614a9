import AgentHardware
import ProtocolMessages
import ClusterTypes
import Testing

@Suite("npu-smi")
struct AscendTests {
    private let twoDies = """
        +------------------------------------------------------------------------------------------------+
        | npu-smi 24.1.rc9                 Version: 24.1.rc9                                             |
        +---------------------------+---------------+----------------------------------------------------+
        | NPU   Name                | Health        | Power(W)    Temp(C)           Hugepages-Usage(page)|
        | Chip  Phy-ID              | Bus-Id        | AICore(%)   Memory-Usage(MB)  HBM-Usage(MB)        |
        +===========================+===============+====================================================+
        | 4     Ascend910           | OK            | 170.5       37                0    / 0             |
        | 0     8                   | 0000:9C:00.0  | 12          0    / 0          60156/ 65536         |
        +------------------------------------------------------------------------------------------------+
        | 4     Ascend910           | Warning       | -           38                0    / 0             |
        | 1     9                   | 0000:9E:00.0  | 0           0    / 0          2876 / 65536         |
        +===========================+===============+====================================================+
        +---------------------------+---------------+----------------------------------------------------+
        | NPU     Chip              | Process id    | Process name             | Process memory(MB)      |
        +===========================+===============+====================================================+
        | No running processes found in NPU 0                                                            |
        | 4       1                 | 990711        | python                   | 7746                    |
        +===========================+===============+====================================================+
        """

    @Test("two dies of one card are two devices, and processes are none")
    func dies() {
        let info = AscendInfo(parsing: twoDies)
        #expect(info.driverVersion == "24.1.rc9")
        #expect(info.isComplete)
        #expect(info.devices.map(\.card) == [4, 4])
        #expect(info.devices.map(\.chip) == [0, 1])
        #expect(info.devices.map(\.physicalID) == [8, 9])
        #expect(info.devices.map(\.busID) == ["0000:9C:00.0", "0000:9E:00.0"])
        #expect(info.devices.map(\.powerMilliwatts) == [170_500, nil])
        #expect(info.devices.map(\.utilizationPercent) == [12, 0])
        #expect(info.devices.map(\.workMemory?.used) == [60_156 << 20, 2_876 << 20])
    }

    @Test("addresses of network ports are read from hccn.conf and from what hccn_tool prints")
    func addresses() {
        let file = AscendAddresses(
            parsing: """
                address_0=10.1.0.10
                netmask_0=255.255.255.0
                netdetect_0=10.1.0.1
                # address_1=10.1.0.9
                address_1= 10.1.0.11\r
                address_1=10.1.0.12
                IPv6address_2=fd00::2
                address_x=10.1.0.13
                address_3=none
                address_4=0.0.0.0
                address_=10.1.0.14
                """)
        #expect((0...4).map { file[$0] } == ["10.1.0.10", "10.1.0.12", nil, nil, nil])
        #expect(AscendAddresses.answer("ipaddr:10.1.0.10\nnetmask:255.255.255.0\n") == "10.1.0.10")
        #expect(AscendAddresses.answer("Get ip address failed") == nil && AscendAddresses.answer("") == nil)
    }

    @Test("the physical id is the table's, else the mapping's, else the logic id")
    func physicalIDs() {
        let reports = AscendProbe.reports(AscendInfo(parsing: twoDies), AscendMapping(parsing: ""))
        #expect(reports.map(\.physicalID) == [8, 9] && reports.map(\.visibleID) == ["0", "1"])
        var older = AscendInfo(parsing: "")
        older.devices = (0..<2).map { AscendDevice(card: $0, chip: 0, name: "910B3") }
        #expect(AscendProbe.reports(older, AscendMapping(parsing: "")).map(\.physicalID) == [0, 1])
        let mapping = AscendMapping(
            parsing: """
                NPU ID    Chip ID    Chip Logic ID    Chip Phy-ID    Chip Name
                0         0          0                6              Ascend 910B3
                1         0          1                7              Ascend 910B3
                """)
        #expect(AscendProbe.reports(older, mapping).map(\.physicalID) == [6, 7])
    }

    @Test("the mapping gives logic ids and names, and passes over management chips")
    func mapping() {
        let mapping = AscendMapping(
            parsing: """
                \tNPU ID                         Chip ID                        Chip Logic ID                  Chip Name
                \t4                              0                              1                              Ascend 910
                \t4                              1                              0                              Ascend 910
                \t4                              2                              -                              Mcu
                """)
        #expect(mapping.chips.map(\.logicID) == [1, 0])
        let reports = AscendProbe.reports(AscendInfo(parsing: twoDies), mapping)
        #expect(reports.map(\.visibleID) == ["0", "1"])
        #expect(reports.map(\.chip) == [1, 0])
        #expect(reports.map(\.model) == ["Ascend 910", "Ascend 910"])
        #expect(reports.map(\.health) == [.warning, .ok])
        #expect(reports.first?.reason == "npu-smi says Warning")
        #expect(reports.first?.vendor == "huawei")
    }

    @Test("a mapping with a column for physical ids is read by its header")
    func wideMapping() {
        let mapping = AscendMapping(
            parsing: """
                NPU ID    Chip ID   Chip Logic ID   Chip Phy-ID   Chip Name
                0         0         3               7             Ascend 910
                0         1         -               -             Mcu
                """)
        #expect(mapping.chips.map(\.logicID) == [3])
        #expect(mapping.chip(card: 0, chip: 0)?.name == "Ascend 910")
    }

    @Test("without a mapping the logic ids are counted in printed order")
    func noMapping() {
        let reports = AscendProbe.reports(AscendInfo(parsing: twoDies), AscendMapping(parsing: ""))
        #expect(reports.map(\.visibleID) == ["0", "1"])
        #expect(reports.map(\.index) == [4, 4])
        #expect(reports.map(\.model) == ["Ascend910", "Ascend910"])
    }

    @Test("the memory pair is used where there is no HBM column, and NA is nil")
    func memoryPair() throws {
        let info = AscendInfo(
            parsing: """
                | NPU     Name      | Health          | Power(W)          Temp(C)              |
                | Chip    Device    | Bus-Id          | AICore(%)         Memory-Usage(MB)     |
                +===================+=================+========================================+
                | 215     310       | Critical        | NA                57                   |
                | 3       7         | NA              | 5                 2703 / 8192          |
                +===================+=================+========================================+
                """)
        let device = try #require(info.devices.first)
        #expect(device.workMemory?.total == 8_192 << 20)
        #expect(device.busID == nil)
        #expect(device.powerMilliwatts == nil)
        let report = device.report(logicID: 0, fullName: nil, driverVersion: nil)
        #expect(report.model == "Ascend 310")
        #expect(report.index == 215)
        #expect(report.chip == 3)
        #expect(report.health == .failed)
    }

    @Test("a table that is cut keeps what is whole and says that it is cut")
    func cut() throws {
        let bytes = Array(twoDies.utf8)
        for count in bytes.indices {
            let info = AscendInfo(parsing: String(decoding: bytes[..<count], as: UTF8.self))
            #expect(info.devices.count <= 2)
        }
        let lines = twoDies.split(separator: "\n")
        let half = AscendInfo(parsing: lines.prefix(10).joined(separator: "\n"))
        #expect(half.devices.count == 1)
        #expect(!half.isComplete)
        #expect(!AscendInfo(parsing: "dcmi model initialized failed").isComplete)
    }

    @Test("readings of one card take the chip and not its management unit")
    func readings() throws {
        let text = """
                NPU ID                         : 1
                Chip Count                     : 1

                Chip ID                        : 0
                HBM Usage Rate(%)              : 91
                Aicore Usage Rate(%)           : 6
                Temperature(C)                 : 46
                NPU Real-time Power(W)         : 130.4

                Chip Name                      : mcu
                Temperature(C)                 : 40
            """
        let list = AscendList(parsing: text)
        let readings = try #require(list.chip(card: 1, chip: 0))
        #expect(readings.card == 1)
        #expect(readings.temperatureCelsius == 46)
        #expect(readings.utilizationPercent == 6)
        #expect(readings.powerMilliwatts == 130_400)
        #expect(readings.workMemoryUsedPercent == 91)
        #expect(list.chip(card: 1, chip: 1) == nil)
    }
}
