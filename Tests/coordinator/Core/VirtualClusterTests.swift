import ClusterTypes
import CoordinatorPlacement
import ProtocolMessages
import Testing

@testable import CoordinatorCore

@Suite("Virtual clusters")
struct VirtualClusterTests {
    private static let gpus = DeviceTypeKey.devices(vendor: "nvidia", .gpu, .amd64)

    private static func cluster(
        _ name: String, gpus: UInt32? = nil, cpus: UInt32? = nil, userGPUs: UInt32? = nil, weight: UInt32 = 1
    ) -> VirtualClusterRecord {
        VirtualClusterRecord(
            name: name,
            quotas: [gpus.map { Quota(Self.gpus, $0) }, cpus.map { Quota(.processors, $0) }].compactMap(
                \.self),
            userQuotas: userGPUs.map { [Quota(Self.gpus, $0)] } ?? [], weight: weight,
            createdAt: .epoch)
    }

    /// Of one GPU a slot, unless it says otherwise.
    private static func work(
        _ name: String?, gpus: UInt32 = 1, shares: UInt32 = 1_000, slots: UInt32 = 1,
        _ change: (inout JobSpecification) -> Void = { _ in }
    ) -> JobSpecification {
        .single(.service, slots: slots) { job in
            job.placement.virtualCluster = name
            job.resources.devices = DeviceRequest(type: .gpu, count: gpus, shares: shares)
            change(&job)
        }
    }

    private func refusal(_ reply: Reply?) throws -> CommandRefusal {
        guard case .refused(let refusal) = reply else {
            Issue.record("not refused: \(String(describing: reply))")
            throw CommandRefusal(.invalid, "")
        }
        return refusal
    }

    private func submit(
        _ specification: JobSpecification, by user: String = "ada", to fixture: inout Fixture
    ) -> JobID {
        _ = fixture.command(.submitJob(specification, payloads: [], submitter: user))
        _ = fixture.place()
        return JobID(fixture.core.lastJob)
    }

    private func end(_ job: JobID, in fixture: inout Fixture, on connection: ConnectionID) {
        let keys = (fixture.core.jobs[job]?.slots ?? []).compactMap { fixture.core.slots[$0]?.record.key }
        _ = fixture.command(.cancelJob(job))
        for key in keys {
            _ = fixture.say(
                .slotReport(SlotReport(key: key, state: .finished, at: fixture.now)), on: connection)
        }
    }

