import APITypes
import ClusterTypes
import CoordinatorCore
import CoordinatorStore

extension APIHandlers {
    var poolRoutes: [Route] {
        [
            Route("GET", "/v1/pools", role: .viewer, listPools),
            Route("GET", "/v1/pools/{pool}", role: .viewer, showPool),
            Route("POST", "/v1/pools/{pool}/pause", role: .operator, pausePool),
            Route("POST", "/v1/pools/{pool}/resume", role: .operator, resumePool),
            Route("POST", "/v1/pools/{pool}/scale", role: .operator, body: .smallJSON, scalePool),
            Route("GET", "/v1/launches", role: .viewer, query: ["pool"], listLaunches),
            Route("GET", "/v1/launches/{launch}", role: .viewer, showLaunch),
            Route("GET", "/v1/explain/pool/{pool}", role: .viewer, explainPool),
        ]
    }

    func listPools(_ call: Call) async throws -> Answer {
        let revision = try await service.reader.revision()
        return try .json(
            Page(items: try await pools(.listPools).map { PoolView($0) }, revision: revision))
    }

    func showPool(_ call: Call) async throws -> Answer {
        let name = try call.parameter("pool")
        guard let status = try await pools(.listPools).first(where: { $0.name == name }) else {
            throw APIError.notFound("There is no pool '\(name)' ('mortise pool list' lists them).")
        }
        return try .json(PoolView(status))
    }

    func pausePool(_ call: Call) async throws -> Answer { try await pause(call, true) }

    func resumePool(_ call: Call) async throws -> Answer { try await pause(call, false) }

    private func pause(_ call: Call, _ isPaused: Bool) async throws -> Answer {
        try await answer(.pausePool(try call.parameter("pool"), isPaused: isPaused))
    }

    func scalePool(_ call: Call) async throws -> Answer {
        let request = try call.decode(ScaleRequest.self)
        let isReset = request.reset ?? false
        guard isReset || request.minimum != nil || request.maximum != nil else {
            throw APIError.invalid("minimum, maximum or reset: one of them is needed")
        }
        return try await answer(
            .scalePool(
                try call.parameter("pool"), minimum: request.minimum, maximum: request.maximum,
                isReset: isReset))
    }

    private func answer(_ command: Command) async throws -> Answer {
        guard let status = try await pools(command).first else {
            throw APIError.notFound("There is no such pool.")
        }
        return try .json(PoolView(status))
    }

    func explainPool(_ call: Call) async throws -> Answer {
        try await explain(.explainPool(try call.parameter("pool")))
    }

    private func pools(_ command: Command) async throws -> [PoolStatus] {
        let reply = try await submit(command)
        guard case .pools(let found) = reply else { throw unexpected(reply, to: "\(command)") }
        return found
    }

    // MARK: - Launches

    func listLaunches(_ call: Call) async throws -> Answer {
        let revision = try await service.reader.revision()
        let found = try await launches(.listLaunches(pool: call.query.text("pool")))
        return try .json(Page(items: found.map { LaunchView($0) }, revision: revision))
    }

    func showLaunch(_ call: Call) async throws -> Answer {
        let launch: LaunchID = try call.identifier("launch")
        guard let record = try await launches(.showLaunch(launch)).first else {
            throw APIError.notFound("There is no launch \(launch).")
        }
        return try .json(LaunchView(record))
    }

    private func launches(_ command: Command) async throws -> [LaunchRecord] {
        let reply = try await submit(command)
        guard case .launches(let found) = reply else { throw unexpected(reply, to: "\(command)") }
        return found
    }
}

extension PoolView {
    init(_ status: PoolStatus) {
        self.init(
            name: status.name, launcher: status.launcher, paused: status.isPaused, dryRun: status.isDryRun,
            nodes: status.nodes, used: status.used, starting: status.starting, minimum: status.minimum,
            maximum: status.maximum, failures: status.failures, failureReason: status.failureReason,
            retryAt: status.retryAt?.rfc3339, outlook: status.outlook, nodeHours: status.nodeHours,
            money: status.money)
    }
}

extension LaunchView {
    init(_ record: LaunchRecord) {
        self.init(
            launch: record.launch, pool: record.pool, state: record.state.rawValue, count: record.count,
            joined: record.allocations.count { $0.node != nil }, cause: record.cause, reason: record.reason,
            requestedAt: record.requestedAt.rfc3339, endedAt: record.endedAt?.rfc3339,
            allocations: record.allocations.map { allocation in
                AllocationView(
                    name: allocation.name, state: allocation.state.rawValue, reason: allocation.reason,
                    host: allocation.host, since: allocation.since.rfc3339, node: allocation.node,
                    released: allocation.isReleased)
            })
    }
}
