import Testing
import TextForms

@testable import AgentHardware

/// Which form a saved output has, and that nothing done to it makes a value wrong.
@Suite("Forms of nvidia-smi")
struct NvidiaFormsTests {
    static let topology = "\tGPU0\tGPU1\tCPU Affinity\nGPU0\t X \tNV4\t0-9\nGPU1\tNV4\t X \t0-9\n"

    /// Name of the form to an output of it.
    static let samples: [(form: String, text: String)] = [
        (
            "nvidia-smi-xml",
            NvidiaTests.document(
                """
                <fb_memory_usage>
                    <total>8001 MiB</total>
                    <used>17 MiB</used>
                </fb_memory_usage>
                <utilization>
                    <gpu_util>98 %</gpu_util>
                </utilization>
                """)
        ),
        ("nvidia-smi-query", NvidiaQueryTextTests.query),
        ("nvidia-smi", NvidiaTextTests.table),
        (
            "nvidia-smi-list",
            "GPU 0: Test (UUID: GPU-0)\n  MIG 1g.5gb Device 0: (UUID: MIG-0)\nGPU 1: Test (UUID: GPU-1)\n"
        ),
        ("nvidia-smi-topology", topology),
        ("nvidia-smi-monitor", "# gpu pid type sm command\n# Idx # C/G % name\n 0 4711 C 1 tool\n"),
        ("nvidia-smi-processes", "pid, process_name, used_memory [MiB]\n4711, tool, 7 MiB\n"),
        ("nvidia-smi-csv", "index, name, memory.total [MiB]\n0, Test, 8001 MiB\n1, Test, 8001 MiB\n"),
        ("nvidia-smi-version", "NVIDIA-SMI version : 571.1\nDRIVER version : 571.2\n"),
        ("nvidia-smi-error", "Failed to initialize NVML: Unknown Error\n"),
    ]

    private func form(_ text: String) -> ToolForm? {
        ToolForm.nvidia.first { $0.recognizes(SavedOutput(text: text, fileName: "")) }
    }

    private func read(_ text: String) -> String? {
        let output = SavedOutput(text: text, fileName: "")
        return form(text).map { JSONText.write($0.read(output).json) }
    }

    @Test("each output is recognised", arguments: samples)
    func recognized(form name: String, text: String) {
        #expect(form(text)?.name == name)
    }

    @Test("line ends, colours, a mark and zero bytes change nothing", arguments: samples)
    func disguised(form: String, text: String) throws {
        let plain = try #require(read(text))
        #expect(read(text.replacing("\n", with: "\r\n")) == plain)
        #expect(read("\u{FEFF}" + text) == plain)
        #expect(read("\u{1B}[1;31m" + text.replacing("\n", with: "\u{1B}[0m\n\u{1B}[32m")) == plain)
        #expect(read(text.map { String($0) + "\0" }.joined()) == plain)
        #expect(read("a warning in front\n" + text) == plain)
    }

    @Test("a complaint beside the answer is told with it")
    func complaintBeside() throws {
        let line = "Unable to determine the device handle for GPU 0000:02:00.0: Unknown Error\n"
        for (name, text) in Self.samples where name != "nvidia-smi-error" {
            let output = SavedOutput(text: line + text, fileName: "")
            let found = try #require(form(line + text))
            #expect(found.name == name)
            #expect(found.read(output).error == "gpu_lost", "\(name)")
        }
    }

    @Test("cut at any line, an output says less, and nothing else", arguments: samples)
    func cut(form name: String, text: String) throws {
        let whole = try #require(form(text)).read(SavedOutput(text: text, fileName: ""))
        let lines = Scan.lines(text)
        var count = 0
        for position in 0...lines.count {
            for part in [lines[..<position], lines[position...]] {
                let output = SavedOutput(text: part.joined(separator: "\n"), fileName: "")
                guard let form = form(output.text) else { continue }
                count += 1
                for device in form.read(output).devices {
                    #expect(whole.devices.contains { device.isPart(of: $0) }, "\(position): \(device)")
                }
            }
        }
        #expect(count >= 2)
    }

    @Test("cut at any character, the XML, the text and the table invent no device and no number")
    func cutInside() throws {
        for (_, text) in Self.samples.prefix(3) {
            let whole = try #require(form(text)).read(SavedOutput(text: text, fileName: ""))
            for count in Swift.stride(from: 0, to: text.count, by: 13) {
                let output = SavedOutput(text: String(text.prefix(count)), fileName: "")
                guard let form = form(output.text) else { continue }
                for var device in form.read(output).devices {
                    // A name that is cut is still a name.
                    if let name = device.name,
                        whole.devices.contains(where: { $0.name?.hasPrefix(name) == true })
                    {
                        device.name = nil
                    }
                    #expect(whole.devices.contains { device.isPart(of: $0) }, "\(count): \(device)")
                }
            }
        }
    }

    @Test(
        "numbers of any size are read without harm",
        arguments: [
            "99999999999999999999999", "-1", "-99999999999999999999999", "0x10", "1e400", "nan", "inf", "٣",
            "",
            "4294967296", "18446744073709551616", "+5", "1.5.5",
        ])
    func hostileNumbers(number: String) {
        for (_, text) in Self.samples {
            for digits in ["0", "1", "17", "98", "8001", "4711", "41", "45001"] {
                _ = read(text.replacing(digits, with: number))
            }
        }
    }

    @Test("texts of others are not recognised")
    func others() {
        for text in [
            "", "\n\n", "hello", "npu-smi: command not found", "| a | b |",
            "+---+\n| NPU Name | Health |\n+---+",
            "GPU: 0\n    ASIC:\n        MARKET_NAME: Test\n", "key : value\n", "[]", "{\"gpu\": 0}",
            "<html></html>",
            "0", "max 100000", "Chip ID : 0", "# a comment\n1 2 3", "# gpu is here\n",
        ] {
            #expect(form(text) == nil, "\(text)")
        }
    }
}
