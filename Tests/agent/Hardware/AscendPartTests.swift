import ProtocolMessages
import Testing

@testable import AgentHardware

@Suite("Parts of npu-smi")
struct AscendPartTests {
    @Test("processes have their card, chip, memory and number in a container")
    func processes() throws {
        let info = AscendInfo(parsing: AscendFixtures.twoDies)
        #expect(info.processes?.map(\.processID) == [48_151, 48_152])
        #expect(info.processes?.map(\.name) == ["train worker", ""])
        #expect(info.processes?.map(\.chip) == [0, 1])
        #expect(info.processes?.first?.memoryBytes == 38_123 << 20)
        #expect(AscendInfo(parsing: AscendFixtures.duo).processes == [])
        let wide = """
            | NPU     Chip   | Process id    | Process name  | Process memory(MB) | Process id in container |
            +================+===============+===============+====================+=========================+
            | 0       1      | 9001          | a             | 5                  | 17                      |
            | 0       0      | 9002          | b             | NA                 | NA                      |
            """
        let processes = try #require(AscendInfo(parsing: wide + "\n").processes)
        #expect(processes.map(\.containerProcessID) == [17, nil])
        #expect(processes.map(\.memoryBytes) == [5 << 20, nil])
        let list = AscendProcessList(parsing: AscendFixtures.processes)
        #expect(list.processes.map(\.processID) == [8_122, 8_123])
        #expect(list.processes.map(\.name) == ["llm: serve", ""])
        #expect(list.processes.map(\.chip) == [0, 0])
        #expect(list.processes.map(\.card) == [1, 1])
    }

    @Test("HBM, other memory and huge pages are told apart")
    func memories() throws {
        let info = AscendInfo(parsing: AscendFixtures.twoDies)
        let device = try #require(info.devices.first)
        #expect(device.highBandwidthMemory == AscendUsage(used: 41_234 << 20, total: 65_536 << 20))
        #expect(device.memory == AscendUsage(used: 0, total: 0))
        #expect(device.hugePages == AscendUsage(used: 4, total: 16))
        let other = try #require(AscendInfo(parsing: AscendFixtures.duo).devices.first)
        #expect(other.highBandwidthMemory == nil)
        #expect(other.workMemory == AscendUsage(used: 1_511 << 20, total: 44_280 << 20))
        let readings = try #require(AscendList(parsing: AscendFixtures.usages).chips.first)
        #expect(readings.hugePages == 32)
        #expect(readings.hugePagesUsedPercent == 50)
        #expect(readings.bandwidthUsedPercent == 17)
        #expect(readings.workMemoryBytes == 32_000 << 20)
    }

    @Test("rows without rules between them, and a table that is printed twice, are the same devices")
    func rows() {
        let rows = AscendFixtures.duo.split(separator: "\n").filter { $0.hasPrefix("|") }
        let plain = AscendInfo(parsing: AscendFixtures.duo)
        #expect(AscendInfo(parsing: rows.joined(separator: "\n") + "\n").devices == plain.devices)
        let twice = AscendInfo(parsing: AscendFixtures.twoDies + AscendFixtures.twoDies)
        #expect(twice.devices == AscendInfo(parsing: AscendFixtures.twoDies).devices)
        #expect(twice.processes?.count == 2)
    }

    @Test("a card with several rows of chips under it has several devices")
    func oneCardRow() {
        let info = AscendInfo(
            parsing: """
                | 3     910X                | OK            | 170.0       33                                     |
                | 0                         | 0000:8A:00.0  | 1           0    / 0          5   / 64             |
                | 1                         | 0000:8A:00.1  | 2           0    / 0          6   / 64             |
                +===========================+===============+====================================================+

                """)
        #expect(info.devices.map(\.chip) == [0, 1])
        #expect(info.devices.map(\.card) == [3, 3])
        #expect(info.devices.map(\.utilizationPercent) == [1, 2])
    }

    @Test("counters of memory errors")
    func errorCounts() throws {
        let readings = try #require(AscendList(parsing: AscendFixtures.errorCounts).chips.first)
        let counts = readings.highBandwidthMemoryErrors
        #expect(counts.single == 12)
        #expect(counts.double == 3)
        #expect(counts.singleTotal == 112)
        #expect(counts.doubleTotal == 4)
        #expect(counts.doubleIsolatedPages == 2)
        #expect(!readings.memoryErrors.isKnown)
        let old = AscendList(parsing: "\tSingle-bit Error Count : 4\n\tDouble-bit Error Count : 0\n")
        #expect(old.chips.first?.memoryErrors.single == 4)
        #expect(old.chips.first?.memoryErrors.double == 0)
    }

