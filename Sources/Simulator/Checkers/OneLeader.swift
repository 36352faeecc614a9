import CoordinatorCore

/// From the moment at which a coordinator has the store, nothing of a lead before takes effect; and no transaction
/// takes effect twice. An agent is welcomed after a transaction that began when it had said hello: who can still write
/// then has led until then, and knows all that the agent was told before.
struct OneLeader: Checker {
    static let name = "one leader"

    private var lead: UInt64 = 0
    private var newest: UInt64 = 0

    mutating func observe(_ observation: Observation, _ world: World) -> [String] {
        switch observation {
        case .ledBy(let process): lead = max(lead, process.lead)
        case .committed(_, let transaction):
            defer { newest = max(newest, transaction.number) }
            if transaction.lead < lead {
                return [
                    "a transaction of coordinator \(transaction.process.index), lead \(transaction.lead), takes effect "
                        + "in lead \(lead)"
                ]
            }
            if transaction.number <= newest {
                return ["transaction \(transaction.number) takes effect after transaction \(newest)"]
            }
        case .welcomes(let link):
            guard world.isShared, link.coordinator.lastWritten <= link.helloAfter else { break }
            return [
                "coordinator \(link.coordinator.index) welcomes \(world.hosts[link.host].name) without a word of its store"
            ]
        case .slotStarted, .slotEnded, .executionStarted, .executionEnded, .supervisorCrashed, .hostSuspended,
            .hostResumed, .delivered, .replied, .ordered, .launched, .released:
            break
        }
        return []
    }
}
