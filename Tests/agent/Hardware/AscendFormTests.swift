import Testing
import TextForms

@testable import AgentHardware

@Suite("Saved outputs of npu-smi")
struct AscendFormTests {
    private static let fixtures = AscendFixtures.all.indices
    /// Without its name a management unit is like a chip, and without its title the column of a network card.
    private static let needsHead = [5, 12]

    private func read(_ text: String) throws -> (form: String, json: JSON) {
        let output = SavedOutput(text: text, fileName: "")
        let form = try #require(ToolForm.ascend.first { $0.recognizes(output) }, "no form is recognised")
        return (form.name, try JSON(JSONText.write(form.read(output).json)))
    }

    /// The reading as it is asked for, whatever the text looks like.
    private func read(_ text: String, as name: String) throws -> JSON {
        let form = try #require(ToolForm.ascend.first { $0.name == name })
        return try JSON(JSONText.write(form.read(SavedOutput(text: text, fileName: "")).json))
    }

    @Test(
        "each output is recognised, by whatever it is surrounded and however its lines end",
        arguments: fixtures)
    func recognized(position: Int) throws {
        let (form, text) = AscendFixtures.all[position]
        let plain = try read(text)
        #expect(plain.form == form)
        let blanks = text.replacing("\n", with: "   \n").replacing("\t", with: "    ")
        let variants = [
            text.replacing("\n", with: "\r\n"), blanks,
            "# npu-smi info\nDrvMngGetConsoleLogLevel failed. (g_conLogLevel=3)\n\n" + text,
            "\u{FEFF}" + text + "\n[WARNING]The driver package may not be completely installed.\n",
            "\u{1B}[1;32m" + text.replacing("\n", with: "\u{1B}[0m\n\u{1B}[K\u{1B}[4m") + "\u{1B}(B\u{1B}[m",
        ]
        for variant in variants {
            let said = try read(variant)
            #expect(said.form == form)
            #expect(said.json == plain.json, "\(variant)")
        }
    }

    @Test("an output that is cut at any line says nothing that is not so", arguments: fixtures)
    func cut(position: Int) throws {
        let (form, text) = AscendFixtures.all[position]
        // An earlier sample is no part of the newest.
        if form == "npu-smi-watch" { return }
        let whole = try read(text, as: form)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for count in lines.indices {
            var parts = [lines.prefix(count)]
            if !Self.needsHead.contains(position) { parts.append(lines.suffix(count)) }
            for part in parts {
                let said = try read(part.joined(separator: "\n") + "\n", as: form)
                #expect(whole.agrees(with: said, form), "\(form): \(count) of \(lines.count) lines")
            }
        }
    }

    @Test("a table that is cut inside a row says nothing that is not so", arguments: [0, 1, 2])
    func cutInside(position: Int) throws {
        let (form, text) = AscendFixtures.all[position]
        let whole = try read(text, as: form)
        for (position, end) in text.indices.enumerated() where position % 5 == 0 {
            let said = try read(String(text[..<end]), as: form)
            #expect(whole.agrees(with: said, form), "\(text[..<end])")
        }
    }

    @Test("hostile bytes harm no reader", arguments: fixtures)
    func hostile(position: Int) throws {
        let bytes = Array(AscendFixtures.all[position].text.utf8)
        // A linear congruential generator: the same bytes each time.
        var state = UInt64(position) &+ 1
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let pieces = [
            "|", "+", "\n", ":", "/", "\u{0}", "-99999999999999999999", "1e400", "nan", "NPU0", "\u{1B}[",
        ]
        for _ in 0..<20 {
            var changed = bytes
            for _ in 0...random(6) {
                let place = random(changed.count)
                switch random(3) {
                case 0: changed[place] = UInt8(random(256))
                case 1: changed.insert(contentsOf: Array(pieces[random(pieces.count)].utf8), at: place)
                default: changed.removeSubrange(place..<min(changed.count, place + random(40) + 1))
                }
                if changed.isEmpty { changed = [0x0A] }
            }
            let output = SavedOutput(text: String(decoding: changed, as: UTF8.self), fileName: "")
            for form in ToolForm.ascend {
                _ = form.recognizes(output)
                for device in form.read(output).devices {
                    #expect((device.utilizationPercent ?? 0) <= 100)
                    #expect((device.memoryTotalMiB ?? 0) >= 0 && (device.memoryUsedMiB ?? 0) >= 0)
                }
            }
        }
    }

