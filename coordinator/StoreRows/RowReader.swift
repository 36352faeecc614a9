import ClusterTypes
package import CoordinatorCore
package import CoordinatorStore
import ProtocolMessages

#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// Turns rows, read in the order of `Table`'s columns, into records.
package struct RowReader {
    package let decoder = JSONDecoder()

    package init() {}

    package func node(_ columns: inout some ColumnReader) throws -> NodeRecord {
        NodeRecord(
            node: columns.identifier(), name: columns.text(), pool: columns.text(),
            state: try columns.word(), reason: columns.text(), since: try columns.instant(),
            isCordoned: columns.boolean(), isDraining: columns.boolean(),
            labels: try columns.json(decoder),
            capacity: try columns.json(decoder, \.isWithinBounds),
            keyFingerprint: columns.text(), address: columns.text(), build: columns.text(),
            bootID: columns.text(), enrolledAt: try columns.instant(), hasLeft: columns.boolean(),
            cordonReason: columns.text(), declared: try declared(&columns),
            dampedUntil: try columns.optionalInstant(), dampingCount: try columns.counter(),
            removal: columns.optionalText(), endsAt: try columns.optionalInstant(),
            quarantine: try columns.optionalJSON(decoder, \.isWithinBounds),
            deviceQuarantines: try columns.optionalJSON(decoder) { $0.allSatisfy(\.isWithinBounds) } ?? [])
    }

    private func declared(_ columns: inout some ColumnReader) throws -> DeclaredHardware? {
        let milliCPU = columns.optionalInteger()
        let memoryBytes = columns.optionalInteger()
        let devices: Int? = try columns.optionalNumber()
        guard let milliCPU, let memoryBytes, let devices else { return nil }
        return DeclaredHardware(milliCPU: milliCPU, memoryBytes: memoryBytes, devices: devices)
    }

    package func job(_ columns: inout some ColumnReader) throws -> Stored<JobRecord> {
        let job: JobID = columns.identifier()
        // Copies for queries; the specification holds them.
        _ = columns.text()
        _ = columns.text()
        _ = columns.text()
        _ = columns.integer()
        let state: JobState = try columns.word()
        let reason = columns.text()
        let taskCount = try columns.number(UInt32.self)
        let isOpen = columns.boolean()
        let counts = TaskCounts(
            ready: try columns.number(), running: try columns.number(), succeeded: try columns.number(),
            failed: try columns.number(), canceled: try columns.number())
        try columns.check(counts.isWithinBounds, "\(counts.canceled)", "a count of tasks, of all of which")
        let retried = try columns.counter()
        let submitter = columns.text()
        let submittedAt = try columns.instant()
        let endedAt = try columns.optionalInstant()
        let revision = UInt64(bitPattern: columns.integer())
        let specification: JobSpecification = try columns.json(decoder) { specification in
            specification.isWithinBounds
                && (specification.kind != .tasks || taskCount <= specification.array?.count ?? .max)
        }
        let record = JobRecord(
            job: job, specification: specification, state: state, reason: reason, taskCount: taskCount,
            isOpen: isOpen, counts: counts, retried: retried, submitter: submitter, submittedAt: submittedAt,
            endedAt: endedAt)
        return Stored(record, revision: revision)
    }

    package func slot(_ columns: inout some ColumnReader) throws -> SlotRecord {
        let slot: SlotID = columns.identifier()
        let generation = try columns.generation()
        var record = SlotRecord(
            slot: slot, generation: generation, job: columns.identifier(), state: try columns.word(),
            reason: columns.text(), node: columns.optionalIdentifier(),
            devices: try columns.parsed("a list like '0:1000 1:500'", DeviceList.parse),
            exitCode: try columns.optionalNumber(), attempts: try columns.counter(),
            tasks: try columns.parsed("a list like '17:1 20-30:1'", TaskList.parse),
            createdAt: try columns.instant(), since: try columns.instant(),
            crashes: try columns.nodes())
        record.alternative = try columns.counter()
        return record
    }

    package func task(_ columns: inout some ColumnReader) throws -> TaskRecord {
        _ = columns.integer()
        let index: TaskIndex = try columns.number()
        let state: TaskState = try columns.word()
        let attempt = try columns.number(UInt32.self)
        let exitCode: Int32? = try columns.optionalNumber()
        let reason = columns.text()
        let slot: SlotID? = columns.optionalIdentifier()
        let generation = Generation(UInt64(bitPattern: columns.optionalInteger() ?? 0))
        return TaskRecord(
            index: index, state: state, attempt: attempt, exitCode: exitCode, reason: reason,
            slot: slot.map { SlotKey($0, generation) }, node: columns.optionalIdentifier(),
            startedAt: try columns.optionalInstant(), durationMicroseconds: columns.integer(),
            crashes: try columns.nodes(), pardoned: try columns.counter())
    }

    package func token(_ columns: inout some ColumnReader) throws -> TokenRecord {
        let token: TokenID = columns.identifier()
        let name = columns.text()
        let purpose = try columns.parsed("'join' or 'api'") { ["join", "api"].contains($0) ? $0 : nil }
        let pool = columns.optionalText()
        let role: Role?
        if purpose == "api" {
            role = try columns.word()
        } else {
            role = nil
            _ = columns.optionalText()
        }
        return TokenRecord(
            token: token, name: name, purpose: role.map { .api($0) } ?? .join(pool: pool ?? ""),
            secretHash: columns.text(), expiresAt: try columns.optionalInstant(),
            usesLeft: try columns.optionalNumber(), isRevoked: columns.boolean(),
            createdAt: try columns.instant())
    }

    package func virtualCluster(_ columns: inout some ColumnReader) throws -> VirtualClusterRecord {
        let name = columns.text()
        let weight = try columns.number(UInt32.self)
        try columns.check(VirtualClusterRecord.weights.contains(weight), "\(weight)", "a weight of 1 to 1000")
        return VirtualClusterRecord(
            name: name, quotas: try quotas(&columns), userQuotas: try quotas(&columns), weight: weight,
            createdAt: try columns.instant())
    }

    private func quotas(_ columns: inout some ColumnReader) throws -> [Quota] {
        let counts: [String: UInt32] = try columns.json(decoder) { counts in
            counts.allSatisfy { $1 <= Quota.largest && Quota(named: $0, $1) != nil }
        }
        return counts.compactMap { Quota(named: $0, $1) }
    }

    package func pool(_ columns: inout some ColumnReader) throws -> PoolRecord {
        var record = PoolRecord(name: columns.text())
        record.isPaused = columns.boolean()
        record.minimum = try columns.optionalNumber()
        record.maximum = try columns.optionalNumber()
        record.failures = try columns.counter()
        record.lastFailureAt = try columns.optionalInstant()
        record.failureReason = columns.text()
        record.learned = try columns.optionalJSON(decoder, \.isWithinBounds)
        record.periodBegan = try columns.optionalInstant()
        record.spentNodeSeconds = columns.integer()
        return record
    }

    package func launch(_ columns: inout some ColumnReader) throws -> LaunchRecord {
        let launch: LaunchID = columns.identifier()
        let pool = columns.text()
        let count = try columns.number(UInt32.self)
        let state: LaunchState = try columns.word()
        let reason = columns.text()
        var record = LaunchRecord(
            launch: launch, pool: pool, count: count, cause: columns.text(),
            requestedAt: try columns.instant())
        record.state = state
        record.reason = reason
        record.endedAt = try columns.optionalInstant()
        record.token = columns.optionalIdentifier()
        record.allocations = try columns.json(decoder) { $0.allSatisfy(\.isWithinBounds) }
        return record
    }

    package func fairShare(_ columns: inout some ColumnReader) throws -> FairShareRecord {
        let virtualCluster = columns.text()
        return FairShareRecord(
            virtualCluster: virtualCluster.isEmpty ? nil : virtualCluster, user: columns.text(),
            asOf: try columns.instant(), milliCPUSeconds: columns.integer(),
            memoryMebibyteSeconds: columns.integer(), deviceShareSeconds: columns.integer())
    }

    package func history(_ columns: inout some ColumnReader) throws -> HistoryRecord {
        let resolution: HistoryRecord.Resolution = try columns.word()
        let from = try columns.instant()
        let through = try columns.instant()
        _ = columns.integer()
        return HistoryRecord(resolution: resolution, from: from, through: through, block: columns.bytes())
    }

    package func usage(_ columns: inout some ColumnReader) throws -> UsageRecord {
        UsageRecord(
            from: try columns.instant(), job: columns.identifier(), resource: columns.text(),
            user: columns.text(), bookedMicroseconds: columns.integer(), idleMicroseconds: columns.integer(),
            unknownMicroseconds: columns.integer(), usedMicroseconds: columns.integer(),
            memoryBookedMebibyteSeconds: columns.integer(), memoryUsedMebibyteSeconds: columns.integer())
    }

    /// The columns at, subject, subject_number, message.
    package func event(_ columns: inout some ColumnReader) throws -> EventRecord {
        let at = try columns.instant()
        let word = try columns.parsed("'node', 'job', 'slot' or 'cluster'") { word in
            ["node", "job", "slot", "cluster"].contains(word) ? word : nil
        }
        let number = UInt64(bitPattern: columns.optionalInteger() ?? 0)
        let subject: EventRecord.Subject =
            switch word {
            case "node": .node(NodeID(number))
            case "job": .job(JobID(number))
            case "slot": .slot(SlotID(number))
            default: .cluster
            }
        return EventRecord(at: at, subject: subject, message: columns.text())
    }
}
