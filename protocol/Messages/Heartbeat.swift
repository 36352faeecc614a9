package import ClusterTypes

/// A sign of life with the node's load. Its acknowledgement renews the lease from the moment it was sent.
package struct Heartbeat: Hashable, Sendable {
    /// Counts from 1 in each connection.
    package var sequence: UInt64
    /// Since the machine was started.
    package var uptimeSeconds: UInt32
    /// One-minute load average in 1/1000.
    package var loadMilli: UInt32
    /// Of all usable processors, 0...1000.
    package var processorPermille: UInt32
    package var memoryUsedBytes: Int64
    package var diskAvailableBytes: Int64
    package var rates: TransferRates
    package var devices: [DeviceSample]
    /// Of the incarnations that have processes; at most `ProtocolLimits.slotSamplesPerBeat`.
    package var slots: [SlotSample]
    package var runningSlots: UInt32

    /// Dictionaries for the compression of beats that this version has, best first.
    package static let dictionaries: [UInt32] = [1]

    package init(
        sequence: UInt64, uptimeSeconds: UInt32 = 0, loadMilli: UInt32 = 0, processorPermille: UInt32 = 0,
        memoryUsedBytes: Int64 = 0, diskAvailableBytes: Int64 = 0, rates: TransferRates = TransferRates(),
        devices: [DeviceSample] = [], slots: [SlotSample] = [], runningSlots: UInt32 = 0
    ) {
        self.sequence = sequence
        self.uptimeSeconds = uptimeSeconds
        self.loadMilli = loadMilli
        self.processorPermille = processorPermille
        self.memoryUsedBytes = memoryUsedBytes
        self.diskAvailableBytes = diskAvailableBytes
        self.rates = rates
        self.devices = devices
        self.slots = slots
        self.runningSlots = runningSlots
    }
}

/// Bytes a second over all of a node's disks and network interfaces, but for the loopback; 0 until measured twice.
package struct TransferRates: Hashable, Sendable {
    package var diskReadBytes: Int64
    package var diskWriteBytes: Int64
    package var networkReceiveBytes: Int64
    package var networkSendBytes: Int64

    package init(
        diskReadBytes: Int64 = 0, diskWriteBytes: Int64 = 0, networkReceiveBytes: Int64 = 0,
        networkSendBytes: Int64 = 0
    ) {
        self.diskReadBytes = diskReadBytes
        self.diskWriteBytes = diskWriteBytes
        self.networkReceiveBytes = networkReceiveBytes
        self.networkSendBytes = networkSendBytes
    }
}

/// Telemetry of the device at the same position of the hardware report; nil is not known.
package struct DeviceSample: Hashable, Sendable {
    package var utilizationPercent: UInt32?
    package var memoryUsedBytes: Int64?
    package var temperatureCelsius: Int32?
    package var powerMilliwatts: UInt32?
    /// Of its processing units, now.
    package var clockMegahertz: UInt32?
    /// Memory errors since the driver was loaded.
    package var correctedErrors: UInt64?
    package var uncorrectedErrors: UInt64?

    package init(
        utilizationPercent: UInt32? = nil, memoryUsedBytes: Int64? = nil, temperatureCelsius: Int32? = nil,
        powerMilliwatts: UInt32? = nil, clockMegahertz: UInt32? = nil, correctedErrors: UInt64? = nil,
        uncorrectedErrors: UInt64? = nil
    ) {
        self.utilizationPercent = utilizationPercent
        self.memoryUsedBytes = memoryUsedBytes
        self.temperatureCelsius = temperatureCelsius
        self.powerMilliwatts = powerMilliwatts
        self.clockMegahertz = clockMegahertz
        self.correctedErrors = correctedErrors
        self.uncorrectedErrors = uncorrectedErrors
    }
}

/// What one incarnation uses on its node.
package struct SlotSample: Hashable, Sendable {
    package var key: SlotKey
    package var state: SlotState
    /// 1/1000 of a processor, since the sample before.
    package var milliCPU: UInt32
    /// Resident, of all its processes.
    package var memoryBytes: Int64
    /// Mean utilization of its devices, 0...1000; nil without devices, or without a reading of one.
    package var devicePermille: UInt32?

    package init(
        key: SlotKey, state: SlotState, milliCPU: UInt32 = 0, memoryBytes: Int64 = 0,
        devicePermille: UInt32? = nil
    ) {
        self.key = key
        self.state = state
        self.milliCPU = milliCPU
        self.memoryBytes = memoryBytes
        self.devicePermille = devicePermille
    }
}
