import AgentHardware
import ClusterTypes
import Dispatch
import Platform
import ProtocolMessages
import Testing

@Suite("When tools run")
struct ProbePaceTests {
    @Test("a quick tool runs as often as asked, a slow one for a twentieth of the time, a missing one rarely")
    func pace() {
        var pace = ProbePace(shortest: .seconds(30))
        #expect(pace.interval == .seconds(30))
        pace.probeEnded(after: .milliseconds(100), isMissing: false)
        #expect(pace.interval == .seconds(30))
        pace.probeEnded(after: .seconds(4), isMissing: false)
        #expect(pace.interval == .seconds(80))
        pace.probeEnded(after: .seconds(2), isMissing: false)
        #expect(pace.interval == .seconds(60))
        pace.probeEnded(after: .seconds(60), isMissing: false)
        #expect(pace.interval == ProbePace.longest)
        pace.probeEnded(after: .zero, isMissing: true)
        #expect(pace.interval == .seconds(60))
    }

    /// Answers when it is told to.
    private final class Gate: DeviceProbe {
        let vendor: String
        let opened = DispatchSemaphore(value: 0)
        init(_ vendor: String) { self.vendor = vendor }

        func probe(_ tools: ToolContext) -> DeviceProbeResult {
            opened.wait()
            let device = DeviceReport(
                type: .gpu, vendor: vendor, model: "X", index: 0, visibleID: vendor, temperatureCelsius: 40,
                health: .ok)
            return DeviceProbeResult(
                devices: [device], tool: ToolReport(name: vendor, state: .ok), isComplete: true)
        }
    }

    @Test("a slow vendor delays no other, and the order is that of the probes all the same")
    func slowVendor() throws {
        let slow = Gate("slow")
        let quick = Gate("quick")
        let files = FileSource.machine()
        let prober = try HardwareProber(
            settings: HardwareProber.Settings(workDirectory: "/"),
            machine: MachineReader(files: FileSource(read: files.read, exists: files.exists)),
            probes: [slow, quick])
        let ended = DispatchSemaphore(value: 0)
        prober.startDueProbes { ended.signal() }
        quick.opened.signal()
        ended.wait()
        #expect(prober.hasNews)
        #expect(prober.isProbing)
        slow.opened.signal()
        ended.wait()
        #expect(!prober.isProbing)
        let report = prober.latestReport()
        #expect(report.devices.map(\.vendor) == ["slow", "quick"])
        #expect(report.tools.map(\.name) == ["slow", "quick"])
        #expect(!prober.hasNews)
        #expect(prober.load().devices.map(\.temperatureCelsius) == [40, 40])
        // Nothing is due yet.
        prober.startDueProbes { ended.signal() }
        #expect(!prober.isProbing)
    }

    private static let answer = NvidiaTests.document(
        "<temperature><gpu_temp>61 C</gpu_temp></temperature>")

    @Test(
        "whatever becomes of a tool, the device stays with its last reading and age, and comes back",
        arguments: [
            "trap '' TERM INT HUP; sleep 600", "head -c 100000 /dev/urandom", "head -c 300 DIR/answer",
            "exit 1", "sleep 600 & exit 1", "echo '<?xml?><nvidia_smi_log>'", "rm DIR/nvidia-smi; kill -9 $$",
            "printf '\\377\\000\\377'; exit 255",
        ])
    func brokenTool(script: String) throws {
        let directory = try TemporaryDirectory()
        try directory.write("answer", Self.answer)
        let good = "#!/bin/sh\ncat \(directory.path)/answer\n"
        try directory.write("nvidia-smi", good, isProgram: true)
        var settings = HardwareProber.Settings(workDirectory: directory.path)
        settings.toolPaths = ["nvidia-smi": directory.path + "/nvidia-smi"]
        settings.inventoryDeadline = .seconds(60)
        // Only what hangs is waited for; a good tool must make it on a busy machine too.
        settings.sampleDeadline = script.contains("sleep") ? .seconds(2) : .seconds(60)
        let files = FileSource.machine()
        let prober = try HardwareProber(
            settings: settings,
            machine: MachineReader(files: FileSource(read: files.read, exists: files.exists)),
            probes: [NvidiaProbe()])
        let first = prober.report()
        #expect(first.devices.map(\.temperatureCelsius) == [61])
        #expect(prober.refreshed(first).report.devices.map(\.ageSeconds) == [nil])

        let text = script.split(separator: "DIR", omittingEmptySubsequences: false).joined(
            separator: directory.path)
        try directory.write("nvidia-smi", "#!/bin/sh\n\(text)\n", isProgram: true)
        #expect(prober.sampleDevices())
        let second = prober.latestReport()
        #expect(second.devices.map(\.visibleID) == ["GPU-1"])
        #expect(second.devices.map(\.temperatureCelsius) == [61])
        #expect(second.devices.first?.reason != nil)
        #expect(prober.refreshed(second).report.devices.first?.ageSeconds != nil)
        #expect(prober.load().devices == [DeviceSample()])

        try directory.write("nvidia-smi", good, isProgram: true)
        #expect(prober.report().devices == first.devices)
    }
}
