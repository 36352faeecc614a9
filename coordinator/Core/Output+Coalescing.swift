import ClusterTypes

extension [Write] {
    /// The same rows in fewer writes: of several puts of one row only the last value is kept, at the first's place
    /// (rows that refer to it may follow it).
    package func coalesced() -> [Write] {
        guard count > 1 else { return self }
        var places: [Row: Int] = [:]
        var kept: [Write] = []
        kept.reserveCapacity(count)
        for write in self {
            guard let row = write.row else {
                kept.append(write)
                continue
            }
            if let place = places[row] {
                kept[place] = write
            } else {
                places[row] = kept.count
                kept.append(write)
            }
        }
        return kept
    }
}

private enum Row: Hashable {
    case node(NodeID), job(JobID), slot(SlotID), token(TokenID), virtualCluster(String), pool(String)
    case launch(LaunchID)
}

extension Write {
    /// The row that this write replaces as a whole.
    fileprivate var row: Row? {
        switch self {
        case .putNode(let record): .node(record.node)
        case .putJob(let record): .job(record.job)
        case .putSlot(let record): .slot(record.slot)
        case .putToken(let record): .token(record.token)
        case .putVirtualCluster(let record): .virtualCluster(record.name)
        case .dropVirtualCluster(let name): .virtualCluster(name)
        case .putPool(let record): .pool(record.name)
        case .putLaunch(let record): .launch(record.launch)
        case .dropLaunch(let launch): .launch(launch)
        case .appendPayloads, .putTasks, .putFairShare, .addEvent, .putHistory, .putUsage, .dropHistory: nil
        }
    }
}
