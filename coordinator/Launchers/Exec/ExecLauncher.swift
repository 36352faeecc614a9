import ClusterTypes
package import CoordinatorCore
import Platform

/// Nodes by a site's own program, which reaches whatever the site has: docs/operating/exec.md.
package struct ExecLauncher: Launcher {
    /// More than any list of allocations needs.
    package static let outputLimitBytes = 4 << 20

    private let options: ExecOptions
    private let scope: LaunchScope
    private let runner = ToolRunner()

    package init(_ options: ExecOptions, _ scope: LaunchScope) {
        self.options = options
        self.scope = scope
    }

    package func launch(_ order: LaunchOrder, _ start: AgentStart) async throws(LaunchFailure) -> [Allocation]
    {
        try await launch(order, .agent(start), hiding: [start.joinToken])
    }

    /// Starts the machine of a foreign scheduler's node.
    package func launch(
        _ order: LaunchOrder, _ node: SchedulerNode
    ) async throws(LaunchFailure) -> [Allocation] {
        try await launch(order, .schedulerNode(node), hiding: [])
    }

    private func launch(
        _ order: LaunchOrder, _ tenant: ExecTenant, hiding secrets: [String]
    ) async throws(LaunchFailure) -> [Allocation] {
        try await ask(.launch(order, tenant), hiding: secrets) { answer, scope throws(LaunchFailure) in
            try answer.allocations(scope, of: order.launch)
        }
    }

    package func list() async throws(LaunchFailure) -> [Allocation] {
        try await ask(.list) { answer, scope throws(LaunchFailure) in try answer.allocations(scope) }
    }

    package func release(_ allocations: [String]) async throws(LaunchFailure) {
        if allocations.isEmpty { return }
        try await ask(.release(allocations)) { _, _ in }
    }

    /// Who the program is; asks it for nothing else.
    package func describe() async throws(LaunchFailure) -> ExecAnswer.Description {
        try await ask(.describe) { answer, _ throws(LaunchFailure) in try answer.description() }
    }

    // MARK: - One call

    private func ask<Value: Sendable>(
        _ request: ExecRequest, hiding secrets: [String] = [],
        _ read: @escaping @Sendable (ExecAnswer, LaunchScope) throws(LaunchFailure) -> Value
    ) async throws(LaunchFailure) -> Value {
        let result: Result<Value, LaunchFailure> = await OwnThread.run {
            Result { () throws(LaunchFailure) in
                let text: ForeignText
                let output: [UInt8]
                (output, text) = try call(request, hiding: secrets)
                do throws(LaunchFailure) {
                    return try read(try ExecAnswer(output, text), scope)
                } catch {
                    throw LaunchFailure(error.code, "\(name) \(request.word): \(error.message)")
                }
            }
        }
        return try result.get()
    }

    /// Blocks until the program has ended.
    private func call(
        _ request: ExecRequest, hiding secrets: [String]
    ) throws(LaunchFailure) -> ([UInt8], ForeignText) {
        if let fault = options.faults().first {
            throw LaunchFailure(.refused, "The pool \(scope.pool) is wrongly described: \(fault).")
        }
        var hidden = secrets
        var variables = options.environment.map(\.text)
        for secret in options.secrets {
            let value = try secret.source.read(secret.name, with: runner)
            hidden += [value] + value.split(whereSeparator: \.isNewline).map(String.init)
            variables.append("\(secret.name)=\(value)")
        }
        let text = ForeignText(masking: hidden)
        let result = runner.run(
            options.command[0], options.command.dropFirst() + [request.word], environment: variables,
            input: .bytes(request.input(scope)), deadline: options.timeout,
            outputLimit: Self.outputLimitBytes + 1)
        switch result {
        case .exited(0, let output, _):
            guard output.count <= Self.outputLimitBytes else {
                throw LaunchFailure(
                    .invalidAnswer,
                    "\(name) \(request.word) printed more than \(Self.outputLimitBytes >> 20) MiB.")
            }
            return (output, text)
        case .missing:
            throw LaunchFailure(.refused, ToolEnd(result, deadline: options.timeout).sentence(of: name))
        case .exited, .timedOut, .stuck, .failed:
            throw LaunchFailure(
                .unavailable,
                ToolEnd(result, deadline: options.timeout).sentence(of: "\(name) \(request.word)", text))
        }
    }

    private var name: String { options.command.first ?? "" }
}
