package import ClusterTypes

// What the store keeps of the past. The machine knows nothing of it: the driver's history keeper writes it in the
// driver's transactions.

/// Samples of the whole cluster in one window, as one block of bytes (`CoordinatorHistory.HistoryBlock`).
package struct HistoryRecord: Hashable, Sendable {
    package enum Resolution: String, Hashable, Sendable, CaseIterable {
        /// Every sample that was taken.
        case full
        /// Means and maxima of steps.
        case coarse
    }

    package var resolution: Resolution
    /// Of the first sample: with the resolution, its key. A block that is put again with it has more samples.
    package var from: Instant
    /// Of the last one.
    package var through: Instant
    package var block: [UInt8]

    package init(resolution: Resolution, from: Instant, through: Instant, block: [UInt8]) {
        self.resolution = resolution
        self.from = from
        self.through = through
        self.block = block
    }
}

/// What one job has had of one kind of resource, and made of it, in a time of at most an hour.
///
/// The times are products: two devices for a second are two seconds, a quarter of one is a quarter of a second. Idle,
/// unknown and the rest (when it was at work) add up to booked.
package struct UsageRecord: Hashable, Sendable {
    /// For processors and memory; devices have their model.
    package static let processors = "cpu"

    /// The beginning of the time; with job and resource, its key.
    package var from: Instant
    package var job: JobID
    package var resource: String
    /// The job's submitter.
    package var user: String
    package var bookedMicroseconds: Int64
    /// Booked, and not used at all in a step of five minutes.
    package var idleMicroseconds: Int64
    /// Booked, and nobody can say how much of it was used.
    package var unknownMicroseconds: Int64
    /// Utilization times time: half of a device for two seconds is one second.
    package var usedMicroseconds: Int64
    /// MiB times seconds; of `cpu` alone.
    package var memoryBookedMebibyteSeconds: Int64
    package var memoryUsedMebibyteSeconds: Int64

    package init(
        from: Instant, job: JobID, resource: String, user: String, bookedMicroseconds: Int64 = 0,
        idleMicroseconds: Int64 = 0, unknownMicroseconds: Int64 = 0, usedMicroseconds: Int64 = 0,
        memoryBookedMebibyteSeconds: Int64 = 0, memoryUsedMebibyteSeconds: Int64 = 0
    ) {
        self.from = from
        self.job = job
        self.resource = resource
        self.user = user
        self.bookedMicroseconds = bookedMicroseconds
        self.idleMicroseconds = idleMicroseconds
        self.unknownMicroseconds = unknownMicroseconds
        self.usedMicroseconds = usedMicroseconds
        self.memoryBookedMebibyteSeconds = memoryBookedMebibyteSeconds
        self.memoryUsedMebibyteSeconds = memoryUsedMebibyteSeconds
    }

    /// Adds another one's amounts.
    package mutating func add(_ other: UsageRecord) {
        bookedMicroseconds += other.bookedMicroseconds
        idleMicroseconds += other.idleMicroseconds
        unknownMicroseconds += other.unknownMicroseconds
        usedMicroseconds += other.usedMicroseconds
        memoryBookedMebibyteSeconds += other.memoryBookedMebibyteSeconds
        memoryUsedMebibyteSeconds += other.memoryUsedMebibyteSeconds
    }
}

/// What of the past is dropped.
package struct HistoryRetention: Hashable, Sendable {
    /// Blocks of samples that ended before.
    package var fullBefore: Instant
    /// Blocks of steps that ended before. Usage of days that are over by then is summed up by the day, and stays.
    package var coarseBefore: Instant
    /// Of the blocks of either resolution; the oldest go first.
    package var maximumBytesEach: Int64

    package init(fullBefore: Instant, coarseBefore: Instant, maximumBytesEach: Int64) {
        self.fullBefore = fullBefore
        self.coarseBefore = coarseBefore
        self.maximumBytesEach = maximumBytesEach
    }
}

/// What one slot has on the node where it is placed.
package struct SlotHolding: Hashable, Sendable {
    package struct Device: Hashable, Sendable {
        package var grant: DeviceGrant
        package var model: String

        package init(grant: DeviceGrant, model: String) {
            self.grant = grant
            self.model = model
        }
    }

    package var key: SlotKey
    package var job: JobID
    /// The job's submitter.
    package var user: String
    package var resources: Resources
    package var devices: [Device]

    package init(key: SlotKey, job: JobID, user: String, resources: Resources, devices: [Device] = []) {
        self.key = key
        self.job = job
        self.user = user
        self.resources = resources
        self.devices = devices
    }
}
