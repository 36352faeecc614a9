package import ProtocolMessages

/// What `status` shows: a machine at one moment.
package struct MachineStatus: Hashable, Sendable {
    package var report: HardwareReport
    /// nil where it was not measured.
    package var load: Heartbeat?
    /// False where the load comes from a first look: how busy the processors are takes two.
    package var isProcessorLoadKnown: Bool

    /// nil where it was not asked for or is not known.
    package var cloud: CloudInstance?

    package init(
        report: HardwareReport, load: Heartbeat? = nil, isProcessorLoadKnown: Bool = true,
        cloud: CloudInstance? = nil
    ) {
        self.cloud = cloud
        self.report = report
        self.load = load
        self.isProcessorLoadKnown = isProcessorLoadKnown
    }
}
