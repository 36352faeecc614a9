import ClusterTypes
import CoordinatorCore
import ProtocolMessages

/// A coordinator that takes an agent in keeps every slot that runs there and is there by the store, and turns no node
/// away for ever that the store knows: neither a restart nor a fail-over ends anything.
struct KeepsWhatRuns {
    static let name = "keeps what runs"

    func observe(_ observation: Observation, _ rows: DurableRows) -> [String] {
        switch observation {
        case .delivered(.welcome(let welcome), let host): check(welcome, host, rows)
        case .delivered(.refusal(let refusal), let host): check(refusal, host, rows)
        case .slotStarted, .slotEnded, .executionStarted, .executionEnded, .supervisorCrashed, .hostSuspended,
            .hostResumed, .committed, .ledBy, .welcomes, .delivered, .replied, .ordered, .launched,
            .released:
            []
        }
    }

    private func check(_ refusal: Refusal, _ host: Host, _ rows: DurableRows) -> [String] {
        guard refusal.code == .unknownNode || refusal.code == .revoked, let node = host.node,
            let row = rows.nodes[node], row.state != .released, row.removal == nil
        else { return [] }
        return ["\(host.name) is turned away as \(refusal.code), and \(row.state) in the store"]
    }

    private func check(_ welcome: Welcome, _ host: Host, _ rows: DurableRows) -> [String] {
        var faults: [String] = []
        for supervisor in host.supervisors where supervisor.isAlive && !welcome.keep.contains(supervisor.key)
        {
            guard let row = rows.slots[supervisor.key.slot], row.key == supervisor.key,
                row.node == host.node, row.state.isPlaced, row.state != .stopping
            else { continue }
            faults.append("\(host.name) is to end \(row.key), which is \(row.state) there in the store")
        }
        return faults
    }
}
