import ClusterTypes

/// A slot has at most one live incarnation: counted by what runs on the machines.
struct OneIncarnation: Checker {
    static let name = "one incarnation"

    /// Processes that run, by slot; those of a machine that stands still do not. Looked up, never iterated.
    private var live: [SlotID: [(number: UInt64, key: SlotKey, host: Int)]] = [:]

    mutating func observe(_ observation: Observation, _ world: World) -> [String] {
        switch observation {
        case .slotStarted(let supervisor, let host): return add(supervisor, host, world)
        case .slotEnded(let supervisor, _): remove(supervisor)
        case .hostSuspended(let host): for supervisor in host.supervisors { remove(supervisor) }
        case .hostResumed(let host):
            return host.supervisors.filter(\.isAlive).flatMap { add($0, host, world) }
        case .executionStarted, .executionEnded, .supervisorCrashed, .committed, .ledBy, .welcomes,
            .delivered, .replied, .ordered, .launched, .released:
            break
        }
        return []
    }

    private mutating func add(_ supervisor: Supervisor, _ host: Host, _ world: World) -> [String] {
        let slot = supervisor.key.slot
        var faults: [String] = []
        // Whoever removes a machine says that nothing runs there: what it runs all the same counts for neither side.
        for other in live[slot] ?? [] where !host.isDeclaredGone && !world.hosts[other.host].isDeclaredGone {
            faults.append(
                "slot \(slot) runs as \(other.key) on \(world.hosts[other.host].name) and as "
                    + "\(supervisor.key) on \(host.name)")
        }
        live[slot, default: []].append((supervisor.number, supervisor.key, host.index))
        return faults
    }

    private mutating func remove(_ supervisor: Supervisor) {
        let slot = supervisor.key.slot
        live[slot]?.removeAll { $0.number == supervisor.number }
        if live[slot]?.isEmpty ?? false { live[slot] = nil }
    }
}
