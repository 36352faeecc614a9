package import ProtocolMessages

/// What `status` shows: a machine at one moment.
package struct MachineStatus: Hashable, Sendable {
    package var report: HardwareReport
    /// nil where it was not measured.
    package var load: Heartbeat?
    /// False where the load comes from a first look: how busy the processors are takes two.
    package var isProcessorLoadKnown: Bool

    package init(report: HardwareReport, load: Heartbeat? = nil, isProcessorLoadKnown: Bool = true) {
        self.report = report
        self.load = load
        self.isProcessorLoadKnown = isProcessorLoadKnown
    }
}
