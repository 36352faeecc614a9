import ProtocolMessages

/// What is kept of a node and of its devices. The raw values stand in blocks: they are for ever.
package enum HistorySeries: UInt8, CaseIterable, Sendable, Hashable {
    /// One-minute load average in 1/1000, to 1/100.
    case loadMilli = 1
    /// Of all usable processors, 0...1000.
    case processorPermille = 2
    /// To the MiB, as all memory and disk.
    case memoryUsedBytes = 3
    case diskAvailableBytes = 4
    /// Bytes a second, to eight significant bits (0.4 %), as all rates.
    case diskReadBytes = 5
    case diskWriteBytes = 6
    case networkReceiveBytes = 7
    case networkSendBytes = 8
    case runningSlots = 9

    /// 0...1000.
    case utilizationPermille = 32
    case deviceMemoryUsedBytes = 33
    case temperatureCelsius = 34
    /// To 100.
    case powerMilliwatts = 35
    case clockMegahertz = 36
    case correctedErrors = 37
    case uncorrectedErrors = 38

    /// Of a device, else of its node.
    package var isOfDevice: Bool { rawValue >= 32 }

    /// As the API and the command line call it.
    package var name: String {
        switch self {
        case .loadMilli: "loadMilli"
        case .processorPermille: "processorPermille"
        case .memoryUsedBytes: "memoryUsedBytes"
        case .diskAvailableBytes: "diskAvailableBytes"
        case .diskReadBytes: "diskReadBytesPerSecond"
        case .diskWriteBytes: "diskWriteBytesPerSecond"
        case .networkReceiveBytes: "networkReceiveBytesPerSecond"
        case .networkSendBytes: "networkSendBytesPerSecond"
        case .runningSlots: "runningSlots"
        case .utilizationPermille: "utilizationPermille"
        case .deviceMemoryUsedBytes: "deviceMemoryUsedBytes"
        case .temperatureCelsius: "temperatureCelsius"
        case .powerMilliwatts: "powerMilliwatts"
        case .clockMegahertz: "clockMegahertz"
        case .correctedErrors: "correctedErrors"
        case .uncorrectedErrors: "uncorrectedErrors"
        }
    }

    package static let ofNode = allCases.filter { !$0.isOfDevice }
    package static let ofDevice = allCases.filter(\.isOfDevice)

    /// What of it is kept in coarse steps. Of a counter only the largest value says anything; of free space and
    /// of rates the mean does.
    package var coarseAggregates: [HistoryAggregate] {
        switch self {
        case .correctedErrors, .uncorrectedErrors: [.maximum]
        case .diskAvailableBytes, .diskReadBytes, .diskWriteBytes, .networkReceiveBytes, .networkSendBytes,
            .clockMegahertz, .runningSlots:
            [.mean]
        case .loadMilli, .processorPermille, .memoryUsedBytes, .utilizationPermille, .deviceMemoryUsedBytes,
            .temperatureCelsius, .powerMilliwatts:
            [.mean, .maximum]
        }
    }

    func value(in beat: Heartbeat) -> Int64? {
        switch self {
        case .loadMilli: Int64(beat.loadMilli)
        case .processorPermille: Int64(beat.processorPermille)
        case .memoryUsedBytes: beat.memoryUsedBytes
        case .diskAvailableBytes: beat.diskAvailableBytes
        case .diskReadBytes: beat.rates.diskReadBytes
        case .diskWriteBytes: beat.rates.diskWriteBytes
        case .networkReceiveBytes: beat.rates.networkReceiveBytes
        case .networkSendBytes: beat.rates.networkSendBytes
        case .runningSlots: Int64(beat.runningSlots)
        case .utilizationPermille, .deviceMemoryUsedBytes, .temperatureCelsius, .powerMilliwatts,
            .clockMegahertz, .correctedErrors, .uncorrectedErrors:
            nil
        }
    }

    func value(in sample: DeviceSample) -> Int64? {
        switch self {
        case .utilizationPermille: sample.utilizationPercent.map { Int64($0) * 10 }
        case .deviceMemoryUsedBytes: sample.memoryUsedBytes
        case .temperatureCelsius: sample.temperatureCelsius.map(Int64.init)
        case .powerMilliwatts: sample.powerMilliwatts.map(Int64.init)
        case .clockMegahertz: sample.clockMegahertz.map(Int64.init)
        case .correctedErrors: sample.correctedErrors.map(Int64.init(clamping:))
        case .uncorrectedErrors: sample.uncorrectedErrors.map(Int64.init(clamping:))
        case .loadMilli, .processorPermille, .memoryUsedBytes, .diskAvailableBytes, .diskReadBytes,
            .diskWriteBytes, .networkReceiveBytes, .networkSendBytes, .runningSlots:
            nil
        }
    }
}

/// Which number of a step stands for it.
package enum HistoryAggregate: UInt8, Sendable, Hashable {
    /// The one reading.
    case reading = 0
    case mean = 1
    case maximum = 2
}

/// One column for each node, or for each of its devices.
package struct HistoryChannel: Sendable, Hashable {
    package var series: HistorySeries
    package var aggregate: HistoryAggregate

    package init(_ series: HistorySeries, _ aggregate: HistoryAggregate) {
        self.series = series
        self.aggregate = aggregate
    }
}

// How exactly a value is kept: what nobody reads should not cost bytes.
extension HistorySeries {
    private enum Scale {
        case unit(Int64)
        /// Eight significant bits.
        case logarithmic
    }

    private var scale: Scale {
        switch self {
        case .memoryUsedBytes, .diskAvailableBytes, .deviceMemoryUsedBytes: .unit(1 << 20)
        case .diskReadBytes, .diskWriteBytes, .networkReceiveBytes, .networkSendBytes: .logarithmic
        case .powerMilliwatts: .unit(100)
        case .loadMilli: .unit(10)
        case .processorPermille, .runningSlots, .utilizationPermille, .temperatureCelsius, .clockMegahertz,
            .correctedErrors, .uncorrectedErrors:
            .unit(1)
        }
    }

    /// The number that is kept for a value; grows with it.
    func code(_ value: Int64) -> Int64 {
        switch scale {
        case .unit(let unit):
            let (quotient, remainder) = value.quotientAndRemainder(dividingBy: unit)
            guard remainder.magnitude * 2 >= unit.magnitude, unit > 1 else { return quotient }
            return quotient + remainder.signum()
        case .logarithmic:
            guard value >= 256 else { return max(0, value) }
            let exponent = Int64(56 - value.leadingZeroBitCount)
            return (exponent << 7) + (value >> exponent)
        }
    }

    /// The value that a kept number stands for, whatever it is.
    func value(_ code: Int64) -> Int64 {
        switch scale {
        case .unit(let unit):
            let (value, overflows) = code.multipliedReportingOverflow(by: unit)
            return overflows ? (code < 0 ? .min : .max) : value
        case .logarithmic:
            guard code >= 256 else { return code }
            let exponent = (code - 128) >> 7
            guard exponent <= 55 else { return .max }
            return (code - (exponent << 7)) << exponent
        }
    }
}