    @Test("health has every error code with its meaning")
    func health() throws {
        let health = try #require(AscendList(parsing: AscendFixtures.health).chips.first?.health)
        #expect(health.state == "Alarm")
        #expect(health.faults.map(\.code) == ["80E18401", "80C98009"])
        #expect(
            health.faults.map(\.meaning) == [
                "node type=HBM, event type=Multi Bit Error", "node type=SOC, event: Heartbeat",
            ])
        let well = AscendList(parsing: "Health : OK\nError Code : NA\nError Information : NA\n").chips.first?
            .health
        #expect(well == AscendHealth(state: "OK", faults: []))
    }

    @Test("a board has its firmware, serial number and place")
    func board() throws {
        let board = try #require(AscendList(parsing: AscendFixtures.board).chips.first?.board)
        #expect(board.serialNumber == "77AB02")
        #expect(board.softwareVersion == "24.1.0")
        #expect(board.firmwareVersion == "7.5.0.1.129")
        #expect(board.busID == "0000:C2:00.0")
        #expect(board.boardID == "0x64")
        #expect(board.slotID == 9)
        #expect(board.model == nil)
    }

    @Test("lists of several cards in one text, without empty lines, and of many kinds are one for each chip")
    func manyCards() throws {
        let text = (0..<3).map { card in
            "\tNPU ID : \(card)\n\tChip Count : 1\n\tChip ID : 0\n\tAicore Usage Rate(%) : \(card + 10)\n"
                + "\tChip Name : mcu\n\tTemperature(C) : 99\n"
        }.joined()
        let list = AscendList(parsing: text + "\n" + "NPU ID : 1\nHBM Capacity(MB) : 64\nChip ID : 0\n")
        #expect(list.chips.map(\.card) == [0, 1, 2])
        #expect(list.chips.map(\.utilizationPercent) == [10, 11, 12])
        #expect(list.chips.map(\.temperatureCelsius) == [nil, nil, nil])
        #expect(list.chip(card: 1, chip: 0)?.workMemoryBytes == 64 << 20)
    }

    @Test("keys of other versions")
    func otherKeys() throws {
        let readings = try #require(
            AscendList(
                parsing: """
                    AI Core Usage Rate(%) : 31
                    NPU Temperature (C) : 44
                    Power Dissipation(W) : 66.25
                    Memory Capacity(MB) : 8192
                    Memory Usage Rate(%) : 33
                    """
            ).chips.first)
        #expect(readings.card == nil)
        #expect(readings.utilizationPercent == 31)
        #expect(readings.temperatureCelsius == 44)
        #expect(readings.powerMilliwatts == 66_250)
        #expect(readings.workMemoryBytes == 8_192 << 20)
        #expect(readings.workMemoryUsedPercent == 33)
    }

    @Test("chips with fast links are a group")
    func groups() {
        let topology = AscendTopology(parsing: AscendFixtures.topology)
        #expect(topology.groups == [[0, 1, 2, 3], [4, 5, 6, 7]])
        #expect(topology.link(0, 3) == .direct)
        #expect(topology.link(3, 4) == .system)
        #expect(topology.link(5, 5) == .same)
        #expect(topology.link(0, 9) == .unknown)
        #expect(topology.rows.map(\.processors).last == "24-47")
        let dies = AscendTopology(parsing: AscendFixtures.dies)
        #expect(dies.groups == [[6, 7]])
        #expect(dies.link(6, 7) == .dies)
        #expect(dies.rows.map(\.processors) == [nil, nil])
        #expect(dies.rows.map(\.links) == [["X", "SIO"], ["SIO", "X"]])
        let one = AscendTopology(parsing: "           NPU0       CPU Affinity\nNPU0       X          0-7\n")
        #expect(one.groups == [[0]])
        #expect(one.rows.first?.processors == "0-7")
        let headless = AscendTopology(parsing: "NPU0  X  PIX  0-3\nNPU1  PIX  X  0-3\n")
        #expect(headless.groups == [[0], [1]])
        #expect(headless.link(0, 1) == .pcieSwitch)
    }

    @Test("virtual devices and what is free for further ones")
    func virtual() throws {
        let virtual = AscendVirtual(parsing: AscendFixtures.virtual)
        #expect(virtual.count == 2)
        #expect(virtual.devices.map(\.id) == [164, 165])
        #expect(virtual.devices.map(\.group) == [1, nil])
        #expect(virtual.devices.map(\.containerID) == [nil, "00e1a77c0d21"])
        #expect(virtual.devices.map(\.template) == ["vir05_1c_16g", "vir10_3c_32g"])
        #expect(virtual.resources.first == AscendVirtual.Resource(name: "AICORE", free: 5, total: 20))
        #expect(virtual.resources.last == AscendVirtual.Resource(name: "PNGD", free: nil, total: nil))
        let bare = AscendVirtual(
            parsing: """
                Total number of vnpu: 1
                Vnpu ID  |  Vgroup ID  |  Container ID  |  Status  |  Template Name
                212      |  0          |  000000000000  |  0       |  vir04
                """)
        #expect(bare.devices.map(\.template) == ["vir04"])
        #expect(bare.devices.first?.containerID == nil)
    }

    @Test("the mapping has files of devices; a table without logic ids counts by cards, and -1 is no device")
    func mapping() {
        let mapping = AscendMapping(parsing: AscendFixtures.mapping)
        #expect(mapping.chips.map(\.deviceFile) == ["/dev/davinci1", "/dev/davinci0"])
        #expect(mapping.chips.map(\.physicalID) == [4, 5])
        #expect(mapping.units == [AscendMapping.Unit(card: 2, chip: 2, name: "Mcu")])
        let newest = AscendMapping(
            parsing: """
                NPU ID     Slot ID     Chip ID     Chip Phy-ID     Chip Name
                5          7           0           6               Ascend950XX
                -1         8           0           7               Ascend950XX
                """)
        #expect(newest.chips.map(\.logicID) == [5])
        #expect(newest.chips.map(\.physicalID) == [6])
        #expect(newest.chips.first?.deviceFile == "/dev/davinci6")
        let headless = AscendMapping(parsing: "0 0 3 Ascend 910B3\n0 1 - Mcu\n")
        #expect(headless.chips.map(\.logicID) == [3])
        #expect(headless.chips.map(\.name) == ["Ascend 910B3"])
        #expect(headless.units.map(\.name) == ["Mcu"])
        let narrow = AscendMapping(
            parsing: "NPU ID  Chip ID  Chip Logic ID  Chip Phy-ID Chip Name\n8 1 9 9 Ascend\n")
        #expect(narrow.chips.map(\.logicID) == [9])
    }

    @Test("what is watched is the newest of each chip")
    func watch() {
        let samples = AscendWatch(parsing: AscendFixtures.watch).samples
        #expect(samples.map(\.chip) == [0, 1])
        #expect(samples.map(\.powerMilliwatts) == [110_600, nil])
        #expect(samples.map(\.utilizationPercent) == [88, 12])
        #expect(samples.map(\.memoryUsedPercent) == [36, nil])
    }

    @Test("a chip that is not well says which errors it has")
    func reason() {
        var device = AscendDevice(card: 1, chip: 0, name: "910B3")
        device.health = "Alarm"
        device.errors = [
            AscendHealth.Fault(code: "80E18401", meaning: "a bit"), .init(code: "80C98009", meaning: nil),
        ]
        let report = device.report(logicID: 3, fullName: nil, driverVersion: nil)
        #expect(report.health == .failed)
        #expect(report.reason == "npu-smi says Alarm: 80E18401 (a bit); 80C98009")
        #expect(report.model == "Ascend 910B3")
    }

    @Test("numbers beyond all measure are not known")
    func hugeNumbers() throws {
        let text = AscendFixtures.twoDies
            .replacing("171.5", with: "9e99").replacing("41234/ 65536", with: "99999999999999999999/ -7")
            .replacing("| 7           0", with: "| 700         0").replacing("48151 ", with: "99999999999")
        let info = AscendInfo(parsing: text)
        let device = try #require(info.devices.first)
        #expect(device.utilizationPercent == nil)
        #expect(device.highBandwidthMemory == AscendUsage(used: nil, total: nil))
        #expect(info.processes?.map(\.processID) == [48_152])
    }
}
