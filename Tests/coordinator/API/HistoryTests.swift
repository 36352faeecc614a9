import APITypes
import ClusterTypes
import CoordinatorCore
import CoordinatorHistory
import ProtocolMessages
import Testing
import Zstd

@testable import CoordinatorAPI

@Suite("History and usage", .timeLimit(.minutes(2)))
struct HistoryTests {
    /// Where the fake service's time stands still: 1,750,000,000 s, the 100th second of a step.
    private static let now: Int64 = 1_750_000_000

    /// Six samples of a minute in the store, written by the recorder itself, without compression.
    private func batch(from second: Int64, count: Int64 = 6) -> HistoryRecorder.Batch? {
        var recorder = HistoryRecorder(.defaults)
        for sample in 0..<count {
            let beat = Heartbeat(
                sequence: 1, processorPermille: UInt32(100 * (sample + 1)),
                devices: [DeviceSample(utilizationPercent: UInt32(sample), uncorrectedErrors: 2)])
            recorder.note(
                beat, of: NodeID(1), holding: { [] },
                at: Instant(microseconds: (second + sample * 10) * 1_000_000))
        }
        recorder.close(at: Instant(microseconds: (second + count * 10) * 1_000_000))
        return recorder.take(at: .epoch).last
    }

    private func record(
        _ resolution: HistoryRecord.Resolution, _ window: HistoryWindow?
    ) throws -> HistoryRecord {
        let window = try #require(window)
        return HistoryRecord(
            resolution: resolution, from: window.from ?? .epoch, through: window.through ?? .epoch,
            block: try HistoryBlock.encode(window) { bytes in
                try Compressor().compress(bytes.span.bytes)
            })
    }

    @Test func `Samples are given in steps, the newest from memory`() async throws {
        let written = try record(.full, batch(from: Self.now - 100)?.full)
        let recent = batch(from: Self.now - 40, count: 3)?.full.samples(of: NodeID(1))
        try await TestServer.run { server in
            try server.service.commit(.putNode(.sample(1, name: "n")), .putHistory(written))
            server.service.script { $0.recent[NodeID(1)] = recent }
            let view: NodeHistoryView = try await server.get(
                "/v1/nodes/n/history?step=60&from=2025-06-15T15:04:00Z&series=processorPermille,uncorrectedErrors"
            ).decode()
            #expect(view.node == NodeID(1) && view.name == "n" && view.stepSeconds == 60 && view.steps == 3)
            #expect(view.from == "2025-06-15T15:04:00.000000Z")
            #expect(
                view.series == [
                    HistorySeriesView(
                        name: "processorPermille", mean: [nil, 350, 200], maximum: [nil, 600, 300]),
                    HistorySeriesView(name: "uncorrectedErrors", device: 0, maximum: [nil, 2, 2]),
                ])
            let hour: NodeHistoryView = try await server.get("/v1/nodes/1/history").decode()
            #expect(hour.stepSeconds == 20 && hour.steps == 181 && hour.series.count > 8)
        }
    }

    @Test func `Before the samples stand the steps`() async throws {
        let old = try record(.coarse, batch(from: Self.now - 40 * 3_600)?.coarse)
        let new = try record(.full, batch(from: Self.now - 100)?.full)
        try await TestServer.run { server in
            try server.service.commit(.putNode(.sample(1)), .putHistory(old), .putHistory(new))
            let days: NodeHistoryView = try await server.get(
                "/v1/nodes/1/history?from=2025-06-13T00:00:00Z&series=processorPermille"
            ).decode()
            let means = try #require(days.series.first?.mean)
            #expect(days.stepSeconds == 1_800 && means.compactMap(\.self).first == 350)
            #expect(means.count == days.steps)
        }
    }

    @Test func `What cannot be given is refused with what can`() async throws {
        try await TestServer.run { server in
            try server.service.commit(.putNode(.sample(1)))
            for (query, words) in [
                ("from=yesterday", "2026-07-01T09:05:03Z"), ("series=heat", "temperatureCelsius"),
                ("from=2025-06-16T00:00:00Z", "before"), ("step=0", "1...86400"),
                ("from=2025-01-01T00:00:00Z&step=10", "at most 10000"),
            ] {
                let answer = try await server.get("/v1/nodes/1/history?\(query)")
                #expect(answer.status == 400 && answer.message.contains(words), "\(query): \(answer.message)")
            }
            #expect(try await server.get("/v1/nodes/2/history").status == 404)
            let empty: NodeHistoryView = try await server.get("/v1/nodes/1/history").decode()
            #expect(empty.series == [])
        }
    }

    @Test func `A damaged block is an answer, and not the end`() async throws {
        let damaged = HistoryRecord(
            resolution: .full, from: Instant(microseconds: (Self.now - 100) * 1_000_000),
            through: Instant(microseconds: Self.now * 1_000_000), block: Array("MHB1\u{1}".utf8))
        try await TestServer.run { server in
            try server.service.commit(.putNode(.sample(1)), .putHistory(damaged))
            #expect(try await server.get("/v1/nodes/1/history").status == 503)
            #expect(try await server.get("/healthz").status == 200)
        }
    }

    @Test func `Usage is given by job and by user`() async throws {
        let from = Instant(microseconds: (Self.now - 3_600) * 1_000_000)
        @Sendable func row(
            _ job: UInt64, _ resource: String, _ booked: Int64, idle: Int64, user: String = "ada"
        )
            -> UsageRecord
        {
            UsageRecord(
                from: from, job: JobID(job), resource: resource, user: user,
                bookedMicroseconds: booked * 1_000_000,
                idleMicroseconds: idle * 1_000_000, unknownMicroseconds: 1_000_000,
                usedMicroseconds: 4_500_000, memoryBookedMebibyteSeconds: 3)
        }
        try await TestServer.run { server in
            try server.service.commit(
                .putUsage([
                    row(1, "H100", 20, idle: 10), row(1, "cpu", 9, idle: 8), row(2, "H100", 6, idle: 5),
                    row(3, "H100", 100, idle: 0, user: "bob"),
                ]))
            let jobs: Page<UsageView> = try await server.get("/v1/usage?user=ada").decode()
            #expect(jobs.items.map(\.job) == [JobID(1), JobID(1), JobID(2)])
            let first = try #require(jobs.items.first)
            #expect(first.bookedSeconds == 20 && first.idleSeconds == 10 && first.unknownSeconds == 1)
            #expect(first.nonidleUtilizationPercent == 50 && first.memoryBookedByteSeconds == nil)
            #expect(jobs.items[1].memoryBookedByteSeconds == 3_145_728)
            #expect(jobs.items[1].nonidleUtilizationPercent == nil)
            let users: Page<UsageView> = try await server.get("/v1/usage?by=user&limit=2").decode()
            #expect(users.items.map(\.user) == ["bob", "ada"] && users.items.map(\.job) == [nil, nil])
            #expect(users.items.map(\.idleSeconds) == [0, 15])
            let one: Page<UsageView> = try await server.get("/v1/usage?job=2").decode()
            #expect(one.items.count == 1)
            let late: Page<UsageView> = try await server.get(
                "/v1/usage?from=2025-06-15T15:05:00Z&until=2025-06-15T15:06:40Z"
            ).decode()
            #expect(late.items.isEmpty)
            #expect(try await server.get("/v1/usage?by=pool").message.contains("job, user"))
        }
    }
}
