import ProtocolMessages

extension NvidiaDevice {
    /// Sets `health` and `reason` from what the other fields say.
    ///
    /// - Parameters:
    ///   - failures: what makes the GPU useless and is in no field.
    ///   - warnings: the same for what does not.
    mutating func judge(failures: [String] = [], warnings: [String] = []) {
        let failures = failures + ownFailures
        let warnings = ownWarnings + warnings
        health = !failures.isEmpty ? .failed : !warnings.isEmpty ? .warning : .ok
        let reasons = failures + warnings
        reason = reasons.isEmpty ? nil : reasons.joined(separator: "; ")
    }

    private var ownFailures: [String] {
        var failures: [String] = []
        if let recoveryAction, recoveryAction != "None", recoveryAction != Self.drain {
            failures.append("the driver asks to recover it: \(recoveryAction)")
        }
        if remappedRows?.hasFailed == true { failures.append("remapping of memory rows has failed") }
        if remappedRows?.isPending == true { failures.append("row remapping waits for a reset") }
        if retiredPages?.isPending == true { failures.append("page retirement waits for a reset") }
        if let count = uncorrectableErrors, count > 0 {
            failures.append("\(count) uncorrectable memory errors since the driver was loaded")
        }
        return failures
    }

    private var ownWarnings: [String] {
        var warnings: [String] = []
        if recoveryAction == Self.drain { warnings.append("the driver asks to recover it: \(Self.drain)") }
        if aggregateErrors?.isThresholdExceeded == true {
            warnings.append("the GPU has had more memory errors than it should")
        }
        if throttleReasons?.contains(Self.hardwareThermal) == true {
            warnings.append("it is too hot: the hardware slows it down")
        }
        return warnings
    }

    /// The hardware's own protection; the driver's, "sw_thermal_slowdown", is part of everyday work.
    private static let hardwareThermal = "hw_thermal_slowdown"

    /// Of the actions, the one that leaves the GPU usable.
    private static let drain = "Drain P2P"
}
