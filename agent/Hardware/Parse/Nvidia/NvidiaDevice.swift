import ClusterTypes
package import ProtocolMessages
import TextForms

/// One GPU as `nvidia-smi` shows it. nil is "N/A" or not there at all, never 0.
package struct NvidiaDevice: Hashable, Sendable {
    /// Position in bus order, as CUDA counts with `CUDA_DEVICE_ORDER=PCI_BUS_ID`.
    package var index: UInt32
    package var name: String?
    /// Names the GPU for good: neither the index nor the minor number does.
    package var uuid: String?
    /// As printed.
    package var busID: String?
    /// Of `/dev/nvidia<minor>`; differs from the index on some machines.
    package var minorNumber: UInt32?
    package var memoryTotalBytes: Int64?
    package var memoryUsedBytes: Int64?
    package var utilizationPercent: UInt32?
    package var temperatureCelsius: Int32?
    /// Of the GPU, not of its memory or of the whole module; the average where there is one.
    package var powerMilliwatts: UInt32?
    /// In force now.
    package var powerLimitMilliwatts: UInt32?
    package var isPersistent: Bool?
    package var multiprocessorMegahertz: UInt32?
    package var memoryMegahertz: UInt32?
    /// What slows the clocks now, as the XML names it: "sw_power_cap", "hw_thermal_slowdown", "gpu_idle".
    package var throttleReasons: [String]?
    /// "Enabled" or "Disabled"; nil where the GPU cannot.
    package var migMode: String?
    /// The output has a place for the mode: the driver knows of MIG.
    package var hasMIGMode = false
    package var migInstances: [NvidiaMIGInstance] = []
    /// Since the driver was loaded; nil without ECC.
    package var volatileErrors: NvidiaMemoryErrors?
    /// Over the life of the GPU.
    package var aggregateErrors: NvidiaMemoryErrors?
    package var remappedRows: NvidiaRemappedRows?
    package var retiredPages: NvidiaRetiredPages?
    /// "None", "Reset", "Reboot", "Drain P2P", "Drain and Reset", as printed.
    package var recoveryAction: String?
    /// nil where the output has no list of processes.
    package var processes: [NvidiaProcess]?
    package var health: DeviceHealth = .ok
    package var reason: String?

    package init(index: UInt32, name: String? = nil) {
        self.index = index
        self.name = name
    }

    package var uncorrectableErrors: UInt64? { volatileErrors?.uncorrected }
}

/// A part of a GPU in MIG mode: programs see it as a device of its own.
package struct NvidiaMIGInstance: Hashable, Sendable {
    /// Position among the instances of its GPU.
    package var index: UInt32
    package var gpuInstance: UInt32?
    package var computeInstance: UInt32?
    /// "3g.40gb", "1c.3g.40gb", "1g.10gb+me"; only `nvidia-smi -L` says it, and the UUID.
    package var profile: String?
    package var uuid: String?
    package var memoryTotalBytes: Int64?
    package var memoryUsedBytes: Int64?
    package var multiprocessors: UInt32?
    /// Since the driver was loaded.
    package var correctedErrors: UInt64?
    package var uncorrectedErrors: UInt64?

    package init(index: UInt32) { self.index = index }
}

/// Counters of memory errors, whichever of the three layouts printed them.
package struct NvidiaMemoryErrors: Hashable, Sendable {
    package var corrected: UInt64?
    package var uncorrected: UInt64?
    /// More errors in the chip's own memory than NVIDIA wants a GPU to have.
    package var isThresholdExceeded: Bool?
}

/// Rows of memory replaced by spare ones (Ampere and newer).
package struct NvidiaRemappedRows: Hashable, Sendable {
    package var corrected: UInt64?
    package var uncorrected: UInt64?
    package var isPending: Bool?
    package var hasFailed: Bool?
}

/// Pages of memory no longer used (before Ampere).
package struct NvidiaRetiredPages: Hashable, Sendable {
    package var singleBit: UInt64?
    package var doubleBit: UInt64?
    package var isPending: Bool?
}

/// A process that has memory of a GPU.
package struct NvidiaProcess: Hashable, Sendable {
    package var pid: Int64
    /// Index of its GPU.
    package var gpu: UInt32?
    package var busID: String?
    package var gpuUUID: String?
    package var gpuInstance: UInt32?
    package var computeInstance: UInt32?
    /// "C" computes, "G" draws, "C+G".
    package var type: String?
    /// As printed: the table cuts it at the left.
    package var name: String?
    package var memoryBytes: Int64?

    package init(pid: Int64) { self.pid = pid }
}

/// What `nvidia-smi` writes where a value should be.
enum NvidiaValue {
    static func known(_ text: some StringProtocol) -> String? {
        guard let value = Scan.known(text), failure(value) == nil else { return nil }
        switch value.lowercased() {
        case "[not found]", "insufficient permissions", "[insufficient permissions]", "deprecated",
            "requested functionality has been deprecated", "[requested functionality has been deprecated]":
            return nil
        default: return value
        }
    }

    /// The value of a GPU that the tool has lost.
    static func failure(_ text: String) -> String? {
        let lower = text.lowercased()
        let isFailure =
            lower.contains("unknown error") || lower.contains("gpu is lost")
            || lower.contains("requires reset") || lower == "err!"
        return isFailure ? text : nil
    }

    static func bus(_ text: some StringProtocol) -> String? {
        Scan.known(text).flatMap { BusAddress($0) == nil ? nil : $0 }
    }

    /// A count: only digits, nothing after them.
    static func count(_ text: some StringProtocol) -> UInt64? { UInt64(Scan.trimmed(text)) }

    static func megahertz(_ text: some StringProtocol) -> UInt32? { Scan.unsigned(text) }

    static func flag(_ text: some StringProtocol) -> Bool? {
        switch Scan.trimmed(text).lowercased() {
        case "yes", "enabled", "on", "active", "1": true
        case "no", "disabled", "off", "not active", "0": false
        default: nil
        }
    }

    /// nil where nothing is known; a sum that does not fit is the largest number.
    static func sum(_ counts: [UInt64?]) -> UInt64? {
        let known = counts.compactMap { $0 }
        guard !known.isEmpty else { return nil }
        return known.reduce(0) { sum, count in
            let (next, isTooLarge) = sum.addingReportingOverflow(count)
            return isTooLarge ? .max : next
        }
    }
}
