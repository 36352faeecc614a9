import ProtocolMessages

/// Counts the entries of a message's lists before it is decoded.
///
/// Two bytes on the wire can become hundreds in memory (an empty device report, ten million times over), so that
/// a bound on bytes alone bounds nothing. This reads tags and lengths only, and enters only the messages of the
/// table that hold lists.
struct EntryCount {
    enum Shape {
        case agentEnvelope, hello, runningSlot, hardwareUpdate, hardware, device, machine, address, heartbeat,
            beat, taskResults
        case coordinatorEnvelope, welcome, assignment, rankTable, rankTableServer, specification, arguments,
            retries, taskOrders
        case taskResultsAcknowledged
        /// Nothing in it is counted.
        case leaf
    }

    private struct Child {
        let shape: Shape
        let limit: Int
        let name: String
        /// A list of numbers: each takes a byte at least.
        let isNumbers: Bool

        init(_ name: String, _ limit: Int, _ shape: Shape = .leaf, isNumbers: Bool = false) {
            self.name = name
            self.limit = limit
            self.shape = shape
            self.isNumbers = isNumbers
        }
    }

    /// Entries that the whole message may still have.
    private var remaining = ProtocolLimits.entriesPerMessage

    static func check(_ message: RawSpan, shape: Shape) throws(ProtocolError) {
        try message.withUnsafeBytes { (bytes) throws(ProtocolError) in
            var count = EntryCount()
            try count.visit(bytes, shape: shape)
        }
    }

    private mutating func visit(_ message: UnsafeRawBufferPointer, shape: Shape) throws(ProtocolError) {
        var reader = WireReader(message)
        // By field number; the table's numbers are below 32.
        var counts = [Int](repeating: 0, count: 32)
        while let field = try reader.next() {
            guard let child = Self.child(of: shape, field: field.number) else { continue }
            // Numbers of a list stand alone, or packed into one field.
            var entries = 1
            if case .message(_, let count) = field.content, child.isNumbers { entries = count }
            counts[field.number] += entries
            remaining -= entries
            guard counts[field.number] <= child.limit else {
                throw ProtocolError(.invalidField, "\(child.name) stands more than \(child.limit) times")
            }
            guard remaining >= 0 else {
                throw ProtocolError(
                    .invalidField,
                    "\(child.name): the message has more than \(ProtocolLimits.entriesPerMessage) entries in all"
                )
            }
            guard case .message(let start, let count) = field.content else { continue }
            if child.shape != .leaf {
                try visit(
                    UnsafeRawBufferPointer(rebasing: message[start..<(start + count)]), shape: child.shape)
            }
        }
    }