    @Test("One is made, changed, listed and deleted, and each change is written and told")
    func orders() {
        var fixture = Fixture.withToken()
        var record = Self.cluster("a", gpus: 4)
        record.createdAt = fixture.now
        #expect(
            fixture.command(.setVirtualCluster(Self.cluster("a", gpus: 4)))
                == Output(
                    [
                        .putVirtualCluster(record),
                        .addEvent(
                            EventRecord(
                                at: fixture.now, subject: .cluster,
                                message: "virtual cluster 'a' is set: weight 1, quotas nvidia_gpu_amd64=4")),
                    ], [.reply(fixture.request, .virtualCluster(record))]))
        _ = fixture.place()
        fixture.now = fixture.now + .seconds(5)
        let same = fixture.command(.setVirtualCluster(Self.cluster("a", gpus: 4)))
        #expect(same == .actions([.reply(fixture.request, .virtualCluster(record))]))
        record.weight = 2
        #expect(
            fixture.reply(to: .setVirtualCluster(Self.cluster("a", gpus: 4, weight: 2)))
                == .virtualCluster(record), "it keeps the moment of its creation")
        #expect(fixture.core.records.virtualClusters == [record])
        let output = fixture.command(.dropVirtualCluster("a"))
        #expect(output.writes.first == .dropVirtualCluster("a"))
        #expect(output.actions == [.reply(fixture.request, .virtualCluster(record))])
        #expect(fixture.reply(to: .listVirtualClusters) == .virtualClusters([]))
    }

    @Test("What cannot be one is refused")
    func invalid() throws {
        var limits = Limits.defaults
        limits.virtualClusters = 1
        var fixture = Fixture.withToken(limits: limits)
        for (record, code) in [
            (Self.cluster("a", weight: 0), CommandRefusal.Code.invalid),
            (Self.cluster("a", weight: 1_001), .invalid),
            (Self.cluster("a", gpus: 1_000_001), .invalid), (Self.cluster(""), .invalid),
            (
                VirtualClusterRecord(
                    name: "a", quotas: [Quota(Self.gpus, 1), Quota(Self.gpus, 2)], createdAt: .epoch),
                .invalid
            ),
        ] {
            #expect(try refusal(fixture.reply(to: .setVirtualCluster(record))).code == code)
        }
        _ = fixture.reply(to: .setVirtualCluster(Self.cluster("a")))
        #expect(try refusal(fixture.reply(to: .setVirtualCluster(Self.cluster("b")))).code == .limitReached)
    }

    @Test("A job for one that does not exist is refused with those that do, and what was probably meant")
    func unknown() throws {
        var fixture = Fixture.withToken()
        let command = Command.submitJob(Self.work("visoin"), payloads: [], submitter: "ada")
        #expect(
            try refusal(fixture.reply(to: command)).message
                == "there is no virtual cluster 'visoin', and no other one either")
        for name in ["vision", "speech"] {
            _ = fixture.reply(to: .setVirtualCluster(Self.cluster(name, gpus: 1)))
        }
        let found = try refusal(fixture.reply(to: command))
        #expect(found.code == .invalid)
        #expect(
            found.message
                == "there is no virtual cluster 'visoin'; did you mean 'vision'? There are speech, vision")
        #expect(
            try refusal(fixture.reply(to: .dropVirtualCluster("maths"))).message
                == "there is no virtual cluster 'maths'. There are speech, vision")
    }

    @Test("What no quota could ever hold is refused at once")
    func impossible() throws {
        var fixture = Fixture.withToken()
        _ = fixture.reply(to: .setVirtualCluster(Self.cluster("a", gpus: 4, userGPUs: 2)))
        func refused(_ job: JobSpecification) throws -> String {
            let found = try refusal(fixture.reply(to: .submitJob(job, payloads: [], submitter: "ada")))
            #expect(found.code == .impossible)
            return found.message
        }
        #expect(
            try refused(Self.work("a", gpus: 3))
                == "virtual cluster 'a' could never have a slot of this job, which needs 1 cpu and 3 "
                + "nvidia_gpu_amd64; its quotas: nvidia_gpu_amd64=4; each user's: nvidia_gpu_amd64=2")
        #expect(
            try refused(Self.work("a", slots: 3) { $0.placement.gang = Gang() }).contains(
                "a gang of 3 slots of this job, which needs 3 cpu and 3 nvidia_gpu_amd64"))
        #expect(
            try refused(Self.work("a") { $0.resources.devices?.type = .npu }).contains(
                "for whose devices it has no quota"))
        #expect(
            try refused(Self.work("a") { $0.constraints = [.architecture(.arm64)] }).contains("no quota"))
        for job in [
            Self.work("a", slots: 3), Self.work("a", gpus: 3) { $0.placement.isPreemptible = true },
            Self.work("a", gpus: 3) { $0.placement.alternatives = [ResourceRequest()] },
        ] {
            guard case .job = fixture.reply(to: .submitJob(job, payloads: [], submitter: "ada")) else {
                Issue.record("refused: \(job)")
                continue
            }
        }
    }

    @Test("Slots count from their assignment to their end, by the devices of their node")
    func counts() throws {
        var fixture = Fixture.withToken()
        let (node, connection) = fixture.join(cpus: 16, gpus: 8)
        _ = fixture.reply(to: .setVirtualCluster(Self.cluster("a", gpus: 4)))
        let job = submit(Self.work("a", slots: 3), to: &fixture)
        #expect(fixture.core.sharing.used(of: Self.gpus, in: "a") == 3_000)
        #expect(fixture.core.sharing.used(of: Self.gpus, in: "a", by: "ada") == 3_000)
        #expect(fixture.core.sharing.used(of: .processors, in: "a") == 3_000)
        #expect(fixture.core.quotaRoom(for: job) == 1)
        #expect(fixture.core.quotaExplanation(for: job) == nil)
        let half = submit(Self.work("a", shares: 500), to: &fixture)
        #expect(fixture.core.quotaRoom(for: half) == 1 && fixture.core.quotaRoom(for: job) == 0)
        #expect(fixture.core.isWithinQuota(half, on: node) && !fixture.core.isWithinQuota(job, on: node))
        let other = submit(Self.work(nil, slots: 2), to: &fixture)
        #expect(fixture.core.quotaRoom(for: other) == .max && fixture.core.isWithinQuota(other, on: node))
        #expect(fixture.core.sharing.used(of: Self.gpus, in: "a") == 3_500)
        end(job, in: &fixture, on: connection)
        #expect(fixture.core.sharing.used(of: Self.gpus, in: "a") == 500)
        end(half, in: &fixture, on: connection)
        #expect(fixture.core.sharing.used.isEmpty)
    }

    @Test("Preemptible slots count against no quota")
    func preemptible() throws {
        var fixture = Fixture.withToken()
        let (node, _) = fixture.join(cpus: 16, gpus: 8)
        _ = fixture.reply(to: .setVirtualCluster(Self.cluster("a", gpus: 2)))
        let job = submit(Self.work("a", slots: 3) { $0.placement.isPreemptible = true }, to: &fixture)
        #expect(fixture.core.sharing.used.isEmpty)
        #expect(fixture.core.quotaRoom(for: job) == .max && fixture.core.isWithinQuota(job, on: node))
        #expect(fixture.core.sharing.fairShare.held(by: .user("ada", in: "a")).deviceShares == 3_000)
        guard case .virtualClusters(let found) = fixture.reply(to: .listVirtualClusters) else {
            Issue.record("another answer")
            return
        }
        // What they have is to be had.
        #expect(found.first?.shares.map(\.available) == [2])
    }

    @Test("A user's quota limits that user alone, and both say what is missing")
    func userQuota() throws {
        var fixture = Fixture.withToken()
        _ = fixture.join(cpus: 16, gpus: 2)
        _ = fixture.reply(to: .setVirtualCluster(Self.cluster("a", gpus: 3, userGPUs: 2)))
        let adas = submit(Self.work("a", slots: 2), to: &fixture)
        let more = submit(Self.work("a", gpus: 2), to: &fixture)
        #expect(fixture.core.quotaRoom(for: adas) == 0)
        #expect(
            fixture.core.quotaExplanation(for: more)
                == "virtual cluster 'a' may have 1 more of nvidia_gpu_amd64 (quota 3, used 2); user 'ada' in "
                + "virtual cluster 'a' may have 0 more of nvidia_gpu_amd64 (quota 2, used 2); a slot needs 2")
        let bobs = submit(Self.work("a", slots: 1), by: "bob", to: &fixture)
        #expect(fixture.core.quotaRoom(for: bobs) == 1)
        #expect(fixture.core.sharing.used(of: Self.gpus, in: "a") == 2_000)
    }

    @Test("Without devices the quota of CPUs counts, where there is one")
    func processors() {
        var fixture = Fixture.withToken()
        let (node, _) = fixture.join(cpus: 16)
        _ = fixture.reply(to: .setVirtualCluster(Self.cluster("a", cpus: 4)))
        _ = fixture.reply(to: .setVirtualCluster(Self.cluster("b")))
        func work(_ name: String) -> JobSpecification {
            .single(.service, cpus: 3) { $0.placement.virtualCluster = name }
        }
        let limited = submit(work("a"), to: &fixture)
        #expect(fixture.core.quotaRoom(for: limited) == 0 && !fixture.core.isWithinQuota(limited, on: node))
        let free = submit(work("b"), to: &fixture)
        #expect(fixture.core.quotaRoom(for: free) == .max && fixture.core.isWithinQuota(free, on: node))
    }

    @Test("A quota is not lowered below what runs, and says who has it")
    func stranded() throws {
        var fixture = Fixture.withToken()
        let (_, connection) = fixture.join(cpus: 16, gpus: 8)
        _ = fixture.reply(to: .setVirtualCluster(Self.cluster("a", gpus: 8)))
        let first = submit(Self.work("a", slots: 2), to: &fixture)
        _ = submit(Self.work("a", slots: 3), by: "bob", to: &fixture)
        #expect(
            try refusal(fixture.reply(to: .setVirtualCluster(Self.cluster("a", gpus: 4)))).message
                == "a quota of 4 nvidia_gpu_amd64 is less than the 5 that running slots of virtual cluster 'a' "
                + "have (job 1 has 2, job 2 has 3): end some of them first, or set 5 or more")
        let user = try refusal(fixture.reply(to: .setVirtualCluster(Self.cluster("a", gpus: 5, userGPUs: 2))))
        #expect(
            user.code == .conflict
                && user.message.contains("slots of user 'bob' in virtual cluster 'a' have (job 2"))
        #expect(fixture.core.sharing.virtualClusters["a"]?.quotas[Self.gpus] == 8)
        end(first, in: &fixture, on: connection)
        guard case .virtualCluster = fixture.reply(to: .setVirtualCluster(Self.cluster("a", gpus: 3))) else {
            Issue.record("refused")
            return
        }
    }

    @Test("One with active jobs is not deleted")
    func drop() throws {
        var fixture = Fixture.withToken()
        let (_, connection) = fixture.join(cpus: 16, gpus: 1)
        _ = fixture.reply(to: .setVirtualCluster(Self.cluster("a", gpus: 8)))
        let running = submit(Self.work("a"), to: &fixture)
        let waiting = submit(Self.work("a"), to: &fixture)
        let found = try refusal(fixture.reply(to: .dropVirtualCluster("a")))
        #expect(found.code == .conflict)
        #expect(
            found.message == "virtual cluster 'a' has active jobs (job 1, job 2), which have 1 cpu, 1 "
                + "nvidia_gpu_amd64: cancel them or let them end first")
        // Canceled, and not stopped yet.
        _ = fixture.command(.cancelJob(waiting))
        _ = fixture.command(.cancelJob(running))
        #expect(try refusal(fixture.reply(to: .dropVirtualCluster("a"))).message.contains("(job 1)"))
        _ = fixture.say(
            .slotReport(SlotReport(key: SlotKey(1, 1), state: .finished, at: fixture.now)), on: connection)
        guard case .virtualCluster = fixture.reply(to: .dropVirtualCluster("a")) else {
            Issue.record("refused")
            return
        }
    }

    @Test("A waiting slot tells which quota it waits for")
    func explanation() {
        var fixture = Fixture.withToken()
        _ = fixture.join(cpus: 16, gpus: 2)
        _ = fixture.reply(to: .setVirtualCluster(Self.cluster("a", gpus: 2)))
        let job = submit(Self.work("a", slots: 3), to: &fixture)
        guard case .explanation(let lines) = fixture.reply(to: .explainJob(job)) else {
            Issue.record("another answer")
            return
        }
        #expect(
            lines.contains(
                "virtual cluster 'a' may have 0 more of nvidia_gpu_amd64 (quota 2, used 2); a slot needs 1"))
    }

    @Test("Its parts are shown by type, less what is out of service")
    func status() throws {
        var fixture = Fixture.withToken()
        let (node, first) = fixture.join(cpus: 16, gpus: 4)
        let (_, second) = fixture.join(cpus: 16, gpus: 4)
        _ = fixture.reply(to: .setVirtualCluster(Self.cluster("a", gpus: 4, weight: 3)))
        _ = fixture.reply(to: .setVirtualCluster(Self.cluster("b", gpus: 4)))
        _ = submit(Self.work("a", shares: 500, slots: 3), to: &fixture)
        _ = fixture.command(.cordonNode(node, reason: "look"))
        _ = fixture.place()
        fixture.pass(60, beatsOn: [first, second])
        guard case .virtualClusters(let found) = fixture.reply(to: .listVirtualClusters) else {
            Issue.record("another answer")
            return
        }
        #expect(found.map(\.record.name) == ["a", "b"])
        let gpus = found.map { $0.shares.first { $0.name == "nvidia_gpu_amd64" } }
        // 4 of 8 are out of service: each bears 2. The slots are on the first node, so that 4 are free.
        #expect(
            gpus == [
                VirtualClusterStatus.TypeShare(
                    name: "nvidia_gpu_amd64", total: 4, used: 2, available: 0, unschedulable: 2),
                VirtualClusterStatus.TypeShare(
                    name: "nvidia_gpu_amd64", total: 4, used: 0, available: 4, unschedulable: 0),
            ])
        let user = try #require(found[0].users.first)
        #expect(user.name == "ada" && user.used == [Quota(.processors, 3), Quota(Self.gpus, 2)])
        // 1.5 of 8 devices for a minute.
        #expect(abs(user.usageSeconds - 11.25) < 0.01 && found[0].usageSeconds == user.usageSeconds)
        #expect(found[1].users.isEmpty && found[1].usageSeconds == 0)
    }

    @Test("Who had less goes first, by the weight of virtual clusters, in one round as well as later")
    func order() {
        var fixture = Fixture.withToken()
        let (_, connection) = fixture.join(cpus: 16, gpus: 8)
        _ = fixture.reply(to: .setVirtualCluster(Self.cluster("a", gpus: 8)))
        _ = fixture.reply(to: .setVirtualCluster(Self.cluster("b", gpus: 8, weight: 4)))
        let jobs = [
            submit(Self.work("a", slots: 2), to: &fixture),
            submit(Self.work("b", slots: 4), to: &fixture),
            submit(Self.work("b", slots: 1), by: "bob", to: &fixture),
            submit(Self.work("c", slots: 1) { $0.placement.virtualCluster = nil }, by: "cyd", to: &fixture),
        ]
        func order(at now: Instant) -> [JobID] {
            let standings = jobs.map { fixture.core.standing(of: $0, at: now) }
            return zip(standings, jobs).sorted { $0.0 < $1.0 }.map(\.1)
        }
        // cyd has 1 of 8; a 2, b 5 of 8 for four times the weight.
        let expected = [jobs[3], jobs[2], jobs[1], jobs[0]]
        #expect(order(at: fixture.now) == expected)
        fixture.pass(120, beatsOn: [connection])
        #expect(order(at: fixture.now) == expected)
    }

    @Test("Quotas, what is used of them and the usage before are known after a restart")
    func restart() throws {
        var fixture = Fixture.withToken()
        let (_, connection) = fixture.join(cpus: 16, gpus: 4)
        _ = fixture.reply(to: .setVirtualCluster(Self.cluster("a", gpus: 4)))
        _ = submit(Self.work("a", slots: 2), to: &fixture)
        var written: [FairShareRecord] = []
        for _ in 1...400 {
            fixture.now = fixture.now + .seconds(1)
            let output = fixture.say(.heartbeat(Heartbeat(sequence: 1)), on: connection)
            for case .putFairShare(let records) in output.writes { written += records }
            _ = fixture.place()
        }
        let record = try #require(written.first)
        #expect(written.count == 1 && record.user == "ada" && record.virtualCluster == "a")
        var snapshot = fixture.core.records
        snapshot.fairShare = written
        let restored = Fixture(restoring: snapshot, at: record.asOf)
        #expect(restored.core.checkInvariants() == [])
        #expect(restored.core.sharing.used(of: Self.gpus, in: "a", by: "ada") == 2_000)
        for party in [FairShare.Party.virtualCluster("a"), .user("ada", in: "a")] {
            let before = fixture.core.sharing.fairShare.usage(of: party, at: fixture.now).deviceShareSeconds
            let after = restored.core.sharing.fairShare.usage(of: party, at: fixture.now).deviceShareSeconds
            // Rows hold whole numbers.
            #expect(before > 700_000 && abs(before - after) < 2)
        }
    }

    @Test("Nothing is written where nobody has held anything")
    func quiet() {
        var fixture = Fixture.withToken()
        let (_, connection) = fixture.join()
        var writes: [Write] = []
        for _ in 1...700 {
            fixture.now = fixture.now + .seconds(1)
            writes += fixture.say(.heartbeat(Heartbeat(sequence: 1)), on: connection).writes
        }
        #expect(writes == [])
    }
}

extension Coordinator {
    /// No quota keeps the next slot of the job off the node.
    fileprivate func isWithinQuota(_ job: JobID, on node: NodeID) -> Bool {
        guard let node = nodes[node]?.placement.emptied else { return false }
        return request(of: job).alternatives.contains {
            Fit($0, on: node, at: .seconds(1_000)) != .misses(.quota)
        }
    }
}
