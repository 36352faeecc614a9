import ClusterTypes
import ProtocolGenerated
import ProtocolMessages

extension SlotKey {
    init(wire: WireSlotKey, isPresent: Bool, _ field: String) throws(ProtocolError) {
        try Check.present(isPresent, field)
        try self.init(wire: wire, field)
    }

    init(wire: WireSlotKey, _ field: String) throws(ProtocolError) {
        self.init(
            SlotID(try Check.identifier(wire.slot, field)),
            Generation(try Check.identifier(wire.generation, field)))
    }

    var wire: WireSlotKey {
        var wire = WireSlotKey()
        wire.slot = slot.rawValue
        wire.generation = generation.number
        return wire
    }
}

extension TaskAttempt {
    /// Attempts count from 1.
    init(index: UInt32, attempt: UInt32, _ field: String) throws(ProtocolError) {
        guard attempt >= 1 else { throw Check.invalid(field, "has attempt 0; attempts count from 1") }
        self.init(index: index, attempt: attempt)
    }

    init(wire: WireTaskAttempt, _ field: String) throws(ProtocolError) {
        try self.init(index: wire.index, attempt: wire.attempt, field)
    }

    var wire: WireTaskAttempt {
        var wire = WireTaskAttempt()
        wire.index = index
        wire.attempt = attempt
        return wire
    }
}

extension ProtocolVersion {
    init(wire: WireProtocolVersion, isPresent: Bool, _ field: String) throws(ProtocolError) {
        try Check.present(isPresent, field)
        self.init(major: wire.major, minor: wire.minor)
    }

    var wire: WireProtocolVersion {
        var wire = WireProtocolVersion()
        wire.major = major
        wire.minor = minor
        return wire
    }
}

extension Label {
    init(wire: WireLabel, _ field: String) throws(ProtocolError) {
        self.init(try Check.name(wire.key, field), try Check.word(wire.value, field))
    }

    var wire: WireLabel {
        var wire = WireLabel()
        wire.key = key
        wire.value = value
        return wire
    }
}
