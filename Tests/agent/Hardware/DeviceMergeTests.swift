import AgentHardware
import ProtocolMessages
import ClusterTypes
import Testing

@Suite("Known devices and new answers")
struct DeviceMergeTests {
    private func device(_ number: UInt32, vendor: String = "nvidia") -> DeviceReport {
        DeviceReport(
            type: .gpu, vendor: vendor, model: "X", index: number, visibleID: "GPU-\(number)",
            uuid: "GPU-\(number)",
            busID: "0000:0\(number):00.0", utilizationPercent: 50, health: .ok)
    }

    private func result(
        _ devices: [DeviceReport], _ state: ToolReport.State = .ok, _ message: String? = nil,
        isComplete: Bool = true, lost: String? = nil
    ) -> DeviceProbeResult {
        DeviceProbeResult(
            devices: devices, tool: ToolReport(name: "nvidia-smi", state: state, message: message),
            isComplete: isComplete, lostBusID: lost)
    }

    @Test("a tool that fails empties nothing")
    func failureKeeps() {
        let known = [device(1, vendor: "huawei"), device(1), device(2)]
        let merged = DeviceMerge.merge(
            known, vendor: "nvidia",
            result([], .timedOut, "no answer within 20 s, it was killed", isComplete: false))
        #expect(merged.map(\.visibleID) == known.map(\.visibleID))
        #expect(merged.map(\.health) == [.ok, .unknown, .unknown])
        #expect(merged[2].reason == "nvidia-smi timed out: no answer within 20 s, it was killed")
        #expect(merged[2].utilizationPercent == nil)
    }

    @Test("a device that is no longer listed stays at its position, as failed")
    func goneStays() {
        let merged = DeviceMerge.merge(
            [device(1), device(2), device(3)], vendor: "nvidia", result([device(1), device(3)]))
        #expect(merged.map(\.visibleID) == ["GPU-1", "GPU-2", "GPU-3"])
        #expect(merged.map(\.health) == [.ok, .failed, .ok])
    }

    @Test("a device of which the answer's end is missing is not condemned")
    func cutAnswer() {
        let merged = DeviceMerge.merge(
            [device(1), device(2)], vendor: "nvidia", result([device(1)], .unreadable, isComplete: false))
        #expect(merged.map(\.health) == [.ok, .unknown])
    }

    @Test("the device that the tool calls lost has failed, the others are unknown")
    func lostDevice() {
        let merged = DeviceMerge.merge(
            [device(1), device(2)], vendor: "nvidia",
            result([], .failed, "a GPU is lost", isComplete: false, lost: "00000000:02:00.0"))
        #expect(merged.map(\.health) == [.unknown, .failed])
    }

    @Test("a device that comes back is itself again, and a new one moves no other")
    func comesBack() {
        let lost = DeviceMerge.merge([device(2)], vendor: "nvidia", result([], isComplete: true))
        let back = DeviceMerge.merge(lost, vendor: "nvidia", result([device(1), device(2)]))
        #expect(back.map(\.visibleID) == ["GPU-2", "GPU-1"])
        #expect(back.map(\.health) == [.ok, .ok])
    }
}
