import ClusterTypes
import ProtocolMessages
import Testing

@testable import CoordinatorCore

/// What an output assigns, in its order.
extension Output {
    var assignments: [Assignment] {
        actions.compactMap { action in
            if case .send(_, .assign(let assignment)) = action { assignment } else { nil }
        }
    }

    var stops: [SlotKey] {
        actions.compactMap { action in
            if case .send(_, .stopSlot(let key, _)) = action { key } else { nil }
        }
    }
}

extension Fixture {
    /// What is assigned when it is submitted.
    mutating func assignments(of specification: JobSpecification, payloads: [String] = []) -> [Assignment] {
        _ = command(.submitJob(specification, payloads: payloads, submitter: "ada"))
        return place().assignments
    }

    /// The agent tells that the slot has ended.
    mutating func end(
        _ key: SlotKey, as state: SlotState = .finished, exit: Int32? = 0, on connection: ConnectionID
    ) -> Output {
        _ = say(
            .slotReport(
                SlotReport(key: key, state: state, exitCode: exit, reason: "", at: now)), on: connection)
        return place()
    }

    func node(of key: SlotKey) -> NodeID? { core.slots[key.slot]?.record.node }
}

@Suite("Gangs")
struct GangTests {
    private static func gang(_ slots: UInt32, cpus: Int64 = 1) -> JobSpecification {
        .single(.batch, slots: slots, cpus: cpus) { $0.placement.gang = Gang() }
    }

    private func value(_ name: String, _ assignment: Assignment) -> String? {
        assignment.specification.environment.last { $0.hasPrefix("\(name)=") }.map {
            String($0.dropFirst(name.utf8.count + 1))
        }
    }

    @Test("all slots start at once and are told of each other")
    func starts() {
        var fixture = Fixture.withToken()
        _ = fixture.join(cpus: 2)
        #expect(fixture.assignments(of: Self.gang(3)).isEmpty, "one of three would not fit")
        _ = fixture.command(
            .enrollNode(
                secretHash: Fixture.joinSecretHash, name: "n2", keyFingerprint: "key of 2"))
        let second = fixture.connect(NodeID(2))
        _ = fixture.say(.hello(.example(NodeID(2), cpus: 2)), on: second)
        _ = fixture.say(.pull(credits: 8), on: second)
        let members = fixture.place().assignments
        #expect(members.map { value("MORTISE_RANK", $0) } == ["0", "1", "2"])
        #expect(members.allSatisfy { value("WORLD_SIZE", $0) == "3" && value("MASTER_PORT", $0) == "29500" })
        #expect(Set(members.map { value("MASTER_ADDR", $0) }).count == 1)
        let hosts = value("MORTISE_HOSTS", members[0]) ?? ""
        #expect(hosts.split(separator: ",").count == 2)
        let perNode = members.map { "\(value("NODE_RANK", $0) ?? "").\(value("LOCAL_RANK", $0) ?? "")" }
        #expect(perNode == ["0.0", "0.1", "1.0"] || perNode == ["0.0", "1.0", "1.1"])
    }

    @Test("a gang that cannot start whole holds nothing that another one could use")
    func noDeadlock() {
        var fixture = Fixture.withToken()
        _ = fixture.join(cpus: 4)
        #expect(fixture.assignments(of: Self.gang(3)).count == 3)
        #expect(fixture.assignments(of: Self.gang(2)).isEmpty)
        #expect(fixture.assignments(of: .single(.batch)).count == 1, "one CPU was left")
    }

    @Test("when a member is gone all go back, those that were done included, and start again together")
    func restarts() {
        var fixture = Fixture.withToken()
        let (_, connection) = fixture.join(cpus: 3)
        let members = fixture.assignments(of: Self.gang(3)).map(\.key)
        for key in members { fixture.run(key, on: connection) }
        _ = fixture.end(members[0], on: connection)
        // The second is stopped by its machine: no outcome.
        _ = fixture.say(
            .slotReport(
                SlotReport(
                    key: members[1], state: .finished, exitCode: nil, reason: "stopped", at: fixture.now)),
            on: connection)
        #expect(fixture.core.slots[members[2].slot]?.record.state == .stopping)
        #expect(fixture.place().assignments.isEmpty, "the third has not ended yet")
        let again = fixture.end(members[2], exit: nil, on: connection).assignments
        #expect(again.count == 3)
        #expect(again.map { value("MORTISE_RANK", $0) } == ["0", "1", "2"])
        for assignment in again { fixture.run(assignment.key, on: connection) }
        for assignment in again { _ = fixture.end(assignment.key, on: connection) }
        #expect(fixture.core.jobs[JobID(1)]?.record.state == .finished)
        #expect(fixture.core.jobs[JobID(1)]?.record.counts.succeeded == 3)
    }

