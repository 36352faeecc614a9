import CoordinatorPlacement

/// How much work there was of each class, memory aside.
struct WorkCounts {
    private struct Kind: Hashable {
        var work: WorkClass
        var specification: String
    }

    private var counts: [Kind: Int] = [:]
    private(set) var all = 0

    mutating func add(_ pod: PlacementTrace.Pod) {
        var work = pod.work
        work.memory = 0
        counts[Kind(work: work, specification: pod.specification), default: 0] += 1
        all += 1
    }

    /// What a policy is told: all classes; FGD those of which 95 % of the pods are, as the paper's artifact does.
    func mixture(for policy: PlacementPolicy) -> WorkMixture {
        policy == .fgd ? typical : WorkMixture(sorted.map { ($0.work, Double($0.count)) })
    }

    /// The classes of which 95 % of the pods are.
    var typical: WorkMixture {
        let all = Double(all)
        var taken = 0
        var typical: [(work: WorkClass, count: Int)] = []
        for entry in sorted {
            typical.append(entry)
            taken += entry.count
            if Double(taken) / all >= 0.95 { break }
        }
        // In this order of operations: the last bit of a sum of these decides between two nodes.
        return WorkMixture(
            shares: typical.map { ($0.work, Double($0.count) / all / (Double(taken) / all)) })
    }

    /// The most frequent first.
    private var sorted: [(work: WorkClass, count: Int)] {
        let sorted = counts.sorted { left, right in
            func key(_ entry: (key: Kind, value: Int)) -> (Int, Int, Int, Int, String) {
                let work = entry.key.work
                return (entry.value, work.milliCPU, work.shares, work.devices, entry.key.specification)
            }
            return key(left) > key(right)
        }
        return sorted.map { ($0.key.work, $0.value) }
    }
}