    @Test("no form takes the output of another tool")
    func others() {
        let texts = [
            "", "hello\n", "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n",
            "bash: nvidia-smi: command not found\n", "Temperature : 40\nHealth : Good\n",
            "libnvidia-ml.so: error while loading shared libraries: libnvidia-ml.so.1: cannot open\n",
            """
            |   0  Some GPU                 On  | 00000000:4F:00.0 Off |                    0 |
            | N/A   28C    P8    23W /  300W  |      1MiB / 46068MiB |      0%      Default |
            """,
            """
            | Card  VF  Name       Firmware | Bus-Id            | Util        Ecc-Error |
            | 0     /   MLX-1      v1.1.4   | 0000:4f:00.0      | 0%          0         |
            """,
            """
            | other-smi    Version: 1.0.0                                         |
            | Device       Status   | Health        | Power(mW)   | Npu(%)           |
            | Chip         Name     | Bus-Id        | Temp(C)     | Memory-Usage(MB) |
            +=======================+===============+=============+==================+
            | 0            Online   | OK            | NA          | 0                |
            | 0            RX18     | 0000:01:00.0  | 41          | 35   / 5120      |
            """,
            "        GPU0    GPU1    CPU Affinity\nGPU0     X      PHB     0-11\nGPU1    PHB      X      0-11\n",
            "CPU(s): 4\nModel name: Kunpeng-920\nNUMA node0 CPU(s): 0-3\nSerial Number : 7\n",
        ]
        for text in texts {
            let output = SavedOutput(text: text, fileName: "")
            #expect(ToolForm.ascend.filter { $0.recognizes(output) }.map(\.name) == [], "\(text)")
        }
    }

    @Test(
        "no form takes a sample of another tool", .enabled(if: Corpus.isThere),
        arguments: Corpus.files("").filter { !$0.hasPrefix("npu/") })
    func otherSamples(file: String) {
        let output = SavedOutput(text: Corpus.text(file), fileName: file)
        #expect(ToolForm.ascend.filter { $0.recognizes(output) }.map(\.name) == [])
    }

