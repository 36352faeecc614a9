import ClusterTypes
import ProtocolGenerated
import ProtocolMessages

/// Beats that were sent and not yet acknowledged, or handled and not yet referred to, at most.
private let beatsRemembered = 16

/// The agent's side of one connection: what its next beat may be a difference to.
package struct BeatSender: Sendable {
    private var sent: [(sequence: UInt64, values: BeatValues)] = []
    private var acknowledged: (sequence: UInt64, values: BeatValues)?
    /// The dictionary that the coordinator has agreed to; 0 is none.
    let dictionary: UInt32

    package init(dictionary: UInt32 = 0) { self.dictionary = dictionary }

    /// The coordinator has this beat, and keeps it until a newer one is referred to.
    package mutating func acknowledge(_ sequence: UInt64) {
        guard let position = sent.firstIndex(where: { $0.sequence == sequence }) else { return }
        acknowledged = sent[position]
        sent.removeFirst(position + 1)
    }

    mutating func beat(_ heartbeat: Heartbeat) -> WireBeat {
        let values = BeatValues(heartbeat)
        sent.append((heartbeat.sequence, values))
        if sent.count > beatsRemembered { sent.removeFirst() }
        guard let acknowledged, acknowledged.values.hasShape(of: values),
            acknowledged.sequence < heartbeat.sequence,
            let back = UInt32(exactly: heartbeat.sequence - acknowledged.sequence)
        else { return WireBeat(whole: values, sequence: heartbeat.sequence) }
        var wire = WireBeat()
        wire.sequence = heartbeat.sequence
        wire.back = back
        wire.values = zip(values.values, acknowledged.values.values).map { $0 &- $1 }
        return wire
    }
}

/// The coordinator's side of one connection.
package struct BeatReceiver: Sendable {
    /// Oldest first.
    private var handled: [(sequence: UInt64, values: BeatValues)] = []

    package init() {}

    /// - Throws: `invalid_field` for a beat that refers to one that is not known, or has a value out of its range.
    mutating func heartbeat(_ wire: WireBeat) throws(ProtocolError) -> Heartbeat {
        let values = try self.values(wire)
        let beat = try values.heartbeat(sequence: wire.sequence)
        handled.append((wire.sequence, values))
        return beat
    }

    private mutating func values(_ wire: WireBeat) throws(ProtocolError) -> BeatValues {
        guard wire.back != 0 else {
            if handled.count > beatsRemembered { handled.removeFirst() }
            return try BeatValues(whole: wire)
        }
        let (base, isBefore) = wire.sequence.subtractingReportingOverflow(UInt64(wire.back))
        guard !isBefore, let position = handled.firstIndex(where: { $0.sequence == base }) else {
            throw Check.invalid("beat.back", "refers to a beat that is not known")
        }
        // The base, and the newest: the agent takes no acknowledgement of an older one.
        handled.removeFirst(position)
        if handled.count > beatsRemembered + 1 { handled.remove(at: 1) }
        var values = handled[0].values
        guard wire.values.count == values.values.count else {
            throw Check.invalid("beat.values", "has \(wire.values.count) entries, not \(values.values.count)")
        }
        for (index, difference) in wire.values.enumerated() {
            values.values[index] = values.values[index] &+ difference
        }
        return values
    }
}

extension WireBeat {
    init(whole values: BeatValues, sequence: UInt64) {
        self.init()
        self.sequence = sequence
        devices = UInt32(clamping: values.devices)
        slots = values.slots.map(\.wire)
        self.values = values.values
    }
}

extension BeatValues {
    init(whole wire: WireBeat) throws(ProtocolError) {
        let devices = try Check.range(
            Int(wire.devices), 0...ProtocolLimits.devicesPerNode, "beat.devices")
        guard wire.slots.count <= ProtocolLimits.slotSamplesPerBeat else {
            throw Check.invalid("beat.slots", "stands more than \(ProtocolLimits.slotSamplesPerBeat) times")
        }
        let count = Self.count(devices: devices, slots: wire.slots.count)
        guard wire.values.count == count else {
            throw Check.invalid("beat.values", "has \(wire.values.count) entries, not \(count)")
        }
        self.init(
            devices: devices,
            slots: try wire.slots.map { (key) throws(ProtocolError) in try SlotKey(wire: key, "beat.slots") },
            values: wire.values)
    }
}