    @Test("a member that fails for good ends the job, and the others with it")
    func fails() {
        var fixture = Fixture.withToken()
        let (_, connection) = fixture.join(cpus: 2)
        let members = fixture.assignments(of: Self.gang(2)).map(\.key)
        for key in members { fixture.run(key, on: connection) }
        let output = fixture.say(
            .slotReport(
                SlotReport(key: members[0], state: .failed, exitCode: 1, reason: "exit 1", at: fixture.now)),
            on: connection)
        #expect(output.stops == [members[1]])
        #expect(fixture.core.jobs[JobID(1)]?.record.state == .failed)
    }

    @Test("a gang whose members do not all run in time goes back")
    func startTimeout() {
        var fixture = Fixture.withToken()
        let (_, connection) = fixture.join(cpus: 2)
        let members = fixture.assignments(
            of: .single(.batch, slots: 2) { $0.placement.gang = Gang(startSeconds: 30) }
        ).map(\.key)
        fixture.run(members[0], on: connection)
        fixture.pass(29, beatsOn: [connection])
        #expect(members.allSatisfy { fixture.core.slots[$0.slot]?.record.state != .stopping })
        fixture.pass(1, beatsOn: [connection])
        #expect(members.allSatisfy { fixture.core.slots[$0.slot]?.record.state == .stopping })
    }
}

@Suite("Rules of placement")
struct PlacementRulesTests {
    @Test("a service with slots on every node gets one on each that fits, and on those that join later")
    func everywhere() {
        var fixture = Fixture.withToken()
        let ready = [Label("monitored", "yes")]
        _ = fixture.join(labels: ready)
        _ = fixture.join()
        let service = JobSpecification.single(.service, slots: 1) {
            $0.slots = SlotCount(minimum: 1, maximum: SlotCount.unlimited)
            $0.placement.slotsPerNode = 1
            $0.constraints = [.hasLabel("monitored")]
        }
        let first = fixture.assignments(of: service)
        #expect(first.map { fixture.node(of: $0.key) } == [NodeID(1)])
        let third = fixture.join(labels: ready)
        #expect(fixture.core.nodes[third.node]?.slots.count == 1)
        #expect(fixture.core.jobs[JobID(1)]?.record.counts.running == 2)
        #expect(fixture.core.jobs[JobID(1)]?.record.state == .running)
    }

    @Test("no more slots start in a minute than the job says")
    func startRate() {
        var fixture = Fixture.withToken()
        let (_, connection) = fixture.join(cpus: 8)
        let job = JobSpecification.single(.batch, slots: 5) { $0.placement.startsPerMinute = 2 }
        #expect(fixture.assignments(of: job).count == 2)
        func placed() -> Int { fixture.core.slots.values.count { $0.record.state == .assigned } }
        fixture.pass(29, beatsOn: [connection])
        #expect(placed() == 2)
        fixture.pass(1, beatsOn: [connection])
        #expect(placed() == 3)
        fixture.pass(30, beatsOn: [connection])
        #expect(placed() == 4)
    }

    @Test("a slot is given the first of its job's requests that has room, and the node books that one")
    func alternatives() {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join(cpus: 8, gpus: 1)
        let job = JobSpecification.single(.batch, slots: 2, cpus: 2) {
            $0.resources.devices = DeviceRequest(type: .gpu)
            $0.placement.alternatives = [ResourceRequest(resources: Resources(milliCPU: 6_000))]
        }
        let given = fixture.assignments(of: job)
        #expect(given.map(\.specification.resources.resources.milliCPU) == [2_000, 6_000])
        #expect(fixture.core.nodes[node]?.used.milliCPU == 8_000)
        for assignment in given { _ = fixture.end(assignment.key, on: connection) }
        #expect(fixture.core.nodes[node]?.used == Resources.none)
    }

    @Test("a job that is bound to another one's nodes waits for it, and stands where it is")
    func hostBound() {
        var fixture = Fixture.withToken()
        _ = fixture.join()
        _ = fixture.join()
        let reader = JobSpecification.single(.batch) {
            $0.job = "reader"
            $0.constraints = [.with(job: "loader")]
        }
        #expect(fixture.assignments(of: reader).isEmpty)
        let loader = JobSpecification.single(.service) { $0.job = "loader" }
        let given = fixture.assignments(of: loader) + fixture.place().assignments
        #expect(given.count == 2)
        #expect(Set(given.map { fixture.node(of: $0.key) }).count == 1)
    }
}
