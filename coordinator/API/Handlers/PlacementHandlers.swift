import APITypes
import ClusterTypes
import CoordinatorCore

extension APIHandlers {
    func planJob(_ call: Call) async throws -> Answer {
        let request = try call.decode(PlanRequest.self)
        let faults = request.validate()
        guard faults.isEmpty else { throw APIError.invalid(faults) }
        let specification = try withPriority(request.specification, by: call.caller)
        let reply = try await submit(
            .planJob(specification, tasks: request.tasks, submitter: call.caller?.name ?? ""))
        guard case .jobPlan(let plan) = reply else { throw unexpected(reply, to: "planJob") }
        return try .json(PlanView(plan))
    }

    func planMoves(_ call: Call) async throws -> Answer {
        let reply = try await submit(.planMoves)
        guard case .movePlan(let plan) = reply else { throw unexpected(reply, to: "planMoves") }
        return try .json(MovesView(plan))
    }
}

extension PlanView {
    init(_ plan: JobPlan) {
        self.init(
            places: plan.placed.map {
                Place(node: $0.node, nodeName: $0.name, devices: $0.devices, alternative: $0.alternative)
            },
            waiting: UInt32(clamping: plan.waiting), reasons: plan.reasons)
    }
}

extension MovesView {
    init(_ plan: MovePlan) {
        self.init(
            freed: plan.freed.map { entry in
                FreedDevice(
                    nodeName: entry.node, device: entry.device,
                    moves: entry.moves.map {
                        Move(slot: $0.slot, job: $0.job, to: $0.to, devices: $0.devices)
                    })
            },
            wholeDevices: plan.wholeDevices)
    }
}
