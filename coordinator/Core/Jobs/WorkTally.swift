import ClusterTypes
import CoordinatorPlacement

/// What slots were asked for lately: what work is likely to come.
struct WorkTally: Sendable {
    private var entries: [(request: ResourceRequest, weight: Double)] = []
    private var positions: [ResourceRequest: Int] = [:]
    private var total = 0.0
    /// Of the next one. It grows, so that what came before counts less: half as much after 3,500 slots.
    private var step = 1.0
    /// Each entry's share of all when places were judged last.
    private var judgedShares: [Double] = []
    private var judgedDevices: [Int] = []
    private var untilLook = 0
    /// Slots that were counted.
    private(set) var count: UInt64 = 0

    /// Different requests that are remembered. 256: the tail of a mixture decides nothing.
    private static let largest = 256
    /// Slots between two looks at whether the mixture has changed.
    private static let interval = 64

    mutating func note(_ request: ResourceRequest) {
        count += 1
        let position = position(of: request)
        entries[position].weight += step
        total += step
        step *= 1.0002
        untilLook -= 1
        guard step > 1e100 else { return }
        for position in entries.indices { entries[position].weight /= step }
        total /= step
        step = 1
    }

    private mutating func position(of request: ResourceRequest) -> Int {
        if let position = positions[request] { return position }
        if entries.count >= Self.largest,
            let least = entries.indices.min(by: { entries[$0].weight < entries[$1].weight })
        {
            positions[entries[least].request] = nil
            total -= entries[least].weight
            entries[least] = (request, 0)
            positions[request] = least
            return least
        }
        positions[request] = entries.count
        entries.append((request, 0))
        return entries.count - 1
    }

    /// True where a tenth of the mixture, or a twentieth of the devices, are others than when this was true last.
    ///
    /// - Parameter devices: of each model.
    mutating func isNews(devices: [Int]) -> Bool {
        let areOthers = areOthers(devices)
        if untilLook > 0, !areOthers { return false }
        untilLook = Self.interval
        let shares = entries.map { total > 0 ? $0.weight / total : 0 }
        let moved = shares.indices.reduce(0.0) { sum, position in
            let before = position < judgedShares.count ? judgedShares[position] : 0
            return sum + abs(shares[position] - before)
        }
        guard moved > 0.2 || areOthers else { return false }
        judgedShares = shares
        judgedDevices = devices
        return true
    }

    private func areOthers(_ devices: [Int]) -> Bool {
        guard devices.count == judgedDevices.count else { return true }
        let changes = zip(devices, judgedDevices)
        let isNewModel = changes.contains { ($0 > 0) != ($1 > 0) }
        return isNewModel || changes.reduce(0) { $0 + abs($1.0 - $1.1) } * 20 > judgedDevices.reduce(0, +)
    }

    func mixture(on board: PlacementBoard) -> WorkMixture {
        WorkMixture(
            entries.map { entry in
                (work: board.work(of: entry.request), share: entry.weight)
            })
    }
}
