import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("What slots hold of a node")
struct HoldingTests {
    @Test("each has its job's user and resources, and its devices with their models, until it has ended")
    func holdings() throws {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join(cpus: 4, gpus: 2)
        #expect(fixture.core.holdings(on: node) == [])
        #expect(fixture.core.holdings(on: NodeID(99)) == [])
        var specification = JobSpecification.single(.service)
        specification.resources.devices = DeviceRequest(type: .gpu, count: 1, shares: 500)
        let job = fixture.submit(specification)
        let plain = fixture.submit(.single(.service))
        let held = fixture.core.holdings(on: node)
        #expect(held.map(\.job) == [job, plain] && held.map(\.user) == ["ada", "ada"])
        #expect(held.map(\.key) == [SlotKey(1, 1), SlotKey(2, 1)])
        #expect(held.first?.resources == specification.resources.resources)
        let record = try #require(fixture.core.slots[SlotID(1)]?.record)
        let model = try #require(fixture.core.nodes[node]?.record.capacity.devices.first?.model)
        #expect(held.map { $0.devices.map(\.grant) } == [record.devices, []])
        #expect(held.first?.devices.map(\.model) == [model] && !model.isEmpty)
        _ = fixture.say(
            .slotReport(SlotReport(key: SlotKey(1, 1), state: .finished, exitCode: 0, at: fixture.now)),
            on: connection)
        #expect(!fixture.core.holdings(on: node).contains { $0.key == SlotKey(1, 1) })
    }
}
