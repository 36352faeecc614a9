package import ClusterTypes
package import CoordinatorCore
package import Exposition
import ProtocolMessages

/// What one scrape tells of the cluster: made from the truth of this moment and then thrown away, so that nothing can
/// outlive what it stands for.
///
/// A node without a fresh heartbeat has a state and nothing else: no load, no readings of its devices, no slots.
package struct ClusterMetrics: Sendable {
    let options: MetricsOptions
    let now: Instant
    /// In the order given: by number.
    private(set) var nodes: [NodeRow] = []
    /// Newest first.
    let jobs: [JobRecord]
    private(set) var slots = SlotTotals()
    /// By name.
    package var virtualClusters: [VirtualClusterStatus] = []
    private var rowOfNode: [NodeID: Int] = [:]
    private var rowOfJob: [JobID: Int] = [:]

    /// - Parameters:
    ///   - nodes: all but released ones.
    ///   - jobs: all active ones, newest first.
    package init(
        options: MetricsOptions, now: Instant, nodes records: [NodeRecord], jobs: [JobRecord],
        telemetry: TelemetrySnapshot
    ) {
        self.options = options
        self.now = now
        self.jobs = jobs
        nodes.reserveCapacity(records.count)
        for record in records {
            rowOfNode[record.node] = nodes.count
            nodes.append(
                NodeRow(record, telemetry: telemetry, now: now, expirySeconds: options.beatExpirySeconds))
        }
        for (position, job) in jobs.enumerated() { rowOfJob[job.job] = position }
    }

    /// Slots that are not over; any number of times, as they are read.
    package mutating func add(_ records: [SlotRecord]) {
        for slot in records {
            slots.count(slot.state)
            guard slot.state.isPlaced, let node = slot.node, let row = rowOfNode[node] else { continue }
            let job = rowOfJob[slot.job].map { jobs[$0] }
            nodes[row].take(slot, job?.specification.resources.resources ?? .none)
            guard slots.rows.count < options.nodeSeriesLimit / SlotTotals.seriesCount else { continue }
            slots.add(
                SlotTotals.Row(
                    slot: slot, job: job, node: row, nodeName: nodes[row].record.name,
                    sample: nodes[row].beat?.slots.first { $0.key == slot.key }))
        }
    }

    package func write(into exposition: inout Exposition) {
        writePools(into: &exposition)
        writeJobs(into: &exposition)
        writeVirtualClusters(into: &exposition)
        let budget = SeriesBudget(self)
        if options.hasNodes {
            writeNodes(budget, into: &exposition)
            writeSlots(budget, into: &exposition)
        }
        if options.hasDLWSNames { writeDLWS(budget, into: &exposition) }
        exposition.begin(
            "mortise_series_dropped", .gauge, "Series that are left out because there are too many.")
        exposition.add(Labels(("of", "nodes")), Double(budget.droppedNodeSeries))
        exposition.add(Labels(("of", "slots")), Double(budget.droppedSlotSeries))
        exposition.add(
            Labels(("of", "jobs")), Double(max(0, jobs.count - options.jobsLimit) * JobRecord.seriesCount))
    }
}

/// One node: its record, what it says, and what its slots have been given.
struct NodeRow: Sendable {
    let record: NodeRecord
    /// Since its last heartbeat; nil where none has come.
    let beatAgeSeconds: Double?
    /// nil where it is too old, or the node not there.
    let beat: Heartbeat?
    let facts: [DeviceFacts]
    private(set) var allocatedMilliCPU: Int64 = 0
    private(set) var allocatedMemoryBytes: Int64 = 0
    /// In 1/1000 of each device.
    private(set) var allocatedShares: [UInt32]

    init(_ record: NodeRecord, telemetry: TelemetrySnapshot, now: Instant, expirySeconds: Double) {
        self.record = record
        let newest = telemetry.beats[record.node]
        let age = newest.map { max(0, Double((now - $0.at).wholeMicroseconds) / 1e6) }
        beatAgeSeconds = age
        let isFresh = age.map { $0 <= expirySeconds } ?? false
        beat = isFresh && record.state.isThere && !record.hasLeft ? newest?.heartbeat : nil
        facts = telemetry.devices[record.node] ?? []
        allocatedShares = Array(repeating: 0, count: record.capacity.devices.count)
    }

    mutating func take(_ slot: SlotRecord, _ resources: Resources) {
        allocatedMilliCPU += resources.milliCPU
        allocatedMemoryBytes += resources.memoryBytes
        for grant in slot.devices where Int(grant.device) < allocatedShares.count {
            allocatedShares[Int(grant.device)] += grant.shares
        }
    }

    var labels: Labels { Labels(("node", record.name), ("node_id", record.node.description)) }

    func fact(_ device: Int) -> DeviceFacts? { device < facts.count ? facts[device] : nil }

    func sample(_ device: Int) -> DeviceSample? {
        guard let beat, device < beat.devices.count else { return nil }
        return beat.devices[device]
    }
}

extension NodeState {
    /// Its resources count.
    var isThere: Bool {
        switch self {
        case .ready, .suspect, .draining, .drained, .cordoned: true
        case .joining, .lost, .released: false
        }
    }
}

/// Slots that are not over, by state, and those that are placed.
struct SlotTotals: Sendable {
    struct Row: Sendable {
        let slot: SlotRecord
        let job: JobRecord?
        /// Position of its node.
        let node: Int
        let nodeName: String
        /// nil where its node does not say.
        let sample: SlotSample?
    }

    private var counts = [Int](repeating: 0, count: SlotState.allCases.count)
    private(set) var placed = 0
    /// Of placed ones, as many as may be told at all.
    private(set) var rows: [Row] = []

    var byState: [(state: SlotState, count: Int)] {
        zip(SlotState.allCases, counts).filter { !$0.0.isEnded }.map { ($0, $1) }
    }

    mutating func count(_ state: SlotState) {
        if let position = SlotState.allCases.firstIndex(of: state) { counts[position] += 1 }
        if state.isPlaced { placed += 1 }
    }

    mutating func add(_ row: Row) { rows.append(row) }
}

extension SlotTotals.Row {
    var labels: Labels {
        Labels(
            ("slot", slot.slot.description), ("job", slot.job.description), ("app", job?.specification.app),
            ("node", nodeName), ("node_id", slot.node?.description))
    }
}

/// Which nodes and slots are told: first the states of all nodes, then everything about as many as fit.
struct SeriesBudget: Sendable {
    /// How many of the first nodes have a state, and how many all the rest.
    private(set) var statedNodes = 0
    private(set) var detailedNodes = 0
    private(set) var slots = 0
    private(set) var droppedNodeSeries = 0
    private(set) var droppedSlotSeries = 0

    init(_ metrics: ClusterMetrics) {
        guard metrics.options.hasNodes else { return }
        let nodes = metrics.nodes
        var left = metrics.options.nodeSeriesLimit
        statedNodes = min(nodes.count, left / NodeRow.stateSeriesCount)
        left -= statedNodes * NodeRow.stateSeriesCount
        droppedNodeSeries = (nodes.count - statedNodes) * NodeRow.stateSeriesCount
        for node in nodes {
            let cost = node.detailSeriesCount
            guard detailedNodes < statedNodes, cost <= left, droppedNodeSeries == 0 else {
                droppedNodeSeries += cost
                continue
            }
            left -= cost
            detailedNodes += 1
        }
        slots = min(metrics.slots.rows.count, left / SlotTotals.seriesCount)
        droppedSlotSeries = (metrics.slots.placed - slots) * SlotTotals.seriesCount
    }
}
