import ClusterTypes
import ProtocolGenerated
package import ProtocolMessages

/// A heartbeat as a row of numbers, most of which are those of the beat before: the order and the units are the
/// schema's (`Beat`).
struct BeatValues: Hashable, Sendable {
    var devices: Int
    var slots: [SlotKey]
    /// 10 of the node, then 7 columns of the devices, then 4 columns of the slots.
    var values: [Int64]

    private static let ofNode = 10
    private static let ofDevice = 7
    private static let ofSlot = 4

    static func count(devices: Int, slots: Int) -> Int { ofNode + ofDevice * devices + ofSlot * slots }

    func hasShape(of other: BeatValues) -> Bool { devices == other.devices && slots == other.slots }
}

// MARK: - Out

extension BeatValues {
    init(_ beat: Heartbeat) {
        let slots = beat.slots.prefix(ProtocolLimits.slotSamplesPerBeat)
        self.init(devices: beat.devices.count, slots: slots.map(\.key), values: [])
        values.reserveCapacity(Self.count(devices: devices, slots: slots.count))
        values.append(Int64(beat.uptimeSeconds))
        values.append(Self.tenths(beat.loadMilli))
        values.append(Int64(min(beat.processorPermille, 1_000)))
        values.append(Self.mebibytes(beat.memoryUsedBytes))
        values.append(Self.mebibytes(beat.diskAvailableBytes))
        values.append(Int64(beat.runningSlots))
        values.append(RateCode.code(beat.rates.diskReadBytes))
        values.append(RateCode.code(beat.rates.diskWriteBytes))
        values.append(RateCode.code(beat.rates.networkReceiveBytes))
        values.append(RateCode.code(beat.rates.networkSendBytes))
        append(beat.devices) { $0.utilizationPercent.map { Int64(min($0, 100)) } }
        append(beat.devices) { $0.memoryUsedBytes.map(Self.mebibytes) }
        append(beat.devices) { $0.temperatureCelsius.map { min(max(0, Int64($0) + 273), Int64(UInt16.max)) } }
        append(beat.devices) { $0.powerMilliwatts.map { (Int64($0) + 500) / 1_000 } }
        append(beat.devices) { $0.clockMegahertz.map(Int64.init) }
        append(beat.devices) { $0.correctedErrors.map { Int64(clamping: min($0, Self.errorLimit)) } }
        append(beat.devices) { $0.uncorrectedErrors.map { Int64(clamping: min($0, Self.errorLimit)) } }
        for slot in slots { values.append(Int64(slot.state.wire.rawValue)) }
        for slot in slots { values.append(Self.tenths(slot.milliCPU)) }
        for slot in slots { values.append(Self.mebibytes(slot.memoryBytes)) }
        append(slots) { $0.devicePermille.map { (Int64(min($0, 1_000)) + 5) / 10 } }
    }

    private static let errorLimit: UInt64 = 1 << 60

    private mutating func append<Sample>(_ samples: some Sequence<Sample>, _ value: (Sample) -> Int64?) {
        for sample in samples { values.append(value(sample).map { $0 + 1 } ?? 0) }
    }

    private static func tenths(_ number: UInt32) -> Int64 {
        min(Int64(number) + 5, Int64(UInt32.max)) / 10
    }

    private static func mebibytes(_ bytes: Int64) -> Int64 {
        (min(max(bytes, 0), ProtocolLimits.amountBytes) + 1 << 19) >> 20
    }
}

/// Amounts to 1/64, in numbers that hardly change when the amount hardly does.
enum RateCode {
    private static let digits = 5
    static let largest = code(ProtocolLimits.amountBytes)

    static func code(_ amount: Int64) -> Int64 {
        let amount = min(max(amount, 0), ProtocolLimits.amountBytes)
        let shift = Int64.bitWidth - 1 - amount.leadingZeroBitCount - digits
        guard shift >= 0 else { return amount }
        return Int64(shift + 1) << digits | (amount >> shift - 1 << digits)
    }

    /// The middle of the amounts that have this code.
    static func amount(_ code: Int64) -> Int64 {
        let shift = code >> digits - 1
        guard shift >= 0 else { return code }
        return (1 << digits | code & (1 << digits - 1)) << shift + (shift > 0 ? 1 << (shift - 1) : 0)
    }
}

extension Heartbeat {
    /// What arrives of it: in the units of the wire, and what is out of its range as the end of the range.
    package var rounded: Heartbeat {
        (try? BeatValues(self).heartbeat(sequence: sequence)) ?? Heartbeat(sequence: sequence)
    }
}

// MARK: - In