    private static func child(of shape: Shape, field: Int) -> Child? {
        switch (shape, field) {
        case (.agentEnvelope, 1): Child("hello", 1, .hello)
        case (.agentEnvelope, 2): Child("heartbeat", 1, .heartbeat)
        case (.agentEnvelope, 6): Child("task_results", 1, .taskResults)
        case (.agentEnvelope, 7): Child("hardware", 1, .hardwareUpdate)
        case (.hello, 7): Child("hello.labels", ProtocolLimits.labelsPerNode)
        case (.hello, 8): Child("hello.slots", ProtocolLimits.slotsPerNode, .runningSlot)
        case (.hello, 9): Child("hello.hardware", 1, .hardware)
        case (.runningSlot, 3): Child("hello.slots.tasks", ProtocolLimits.tasksPerBatch)
        case (.hardwareUpdate, 1): Child("hardware.report", 1, .hardware)
        case (.hardware, 8): Child("hardware.devices", ProtocolLimits.devicesPerNode, .device)
        case (.hardware, 9): Child("hardware.tools", ProtocolLimits.toolsPerNode)
        case (.hardware, 10): Child("hardware.address", 1, .address)
        case (.hardware, 12): Child("hardware.machine", 1, .machine)
        case (.device, 24): Child("hardware.devices.throttle_reasons", ProtocolLimits.throttleReasons)
        case (.machine, 2): Child("hardware.machine.memory_nodes", ProtocolLimits.memoryNodesPerMachine)
        case (.machine, 3): Child("hardware.machine.huge_pages", ProtocolLimits.hugePageSizes)
        case (.machine, 4): Child("hardware.machine.file_systems", ProtocolLimits.fileSystemsPerMachine)
        case (.machine, 5): Child("hardware.machine.interfaces", ProtocolLimits.interfacesPerMachine)
        case (.address, 4): Child("hardware.address.explanation", ProtocolLimits.explanationLines)
        case (.heartbeat, 6): Child("heartbeat.devices", ProtocolLimits.devicesPerNode)
        case (.agentEnvelope, 13): Child("beat", 1, .beat)
        case (.beat, 4): Child("beat.slots", ProtocolLimits.slotSamplesPerBeat)
        case (.beat, 5): Child("beat.values", ProtocolLimits.beatBytes, isNumbers: true)
        case (.hello, 11): Child("hello.beat_dictionaries", ProtocolLimits.beatDictionaries, isNumbers: true)
        case (.taskResults, 2): Child("task_results.results", ProtocolLimits.tasksPerBatch)

        case (.coordinatorEnvelope, 1): Child("welcome", 1, .welcome)
        case (.coordinatorEnvelope, 4): Child("assign", 1, .assignment)
        case (.coordinatorEnvelope, 7): Child("assign_tasks", 1, .taskOrders)
        case (.coordinatorEnvelope, 8): Child("task_results_acknowledged", 1, .taskResultsAcknowledged)
        case (.welcome, 6): Child("welcome.keep", ProtocolLimits.slotsPerNode)
        case (.assignment, 3): Child("specification", 1, .specification)
        case (.assignment, 4): Child("assign.devices", ProtocolLimits.devicesPerNode)
        case (.assignment, 5): Child("assign.rank_table", 1, .rankTable)
        case (.rankTable, 1):
            Child("assign.rank_table.servers", ProtocolLimits.rankTableDevices, .rankTableServer)
        case (.rankTableServer, 2): Child("assign.rank_table.servers.devices", ProtocolLimits.devicesPerNode)
        case (.specification, 4): Child("specification.argv", 1, .arguments)
        case (.specification, 6): Child("specification.environment", ProtocolLimits.environmentEntriesPerJob)
        case (.specification, 10): Child("specification.constraints", ProtocolLimits.constraintsPerJob)
        case (.specification, 16): Child("specification.retries", 1, .retries)
        case (.arguments, 1): Child("specification.argv.arguments", ProtocolLimits.argumentsPerCommand)
        case (.retries, 1): Child("specification.retries.rules", ProtocolLimits.retryRulesPerJob)
        case (.taskOrders, 2): Child("assign_tasks.orders", ProtocolLimits.tasksPerBatch)
        case (.taskResultsAcknowledged, 2):
            Child("task_results_acknowledged.attempts", ProtocolLimits.tasksPerBatch)
        default: nil
        }
    }
}

/// Tags and lengths of one protobuf message.
struct WireReader {
    struct Field {
        enum Content {
            case scalar
            /// Length-delimited: text, bytes or a message, at these bytes of the message.
            case message(start: Int, count: Int)
        }
        let number: Int
        let content: Content
    }

    /// Valid for as long as the closure that lent it.
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// nil at the end.
    mutating func next() throws(ProtocolError) -> Field? {
        guard position < bytes.count else { return nil }
        let tag = try varint()
        guard tag >> 3 >= 1, tag >> 3 < 1 << 29 else {
            throw ProtocolError(.malformed, "a field number out of range at byte \(position)")
        }
        let number = Int(tag >> 3)
        switch tag & 7 {
        case 0:
            _ = try varint()
        case 1:
            try skip(8)
        case 2:
            let count = try varint()
            guard count <= UInt64(bytes.count - position) else { throw cutOff }
            let start = position
            position += Int(count)
            return Field(number: number, content: .message(start: start, count: Int(count)))
        case 5:
            try skip(4)
        default:
            throw ProtocolError(
                .malformed, "field \(number) has the wire type \(tag & 7), which proto3 has not")
        }
        return Field(number: number, content: .scalar)
    }

    private var cutOff: ProtocolError {
        ProtocolError(.malformed, "the message is cut off at byte \(bytes.count)")
    }

    private mutating func skip(_ count: Int) throws(ProtocolError) {
        guard bytes.count - position >= count else { throw cutOff }
        position += count
    }

    private mutating func varint() throws(ProtocolError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard position < bytes.count else { throw cutOff }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
            guard shift < 70 else {
                throw ProtocolError(.malformed, "a number of more than ten bytes at byte \(position)")
            }
        }
    }
}
