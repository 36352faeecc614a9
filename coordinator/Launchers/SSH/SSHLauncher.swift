import ClusterTypes
package import CoordinatorCore
import Synchronization

/// Agents on machines that are reached by ssh: docs/operating/ssh.md. What runs where is kept on the machines themselves.
package final class SSHLauncher: Launcher {
    private let options: SSHOptions
    private let scope: LaunchScope
    private let connections: [SSHConnection]
    private let hashes = AgentProgramHashes()
    /// Of each host, when it was last reached: what is there does not end because the host cannot be reached.
    private let remembered: Mutex<[String: [Allocation]]>
    /// A host is taken by one launch at a time.
    private let turn = Turn()

    /// - Parameter known: allocations that the coordinator knows of, so that those on hosts that cannot be reached since its
    ///   start are still listed.
    package init(_ options: SSHOptions, _ scope: LaunchScope, known: [Allocation] = []) {
        self.options = options
        self.scope = scope
        connections = options.hosts.map { SSHConnection($0, options) }
        remembered = Mutex(Dictionary(grouping: known) { $0.host ?? "" })
    }

    // MARK: - Hosts

    /// What a host has said of itself.
    private struct HostState: Sendable {
        var connection: SSHConnection
        var report: SSHReport
        var allocations: [Allocation]
    }

    private struct Survey: Sendable {
        var reached: [HostState] = []
        var failures: [(host: SSHHost, failure: LaunchFailure)] = []
    }

    /// Asks all hosts.
    private func survey(_ programs: [(machine: String, sha256: String)] = []) async throws(LaunchFailure)
        -> Survey
    {
        if let fault = options.faults().first {
            throw LaunchFailure(.refused, "The pool \(scope.pool) is wrongly described: \(fault).")
        }
        let script = SSHScript.status(options.directory, prefix: scope.prefix, programs: programs)
        let results = await Concurrently.map(connections, limit: options.concurrency) { connection in
            await OwnThread.run { Result { () throws(LaunchFailure) in try connection.run(script) } }
        }
        var survey = Survey()
        for (connection, result) in zip(connections, results) {
            switch result {
            case .success(let report):
                let allocations = report.allocations(connection.host, scope)
                remember(allocations, connection.host)
                survey.reached.append(
                    HostState(connection: connection, report: report, allocations: allocations))
            case .failure(let failure): survey.failures.append((connection.host, failure))
            }
        }
        return survey
    }

    private func remember(_ allocations: [Allocation], _ host: SSHHost) {
        remembered.withLock { $0[host.name] = allocations }
    }

    // MARK: - List

    /// Allocations on a host that cannot be reached are listed as they were last seen, with the reason. A failure is thrown
    /// where no host can be reached.
    package func list() async throws(LaunchFailure) -> [Allocation] {
        let survey = try await survey()
        if survey.reached.isEmpty { throw Self.nobody(survey.failures.map(\.failure)) }
        var allocations = survey.reached.flatMap(\.allocations)
        for (host, failure) in survey.failures {
            let known = remembered.withLock { $0[host.name] ?? [] }
            allocations += known.map { allocation in
                var allocation = allocation
                if !allocation.state.isOver { allocation.reason = Self.reason(failure.message) }
                return allocation
            }
        }
        return allocations
    }

    private static func reason(_ message: String) -> String {
        ForeignText(masking: []).beginning(of: message, limit: ForeignText.reasonCharacters)
    }

    /// No host did it.
    private static func nobody(_ failures: [LaunchFailure]) -> LaunchFailure {
        let shown = failures.prefix(3).map(\.message).joined(separator: " ")
        let rest = failures.count > 3 ? " And \(failures.count - 3) more." : ""
        let code = failures.allSatisfy { $0.code == .refused } ? LaunchFailure.Code.refused : .unavailable
        return LaunchFailure(code, shown + rest)
    }

    // MARK: - Launch

    /// Takes hosts of the pool that are not in use. One that fails is a failed allocation of the answer, and the next one is
    /// tried in its place; a failure is thrown where no agent could be started.
    package func launch(_ order: LaunchOrder, _ start: AgentStart) async throws(LaunchFailure) -> [Allocation]
    {
        await turn.take()
        let result = await Result { () async throws(LaunchFailure) in try await launchInTurn(order, start) }
        await turn.leave()
        return try result.get()
    }

    private func launchInTurn(
        _ order: LaunchOrder, _ start: AgentStart
    ) async throws(LaunchFailure) -> [Allocation] {
        let programs = try await programHashes()
        let survey = try await survey(programs)
        var allocations = survey.reached.flatMap(\.allocations).filter {
            $0.launch == order.launch && $0.reason != SSHReport.brokenReason
        }
        var missing = order.count - allocations.count
        var free = survey.reached.filter { state in
            state.allocations.allSatisfy { $0.state.isOver }
                && !allocations.contains { $0.host == state.connection.host.name }
        }[...]
        var failures: [(host: SSHHost, failure: LaunchFailure)] = []
        while missing > 0, !free.isEmpty {
            let chosen = Array(free.prefix(missing))
            free = free.dropFirst(chosen.count)
            let results = await Concurrently.map(chosen, limit: options.concurrency) { state in
                await OwnThread.run {
                    Result { () throws(LaunchFailure) in
                        try self.run(order, start, on: state, programs)
                    }
                }
            }
            for (state, result) in zip(chosen, results) {
                switch result {
                case .success(let allocation):
                    allocations.append(allocation)
                    remember(state.allocations + [allocation], state.connection.host)
                    missing -= 1
                case .failure(let failure): failures.append((state.connection.host, failure))
                }
            }
        }
        // Hosts that could have been taken.
        if missing > 0 { failures += survey.failures }
        if allocations.isEmpty, missing > 0 {
            if failures.isEmpty {
                throw LaunchFailure(
                    .noCapacity, "All \(options.hosts.count) hosts of the pool \(scope.pool) are in use.")
            }
            throw Self.nobody(failures.map(\.failure))
        }
        return allocations
            + failures.map { host, failure in
                Allocation(
                    name: SSHReport.name(order.launch, on: host, scope), launch: order.launch, state: .failed,
                    reason: Self.reason(failure.message), host: host.name)
            }
    }

    private func programHashes() async throws(LaunchFailure) -> [(machine: String, sha256: String)] {
        let agents = options.agents
        let hashes = hashes
        let result = await OwnThread.run {
            Result { () throws(LaunchFailure) in
                var programs: [(machine: String, sha256: String)] = []
                for agent in agents { programs.append((agent.machine, try hashes.sha256(of: agent.path))) }
                return programs
            }
        }
        return try result.get()
    }

    /// Blocks.
    private func run(
        _ order: LaunchOrder, _ start: AgentStart, on state: HostState,
        _ programs: [(machine: String, sha256: String)]
    ) throws(LaunchFailure) -> Allocation {
        let host = state.connection.host
        let machine = state.report.machine ?? ""
        guard let sha256 = programs.first(where: { $0.machine == machine })?.sha256,
            let path = options.agents.first(where: { $0.machine == machine })?.path
        else {
            throw LaunchFailure(
                .refused,
                "\(host.text) is of the architecture '\(machine)', for which the pool names no agent.")
        }
        let name = SSHReport.name(order.launch, on: host, scope)
        if state.report.program != sha256 { try state.connection.copy(path, for: name) }
        let script = SSHScript.start(
            SSHScript.Start(
                name: name, prefix: scope.prefix, sha256: sha256, token: start.joinToken, labels: host.labels,
                variables: variables(name, order, host)), in: options.directory)
        let report = try state.connection.run(script, hiding: start.joinToken)
        if let failure = report.failure {
            throw LaunchFailure(
                .unavailable,
                "No agent was started on \(host.text): "
                    + ForeignText(masking: [start.joinToken]).beginning(of: failure))
        }
        return Allocation(name: name, launch: order.launch, state: .running, host: host.name)
    }

    private func variables(_ name: String, _ order: LaunchOrder, _ host: SSHHost) -> [EnvironmentVariable] {
        var variables = [EnvironmentVariable("MORTISE_NAME", host.name)]
        if let lifetime = order.lifetime {
            variables.append(
                EnvironmentVariable("MORTISE_LIFETIME", "\(max(1, lifetime.components.seconds))s"))
        }
        return variables + host.parameters + [EnvironmentVariable("MORTISE_ALLOCATION", name)]
    }

    // MARK: - Release

    package func release(_ allocations: [String]) async throws(LaunchFailure) {
        if let fault = options.faults().first {
            throw LaunchFailure(.refused, "The pool \(scope.pool) is wrongly described: \(fault).")
        }
        let work = connections.compactMap { connection -> (SSHConnection, [String])? in
            let names = allocations.filter {
                SSHReport.launch(of: $0[...], on: connection.host, scope) != nil
            }
            return names.isEmpty ? nil : (connection, names)
        }
        let results = await Concurrently.map(work, limit: options.concurrency) { [self] connection, names in
            await OwnThread.run {
                Result { () throws(LaunchFailure) in try self.release(names, on: connection) }
            }
        }
        let failures = results.compactMap { result -> LaunchFailure? in
            guard case .failure(let failure) = result else { return nil }
            return failure
        }
        if !failures.isEmpty { throw Self.nobody(failures) }
    }

    /// Blocks.
    private func release(_ names: [String], on connection: SSHConnection) throws(LaunchFailure) {
        let script = SSHScript.release(names, in: options.directory, graceSeconds: options.graceSeconds)
        let report = try connection.run(
            script, extra: .seconds(Int64(options.graceSeconds + 5) * Int64(names.count)))
        let gone = Set(report.names("released"))
        remembered.withLock { $0[connection.host.name]?.removeAll { gone.contains($0.name) } }
        if let kept = report.names("kept").first {
            throw LaunchFailure(
                .unavailable,
                "\(connection.host.text) could not remove the folder \(options.directory)/\(kept) completely; its agent "
                    + "is ended.")
        }
    }
}

/// Lets one in at a time, in order.
private actor Turn {
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func take() async {
        if !isTaken {
            isTaken = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func leave() {
        if waiting.isEmpty {
            isTaken = false
        } else {
            waiting.removeFirst().resume()
        }
    }
}
