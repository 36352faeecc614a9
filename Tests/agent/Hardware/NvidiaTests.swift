import AgentHardware
import ProtocolMessages
import ClusterTypes
import Testing

@Suite("nvidia-smi")
struct NvidiaTests {
    /// A document of one GPU with these elements inside.
    static func document(_ inside: String, id: String = "00000000:C1:00.0") -> String {
        """
        <?xml version="1.0" ?>
        <!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
        <nvidia_smi_log>
            <driver_version>570.1</driver_version>
            <cuda_version>12.8</cuda_version>
            <attached_gpus>1</attached_gpus>
            <gpu id="\(id)">
                <product_name>NVIDIA Test 80GB</product_name>
                <uuid>GPU-1</uuid>
                \(inside)
            </gpu>
        </nvidia_smi_log>
        """
    }

    private static func throttled(_ reason: String) -> String {
        "<clocks_event_reasons><clocks_event_reason_\(reason)>Active</clocks_event_reason_\(reason)>"
            + "</clocks_event_reasons>"
    }

    private func device(_ inside: String) throws -> NvidiaDevice {
        let query = try #require(NvidiaQuery(parsing: Array(Self.document(inside).utf8)))
        return try #require(query.devices.first)
    }

    @Test("a whole GPU is read")
    func wholeDevice() throws {
        let text = Self.document(
            """
            <minor_number>3</minor_number>
            <pci><pci_bus_id>00000000:C1:00.0</pci_bus_id></pci>
            <mig_mode><current_mig>Disabled</current_mig></mig_mode>
            <fb_memory_usage><total>81559 MiB</total><reserved>500 MiB</reserved><used>2 MiB</used></fb_memory_usage>
            <bar1_memory_usage><total>131072 MiB</total></bar1_memory_usage>
            <utilization><gpu_util>98 %</gpu_util></utilization>
            <temperature><gpu_temp>61 C</gpu_temp></temperature>
            <module_power_readings><instant_power_draw>900.00 W</instant_power_draw></module_power_readings>
            <gpu_power_readings><average_power_draw>66.92 W</average_power_draw></gpu_power_readings>
            """)
        let query = try #require(NvidiaQuery(parsing: Array(text.utf8)))
        #expect(query.driverVersion == "570.1")
        #expect(query.isComplete)
        let report = try #require(query.devices.first).report(driverVersion: query.driverVersion)
        #expect(
            report
                == DeviceReport(
                    type: .gpu, vendor: "nvidia", model: "NVIDIA Test 80GB", index: 0, visibleID: "GPU-1",
                    uuid: "GPU-1", busID: "00000000:C1:00.0", memoryTotalBytes: 81_559 << 20,
                    memoryUsedBytes: 2 << 20, utilizationPercent: 98, temperatureCelsius: 61,
                    powerMilliwatts: 66_920, driverVersion: "570.1", health: .ok))
    }

    @Test("what the tool does not know is nil, and the GPU stays")
    func notAvailable() throws {
        let found = try device(
            """
            <utilization><gpu_util>N/A</gpu_util></utilization>
            <power_readings><power_draw>N/A</power_draw></power_readings>
            """)
        #expect(found.utilizationPercent == nil)
        #expect(found.powerMilliwatts == nil)
        #expect(found.memoryTotalBytes == nil)
        #expect(found.busID == "00000000:C1:00.0")
        #expect(found.health == .ok)
    }

    @Test(
        "uncorrectable errors are counted in all three layouts",
        arguments: [
            ("<double_bit><device_memory>1</device_memory><total>4</total></double_bit>", 4),
            ("<sram_uncorrectable>1</sram_uncorrectable><dram_uncorrectable>2</dram_uncorrectable>", 3),
            (
                "<sram_uncorrectable_parity>1</sram_uncorrectable_parity>"
                    + "<sram_uncorrectable_secded>2</sram_uncorrectable_secded>"
                    + "<dram_uncorrectable>4</dram_uncorrectable>", 7
            ),
            ("<double_bit><total>N/A</total></double_bit>", nil),
            ("<sram_uncorrectable>N/A</sram_uncorrectable><dram_uncorrectable>N/A</dram_uncorrectable>", nil),
            ("", nil),
        ] as [(String, UInt64?)])
    func errorLayouts(inside: String, count: UInt64?) throws {
        let found = try device("<ecc_errors><volatile>\(inside)</volatile></ecc_errors>")
        #expect(found.uncorrectableErrors == count)
        #expect(found.health == (count == nil ? .ok : .failed))
    }

    @Test(
        "errors that were corrected are reported and do no harm",
        arguments: [
            "<single_bit><total>12</total></single_bit>",
            "<sram_correctable>5</sram_correctable><dram_correctable>7</dram_correctable>",
        ])
    func correctedErrors(inside: String) throws {
        let report = try device("<ecc_errors><volatile>\(inside)</volatile></ecc_errors>").report(
            driverVersion: nil)
        #expect(report.correctableErrors == 12 && report.uncorrectableErrors == nil)
        #expect(report.health == .ok)
    }

    @Test(
        "health follows what the driver says",
        arguments: [
            (
                "<remapped_rows><remapped_row_failure>Yes</remapped_row_failure></remapped_rows>",
                DeviceHealth.failed
            ),
            ("<remapped_rows><remapped_row_pending>Yes</remapped_row_pending></remapped_rows>", .failed),
            ("<remapped_rows>N/A</remapped_rows>", .ok),
            ("<retired_pages><pending_retirement>Yes</pending_retirement></retired_pages>", .failed),
            ("<gpu_recovery_action>None</gpu_recovery_action>", .ok),
            ("<gpu_recovery_action>Reboot</gpu_recovery_action>", .failed),
            ("<gpu_recovery_action>Drain P2P</gpu_recovery_action>", .warning),
            ("<mig_mode><current_mig>Enabled</current_mig></mig_mode>", .ok),
            (Self.throttled("hw_thermal_slowdown"), .warning),
            (Self.throttled("sw_thermal_slowdown"), .ok),
            (Self.throttled("sw_power_cap"), .ok),
            ("<temperature><gpu_temp>Unknown Error</gpu_temp></temperature>", .failed),
            ("<fb_memory_usage><total>GPU is lost</total></fb_memory_usage>", .failed),
        ])
    func health(inside: String, expected: DeviceHealth) throws {
        let found = try device(inside)
        #expect(found.health == expected)
        #expect((found.reason == nil) == (expected == .ok))
    }

    @Test("an answer that is cut anywhere never fails and never loses a GPU that was named")
    func cutAnywhere() throws {
        let whole = Array(Self.document("<temperature><gpu_temp>61 C</gpu_temp></temperature>").utf8)
        let end = try #require(NvidiaQuery(parsing: whole))
        #expect(end.isComplete)
        let named = Array("<uuid>GPU-1</uuid>".utf8)
        for count in 0..<whole.count {
            let prefix = Array(whole[..<count])
            let cut = NvidiaQuery(parsing: prefix)
            #expect(cut?.isComplete != true)
            let isNamed = prefix.indices.contains { prefix[$0...].starts(with: named) }
            if isNamed { #expect(cut?.devices.first?.uuid == "GPU-1") }
        }
    }

    @Test(
        "a uuid that could not be sent is none", arguments: ["GPU\u{1}1", String(repeating: "G", count: 254)])
    func uuidThatIsNoName(uuid: String) throws {
        let text = Self.document("").replacing("GPU-1", with: uuid)
        let found = try #require(NvidiaQuery(parsing: Array(text.utf8))?.devices.first)
        #expect(found.uuid == nil)
        #expect(found.report(driverVersion: nil).visibleID == "0")
        let table = try #require(NvidiaCSV(parsing: "index, name, uuid\n4, T, \(uuid)\n"))
        #expect(table.devices.map { $0.report(driverVersion: nil).visibleID } == ["4"])
    }

    @Test("more memory than there is in the world is no memory")
    func hugeMemory() throws {
        let found = try device("<fb_memory_usage><total>9000000 TiB</total></fb_memory_usage>")
        #expect(found.memoryTotalBytes == nil)
    }

    @Test("many ampersands are read in one pass", .timeLimit(.minutes(1)))
    func ampersands() throws {
        let text = String(repeating: "&", count: 1 << 16)
        #expect(try device("<note>\(text)</note>").health == .ok)
    }

    @Test("bytes that are wrong in any way are read without harm")
    func damaged() {
        let whole = Array(Self.document("<a><b/>&amp;&#65;&bad;<![CDATA[x]]><!-- c --></a></nope>").utf8)
        for position in whole.indices {
            var bytes = whole
            bytes[position] = UInt8(truncatingIfNeeded: position &* 31)
            _ = NvidiaQuery(parsing: bytes)
        }
        for text in ["", "<", "<<<<", "<a", "</a>", "<!--", "<nvidia_smi_log", "<nvidia_smi_log><gpu><gpu>"] {
            _ = NvidiaQuery(parsing: Array(text.utf8))
        }
        let deep = String(repeating: "<a>", count: 20_000)
        #expect(NvidiaQuery(parsing: Array(deep.utf8)) == nil)
    }

    @Test("entities and attributes are read")
    func markup() throws {
        let element = try #require(
            MarkupReader.read(
                Array("warning: x\n<r a='1' b=\"&lt;2&gt;\"> A &amp; B &#x41;<c/> </r>".utf8), root: "r"))
        #expect(element.attributes == ["a": "1", "b": "<2>"])
        #expect(element.text == "A & B A")
        #expect(element.children.map(\.name) == ["c"])
    }

    @Test("the plain table is read by its header, with units and unknown cells")
    func table() throws {
        let text = """
            WARNING: infoROM is corrupted at gpu 0000:02:00.0
            index, uuid, pci.bus_id, name, driver_version, memory.total [MiB], utilization.gpu [%], power.draw [W]
            0, GPU-a, 00000000:01:00.0, NVIDIA X, 535.1, 24564 MiB, 5 %, 30.50 W
            1, GPU-b, 00000000:02:00.0, NVIDIA X, 535.1, 24564 MiB, [N/A], [Not Supported]
            half a li
            """
        let table = try #require(NvidiaCSV(parsing: text))
        #expect(table.driverVersion == "535.1")
        #expect(table.devices.map(\.uuid) == ["GPU-a", "GPU-b"])
        #expect(table.devices.map(\.powerMilliwatts) == [30_500, nil])
        #expect(table.devices.map(\.utilizationPercent) == [5, nil])
        #expect(table.devices.map(\.memoryTotalBytes) == [24_564 << 20, 24_564 << 20])
        #expect(NvidiaCSV(parsing: "No devices were found") == nil)
    }

    @Test("bus addresses are compared without regard to their form")
    func busAddresses() {
        #expect(BusAddress("00000000:C1:00.0") == BusAddress("0000:c1:00.0"))
        #expect(BusAddress("C1:00.0") == BusAddress("0000:c1:00.0"))
        #expect(BusAddress("0000:C1:00.1") != BusAddress("0000:C1:00.0"))
        for text in ["", "NA", "0000:C1:00", "x:C1:00.0", "0000:C1:20.0", "0000:C1:00.8", "1:2:3:4.5"] {
            #expect(BusAddress(text) == nil, "\(text)")
        }
    }
}
