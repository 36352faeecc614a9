package import ClusterTypes
package import ProtocolMessages

/// The newest that nodes have said of themselves, at one moment.
package struct TelemetrySnapshot: Sendable {
    package struct Beat: Sendable {
        package var heartbeat: Heartbeat
        package var at: Instant

        package init(_ heartbeat: Heartbeat, at: Instant) {
            self.heartbeat = heartbeat
            self.at = at
        }
    }

    package var beats: [NodeID: Beat]
    /// In the order of the node's report.
    package var devices: [NodeID: [DeviceFacts]]

    package init(beats: [NodeID: Beat] = [:], devices: [NodeID: [DeviceFacts]] = [:]) {
        self.beats = beats
        self.devices = devices
    }
}

/// What tells one device from others: of its report, what placement has no use for.
package struct DeviceFacts: Hashable, Sendable {
    package var vendor: String
    /// As its tool counts.
    package var index: UInt32
    package var uuid: String?
    package var health: DeviceHealth

    package init(vendor: String, index: UInt32, uuid: String? = nil, health: DeviceHealth) {
        self.vendor = vendor
        self.index = index
        self.uuid = uuid
        self.health = health
    }

    package init(_ report: DeviceReport) {
        self.init(vendor: report.vendor, index: report.index, uuid: report.uuid, health: report.health)
    }
}