extension BeatValues {
    /// - Throws: `invalid_field` with the name of the first value that is out of its range.
    func heartbeat(sequence: UInt64) throws(ProtocolError) -> Heartbeat {
        var reader = Reader(values: values)
        var beat = Heartbeat(
            sequence: sequence,
            uptimeSeconds: try reader.number("uptime"),
            loadMilli: try reader.number("load", 0...Int64(UInt32.max) / 10) * 10,
            processorPermille: try reader.number("processor", 0...1_000),
            memoryUsedBytes: try reader.amount("memory"),
            diskAvailableBytes: try reader.amount("disk"))
        beat.runningSlots = try reader.number("running_slots")
        beat.rates.diskReadBytes = try reader.rate("disk_read")
        beat.rates.diskWriteBytes = try reader.rate("disk_write")
        beat.rates.networkReceiveBytes = try reader.rate("network_receive")
        beat.rates.networkSendBytes = try reader.rate("network_send")
        beat.devices = [DeviceSample](repeating: DeviceSample(), count: devices)
        for device in 0..<devices {
            beat.devices[device].utilizationPercent = try reader.optional("utilization", 0...100)
        }
        for device in 0..<devices {
            beat.devices[device].memoryUsedBytes = try reader.optional(
                "device_memory", 0...ProtocolLimits.amountBytes >> 20
            ).map { (mebibytes: Int64) in mebibytes << 20 }
        }
        for device in 0..<devices {
            beat.devices[device].temperatureCelsius = try reader.optional(
                "temperature", 0...Int64(UInt16.max)
            ).map { (kelvin: Int32) in kelvin - 273 }
        }
        for device in 0..<devices {
            beat.devices[device].powerMilliwatts = try reader.optional("power", 0...Int64(UInt32.max) / 1_000)
                .map { (watts: UInt32) in watts * 1_000 }
        }
        for device in 0..<devices {
            beat.devices[device].clockMegahertz = try reader.optional("clock", 0...Int64(UInt32.max))
        }
        for device in 0..<devices {
            beat.devices[device].correctedErrors = try reader.optional(
                "corrected_errors", 0...Int64(Self.errorLimit))
        }
        for device in 0..<devices {
            beat.devices[device].uncorrectedErrors = try reader.optional(
                "uncorrected_errors", 0...Int64(Self.errorLimit))
        }
        for key in slots { beat.slots.append(SlotSample(key: key, state: try reader.state())) }
        for slot in slots.indices {
            beat.slots[slot].milliCPU = try reader.number("slot_processor", 0...Int64(UInt32.max) / 10) * 10
        }
        for slot in slots.indices { beat.slots[slot].memoryBytes = try reader.amount("slot_memory") }
        for slot in slots.indices {
            beat.slots[slot].devicePermille = try reader.optional("slot_utilization", 0...100)
                .map { (percent: UInt32) in percent * 10 }
        }
        return beat
    }

    private struct Reader {
        let values: [Int64]
        private var position = 0

        init(values: [Int64]) { self.values = values }

        private mutating func next(_ range: ClosedRange<Int64>, _ name: String) throws(ProtocolError) -> Int64
        {
            defer { position += 1 }
            let value = values[position]
            guard range.contains(value) else {
                throw Check.invalid(
                    "beat.\(name)", "is \(value); \(range.lowerBound)...\(range.upperBound) are taken")
            }
            return value
        }

        mutating func number(_ name: String, _ range: ClosedRange<Int64> = 0...Int64(UInt32.max))
            throws(ProtocolError) -> UInt32
        {
            UInt32(truncatingIfNeeded: try next(range, name))
        }

        /// - Returns: bytes; the value counts MiB.
        mutating func amount(_ name: String) throws(ProtocolError) -> Int64 {
            try next(0...ProtocolLimits.amountBytes >> 20, name) << 20
        }

        mutating func rate(_ name: String) throws(ProtocolError) -> Int64 {
            RateCode.amount(try next(0...RateCode.largest, name))
        }

        mutating func optional<Number: FixedWidthInteger>(_ name: String, _ range: ClosedRange<Int64>)
            throws(ProtocolError) -> Number?
        {
            let value = try next(0...range.upperBound + 1, name)
            return value == 0 ? nil : Number(truncatingIfNeeded: value - 1)
        }

        mutating func state() throws(ProtocolError) -> SlotState {
            let number = try next(0...Int64(Int32.max), "slot_state")
            return try SlotState(
                wire: WireSlotState(rawValue: Int(number)) ?? .unspecified, "beat.slot_state")
        }
    }
}
