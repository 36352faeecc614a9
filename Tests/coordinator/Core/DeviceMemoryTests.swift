import ClusterTypes
import CoordinatorPlacement
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Slots with a share of a device by memory")
struct DeviceMemoryTests {
    private static func job(_ gigabytes: Int64, slots: UInt32 = 1) -> JobSpecification {
        .single(.service, slots: slots) {
            $0.resources.devices = DeviceRequest(type: .gpu, memoryShareBytes: gigabytes << 30)
        }
    }

    private func lines(_ command: Command, _ fixture: inout Fixture) -> String {
        guard case .explanation(let lines) = fixture.reply(to: command) else { return "no explanation" }
        return lines.joined(separator: "\n")
    }

    @Test("the slot is told its bytes, is booked in thousandths, and explain says both")
    func told() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join(cpus: 16, gpus: 1)
        let given = fixture.assignments(of: Self.job(30, slots: 3))
        #expect(
            given.map(\.devices) == [
                [DeviceGrant(device: 0, shares: 375)], [DeviceGrant(device: 0, shares: 375)],
            ])
        #expect(given.allSatisfy { $0.specification.environment == ["MORTISE_DEVICE_MEMORY=\(30 << 30)"] })
        #expect(fixture.core.nodes[node]?.usedShares == [750])
        #expect(
            lines(.explainJob(JobID(1)), &fixture).contains(
                "of 1 nodes that take work, 1 lack 30 GiB free on one gpu; nearest: node 'n1' lacks 10 GiB free "
                    + "on one gpu"))
        #expect(
            lines(.explainSlot(SlotID(1)), &fixture).contains(
                "device 0 (NVIDIA H100 80GB): 375 of 1000 shares, for 30 GiB of its memory"))
        _ = fixture.end(given[0].key, exit: nil, on: connection)
        #expect(fixture.core.nodes[node]?.usedShares == [750], "the one that waited has its place")
    }

    @Test("more than any device has is refused when it is submitted")
    func impossible() {
        var fixture = Fixture.withToken()
        _ = fixture.join(cpus: 16, gpus: 1)
        let reply = fixture.reply(to: .submitJob(Self.job(81), payloads: [], submitter: "ada"))
        guard case .refused(let refusal) = reply else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.message.contains("of 1 nodes, 1 have no device with enough memory"))
    }

    @Test("a quota counts what it takes of the device that it got, and before that the most")
    func quota() {
        let gpus = DeviceTypeKey.devices(vendor: "nvidia", .gpu, .amd64)
        var fixture = Fixture.withToken()
        _ = fixture.join(cpus: 16, gpus: 2)
        _ = fixture.reply(
            to: .setVirtualCluster(
                VirtualClusterRecord(name: "a", quotas: [Quota(gpus, 1)], createdAt: .epoch)))
        var job = Self.job(20, slots: 5)
        job.placement.virtualCluster = "a"
        #expect(fixture.assignments(of: job).count == 4, "four of 80 GiB are one GPU")
        #expect(fixture.core.sharing.used(of: gpus, in: "a") == 1_000)

        var other = Fixture.withToken()
        let (node, connection) = other.join(cpus: 16, gpus: 1)
        var report = HardwareReport.example(cpus: 16, gpus: 2)
        report.devices[1].memoryTotalBytes = 30 << 30
        _ = other.say(.hardware(report, request: 0), on: connection)
        _ = other.reply(
            to: .setVirtualCluster(
                VirtualClusterRecord(name: "a", quotas: [Quota(gpus, 1)], createdAt: .epoch)))
        _ = other.assignments(of: job)
        // As long as one of 30 GiB could be taken, a slot may need 667: after two of 250 there is no room for that.
        #expect((250...1_000).contains(other.core.sharing.used(of: gpus, in: "a")))
        #expect(other.core.nodes[node]?.usedShares.reduce(0, +) ?? 0 <= 1_000)
    }
}
