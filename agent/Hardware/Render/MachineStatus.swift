package import ProtocolMessages

/// What `status` shows: a machine at one moment.
package struct MachineStatus: Hashable, Sendable {
    package var report: HardwareReport
    /// nil where it was not measured.
    package var load: Heartbeat?
    /// False where the load comes from a first look: how busy the processors are takes two.
    package var isProcessorLoadKnown: Bool
    /// For each device the age of its readings in seconds, where its tool does not tell them now; nil: they are
    /// current. It may be shorter than the devices.
    package var readingAges: [UInt32?]

    package init(
        report: HardwareReport, load: Heartbeat? = nil, isProcessorLoadKnown: Bool = true,
        readingAges: [UInt32?] = []
    ) {
        self.report = report
        self.load = load
        self.isProcessorLoadKnown = isProcessorLoadKnown
        self.readingAges = readingAges
    }

    /// nil where the readings of the device at this position are current.
    func readingAge(_ position: Int) -> UInt32? {
        readingAges.indices.contains(position) ? readingAges[position] : nil
    }
}
