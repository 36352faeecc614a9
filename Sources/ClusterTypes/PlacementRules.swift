/// How a job's slots stand to each other, to other jobs and to other users. The coordinator decides by it; agents are
/// not told.
package struct PlacementRules: Hashable, Sendable, Codable {
    /// Other requests that will do where `resources` finds no place, best first. At most 8.
    package var alternatives: [ResourceRequest] = []
    /// Nodes that fulfil more of these are taken first; none of them must hold.
    package var preferences: [Constraint] = []
    /// At most so many of the job's slots on one node; nil: any number. 1...1,000,000.
    package var slotsPerNode: UInt32?
    /// Key of a label: its values hold as equal a number of the job's slots as they can.
    package var spread: String?
    /// All slots start together or none does; nil: each by itself.
    package var gang: Gang?
    /// Whose quota the slots are counted against; nil: none's.
    package var virtualCluster: String?
    /// Its slots may be stopped and placed again later where work of other users needs their place. They count against
    /// no quota.
    package var isPreemptible = false
    /// At most so many slots are started in a minute; nil: any number.
    package var startsPerMinute: UInt32?
    /// The cluster's name for the job's priority; nil: the priority is given as a number.
    package var priorityClass: String?

    package init() {}
}

extension JobSpecification {
    /// What a slot was placed with. 0: `resources`; else one of `placement.alternatives`.
    package func request(_ alternative: UInt32) -> ResourceRequest {
        let position = Int(alternative) - 1
        return placement.alternatives.indices.contains(position)
            ? placement.alternatives[position] : resources
    }
}

/// Slots that work as one: placed together, told of each other, started again together.
package struct Gang: Hashable, Sendable, Codable {
    /// Of the first slot's node, for the others to meet at. 1...65535.
    package var port: UInt16
    /// When not all of them run after this time, all of them go back. 1...86,400 s.
    package var startSeconds: UInt32

    package init(port: UInt16 = 29_500, startSeconds: UInt32 = 600) {
        self.port = port
        self.startSeconds = startSeconds
    }
}

/// Something that nodes have a number of, as a label with a whole number says: `license.matlab=2`, `network.mbps=10000`.
package struct CountedResource: Hashable, Sendable, Codable {
    package var name: String
    package var count: UInt32

    package init(_ name: String, _ count: UInt32) {
        self.name = name
        self.count = count
    }
}
