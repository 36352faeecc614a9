import ClusterTypes
import Foundation
import Terminal

/// What a run has measured; what was not is left out. Times are in the unit of their name.
struct AgentsReport: Codable, Sendable {
    struct Connecting: Codable, Sendable {
        /// From the first dialing to the last welcome.
        var seconds: Double
        /// From the first hello to the last welcome.
        var helloSeconds: Double?
        var hellos: Int
        /// Connections that ended before a welcome.
        var failures: [String: Int]
        var refusals: [String: Int]
        /// CPU of the coordinator.
        var coordinatorMillisecondsPerAgent: Double?

        init(seconds: Double, figures: FleetFigures) {
            self.seconds = seconds
            hellos = figures.hellos
            failures = figures.failures
            refusals = figures.refusals
            if let first = figures.firstHello, let last = figures.lastWelcome {
                helloSeconds = (last - first).seconds
            }
        }
    }

    struct Coordinator: Codable, Sendable {
        var cores: Double
        var memoryBefore: MemoryFigures?
        var memoryAfter: MemoryFigures
        /// (after - before) / agents, in bytes.
        var residentBytesPerAgent: Int64?
        var anonymousBytesPerAgent: Int64?
        /// All of it by the number of agents: an upper bound.
        var wholeBytesPerAgent: Int64

        init(cores: Double, before: MemoryFigures?, after: MemoryFigures, agents: Int) {
            self.cores = cores
            memoryBefore = before
            memoryAfter = after
            residentBytesPerAgent = before.map { (after.resident - $0.resident) / Int64(agents) }
            anonymousBytesPerAgent = before.map { (after.anonymous - $0.anonymous) / Int64(agents) }
            wholeBytesPerAgent = after.resident / Int64(agents)
        }
    }

    struct Beats: Codable, Sendable {
        var sent: Int
        /// Acknowledged within a second.
        var withinSecondPercent: Double
        /// Never acknowledged, or two seconds after the window at the earliest.
        var unanswered: Int
        /// From the sending to the acknowledgement.
        var lagMilliseconds: LatencySummary?
    }

    /// This process.
    struct Generator: Codable, Sendable {
        var cores: Double
        var memory: MemoryFigures
        /// How much later than planned it looked at its agents; a part of every lag.
        var delayMilliseconds: LatencySummary?
    }

    /// Bytes of TCP's payload, TLS included, by agent and minute.
    struct Traffic: Codable, Sendable {
        var sentBytesPerMinute: Double
        var receivedBytesPerMinute: Double

        /// nil where connections came or went meanwhile.
        init?(from before: SocketBytes, to after: SocketBytes, agents: Int, elapsed: Duration) {
            guard before.connections == agents, after.connections == agents else { return nil }
            let minutes = elapsed.seconds / 60 * Double(agents)
            sentBytesPerMinute = Double(after.sent &- before.sent) / minutes
            receivedBytesPerMinute = Double(after.received &- before.received) / minutes
        }
    }

    struct Tasks: Codable, Sendable {
        var finished: Int
        var perSecond: Double
        /// From the sending of results to their acknowledgement, which follows the commit.
        var acknowledgementMilliseconds: LatencySummary?
    }

    /// Slots that were placed, stored, pulled, run and ended.
    struct Placements: Codable, Sendable {
        var count: UInt32
        /// From the submission to the last end.
        var seconds: Double
        var coordinatorMicrosecondsEach: Double?

        init(count: UInt32, seconds: Double) {
            self.count = count
            self.seconds = seconds
        }
    }

    struct Kill: Codable, Sendable {
        var agent: String
        /// It hung with an open connection; else the connection went with it.
        var keepsConnection: Bool
        var suspectSeconds: Double?
        var lostSeconds: Double?
    }

    struct Restart: Codable, Sendable {
        /// Since the kill.
        var readySeconds: Double
        var allSeconds: Double
        var coordinatorCores: Double?
        var hellos: Int
        var failures: [String: Int]
        var refusals: [String: Int]
        var suspects: Int
        var lost: Int

