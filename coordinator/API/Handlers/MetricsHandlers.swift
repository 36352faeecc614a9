import CoordinatorCore
import CoordinatorMetrics
import ClusterTypes
import CoordinatorStore
import Exposition
import NIOCore
import Synchronization

extension APIHandlers {
    func showMetrics(_ call: Call) async throws -> Answer {
        let format = Exposition.Format(accept: call.accept)
        let text = try await scraper.scrape(format, of: service, options: configuration.metrics)
        return Answer(status: 200, content: .text(text, contentType: format.contentType))
    }
}

/// Makes `/metrics`. Who asks while one is being made gets that one: any number of scrapers cost as much as one.
final class MetricsScraper: Sendable {
    private static let slotsPerRead = 10_000
    private static let activeJobs = 100_000

    private let running = Mutex<[Exposition.Format: Task<ByteBuffer, any Error>]>([:])

    func scrape(
        _ format: Exposition.Format, of service: any CoordinatorService, options: MetricsOptions
    ) async throws -> ByteBuffer {
        let scrape = running.withLock { running in
            if let scrape = running[format] { return scrape }
            let scrape = Task {
                defer { self.running.withLock { $0[format] = nil } }
                return try await Self.make(format, of: service, options: options)
            }
            running[format] = scrape
            return scrape
        }
        return try await scrape.value
    }

    private static func make(
        _ format: Exposition.Format, of service: any CoordinatorService, options: MetricsOptions
    ) async throws -> ByteBuffer {
        let reader = service.reader
        let nodes = try await reader.nodes(includingReleased: false)
        let jobs = try await reader.jobs(JobFilter(states: [.running, .paused], limit: activeJobs))
        var metrics = ClusterMetrics(
            options: options, now: service.now(), nodes: nodes, jobs: jobs.map(\.record),
            telemetry: service.telemetry())
        if case .virtualClusters(let found) = await service.submit(.listVirtualClusters) {
            metrics.virtualClusters = found
        }
        let states = SlotState.allCases.filter { !$0.isEnded }
        var after: SlotID?
        while true {
            let slots = try await reader.slots(SlotFilter(states: states, after: after, limit: slotsPerRead))
            metrics.add(slots)
            guard slots.count == slotsPerRead else { break }
            after = slots.last?.slot
        }
        var exposition = Exposition(format)
        let cluster = service.cluster
        exposition.begin("mortise_cluster_info", .info, "Which cluster this is, and its coordinator's build.")
        exposition.add(Labels(("cluster", cluster.name), ("version", cluster.version)), 1)
        exposition.begin("mortise_ready", .gauge, "1 while the coordinator takes work.")
        exposition.add(service.isReady ? 1 : 0)
        metrics.write(into: &exposition)
        service.writeInternals(into: &exposition)
        return ByteBuffer(bytes: exposition.finish())
    }
}