    @Test("complaints have codes, with the driver's number and the library that is missing")
    func complaints() throws {
        func complaint(_ text: String) throws -> JSON {
            let said = try read(text)
            #expect(said.form == "npu-smi-error")
            return said.json
        }
        #expect(
            try complaint("dcmi module initialize failed. ret is -8003\n")
                == JSON(#"{"devices": [], "error": "dcmi_init_failed", "code": -8003}"#))
        #expect(
            try complaint("dcmi model initialized failed, because the device is used. ret is -8020")
                == JSON(#"{"devices": [], "error": "device_in_use", "code": -8020}"#))
        #expect(
            try complaint(
                "/usr/local/bin/npu-smi: error while loading shared libraries: libdcmi.so: cannot open shared object"
            )
                == JSON(#"{"devices": [], "error": "missing_library", "library": "libdcmi.so"}"#))
        #expect(
            try complaint("-bash: npu-smi: command not found")
                == JSON(#"{"devices": [], "error": "tool_missing"}"#))
        #expect(
            try complaint("There is no NPU card on this server.")
                == JSON(#"{"devices": [], "error": "no_devices"}"#))
        #expect(
            try complaint("This device does not support querying topo info.")
                == JSON(#"{"devices": [], "error": "unsupported_option"}"#))
    }

    @Test("a complaint beside an answer costs neither")
    func beside() throws {
        let said = try read("Container ID verify failed\n" + AscendFixtures.duo)
        #expect(said.form == "npu-smi-info")
        #expect(said.json["error"] == .string("device_in_use"))
        #expect(said.json["devices"]?.elements.count == 2)
    }

    @Test("memory, huge pages and power are said where the table has columns for them")
    func keys() throws {
        let dies = try #require(try read(AscendFixtures.twoDies).json["devices"]?.elements)
        #expect(
            dies.first
                == (try JSON(
                    """
                    {"index": 2, "chip": 0, "name": "Ascend910", "uuid": null, "bus_id": "0000:8A:00.0",
                     "memory_total_mib": 65536, "memory_used_mib": 41234, "ddr_total_mib": 0, "ddr_used_mib": 0,
                     "utilization_percent": 7, "temperature_c": 33, "power_w": 171.5, "health": "OK",
                     "phy_id": 4, "hugepages": [4, 16]}
                    """)))
        #expect(dies.last?["power_w"] == .null)
        let duo = try #require(try read(AscendFixtures.duo).json["devices"]?.elements)
        #expect(duo.last?["memory_total_mib"] == .number(43_693))
        #expect(duo.last?["memory_used_mib"] == .null)
        #expect(duo.last?["ddr_total_mib"] == nil)
        #expect(duo.last?["health"] == .string("Alarm"))
        let newest = try read(AscendFixtures.newest).json
        #expect(newest["devices"]?.elements.map { $0["index"] } == [.number(0), .number(3)])
        #expect(newest["devices"]?.elements.map { $0["chip"] } == [.number(0), .number(0)])
        #expect(newest["devices"]?.elements.map { $0["bus_id"] } == [.null, .null])
        #expect(newest["processes"]?.elements.count == 1)
    }

    @Test("lists of one reading, and a mapping without its head, are recognised")
    func small() throws {
        let power = "\tNPU ID : 3\n\tChip Count : 1\n\n\tNPU Real-time Power(W) : 91.5\n\tChip ID : 0\n"
        let said = try read(power)
        #expect(said.form == "npu-smi-common")
        #expect(said.json["devices"]?.elements.first?["power_w"] == .number(91.5))
        #expect(try read("\tNPU Temperature (C)            : 46\n").form == "npu-smi-common")
        #expect(try read("\tNPU ID : 3\n\tVoltage(V) : 0.87\n").form == "npu-smi-common")
        #expect(try read("\tNPU ID : 3\n\tChip Count : 1\n").form == "npu-smi-list")
        #expect(try read("0   0   0   Ascend 910A\n0   1   -   Mcu\n").form == "npu-smi-mapping")
    }

    @Test("lists say what their lines say, and nothing else")
    func lists() throws {
        func device(_ text: String, _ position: Int = 0) throws -> JSON? {
            try read(text).json["devices"]?.elements[position]
        }
        let empty = #""name": null, "uuid": null, "bus_id": null, "memory_used_mib": null"#
        #expect(
            try device(AscendFixtures.common)
                == JSON(
                    """
                    {"index": 3, "chip": 0, \(empty), "memory_total_mib": null, "utilization_percent": 66,
                     "temperature_c": 52, "health": null, "power_w": 188.4, "aicore_count": 24,
                     "hbm_usage_percent": 81, "memory_usage_percent": 9}
                    """))
        #expect(
            try read(AscendFixtures.common).json["card"]
                == JSON(#"{"mcu_temperature_c": 38, "power_w": 51.7}"#))
        #expect(try device(AscendFixtures.common, 1)?["temperature_c"] == .number(-3))
        #expect(try device(AscendFixtures.common, 1)?["hbm_usage_percent"] == nil)
        #expect(
            try device(AscendFixtures.usages, 1)
                == JSON(
                    """
                    {"index": 5, "chip": 1, \(empty), "memory_total_mib": 32001, "utilization_percent": 23,
                     "temperature_c": null, "health": null, "ddr_total_mib": 14821, "ddr_usage_percent": 12,
                     "hbm_usage_percent": 71}
                    """))
        #expect(try device(AscendFixtures.health)?["error_code"] == .string("80E18401 80C98009"))
        #expect(try device(AscendFixtures.health)?["health"] == .string("Alarm"))
        #expect(
            try device(AscendFixtures.errorCounts)?["ecc"] == JSON(#"{"hbm_single": 12, "hbm_double": 3}"#))
        let board = try read(AscendFixtures.board).json
        #expect(board["driver_version"] == .string("24.1.0"))
        #expect(board["devices"]?.elements.first?["firmware"] == .string("7.5.0.1.129"))
        #expect(board["devices"]?.elements.first?["chip"] == .null)
        let cards = try read(AscendFixtures.list).json
        #expect(cards["total_count"] == .number(2))
        #expect(cards["devices"]?.elements.map { $0["serial"] } == [.string("77AB01"), nil])
    }
}

extension JSON {
    subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    var elements: [JSON] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    /// What a part of the text says is what the whole says, or less: null, an empty list, a member that is missing.
    func agrees(with part: JSON, _ form: String) -> Bool {
        switch (self, part) {
        case (_, .null): true
        case (.array(let whole), .array(let part)):
            part.allSatisfy { element in whole.contains { $0.agrees(with: element, form) } }
        case (.object(let whole), .object(let part)):
            part.allSatisfy { key, value in
                value == .null || value == .array([]) || value == .object([:])
                    || whole[key]?.agrees(with: value, form) ?? false
            }
        default: self == part
        }
    }
}