        init(
            readySeconds: Double, allSeconds: Double, coordinatorCores: Double?, figures: FleetFigures,
            suspects: Int, lost: Int
        ) {
            self.readySeconds = readySeconds
            self.allSeconds = allSeconds
            self.coordinatorCores = coordinatorCores
            hellos = figures.hellos
            failures = figures.failures
            refusals = figures.refusals
            self.suspects = suspects
            self.lost = lost
        }
    }

    struct Stall: Codable, Sendable {
        var seconds: Double
        /// While the store stood still.
        var beatsSent: Int
        var lag: LatencySummary?
        var suspects: Int
        var lost: Int
        var disconnects: [String: Int]
    }

    var agents: Int
    var devices: Int
    var welcomed: Int?
    var identitySeconds: Double?
    var windowSeconds: Double?
    var connecting: Connecting?
    var coordinator: Coordinator?
    var beats: Beats?
    var generator: Generator?
    var traffic: Traffic?
    var tasks: Tasks?
    /// From the coordinator's own `/metrics`.
    var commits: HistogramSummary?
    /// Nodes that became suspect in the window.
    var suspects: Int?
    var disconnects: [String: Int]?
    var stall: Stall?
    var restart: Restart?
    var placements: Placements?
    /// The same while many tasks of another job wait.
    var placementsBesideTasks: Placements?
    var kills: [Kill]?

    init(agents: Int, devices: Int) {
        self.agents = agents
        self.devices = devices
    }

    var hasFigures: Bool { connecting != nil }

    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    /// What the agents themselves have seen in the window.
    mutating func note(_ figures: FleetFigures, elapsed: Duration) {
        windowSeconds = elapsed.seconds
        welcomed = figures.welcomed
        disconnects = figures.losses
        generator?.delayMilliseconds = figures.generatorDelay.summary
        let inTime = Int(figures.beatLag.count(upTo: .seconds(1)))
        beats = Beats(
            sent: figures.beatsSent,
            withinSecondPercent: figures.beatsSent == 0
                ? 100 : Double(inTime) * 100 / Double(figures.beatsSent),
            unanswered: figures.beatsSent - Int(figures.beatLag.count),
            lagMilliseconds: figures.beatLag.summary)
        if figures.tasksFinished > 0 {
            tasks = Tasks(
                finished: figures.tasksFinished, perSecond: Double(figures.tasksFinished) / elapsed.seconds,
                acknowledgementMilliseconds: figures.resultLag.summary)
        }
    }

    /// The hook for commit latency: the coordinator's own histogram, by the difference of two readings.
    static func commits(from before: [String: Double]?, to after: [String: Double]?) -> HistogramSummary? {
        after.flatMap { HistogramSummary("mortise_commit_seconds", from: before ?? [:], to: $0) }
    }
}

/// A histogram of `/metrics`: each value is the upper bound of its bucket, in milliseconds.
struct HistogramSummary: Codable, Sendable, Equatable {
    var count: Int
    var p50: Double
    var p99: Double
    var p999: Double

    init?(_ name: String, from before: [String: Double], to after: [String: Double]) {
        let buckets = after.compactMap { key, count -> (bound: Double, count: Double)? in
            guard key.hasPrefix(name + "_bucket{"), let start = key.range(of: "le=\"")?.upperBound,
                let end = key[start...].firstIndex(of: "\"")
            else { return nil }
            let text = key[start..<end]
            let bound = text == "+Inf" ? .infinity : Double(text)
            return bound.map { ($0, count - (before[key] ?? 0)) }
        }.sorted { $0.bound < $1.bound }
        guard let total = buckets.last?.count, total > 0 else { return nil }
        func quantile(_ share: Double) -> Double {
            let finite = buckets.last { $0.bound.isFinite }?.bound ?? 0
            let bound = buckets.first { $0.count >= share * total }?.bound ?? finite
            return (bound.isFinite ? bound : finite) * 1_000
        }
        count = Int(total)
        p50 = quantile(0.5)
        p99 = quantile(0.99)
        p999 = quantile(0.999)
    }
}
