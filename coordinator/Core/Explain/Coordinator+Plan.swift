package import ClusterTypes
import CoordinatorPlacement

/// Where the slots of a job would go, if it were submitted now.
package struct JobPlan: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var node: NodeID
        package var name: String
        package var devices: [DeviceGrant]
        /// Which of the job's requests; see `JobSpecification.request(_:)`.
        package var alternative: UInt32
    }

    package var placed: [Entry]
    /// Slots that would wait.
    package var waiting: Int
    /// Why they would, most important first.
    package var reasons: [String]
}

/// Devices that would be whole again, and what would have to move for it.
package struct MovePlan: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var node: String
        package var device: UInt32
        package var moves: [Move]
    }

    package struct Move: Hashable, Sendable {
        package var slot: SlotID
        package var job: JobID
        package var to: String
        package var devices: [DeviceGrant]
    }

    package var freed: [Entry]
    package var wholeDevices: Int
}

extension Coordinator {
    /// Places the job's slots on a copy of what is known now, as a round would. Nothing is submitted.
    func plan(_ specification: JobSpecification, at now: Instant) throws(CommandRefusal) -> JobPlan {
        if let reason = impossibility(of: specification, at: now) {
            throw CommandRefusal(.impossible, reason)
        }
        var trial = self
        trial.refreshBoard()
        let job = JobID(lastJob + 1)
        let record = JobRecord(job: job, specification: specification, submitter: "", submittedAt: now)
        trial.jobs[job] = Job(record: record, limits)
        var request = trial.request(of: job)
        let count = specification.isEverywhere ? nodes.count : Int(specification.slots.maximum)
        let slots = (0..<min(count, Int(limits.slotsPerJob))).map { SlotID(lastSlot + 1 + UInt64($0)) }
        var placements: [Placement] = []
        if specification.placement.gang != nil {
            placements = trial.board.placeAll(slots, of: &request, at: now) ?? []
        } else {
            for slot in slots {
                guard let placement = trial.board.place(slot, of: &request, at: now) else { break }
                placements.append(placement)
            }
        }
        let isAll = placements.count == slots.count || specification.isEverywhere
        return JobPlan(
            placed: placements.map { placement in
                JobPlan.Entry(
                    node: placement.node, name: nodes[placement.node]?.record.name ?? "",
                    devices: placement.devices, alternative: UInt32(placement.alternative))
            },
            waiting: isAll ? 0 : slots.count - placements.count,
            reasons: isAll ? [] : trial.reasonsToWait(request, at: now))
    }

    private func reasonsToWait(_ request: PlacementRequest, at now: Instant) -> [String] {
        let open = board.nodes.filter(\.takesWork)
        return request.alternatives.map { demand in
            "of \(open.count) nodes that take work, "
                + Fit.misfits(demand, on: open, at: now).map { "\($0.1) \($0.0.explanation)" }
                .joined(separator: ", ")
        }
    }

    /// Which moves would make devices whole. Nothing is moved.
    func planMoves(at now: Instant) -> MovePlan {
        var trial = self
        trial.refreshBoard()
        let freed = trial.board.defragmentation(at: now) { occupant in
            jobs[occupant.job]?.record.state.isEnded == false ? request(of: occupant.job) : nil
        }
        func name(_ node: NodeID) -> String { nodes[node]?.record.name ?? "\(node)" }
        return MovePlan(
            freed: freed.map { entry in
                MovePlan.Entry(
                    node: name(entry.node), device: entry.device,
                    moves: entry.moves.map {
                        MovePlan.Move(slot: $0.slot, job: $0.job, to: name($0.to), devices: $0.devices)
                    })
            },
            wholeDevices: trial.board.wholeDevices)
    }
}
