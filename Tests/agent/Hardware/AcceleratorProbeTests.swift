import ClusterTypes
import ProtocolMessages
import Platform
import Testing

@testable import AgentHardware

@Suite("Probes of other vendors")
struct AcceleratorProbeTests {
    private typealias Fixtures = AcceleratorFixtures
    private static let tools = ["amd-smi", "rocm-smi", "hl-smi", "cnmon", "mthreads-gmi", "xpu-smi"]

    /// - Parameter answers: by tool, a shell script that sees the arguments.
    private func run(_ probe: some DeviceProbe, _ answers: [String: String]) throws -> DeviceProbeResult {
        let directory = try TemporaryDirectory()
        var paths: [String: String] = [:]
        for tool in Self.tools { paths[tool] = directory.path + "/" + tool }
        for (tool, script) in answers {
            try directory.write(tool, "#!/bin/sh\n" + script + "\n", isProgram: true)
        }
        return probe.probe(ToolContext(runner: ToolRunner(), paths: paths, deadline: .seconds(60)))
    }

    private func say(_ text: String) -> String { "cat <<'END'\n\(text)\nEND" }

    @Test("a tool that is not there is missing, and costs nothing")
    func missing() throws {
        for probe in deviceProbes where !probe.isAlwaysTold {
            let result = try run(probe, [:])
            #expect(result.devices.isEmpty)
            #expect(result.tool.state == .missing)
            #expect(!result.isComplete)
        }
    }

    @Test("AMD: what a GPU is and how it is are two questions")
    func amd() throws {
        let result = try run(
            AmdProbe(),
            [
                "amd-smi":
                    "if test $1 = static; then\n\(say(Fixtures.amdStatic))\nelse\n\(say(Fixtures.amdMetric))\nfi"
            ])
        #expect(result.tool == ToolReport(name: "amd-smi", state: .ok))
        #expect(result.isComplete)
        let device = try #require(result.devices.first)
        #expect(device.vendor == "amd")
        #expect(device.type == .gpu)
        #expect(device.model == "Test Instinct")
        #expect(device.visibleID == "GPU-0000000000001f2e")
        #expect(device.driverVersion == "6.1")
        #expect(device.memoryTotalBytes == 1_000 << 20)
        #expect(device.memoryUsedBytes == 7 << 20)
        #expect(device.powerMilliwatts == 410_500)
    }

    @Test("AMD: the old tool is asked where the new one is not there or does not answer")
    func rocm() throws {
        for answers in [
            ["rocm-smi": say(Fixtures.rocmJSON)],
            ["rocm-smi": say(Fixtures.rocmJSON), "amd-smi": "echo 'no module named amdsmi' >&2; exit 1"],
        ] {
            let result = try run(AmdProbe(), answers)
            #expect(result.tool.name == "rocm-smi")
            #expect(result.devices.map(\.model) == ["Test card", "AMD GPU"])
            #expect(result.devices.map(\.visibleID) == ["0", "2"])
        }
        let failed = try run(
            AmdProbe(), ["amd-smi": "echo 'User is missing the following required groups: x'; exit 1"])
        #expect(failed.tool.state == .failed)
        #expect(failed.tool.message?.hasPrefix("the agent's user may not open the device files") == true)
    }

    @Test("Gaudi: modules, and the table where the columns are refused")
    func gaudi() throws {
        let result = try run(GaudiProbe(), ["hl-smi": say(Fixtures.gaudiCSV)])
        #expect(result.devices.map(\.visibleID) == ["6", "2"])
        #expect(result.devices.map(\.type) == [.npu, .npu])
        let old = try run(
            GaudiProbe(),
            ["hl-smi": "if test $# -gt 0; then echo 'bad field'; exit 1; fi\n" + say(Fixtures.gaudiTable)])
        #expect(old.devices.map(\.model) == ["HL-225", "HL-325L"])
        #expect(old.devices.map(\.visibleID) == ["0", "1"])
    }

    @Test("Cambricon and Moore Threads")
    func tables() throws {
        let cards = try run(CambriconProbe(), ["cnmon": say(Fixtures.cambriconTable)])
        #expect(cards.devices.map(\.model) == ["MLU590-M9", "MLU590-M9"])
        #expect(cards.devices.map(\.health) == [.failed, .ok])
        #expect(cards.devices.map(\.driverVersion) == ["6.2.10", "6.2.10"])
        let json = try run(MooreThreadsProbe(), ["mthreads-gmi": say(Fixtures.mooreJSON)])
        #expect(json.devices.map(\.uuid) == ["3992-01"])
        let table = try run(
            MooreThreadsProbe(),
            ["mthreads-gmi": "if test $# -gt 0; then exit 1; fi\n" + say(Fixtures.mooreTable)])
        #expect(table.devices.map(\.visibleID) == ["0", "1"])
    }

    @Test("Intel: properties and samples")
    func intel() throws {
        let script =
            "if test $1 = dump; then\n\(say(Fixtures.intelSamples))\nelse\n\(say(Fixtures.intelProperties))\nfi"
        let result = try run(IntelProbe(), ["xpu-smi": script])
        #expect(result.devices.map(\.memoryTotalBytes) == [16_288 << 20, nil])
        #expect(result.devices.map(\.powerMilliwatts) == [15_000, nil])
        #expect(result.devices.map(\.driverVersion) == ["1.3.2", "1.3.2"])
        let old = try run(
            IntelProbe(),
            ["xpu-smi": "case \"$*\" in *--dump*|dump*) exit 1;; esac\n" + say(Fixtures.intelJSON)])
        #expect(old.devices.map(\.index) == [1])
        let none = try run(IntelProbe(), ["xpu-smi": "echo 'No device discovered'; exit 1"])
        #expect(none.tool.state == .ok)
        #expect(none.isComplete)
    }

    @Test("an answer that ends in the middle is said to, and is not all")
    func cut() throws {
        let cut = Fixtures.mooreJSON.dropLast(12)
        let result = try run(MooreThreadsProbe(), ["mthreads-gmi": say(String(cut))])
        #expect(result.devices.map(\.model) == ["MTT S5000"])
        #expect(result.tool.state == .unreadable)
        #expect(result.tool.message == "the answer ends in the middle")
        #expect(!result.isComplete)
    }
}
