import ClusterTypes
import CoordinatorCore
import ProtocolMessages

/// Who has had what, and used it or not. Idleness is judged for each device, or the processors, that a job has on
/// a node, over each step of five minutes: idle is what had readings and not one above zero.
struct UsageLedger: Sendable {
    private struct Place: Hashable {
        let job: JobID
        let node: NodeID
        /// nil for processors.
        let device: UInt32?
    }

    /// In microseconds, within one step.
    private struct Measured {
        var user: String
        var resource: String
        var booked: Int64 = 0
        /// Booked, with a reading.
        var known: Int64 = 0
        var used: Int64 = 0
        /// MiB times microseconds.
        var memoryBooked: Int64 = 0
        var memoryUsed: Int64 = 0
    }

    private struct Row: Hashable {
        let job: JobID
        let resource: String
    }

    /// A node that is silent for longer than this holds what it holds, but nobody knows what it does with it.
    private let longestGap: Int64
    private var lastSamples: [NodeID: Int64] = [:]
    private var step = OrderedTable<Place, Measured>()
    /// Of the period, up to the last step.
    private var rows = OrderedTable<Row, UsageRecord>()

    init(resolutionSeconds: Int64) { longestGap = 3 * resolutionSeconds * 1_000_000 }

    mutating func note(_ beat: Heartbeat, of node: NodeID, holding: [SlotHolding], at now: Instant) {
        let last = lastSamples.updateValue(now.microseconds, forKey: node) ?? now.microseconds
        let elapsed = max(
            0, min(now.microseconds - last, HistorySettings.coarseStepSeconds * 1_000_000))
        guard elapsed > 0, !holding.isEmpty else { return }
        let isMeasured = elapsed <= longestGap
        var samples: [SlotKey: SlotSample] = [:]
        for sample in beat.slots { samples[sample.key] = sample }
        for slot in holding {
            let sample = isMeasured ? samples[slot.key] : nil
            update(slot, on: node, device: nil, UsageRecord.processors) { measured in
                let booked = scaled(elapsed, slot.resources.milliCPU)
                let memory = slot.resources.memoryBytes >> 20
                measured.booked &+= booked
                measured.memoryBooked &+= memory &* elapsed
                guard let sample else { return }
                measured.known &+= booked
                measured.used &+= scaled(elapsed, Int64(sample.milliCPU))
                measured.memoryUsed &+= (sample.memoryBytes >> 20) &* elapsed
            }
            for device in slot.devices {
                let reading =
                    Int(device.grant.device) < beat.devices.count && isMeasured
                    ? beat.devices[Int(device.grant.device)].utilizationPercent : nil
                update(slot, on: node, device: device.grant.device, device.model) { measured in
                    let booked = scaled(elapsed, Int64(device.grant.shares))
                    measured.booked &+= booked
                    guard let reading else { return }
                    measured.known &+= booked
                    measured.used &+= booked &* Int64(min(reading, 100)) / 100
                }
            }
        }
    }

    private mutating func update(
        _ slot: SlotHolding, on node: NodeID, device: UInt32?, _ resource: String,
        _ change: (inout Measured) -> Void
    ) {
        let place = Place(job: slot.job, node: node, device: device)
        var measured = step[place] ?? Measured(user: slot.user, resource: resource)
        change(&measured)
        step[place] = measured
    }

    /// Judges the step.
    /// - Returns: the rows of the period that it has changed, whole, in the order in which they came up.
    mutating func closeStep(periodFrom from: Instant) -> [UsageRecord] {
        var changed = OrderedTable<Row, Bool>()
        for place in step.keys {
            guard let measured = step[place], measured.booked > 0 || measured.memoryBooked > 0 else {
                continue
            }
            let key = Row(job: place.job, resource: measured.resource)
            var row =
                rows[key]
                ?? UsageRecord(from: from, job: place.job, resource: measured.resource, user: measured.user)
            row.bookedMicroseconds &+= measured.booked
            row.unknownMicroseconds &+= measured.booked &- measured.known
            if measured.used == 0 { row.idleMicroseconds &+= measured.known }
            row.usedMicroseconds &+= measured.used
            row.memoryBookedMebibyteSeconds &+= measured.memoryBooked / 1_000_000
            row.memoryUsedMebibyteSeconds &+= measured.memoryUsed / 1_000_000
            rows[key] = row
            changed[key] = true
        }
        step = OrderedTable()
        return changed.keys.compactMap { rows[$0] }
    }

    /// Begins the next period, without the nodes that are gone.
    mutating func closePeriod(at now: Instant) {
        rows = OrderedTable()
        let longAgo = now.microseconds - HistorySettings.coarseStepSeconds * 1_000_000
        lastSamples = lastSamples.filter { $0.value > longAgo }
    }
}

/// So many thousandths of a time.
private func scaled(_ microseconds: Int64, _ milli: Int64) -> Int64 { microseconds &* milli / 1_000 }
