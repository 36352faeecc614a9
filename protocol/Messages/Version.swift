/// The protocol's version. Within one major version every minor pair understands each other: unknown fields are
/// ignored, new messages are sent only to a peer that named a minor version which has them.
package struct ProtocolVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let major: UInt32
    package let minor: UInt32

    package init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }

    package static let current = ProtocolVersion(major: 1, minor: 5)

    /// The first minor version with `confirmEmpty`, `empty` and `lifetime`.
    package static let withEmptiness = ProtocolVersion(major: 1, minor: 1)

    /// The first minor version with `Beat`: differences, dictionaries, and intervals that change.
    package static let withBeats = ProtocolVersion(major: 1, minor: 2)

    /// The WebSocket subprotocol names the major version.
    package static let subprotocol = "mortise.agent.v1"
    /// Header of the answer that agrees to the upgrade: the address that the agent's connection comes from.
    package static let seenAddressHeader = "mortise-seen-address"

    /// What both speak: the lower minor version; nil where the major versions differ.
    package func agreed(with other: ProtocolVersion) -> ProtocolVersion? {
        major == other.major ? min(self, other) : nil
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
    package var description: String { "\(major).\(minor)" }
}

/// Bounds of the link, each checked where bytes come in.
package enum ProtocolLimits {
    /// A WebSocket message as it is on the wire. 4 MiB: three tasks with the largest payload.
    package static let frameBytes = 4 << 20
    /// A message after decompression. zstd frames that promise or reach more are refused before memory is taken.
    package static let messageBytes = 16 << 20
    /// Messages smaller than this are sent as they are: zstd would not pay.
    package static let compressionThresholdBytes = 256
    /// A task's payload in UTF-8.
    package static let payloadBytes = 1 << 20
    /// That one side names to the other.
    package static let beatDictionaries = 256
    package static let devicesPerNode = 1_024
    package static let slotsPerNode = 10_000
    /// Of a gang: larger ones get no rank table. Each of 4,096 slots with one NPU gets a table of 100 KB.
    package static let rankTableDevices = 4_096
    /// Of a heartbeat: what more slots use is not told. 1,024: 30 KB.
    package static let slotSamplesPerBeat = 1_024
    /// A beat after decompression. 256 KiB: twice the largest.
    package static let beatBytes = 256 << 10
    package static let labelsPerNode = 256
    package static let tasksPerBatch = 4_096
    /// Names of nodes, jobs, apps, pools, labels; models and reasons may be longer.
    package static let nameBytes = 253
    /// Models, paths, certificates and lines for people.
    package static let textBytes = 64 << 10
    /// Why something failed. Longer ones are cut when they are sent: a batch of results stays small.
    package static let reasonBytes = 4 << 10
    /// A script, and all words of an argv together: one argument list of the operating system is no larger.
    package static let commandBytes = 1 << 20
    /// More pointers than an operating system starts a program with.
    package static let argumentsPerCommand = 1 << 18
    package static let environmentEntriesPerJob = 1 << 18
    package static let constraintsPerJob = 256
    package static let retryRulesPerJob = 256
    package static let toolsPerNode = 64
    package static let explanationLines = 256
    /// Of one device at one time.
    package static let throttleReasons = 32
    package static let memoryNodesPerMachine = 256
    package static let hugePageSizes = 32
    package static let fileSystemsPerMachine = 128
    package static let interfacesPerMachine = 128
    package static let logChunkBytes = 64 << 10
    /// Entries of all lists of one message together. 1 Mi: what they take in memory stays near `messageBytes`.
    package static let entriesPerMessage = 1 << 20
    /// Amounts in bytes. 2^60: an exabyte.
    package static let amountBytes: Int64 = 1 << 60
    /// The latest moment, 9999-12-31: sums of moments and durations stay far from overflow.
    package static let latestMicroseconds: Int64 = 253_402_300_799_000_000
    /// Until a node's end. Ten years: an end that is further away is none.
    package static let lifetimeMilliseconds: UInt64 = 315_360_000_000
}

/// Bytes from outside that are no valid message. The connection is closed with the message as reason.
package struct ProtocolError: Error, Equatable, Sendable, CustomStringConvertible {
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        package static let tooLarge = Code(rawValue: "too_large")
        package static let malformed = Code(rawValue: "malformed")
        package static let invalidField = Code(rawValue: "invalid_field")
        package static let unknownMessage = Code(rawValue: "unknown_message")
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(code.rawValue): \(message)" }
}

/// Why the coordinator turns an agent away. The codes are part of the protocol.
package struct Refusal: Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// No common major version.
        case versionMismatch = "version_mismatch"
        /// The certificate is of another cluster.
        case foreignCluster = "foreign_cluster"
        /// The node was removed or its certificate revoked.
        case revoked
        /// No node of this identity is known.
        case unknownNode = "unknown_node"
        /// Another live agent uses this identity.
        case identityInUse = "identity_in_use"
        /// A limit is reached; try again later.
        case overloaded
        /// A message that breaks the protocol.
        case protocolViolation = "protocol_violation"
        /// The coordinator goes down in order; try again.
        case shuttingDown = "shutting_down"
        /// A newer connection of the same agent took over.
        case replaced
    }

    package var code: Code
    package var message: String
    /// nil: trying again is no use, the agent ends with the code's exit status.
    package var retryAfterMilliseconds: UInt32?

    package init(_ code: Code, _ message: String, retryAfterMilliseconds: UInt32? = nil) {
        self.code = code
        self.message = message
        self.retryAfterMilliseconds = retryAfterMilliseconds
    }

    package var description: String { "\(code.rawValue): \(message)" }
}
