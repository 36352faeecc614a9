import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Devices that fail: their node serves with the others")
struct DeviceFaultTests {
    private func fixture(_ policy: ReturnToService = .automatic) -> Fixture {
        var limits = Limits.defaults
        limits.returnToService = policy
        return Fixture.withToken(limits: limits)
    }

    private func report(_ failed: Int..., gpus: Int = 2) -> HardwareReport {
        var report = HardwareReport.example(cpus: 4, gpus: gpus)
        for position in failed {
            report.devices[position].health = .failed
            report.devices[position].reason = "fell off the bus"
        }
        return report
    }

    private func events(_ output: Output) -> [String] {
        output.writes.compactMap {
            if case .addEvent(let event) = $0 { event.message } else { nil }
        }
    }

    private func usable(_ fixture: Fixture, _ node: NodeID) -> [Bool] {
        fixture.core.nodes[node]?.record.capacity.devices.map(\.isUsable) ?? []
    }

    private func onGPU(_ kind: JobKind = .batch, slots: UInt32 = 1) -> JobSpecification {
        .single(kind, slots: slots) { $0.resources.devices = DeviceRequest(type: .gpu, count: 1) }
    }

    @Test("a failed device is given to nothing, the others are, and it is back when it is well")
    func automatic() {
        var fixture = fixture()
        let (node, connection) = fixture.join(cpus: 4, gpus: 2)
        let failed = fixture.say(.hardware(report(0), request: 0), on: connection)
        #expect(events(failed) == ["device 0 has failed: fell off the bus"])
        #expect(fixture.core.nodes[node]?.record.state == .ready)
        _ = fixture.submit(onGPU(slots: 2))
        let devices = fixture.core.slots.values.map { $0.record.devices.map(\.device) }
        #expect(devices == [[1], []])
        // The same again is no news.
        #expect(fixture.say(.hardware(report(0), request: 0), on: connection) == Output())
        let well = fixture.say(.hardware(report(), request: 0), on: connection)
        #expect(events(well) == ["device 0 is well again"])
        _ = fixture.place()
        #expect(fixture.core.slots.values.map { $0.record.devices.map(\.device) } == [[1], [0]])
    }

    @Test(
        "manual and unreachable: one that was failed is held until somebody lets it return",
        arguments: [ReturnToService.manual, .unreachable], [true, false])
    func held(policy: ReturnToService, isAccepted: Bool) {
        var fixture = fixture(policy)
        let (node, connection) = fixture.join(cpus: 4, gpus: 2)
        _ = fixture.say(.hardware(report(0), request: 0), on: connection)
        let well = fixture.say(.hardware(report(), request: 0), on: connection)
        let held =
            "device 0 is held: it had failed and is well again; uncordon or accept its node to give it work again"
        #expect(events(well) == [held])
        guard case .explanation(let lines) = fixture.reply(to: .explainNode(node)) else {
            Issue.record("not explained")
            return
        }
        #expect(lines.contains(held))
        // Another report, or another connection, frees nothing; a restart does neither.
        _ = fixture.say(.hardware(report(), request: 0), on: connection)
        #expect(usable(fixture, node) == [false, true])
        var snapshot = Snapshot()
        snapshot.nodes = fixture.core.nodes.values.map(\.record)
        var limits = Limits.defaults
        limits.returnToService = policy
        var restored = Fixture(limits: limits, restoring: snapshot, at: fixture.now)
        let again = restored.connect(node)
        _ = restored.say(.hello(.example(node, cpus: 4, gpus: 2)), on: again)
        #expect(usable(restored, node) == [false, true])
        #expect(restored.core.nodes[node]?.record.state == .ready)
        _ = restored.reply(to: isAccepted ? .acceptNode(node) : .uncordonNode(node))
        #expect(usable(restored, node) == [true, true])
        _ = restored.say(.hardware(report(), request: 0), on: again)
        #expect(usable(restored, node) == [true, true])
    }

    @Test("one that fails while it is held has failed, and a device that was never failed is not held")
    func heldFails() {
        var fixture = fixture(.manual)
        let (node, connection) = fixture.join(cpus: 4, gpus: 2)
        for failed in [report(0), report(), report(0)] {
            _ = fixture.say(.hardware(failed, request: 0), on: connection)
        }
        #expect(fixture.core.nodes[node]?.record.capacity.devices.map(\.fault) == [.failed, nil])
        _ = fixture.reply(to: .uncordonNode(node))
        #expect(usable(fixture, node) == [false, true], "no order makes it well")
        var divided = report()
        divided.devices[1].visibleID = ""
        divided.devices[1].partCount = 0
        _ = fixture.say(.hardware(divided, request: 0), on: connection)
        #expect(fixture.core.nodes[node]?.record.capacity.devices[1].fault == .unassignable)
        _ = fixture.say(.hardware(report(), request: 0), on: connection)
        #expect(usable(fixture, node) == [false, true])
    }

    @Test("a slot that takes task after task gets no more on a failed device, and ends when it holds none")
    func tasks() throws {
        var fixture = fixture()
        let (_, connection) = fixture.join(cpus: 4, gpus: 2)
        _ = fixture.submit(
            .tasks(9, slots: 1) { $0.resources.devices = DeviceRequest(type: .gpu, count: 1) })
        let key = try #require(fixture.core.slots[SlotID(1)]?.record.key)
        fixture.run(key, on: connection)
        _ = fixture.say(.pullTasks(key, credits: 1), on: connection)
        let held = try #require(fixture.core.slots[key.slot]?.record.tasks)
        #expect(held.count == 1)
        _ = fixture.say(.hardware(report(0), request: 0), on: connection)
        _ = fixture.say(.pullTasks(key, credits: 1), on: connection)
        #expect(fixture.core.slots[key.slot]?.record.tasks == held, "what runs there runs on")
        _ = fixture.say(.taskResults(key, [TaskResult(held[0].index)]), on: connection)
        #expect(fixture.core.slots[key.slot]?.record.state == .stopping)
        #expect(fixture.core.slots[key.slot]?.record.reason == "device 0 has failed: fell off the bus")
        _ = fixture.say(
            .slotReport(SlotReport(key: key, state: .finished, at: fixture.now)), on: connection)
        _ = fixture.place()
        #expect(fixture.core.slots.values.map { $0.record.devices.map(\.device) } == [[1]])
    }

    @Test("a slot that waits for tasks on a device that fails is stopped at once")
    func waiting() throws {
        var fixture = fixture()
        let (_, connection) = fixture.join(cpus: 4, gpus: 2)
        _ = fixture.submit(
            .tasks(1, slots: 1) {
                $0.resources.devices = DeviceRequest(type: .gpu, count: 1)
            })
        let key = try #require(fixture.core.slots[SlotID(1)]?.record.key)
        _ = fixture.reply(to: .pauseJob(JobID(1)))
        fixture.run(key, on: connection)
        _ = fixture.say(.pullTasks(key, credits: 1), on: connection)
        #expect(fixture.core.slots[key.slot]?.record.state == .running)
        let output = fixture.say(.hardware(report(0), request: 0), on: connection)
        #expect(
            output.actions == [
                .send(connection, .stopSlot(key, reason: "device 0 has failed: fell off the bus"))
            ])
    }
}
