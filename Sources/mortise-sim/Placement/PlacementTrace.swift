import ClusterTypes
import CoordinatorPlacement

/// Nodes and pods of the Alibaba GPU cluster trace of 2023 (`openb_node_list_*.csv`, `openb_pod_list_*.csv`), and orders in
/// which the pods arrive.
struct PlacementTrace {
    /// One row of the pods' file.
    struct Pod {
        var work: WorkClass
        var specification: String
        /// Seconds from the trace's start; nil where the file does not tell.
        var created: Int?
        /// How long it had a node.
        var seconds: Int?
    }

    private(set) var rooms: [NodeRooms.Room] = []
    private(set) var pods: [Pod] = []

    /// One arrival order of pods, and the order in which equal nodes are preferred.
    struct Order {
        var seed: Int
        var pods: [Int]
        var nodes: [Int]
    }

    init(nodes: String, pods: String) throws {
        var models: [String: Int] = [:]
        for row in try TraceTable(nodes, needed: ["cpu_milli", "memory_mib", "gpu", "model"]).rows {
            let count = try row.number("gpu", in: 0...1_024)
            let model = count == 0 ? nil : models[row["model"]] ?? models.count
            if let model { models[row["model"]] = model }
            rooms.append(
                NodeRooms.Room(
                    model: model, milliCPU: try row.number("cpu_milli", in: Self.amounts),
                    memory: try row.number("memory_mib", in: Self.amounts),
                    shares: Array(repeating: 1_000, count: count)))
        }
        guard models.count < 63 else { throw TraceError("\(nodes) has more than 62 models of GPUs.") }
        guard deviceShares > 0 else { throw TraceError("\(nodes) has no node with GPUs.") }
        for row in try TraceTable(pods, needed: ["cpu_milli", "memory_mib", "num_gpu", "gpu_milli"]).rows {
            self.pods.append(try Self.pod(row, models))
        }
        guard !self.pods.isEmpty else { throw TraceError("\(pods) has no pods.") }
    }

    private static let amounts = 0...1_000_000_000

    private static func pod(_ row: TraceTable.Row, _ models: [String: Int]) throws -> Pod {
        // The highest bit is no model's: what asks for models that are not there fits nowhere.
        let mask = row["gpu_spec"].split(separator: "|").reduce(UInt64(0)) { mask, name in
            mask | 1 << UInt64(models[String(name)] ?? 63)
        }
        let devices = try row.number("num_gpu", in: 0...1_024)
        let work = WorkClass(
            milliCPU: try row.number("cpu_milli", in: amounts),
            memory: try row.number("memory_mib", in: amounts),
            devices: devices, shares: try row.number("gpu_milli", in: (devices > 0 ? 1 : 0)...1_000),
            models: mask)
        var pod = Pod(work: work, specification: row["gpu_spec"])
        if !row["creation_time"].isEmpty { pod.created = try row.number("creation_time", in: amounts) }
        if !row["scheduled_time"].isEmpty, !row["deletion_time"].isEmpty {
            let scheduled = try row.number("scheduled_time", in: amounts)
            pod.seconds = max(0, try row.number("deletion_time", in: amounts) - scheduled)
        }
        return pod
    }

    /// Of two pods at least it is known when they came, and how long they stayed.
    var hasTimes: Bool { pods.count { $0.created != nil && $0.seconds != nil } > 1 }

    var deviceShares: Int { rooms.reduce(0) { $0 + $1.shares.count * 1_000 } }

    /// All that comes, as if it were known.
    var work: WorkCounts {
        var counts = WorkCounts()
        for pod in pods { counts.add(pod) }
        return counts
    }

    /// - Parameter path: lines `P seed pod…` and `N seed node…`, counted from 0; `.gz` is unpacked.
    func orders(in path: String) throws -> [Order] {
        var pods: [Int: [Int]] = [:]
        var nodes: [Int: [Int]] = [:]
        let lines = try TraceText.read(path).split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("#") {
            let words = line.split(separator: " ")
            let numbers = words.dropFirst().compactMap { Int($0) }
            guard let kind = words.first, kind == "P" || kind == "N", let seed = numbers.first,
                numbers.count == words.count - 1
            else { throw TraceError("\(path), line \(index + 1): not 'P' or 'N', a seed and rows.") }
            let rows = kind == "P" ? self.pods.indices : rooms.indices
            if let row = numbers.dropFirst().firstIndex(where: { !rows.contains($0) }) {
                throw TraceError(
                    "\(path), line \(index + 1), word \(row + 2): there is no row \(numbers[row]); "
                        + "the sequence is of other files.")
            }
            if kind == "P" {
                pods[seed] = Array(numbers.dropFirst())
            } else {
                nodes[seed] = Array(numbers.dropFirst())
            }
        }
        return try pods.keys.sorted().map { seed in
            let order = nodes[seed] ?? Array(rooms.indices)
            guard order.count == rooms.count, Set(order).count == rooms.count else {
                throw TraceError(
                    "\(path): the order of nodes of seed \(seed) is not of all nodes, each once.")
            }
            return Order(seed: seed, pods: pods[seed] ?? [], nodes: order)
        }
    }

    /// The nodes over and over, or every so many of them, until there are `count`.
    func scaled(to count: Int) -> Self {
        var scaled = self
        let nodes = rooms.count
        scaled.rooms = (0..<count).map { rooms[count < nodes ? $0 * nodes / count : $0 % nodes] }
        return scaled
    }

    /// Every pod once, in any order.
    func wholeOrder(seed: Int) -> Order {
        var random = SeededRandom(seed: UInt64(seed))
        let pods = pods.indices.shuffled(using: &random)
        return Order(seed: seed, pods: pods, nodes: rooms.indices.shuffled(using: &random))
    }

    /// All pods in any order, then others of them until 1.3 times the cluster's devices were asked for.
    func order(seed: Int) -> Order {
        var random = SeededRandom(seed: UInt64(seed))
        var order = Array(pods.indices).shuffled(using: &random)
        var asked = pods.reduce(0) { $0 + $1.work.devices * $1.work.shares }
        let limit = deviceShares * 13 / 10
        while asked > limit, let last = order.popLast() {
            asked -= pods[last].work.devices * pods[last].work.shares
        }
        // Of pods without devices any number would do.
        guard pods.contains(where: { $0.work.devices > 0 }) else {
            return Order(seed: seed, pods: order, nodes: Array(rooms.indices).shuffled(using: &random))
        }
        while let next = pods.indices.randomElement(using: &random) {
            asked += pods[next].work.devices * pods[next].work.shares
            guard asked <= limit else { break }
            order.append(next)
        }
        return Order(seed: seed, pods: order, nodes: Array(rooms.indices).shuffled(using: &random))
    }
}
