import ProtocolGenerated
import ProtocolMessages

extension Heartbeat {
    init(wire: WireHeartbeat) throws(ProtocolError) {
        self.init(
            sequence: wire.sequence,
            loadMilli: wire.loadMilli,
            processorPermille: try Check.range(
                wire.processorPermille, 0...1_000, "heartbeat.processor_permille"),
            memoryUsedBytes: try Check.amount(wire.memoryUsedBytes, "heartbeat.memory_used_bytes"),
            diskAvailableBytes: try Check.amount(wire.diskAvailableBytes, "heartbeat.disk_available_bytes"),
            devices: try wire.devices.map(DeviceSample.init(wire:)),
            runningSlots: wire.runningSlots)
    }

    /// Load is measured over intervals that are never exact: what comes out above its range is sent as the end
    /// of the range, so that no measurement can cost a node its connection.
    var wire: WireHeartbeat {
        var wire = WireHeartbeat()
        wire.sequence = sequence
        wire.loadMilli = loadMilli
        wire.processorPermille = min(processorPermille, 1_000)
        wire.memoryUsedBytes = max(memoryUsedBytes, 0)
        wire.diskAvailableBytes = max(diskAvailableBytes, 0)
        wire.devices = devices.map(\.wire)
        wire.runningSlots = runningSlots
        return wire
    }
}

extension DeviceSample {
    init(wire: WireDeviceSample) throws(ProtocolError) {
        self.init(
            utilizationPercent: try Check.optionalRange(
                wire.hasUtilizationPercent ? wire.utilizationPercent : nil, 0...100,
                "heartbeat.devices.utilization_percent"),
            memoryUsedBytes: try Check.optionalAmount(
                wire.hasMemoryUsedBytes ? wire.memoryUsedBytes : nil, "heartbeat.devices.memory_used_bytes"),
            temperatureCelsius: wire.hasTemperatureCelsius ? wire.temperatureCelsius : nil,
            powerMilliwatts: wire.hasPowerMilliwatts ? wire.powerMilliwatts : nil)
    }

    var wire: WireDeviceSample {
        var wire = WireDeviceSample()
        if let utilizationPercent { wire.utilizationPercent = min(utilizationPercent, 100) }
        if let memoryUsedBytes { wire.memoryUsedBytes = max(memoryUsedBytes, 0) }
        if let temperatureCelsius { wire.temperatureCelsius = temperatureCelsius }
        if let powerMilliwatts { wire.powerMilliwatts = powerMilliwatts }
        return wire
    }
}
