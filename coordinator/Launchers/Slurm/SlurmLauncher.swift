import ClusterTypes
package import CoordinatorCore
import CoordinatorSchedulers
import Platform
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Nodes by jobs of Slurm: a launch is one job array, whose tasks are its allocations (docs/operating/slurm.md).
package final class SlurmLauncher: Launcher {
    private struct Look: Sendable {
        var at: ContinuousClock.Instant
        var allocations: [Allocation]
    }

    private struct Memory: Sendable {
        /// Valid until something is done whose outcome nobody knows.
        var look: Look?
        /// Not over when last seen.
        var alive: [String] = []
        /// Seen in the accounting alone, and since when.
        var ended: [(allocation: Allocation, at: ContinuousClock.Instant)] = []
        var hasAccounting = true
    }

    /// What the controller has forgotten is told this long.
    private static let endedMemory = Duration.seconds(900)
    private static let outputLimitBytes = 64 << 20
    /// Names in one command.
    private static let cancelCount = 200
    /// Where Slurm is often installed beside PATH.
    private static let searchDirectories = [
        "/usr/bin", "/usr/local/bin", "/opt/slurm/bin", "/usr/local/slurm/bin",
    ]

    private let options: SlurmOptions
    private let scope: LaunchScope
    private let runner = ToolRunner()
    private let memory = Mutex(Memory())

    package init(_ options: SlurmOptions, _ scope: LaunchScope) {
        self.options = options
        self.scope = scope
    }

    package func launch(_ order: LaunchOrder, _ start: AgentStart) async throws(LaunchFailure) -> [Allocation]
    {
        try await onOwnThread { () throws(LaunchFailure) in try self.submit(order, start) }
    }

    package func list() async throws(LaunchFailure) -> [Allocation] {
        try await onOwnThread { () throws(LaunchFailure) in try self.look(isFresh: false) }
    }

    package func release(_ allocations: [String]) async throws(LaunchFailure) {
        // What has another name is no allocation of Slurm, so it is gone.
        let names = allocations.filter { SlurmLook.isName($0) }
        guard !names.isEmpty else { return }
        try await onOwnThread { () throws(LaunchFailure) in try self.cancel(names) }
    }

    private func onOwnThread<Value: Sendable>(
        _ work: @escaping @Sendable () throws(LaunchFailure) -> Value
    ) async throws(LaunchFailure) -> Value {
        if let fault = options.faults().first {
            throw LaunchFailure(.refused, "The pool \(scope.pool) is wrongly described: \(fault).")
        }
        return try await OwnThread.run { Result { () throws(LaunchFailure) in try work() } }.get()
    }

    // MARK: - Launching

    private func submit(_ order: LaunchOrder, _ start: AgentStart) throws(LaunchFailure) -> [Allocation] {
        let there = try look(isFresh: false).filter { $0.launch == order.launch }
        guard there.isEmpty else { return there }
        let what = "launch \(order.launch) of the pool \(scope.pool)"
        let answer = run(
            .submit(order, scope, options), environment: ["\(SlurmScript.tokenVariable)=\(start.joinToken)"],
            input: SlurmScript.text(order, scope, options))
        if case .exited(0, let output, _) = answer,
            let taken = SlurmSubmission(parsable: String(decoding: output, as: UTF8.self))
        {
            let allocations = (0..<max(1, order.count)).map { task in
                Allocation(name: "\(taken.jobID)_\(task)", launch: order.launch)
            }
            memory.withLock { memory in
                memory.look?.allocations += allocations
                memory.alive += allocations.map(\.name)
            }
            return allocations
        }
        let (failure, isInDoubt) = failure("sbatch", answer, what, hiding: [start.joinToken])
        guard isInDoubt else { throw failure }
        // Its answer may have been lost on the way: the queue tells.
        forgetLook()
        let found = try? look(isFresh: true).filter { $0.launch == order.launch }
        forgetLook()
        guard let found, !found.isEmpty else { throw failure }
        return found
    }

    private func forgetLook() { memory.withLock { $0.look = nil } }

    // MARK: - Looking

    private func look(isFresh: Bool) throws(LaunchFailure) -> [Allocation] {
        let now = ContinuousClock.now
        let last = memory.withLock { $0.look }
        if let last, !isFresh, now - last.at < options.queryInterval { return last.allocations }
        let answer = run(.look)
        guard case .exited(0, let output, _) = answer else {
            throw failure("squeue", answer, "the queue of the pool \(scope.pool)", hiding: []).failure
        }
        let isWhole = output.count <= Self.outputLimitBytes
        guard isWhole,
            var allocations = SlurmLook.allocations(queue: String(decoding: output, as: UTF8.self), scope)
        else {
            throw LaunchFailure(
                .invalidAnswer,
                "squeue, asked for the jobs of the pool \(scope.pool), printed a list that is not whole.")
        }
        allocations += missing(allocations, now)
        memory.withLock { memory in
            memory.look = Look(at: now, allocations: allocations)
            memory.alive = allocations.filter { !$0.state.isOver }.map(\.name)
        }
        return allocations
    }

    /// How those have ended that the controller has forgotten since, as the accounting tells, where there is one. At the
    /// first look all of the last day are asked for: nobody knows what this coordinator's predecessor has seen.
    private func missing(_ allocations: [Allocation], _ now: ContinuousClock.Instant) -> [Allocation] {
        let names = Set(allocations.map(\.name))
        let (isAsked, ended) = memory.withLock { memory in
            memory.ended.removeAll { now - $0.at > Self.endedMemory || names.contains($0.allocation.name) }
            let isFirst = memory.look == nil && memory.alive.isEmpty && memory.ended.isEmpty
            let hasLost = memory.alive.contains { !names.contains($0) }
            return (memory.hasAccounting && (isFirst || hasLost), memory.ended.map(\.allocation))
        }
        guard isAsked else { return ended }
        let answer = run(.account)
        guard case .exited(0, let output, _) = answer else {
            // Without it an end has no reason; the queue alone says what is there. Where there is none, there will be none.
            let said =
                if case .exited(_, let output, let errors) = answer { output + errors } else { [UInt8]() }
            let code = SlurmFailure(parsing: String(decoding: said, as: UTF8.self))?.code
            if answer == .missing || ["accounting_disabled", "tool_missing"].contains(code) {
                memory.withLock { $0.hasAccounting = false }
            }
            return ended
        }
        let known = names.union(ended.map(\.name))
        let found = SlurmLook.ended(accounting: String(decoding: output, as: UTF8.self), scope)
            .filter { !known.contains($0.name) }
        memory.withLock { $0.ended += found.map { ($0, now) } }
        return ended + found
    }

    // MARK: - Releasing

    private func cancel(_ names: [String]) throws(LaunchFailure) {
        var rest = names[...]
        while !rest.isEmpty {
            let some = Array(rest.prefix(Self.cancelCount))
            rest = rest.dropFirst(some.count)
            let answer = run(.cancel(some))
            if case .exited(0, _, _) = answer { continue }
            // Those that are over or forgotten are what was asked for.
            if case .exited(_, let output, let errors) = answer, Self.isOnlyUnknown(output + errors) {
                continue
            }
            throw failure(
                "scancel", answer, "\(some.count) allocations of the pool \(scope.pool)", hiding: []
            ).failure
        }
    }

    private static func isOnlyUnknown(_ said: [UInt8]) -> Bool {
        let lines = String(decoding: said, as: UTF8.self).split(whereSeparator: \.isNewline)
        let failures = lines.compactMap { SlurmFailure(parsing: String($0)) }
        return !failures.isEmpty && failures.allSatisfy { $0.code == "unknown_job" }
    }

    // MARK: - Running

    private func run(_ order: SlurmCommand, environment: [String] = [], input: String? = nil) -> ToolResult {
        let command = order.inFolder(options.programs)
        guard let login = options.login else {
            let configuration = options.configuration ?? getenv("SLURM_CONF").map { String(cString: $0) }
            return runner.run(
                command.tool, command.arguments,
                environment: environment + (configuration.map { ["SLURM_CONF=\($0)"] } ?? []),
                input: input.map { .bytes(Array($0.utf8)) } ?? .nothing,
                searchDirectories: Self.searchDirectories, deadline: options.timeout,
                outputLimit: Self.outputLimitBytes + 1)
        }
        return LoginShell(login, configuration: options.loginConfiguration).run(
            [command.tool] + command.arguments,
            environment: environment + (options.configuration.map { ["SLURM_CONF=\($0)"] } ?? []),
            input: input,
            with: runner, deadline: options.timeout, outputLimit: Self.outputLimitBytes + 1)
    }

    /// - Returns: the failure, and whether nobody knows what was done.
    private func failure(
        _ tool: String, _ answer: ToolResult, _ what: String, hiding secrets: [String]
    ) -> (failure: LaunchFailure, isInDoubt: Bool) {
        let place = options.login.map { " on \($0)" } ?? ""
        let text = ForeignText(masking: secrets)
        if case .exited(let code, let output, let errors) = answer {
            let said = String(decoding: errors + Array("\n".utf8) + output, as: UTF8.self)
            // ssh's own status.
            if options.login != nil, code == 255 {
                return (
                    LaunchFailure(
                        .unavailable,
                        "\(tool)\(place), for \(what): "
                            + ToolEnd(answer, deadline: options.timeout).sentence(of: "ssh", text)
                            + " Check that 'ssh -o BatchMode=yes \(options.login ?? "")' works for the coordinator's user."
                    ),
                    true
                )
            }
            if let failure = SlurmFailure(parsing: said) {
                let advice = failure.advice.isEmpty ? "" : " \(failure.advice)"
                let message = "\(tool)\(place), for \(what): \(text.lastLines(of: errors + output))\(advice)"
                return (LaunchFailure(failure.launchCode, message), failure.leavesDoubt)
            }
            let message =
                "\(tool)\(place), for \(what): "
                + ToolEnd(answer, deadline: options.timeout).sentence(of: tool, text)
            return (LaunchFailure(code == 0 ? .invalidAnswer : .unavailable, message), true)
        }
        let program = options.login == nil ? tool : "ssh"
        let end = ToolEnd(answer, deadline: options.timeout).sentence(of: program, text)
        let isMissing = answer == .missing
        return (
            LaunchFailure(isMissing ? .refused : .unavailable, "\(tool)\(place), for \(what): \(end)"),
            !isMissing
        )
    }
}
