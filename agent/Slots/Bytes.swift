import ClusterTypes
import ProtocolMessages

/// Numbers and texts as bytes, little end first.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ number: UInt64) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func write(_ text: String) {
        write(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    mutating func write(_ key: SlotKey) {
        write(key.slot.rawValue)
        write(key.generation.number)
    }
}

/// Reads what `ByteWriter` has written; whatever else it is given ends in an error.
struct ByteReader {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    private static let tooShort = ProtocolError(.malformed, "a local message that is cut short")

    mutating func number() throws(ProtocolError) -> UInt64 {
        guard bytes.count >= 8 else { throw Self.tooShort }
        let value = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        bytes.removeFirst(8)
        return value
    }

    /// A count of things that take at least eight bytes each.
    private mutating func count() throws(ProtocolError) -> Int {
        let value = try number()
        guard value <= UInt64(bytes.count / 8) else { throw Self.tooShort }
        return Int(value)
    }

    mutating func text() throws(ProtocolError) -> String {
        let length = try number()
        guard length <= UInt64(bytes.count) else { throw Self.tooShort }
        defer { bytes.removeFirst(Int(length)) }
        return String(decoding: bytes.prefix(Int(length)), as: UTF8.self)
    }

    mutating func key() throws(ProtocolError) -> SlotKey {
        let slot = try number()
        return SlotKey(SlotID(slot), Generation(try number()))
    }

    mutating func runningSlot() throws(ProtocolError) -> RunningSlot {
        let key = try key()
        let name = try text()
        guard let state = SlotState(rawValue: name) else {
            throw ProtocolError(.invalidField, "'\(name)' is no state of a slot")
        }
        var tasks: [TaskAttempt] = []
        for _ in 0..<(try count()) {
            let value = try number()
            tasks.append(
                TaskAttempt(
                    index: TaskIndex(value >> 32), attempt: UInt32(truncatingIfNeeded: value)))
        }
        return RunningSlot(key: key, state: state, tasks: tasks)
    }

    /// At most 2^40, so that those of all ended slots can be added up whatever their files say.
    mutating func logBytes() throws(ProtocolError) -> Int64 {
        let value = try number()
        guard value <= 1 << 40 else {
            throw ProtocolError(.invalidField, "\(value) bytes of logs are more than a slot can have")
        }
        return Int64(value)
    }

    mutating func setup() throws(ProtocolError) -> SlotSetup {
        let nodeName = try text()
        let deadline = Int64(bitPattern: try number())
        var variables: [String] = []
        for _ in 0..<(try count()) { variables.append(try text()) }
        return SlotSetup(
            nodeName: nodeName, deviceVariables: variables,
            leaseDeadline: deadline == .min ? nil : deadline)
    }
}
