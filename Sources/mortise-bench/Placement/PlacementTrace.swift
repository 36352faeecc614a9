import ClusterTypes
import CoordinatorPlacement
import Foundation

/// Nodes and pods of the Alibaba GPU cluster trace of 2023 (`openb_node_list_*.csv`, `openb_pod_list_*.csv`), and orders in
/// which the pods arrive.
struct PlacementTrace {
    private(set) var rooms: [NodeRooms.Room] = []
    private(set) var pods: [WorkClass] = []
    /// Devices of each model.
    private(set) var devices: [Int] = []
    private var specifications: [String] = []

    /// One arrival order of pods, and the order in which equal nodes are preferred.
    struct Order {
        var seed: Int
        var pods: [Int]
        var nodes: [Int]
    }

    init(nodes: String, pods: String) throws {
        var models: [String: Int] = [:]
        for row in try Self.rows(of: nodes, ["sn", "cpu_milli", "memory_mib", "gpu", "model"]) {
            let count = try row.number("gpu")
            let model = count == 0 ? nil : models[row["model"]] ?? devices.count
            if let model, model == devices.count {
                models[row["model"]] = model
                devices.append(0)
            }
            if let model { devices[model] += count }
            rooms.append(
                NodeRooms.Room(
                    model: model, milliCPU: try row.number("cpu_milli"), memory: try row.number("memory_mib"),
                    shares: Array(repeating: 1_000, count: count)))
        }
        guard devices.count < 63 else { throw Failure("\(nodes) has more than 62 models of GPUs.") }
        for row in try Self.rows(of: pods, ["cpu_milli", "memory_mib", "num_gpu", "gpu_milli"]) {
            // The highest bit is no model's: what asks for models that are not there fits nowhere.
            let mask = row["gpu_spec"].split(separator: "|").reduce(UInt64(0)) { mask, name in
                mask | 1 << UInt64(models[String(name)] ?? 63)
            }
            self.pods.append(
                WorkClass(
                    milliCPU: try row.number("cpu_milli"), memory: try row.number("memory_mib"),
                    devices: try row.number("num_gpu"), shares: try row.number("gpu_milli"), models: mask))
            specifications.append(row["gpu_spec"])
        }
    }

    var deviceShares: Int { devices.reduce(0, +) * 1_000 }

    /// The classes of which 95 % of the pods are, memory aside, with their shares; as the FGD paper's artifact makes them.
    var typicalWork: [(work: WorkClass, share: Double)] {
        struct Kind: Hashable {
            var work: WorkClass
            var specification: String
        }
        var counts: [Kind: Int] = [:]
        for (pod, specification) in zip(pods, specifications) {
            var work = pod
            work.memory = 0
            counts[Kind(work: work, specification: specification), default: 0] += 1
        }
        let sorted = counts.sorted { left, right in
            func key(_ entry: (key: Kind, value: Int)) -> (Int, Int, Int, Int, String) {
                let work = entry.key.work
                return (entry.value, work.milliCPU, work.shares, work.devices, entry.key.specification)
            }
            return key(left) > key(right)
        }
        let all = Double(pods.count)
        var taken = 0
        var typical: [(WorkClass, Int)] = []
        for (kind, count) in sorted {
            typical.append((kind.work, count))
            taken += count
            if Double(taken) / all >= 0.95 { break }
        }
        // In this order of operations: the last bit of a sum of these decides between two nodes.
        return typical.map { ($0.0, Double($0.1) / all / (Double(taken) / all)) }
    }

    /// - Parameter path: lines `P seed pod…` and `N seed node…`, counted from 0; `.gz` is unpacked.
    func orders(in path: String) throws -> [Order] {
        var pods: [Int: [Int]] = [:]
        var nodes: [Int: [Int]] = [:]
        for line in try Self.text(of: path).split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            let words = line.split(separator: " ")
            let numbers = words.dropFirst().compactMap { Int($0) }
            guard let kind = words.first, let seed = numbers.first, numbers.count == words.count - 1 else {
                throw Failure("\(path): '\(line.prefix(40))' is no order of pods or nodes.")
            }
            let indices = kind == "P" ? self.pods.indices : rooms.indices
            guard numbers.dropFirst().allSatisfy(indices.contains) else {
                throw Failure("\(path): seed \(seed) names a row that is not there.")
            }
            if kind == "P" {
                pods[seed] = Array(numbers.dropFirst())
            } else {
                nodes[seed] = Array(numbers.dropFirst())
            }
        }
        return pods.keys.sorted().map {
            Order(seed: $0, pods: pods[$0] ?? [], nodes: nodes[$0] ?? Array(rooms.indices))
        }
    }

    /// All pods in any order, then others of them until 1.3 times the cluster's devices were asked for.
    func order(seed: Int) -> Order {
        var random = SeededRandom(seed: UInt64(seed))
        var order = Array(pods.indices).shuffled(using: &random)
        var asked = pods.reduce(0) { $0 + $1.devices * $1.shares }
        while let next = pods.indices.randomElement(using: &random) {
            asked += pods[next].devices * pods[next].shares
            guard asked <= deviceShares * 13 / 10 else { break }
            order.append(next)
        }
        return Order(seed: seed, pods: order, nodes: Array(rooms.indices).shuffled(using: &random))
    }
}

extension PlacementTrace {
    private struct Row {
        let path: String
        let values: [String: String]

        subscript(_ column: String) -> String { values[column] ?? "" }

        func number(_ column: String) throws -> Int {
            guard let number = Int(self[column]), number >= 0 else {
                throw Failure("\(path): '\(self[column])' is no \(column).")
            }
            return number
        }
    }

    private static func rows(of path: String, _ needed: [String]) throws -> [Row] {
        let lines = try text(of: path).split(whereSeparator: \.isNewline).map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        guard let names = lines.first, needed.allSatisfy(names.contains) else {
            throw Failure("\(path) lacks one of the columns \(needed.joined(separator: ", ")).")
        }
        return lines.dropFirst().map { line in
            Row(path: path, values: Dictionary(zip(names, line)) { $1 })
        }
    }

    private static func text(of path: String) throws -> String {
        guard path.hasSuffix(".gz") else {
            do { return try String(contentsOfFile: path, encoding: .utf8) } catch {
                throw Failure("Cannot read \(path).")
            }
        }
        let gzip = Process()
        let output = Pipe()
        gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        gzip.arguments = ["gzip", "-dc", path]
        gzip.standardOutput = output
        try gzip.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        gzip.waitUntilExit()
        guard gzip.terminationStatus == 0 else { throw Failure("Cannot unpack \(path).") }
        return text
    }
}
