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
        #expect(
            merged[2].reason == "probe stalled: nvidia-smi timed out: no answer within 20 s, it was killed")
        #expect(merged.map(\.ageSeconds) == [nil, 0, 0])
        #expect(merged[2].utilizationPercent == 50)
        let again = DeviceMerge.merge(merged, vendor: "nvidia", result([device(1), device(2)]))
        #expect(again.map(\.ageSeconds) == [nil, nil, nil])
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

    @Test("a failed device stays failed until its tool has called it well")
    func failedStays() {
        let lost = DeviceMerge.merge([device(1)], vendor: "nvidia", result([]))
        let stalled = DeviceMerge.merge(
            lost, vendor: "nvidia", result([], .timedOut, isComplete: false))
        #expect(stalled.map(\.health) == [.failed])
        #expect(stalled[0].reason == "nvidia-smi does not list it any more")
        #expect(stalled[0].utilizationPercent == nil && stalled[0].ageSeconds == nil)
    }

    @Test("without its driver no device can be used, and the reason says so")
    func driverLost() {
        var answer = result([], .failed, "the driver does not answer", isComplete: false)
        answer.isDriverLost = true
        let merged = DeviceMerge.merge([device(1), device(2)], vendor: "nvidia", answer)
        #expect(merged.map(\.health) == [.failed, .failed])
        #expect(merged[0].reason == "driver lost: the driver does not answer")
        #expect(DeviceProbeResult(tool: answer.tool).isDriverLost == false)
    }

    @Test("parts of one GPU are told apart although they share its place on the bus")
    func parts() {
        func part(_ chip: UInt32, _ uuid: String?) -> DeviceReport {
            var part = device(1)
            part.chip = chip
            part.uuid = uuid
            part.visibleID = uuid ?? "?"
            part.parent = "GPU-1"
            return part
        }
        var whole = device(1)
        whole.visibleID = ""
        whole.partCount = 2
        let known = [device(1), device(2)]
        let divided = DeviceMerge.merge(
            known, vendor: "nvidia", result([whole, part(0, "MIG-a"), part(1, "MIG-b"), device(2)]))
        #expect(divided.map(\.visibleID) == ["", "GPU-2", "MIG-a", "MIG-b"])
        // Other numbers, one part less, and one without its UUID.
        let changed = DeviceMerge.merge(
            divided, vendor: "nvidia", result([whole, part(0, "MIG-b"), part(5, nil), device(2)]))
        #expect(changed.map(\.uuid) == ["GPU-1", "GPU-2", "MIG-a", "MIG-b", nil])
        #expect(changed.map(\.health) == [.ok, .ok, .failed, .ok, .ok])
        // Without a UUID its number on its GPU has to do.
        let named = DeviceMerge.merge(changed, vendor: "nvidia", result([part(5, "MIG-c")]))
        #expect(named.map(\.uuid) == ["GPU-1", "GPU-2", "MIG-a", "MIG-b", "MIG-c"])
        // The GPU falls off the bus, and its parts with it.
        let lost = DeviceMerge.merge(
            divided, vendor: "nvidia", result([], .failed, isComplete: false, lost: "0000:01:00.0"))
        #expect(lost.map(\.health) == [.failed, .unknown, .failed, .failed])
    }
}
