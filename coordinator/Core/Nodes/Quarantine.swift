package import ClusterTypes

/// A node, or one device of it, is left alone for a while.
package struct Quarantine: Hashable, Sendable, Codable {
    /// Nothing new is given before this. nil: the period is over, and one task at a time shows what it is good for.
    package var until: Instant?
    /// Of the period that runs, or ran last; the next one is twice as long.
    package var periodSeconds: UInt32
    package var reason: String

    package init(until: Instant?, periodSeconds: UInt32, reason: String) {
        self.until = until
        self.periodSeconds = periodSeconds
        self.reason = reason
    }
}

package struct DeviceQuarantine: Hashable, Sendable, Codable {
    package var device: UInt32
    package var quarantine: Quarantine

    package init(device: UInt32, quarantine: Quarantine) {
        self.device = device
        self.quarantine = quarantine
    }
}

/// What can be quarantined: a node, or one device of it.
struct Place: Hashable, Comparable, Sendable {
    let node: NodeID
    /// nil: the whole node.
    var device: UInt32?

    static func < (left: Self, right: Self) -> Bool {
        (left.node, left.device.map { Int64($0) } ?? -1) < (right.node, right.device.map { Int64($0) } ?? -1)
    }
}

/// What is known of a place only while the coordinator runs.
struct Watch: Sendable {
    var streak = Streak()
    /// On probation: the slot that was given something.
    var probe: SlotID?
}

/// Fast failures in a row.
struct Streak: Sendable, Equatable {
    private(set) var failures: UInt32 = 0
    /// Of the first few jobs among them: more jobs change nothing.
    private(set) var jobs: [(job: JobID, failures: UInt32)] = []

    var isEmpty: Bool { failures == 0 }

    mutating func add(_ job: JobID, jobLimit: Int) {
        failures += 1
        if let position = jobs.firstIndex(where: { $0.job == job }) {
            jobs[position].failures += 1
        } else if jobs.count < jobLimit {
            jobs.append((job, 1))
        }
    }

    /// Failures that are not the jobs' own fault: all, once so many different jobs failed here; else those of
    /// jobs that succeed elsewhere.
    func counted(jobLimit: Int, succeedsElsewhere: (JobID) -> Bool) -> UInt32 {
        if jobs.count >= jobLimit { return failures }
        return jobs.reduce(0) { $0 + (succeedsElsewhere($1.job) ? $1.failures : 0) }
    }

    static func == (left: Self, right: Self) -> Bool { left.failures == right.failures }
}

extension Place {
    /// Begins a sentence about it.
    var subject: String { device.map { "device \($0) is " } ?? "" }
}

extension NodeRecord {
    mutating func endQuarantines() {
        guard quarantine != nil || !deviceQuarantines.isEmpty else { return }
        quarantine = nil
        deviceQuarantines = []
        reason = ""
    }
}

extension Node {
    var hasQuarantine: Bool { record.quarantine != nil || !record.deviceQuarantines.isEmpty }

    /// Given nothing now: it is on probation, and a slot is at it.
    var isProbing: Bool { record.quarantine != nil && watch.probe != nil }

    func quarantine(of place: Place) -> Quarantine? {
        guard let device = place.device else { return record.quarantine }
        return record.deviceQuarantines.first { $0.device == device }?.quarantine
    }

    func watch(of place: Place) -> Watch? {
        guard let device = place.device else { return watch }
        return Int(device) < deviceWatches.count ? deviceWatches[Int(device)] : nil
    }

    mutating func change(_ place: Place, _ change: (inout Watch) -> Void) {
        guard let device = place.device.map({ Int($0) }) else { return change(&watch) }
        while deviceWatches.count <= device { deviceWatches.append(Watch()) }
        change(&deviceWatches[device])
    }

    /// - Parameter quarantine: nil ends it.
    mutating func set(_ quarantine: Quarantine?, on place: Place) {
        guard let device = place.device else {
            record.quarantine = quarantine
            return
        }
        record.deviceQuarantines.removeAll { $0.device == device }
        if let quarantine {
            record.deviceQuarantines.append(DeviceQuarantine(device: device, quarantine: quarantine))
            record.deviceQuarantines.sort { $0.device < $1.device }
        }
    }

    /// Where a slot of this node is: on the node, and on each of its devices.
    func places(of slot: SlotRecord) -> [Place] {
        [Place(node: record.node)] + slot.devices.map { Place(node: record.node, device: $0.device) }
    }

    /// How many tasks this slot may hold, as far as quarantines and failed devices are concerned.
    func taskLimit(of slot: SlotRecord) -> Int {
        guard deviceFault(of: slot) == nil else { return 0 }
        guard hasQuarantine else { return .max }
        var limit = Int.max
        for place in places(of: slot) {
            guard let quarantine = quarantine(of: place) else { continue }
            let probe = watch(of: place)?.probe
            if quarantine.until != nil || (probe != nil && probe != slot.slot) { return 0 }
            limit = 1
        }
        return limit
    }

    /// A device that is given to no new slot now.
    func isWithheld(_ device: Int) -> Bool {
        let capacities = record.capacity.devices
        if device < capacities.count, !capacities[device].isUsable { return true }
        guard !record.deviceQuarantines.isEmpty else { return false }
        let place = Place(node: record.node, device: UInt32(device))
        guard let quarantine = quarantine(of: place) else { return false }
        return quarantine.until != nil || watch(of: place)?.probe != nil
    }
}

extension Job {
    /// It has had a success on another node.
    func succeedsElsewhere(than node: NodeID) -> Bool { successNodes.contains { $0 != node } }

    /// Two nodes are enough: one of them is always another.
    mutating func noteSuccess(on node: NodeID) {
        if successNodes.count < 2, !successNodes.contains(node) { successNodes.append(node) }
    }
}
