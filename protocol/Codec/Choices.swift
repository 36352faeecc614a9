import ClusterTypes
import ProtocolGenerated
import ProtocolMessages

// The choices of both sides, word for word. A value that this version does not know is an error that names the
// field: guessing what a newer peer meant would be a silent fall-back.

extension Check {
    /// - Parameter number: what stood on the wire; 0 means that the field was left out.
    static func unknownChoice(_ number: Int, _ field: String) -> ProtocolError {
        number == 0
            ? invalid(field, "is missing")
            : invalid(field, "has the value \(number), which this version does not know")
    }
}

extension SlotState {
    init(wire: WireSlotState, _ field: String) throws(ProtocolError) {
        switch wire {
        case .pending: self = .pending
        case .assigned: self = .assigned
        case .starting: self = .starting
        case .running: self = .running
        case .stopping: self = .stopping
        case .finished: self = .finished
        case .failed: self = .failed
        case .lost: self = .lost
        case .unspecified, .UNRECOGNIZED: throw Check.unknownChoice(wire.rawValue, field)
        }
    }

    var wire: WireSlotState {
        switch self {
        case .pending: .pending
        case .assigned: .assigned
        case .starting: .starting
        case .running: .running
        case .stopping: .stopping
        case .finished: .finished
        case .failed: .failed
        case .lost: .lost
        }
    }
}

extension Architecture {
    init(wire: WireArchitecture, _ field: String) throws(ProtocolError) {
        switch wire {
        case .amd64: self = .amd64
        case .arm64: self = .arm64
        case .unspecified, .UNRECOGNIZED: throw Check.unknownChoice(wire.rawValue, field)
        }
    }

    var wire: WireArchitecture {
        switch self {
        case .amd64: .amd64
        case .arm64: .arm64
        }
    }
}

extension DeviceType {
    init(wire: WireDeviceType, _ field: String) throws(ProtocolError) {
        switch wire {
        case .gpu: self = .gpu
        case .npu: self = .npu
        case .unspecified, .UNRECOGNIZED: throw Check.unknownChoice(wire.rawValue, field)
        }
    }

    var wire: WireDeviceType {
        switch self {
        case .gpu: .gpu
        case .npu: .npu
        }
    }
}

extension JobKind {
    init(wire: WireJobKind, _ field: String) throws(ProtocolError) {
        switch wire {
        case .batch: self = .batch
        case .service: self = .service
        case .tasks: self = .tasks
        case .unspecified, .UNRECOGNIZED: throw Check.unknownChoice(wire.rawValue, field)
        }
    }

    var wire: WireJobKind {
        switch self {
        case .batch: .batch
        case .service: .service
        case .tasks: .tasks
        }
    }
}

extension WarningSignal {
    static func optional(wire: WireWarningSignal, _ field: String) throws(ProtocolError) -> WarningSignal? {
        switch wire {
        case .unspecified: nil
        case .hup: .hup
        case .int: .int
        case .usr1: .usr1
        case .usr2: .usr2
        case .UNRECOGNIZED: throw Check.unknownChoice(wire.rawValue, field)
        }
    }

    var wire: WireWarningSignal {
        switch self {
        case .hup: .hup
        case .int: .int
        case .usr1: .usr1
        case .usr2: .usr2
        }
    }
}

extension Runtime {
    init(wire: WireRuntime, _ field: String) throws(ProtocolError) {
        switch wire {
        case .process: self = .process
        case .unspecified, .UNRECOGNIZED: throw Check.unknownChoice(wire.rawValue, field)
        }
    }

    var wire: WireRuntime {
        switch self {
        case .process: .process
        }
    }
}

extension DisconnectPolicy {
    init(wire: WireDisconnectPolicy, _ field: String) throws(ProtocolError) {
        switch wire {
        case .stop: self = .stop
        case .keep: self = .keep
        case .unspecified, .UNRECOGNIZED: throw Check.unknownChoice(wire.rawValue, field)
        }
    }

    var wire: WireDisconnectPolicy {
        switch self {
        case .stop: .stop
        case .keep: .keep
        }
    }
}

extension LossPolicy {
    init(wire: WireLossPolicy, _ field: String) throws(ProtocolError) {
        switch wire {
        case .requeue: self = .requeue
        case .fail: self = .fail
        case .unspecified, .UNRECOGNIZED: throw Check.unknownChoice(wire.rawValue, field)
        }
    }

    var wire: WireLossPolicy {
        switch self {
        case .requeue: .requeue
        case .fail: .fail
        }
    }
}

extension DeviceHealth {
    init(wire: WireDeviceHealth, _ field: String) throws(ProtocolError) {
        switch wire {
        case .ok: self = .ok
        case .warning: self = .warning
        case .failed: self = .failed
        case .unknown: self = .unknown
        case .unspecified, .UNRECOGNIZED: throw Check.unknownChoice(wire.rawValue, field)
        }
    }

    var wire: WireDeviceHealth {
        switch self {
        case .ok: .ok
        case .warning: .warning
        case .failed: .failed
        case .unknown: .unknown
        }
    }
}

extension ToolReport.State {
    init(wire: WireToolReport.State, _ field: String) throws(ProtocolError) {
        switch wire {
        case .ok: self = .ok
        case .missing: self = .missing
        case .failed: self = .failed
        case .timedOut: self = .timedOut
        case .unreadable: self = .unreadable
        case .unspecified, .UNRECOGNIZED: throw Check.unknownChoice(wire.rawValue, field)
        }
    }

    var wire: WireToolReport.State {
        switch self {
        case .ok: .ok
        case .missing: .missing
        case .failed: .failed
        case .timedOut: .timedOut
        case .unreadable: .unreadable
        }
    }
}

extension Refusal.Code {
    init(wire: WireRefusal.Code, _ field: String) throws(ProtocolError) {
        switch wire {
        case .versionMismatch: self = .versionMismatch
        case .foreignCluster: self = .foreignCluster
        case .revoked: self = .revoked
        case .unknownNode: self = .unknownNode
        case .identityInUse: self = .identityInUse
        case .overloaded: self = .overloaded
        case .protocolViolation: self = .protocolViolation
        case .shuttingDown: self = .shuttingDown
        case .replaced: self = .replaced
        case .unspecified, .UNRECOGNIZED: throw Check.unknownChoice(wire.rawValue, field)
        }
    }

    var wire: WireRefusal.Code {
        switch self {
        case .versionMismatch: .versionMismatch
        case .foreignCluster: .foreignCluster
        case .revoked: .revoked
        case .unknownNode: .unknownNode
        case .identityInUse: .identityInUse
        case .overloaded: .overloaded
        case .protocolViolation: .protocolViolation
        case .shuttingDown: .shuttingDown
        case .replaced: .replaced
        }
    }
}

extension LogStream {
    init(wire: WireLogRequest.Stream, _ field: String) throws(ProtocolError) {
        switch wire {
        case .stdout: self = .stdout
        case .stderr: self = .stderr
        case .unspecified, .UNRECOGNIZED: throw Check.unknownChoice(wire.rawValue, field)
        }
    }

    var wire: WireLogRequest.Stream {
        switch self {
        case .stdout: .stdout
        case .stderr: .stderr
        }
    }
}
