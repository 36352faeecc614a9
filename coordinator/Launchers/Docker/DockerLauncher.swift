import ClusterTypes
package import CoordinatorCore
import HTTPSClient

/// Agents in containers of one engine, Docker's or podman's: docs/operating/docker.md.
package struct DockerLauncher: Launcher {
    /// Requests to the engine at once.
    private static let concurrency = 8
    private static let pullTimeout = Duration.seconds(600)

    private let options: DockerOptions
    private let scope: LaunchScope

    package init(_ options: DockerOptions, _ scope: LaunchScope) {
        self.options = options
        self.scope = scope
    }

    // MARK: - Launch

    /// A container that cannot be started is removed, and is a failed allocation of the answer; a failure is thrown where
    /// none could be.
    package func launch(_ order: LaunchOrder, _ start: AgentStart) async throws(LaunchFailure) -> [Allocation]
    {
        let engine = try await DockerEngine.connect(options)
        let names = (1...max(1, order.count)).map { DockerContainer.name(order.launch, $0, scope) }
        let results = await Concurrently.map(names, limit: Self.concurrency) { name in
            await Result { () async throws(LaunchFailure) in
                try await run(name, order, start, on: engine)
            }
        }
        var allocations: [Allocation] = []
        var failure: LaunchFailure?
        for (name, result) in zip(names, results) {
            switch result {
            case .success(let allocation): allocations.append(allocation)
            case .failure(let error):
                failure = failure ?? error
                let reason = ForeignText(masking: []).beginning(
                    of: error.message, limit: ForeignText.reasonCharacters)
                allocations.append(
                    Allocation(name: name, launch: order.launch, state: .failed, reason: reason))
            }
        }
        if let failure, allocations.allSatisfy({ $0.state == .failed }) { throw failure }
        return allocations
    }

    private func run(
        _ name: String, _ order: LaunchOrder, _ start: AgentStart, on engine: DockerEngine
    ) async throws(LaunchFailure) -> Allocation {
        if let existing = try await create(name, order, on: engine) {
            // One that was made and never started: the coordinator ended in between.
            guard existing.state == .waiting else { return existing }
        }
        do throws(LaunchFailure) {
            _ = try await engine.call(
                "PUT", "/containers/\(name)/archive", query: [("path", "/")],
                body: DockerContainer.files(start, options.user), type: "application/x-tar")
            _ = try await engine.call("POST", "/containers/\(name)/start", accepting: [304])
        } catch {
            _ = try? await remove(name, on: engine)
            throw error
        }
        return Allocation(name: name, launch: order.launch, state: .running)
    }

    /// - Returns: nil: it is new.
    private func create(
        _ name: String, _ order: LaunchOrder, on engine: DockerEngine
    ) async throws(LaunchFailure) -> Allocation? {
        let body = DockerContainer.creation(name, order, options, scope).bytes
        var response = try await engine.call(
            "POST", "/containers/create", query: [("name", name)], body: body, accepting: [404, 409, 500])
        if Self.lacksImage(response), options.pullsMissing {
            try await pull(on: engine)
            response = try await engine.call(
                "POST", "/containers/create", query: [("name", name)], body: body, accepting: [404, 409, 500])
        }
        if response.isSuccess { return nil }
        if Self.lacksImage(response) {
            throw LaunchFailure(
                .refused,
                "The container engine has no image \(options.image): \(DockerEngine.message(response)). Fetch it "
                    + "there, or let the pool do so.")
        }
        if let existing = try await existing(name, on: engine) { return existing }
        throw LaunchFailure(
            response.status == 500 ? .unavailable : .refused,
            "The container engine did not make \(name): \(DockerEngine.message(response))")
    }

    /// Podman says 404 or 500 for images that it does not find.
    private static func lacksImage(_ response: HTTPSResponse) -> Bool {
        guard [404, 500].contains(response.status) else { return false }
        let message = DockerEngine.message(response).lowercased()
        return message.contains("no such image") || message.contains("image not known")
            || message.contains("image not found")
    }

    private func pull(on engine: DockerEngine) async throws(LaunchFailure) {
        let answer = try await engine.call(
            "POST", "/images/create", query: [("fromImage", options.image)], within: Self.pullTimeout)
        // The status came before the work: what went wrong stands in one of the lines.
        for line in answer.body.split(separator: UInt8(ascii: "\n")) {
            guard let error = JSONTree(parsing: Array(line))?["error"].text else { continue }
            throw LaunchFailure(
                .unavailable,
                "The container engine cannot fetch \(options.image): "
                    + ForeignText(masking: []).beginning(of: error))
        }
    }

    private func existing(_ name: String, on engine: DockerEngine) async throws(LaunchFailure) -> Allocation?
    {
        let answer = try await engine.call("GET", "/containers/\(name)/json", accepting: [404])
        guard answer.isSuccess, let tree = JSONTree(parsing: answer.body) else { return nil }
        guard let launch = DockerContainer.launch(of: tree["Config"]["Labels"], scope) else {
            throw LaunchFailure(
                .refused, "There is a container \(name) that Mortise has not made. Remove or rename it.")
        }
        let listed = DockerContainer.Listed(
            name: name, launch: launch, state: tree["State"]["Status"].text?.lowercased() ?? "")
        return DockerContainer.allocation(listed)
            ?? DockerContainer.ended(listed, tree["State"], words: "")
    }

    // MARK: - List

    package func list() async throws(LaunchFailure) -> [Allocation] {
        let engine = try await DockerEngine.connect(options)
        let labels: [JSONTree] = [
            .text("\(DockerContainer.tagLabel)=\(scope.clusterTag)"),
            .text("\(DockerContainer.poolLabel)=\(scope.pool)"),
        ]
        let filters = String(decoding: JSONTree.object(["label": .list(labels)]).bytes, as: UTF8.self)
        let answer = try await engine.call(
            "GET", "/containers/json", query: [("all", "true"), ("filters", filters)])
        guard let list = JSONTree(parsing: answer.body)?.list else {
            throw LaunchFailure(.invalidAnswer, "The container engine's list of containers is none.")
        }
        let containers = list.compactMap { DockerContainer.listed($0, scope) }
        let results = await Concurrently.map(containers, limit: Self.concurrency) { container in
            await Result { () async throws(LaunchFailure) in try await allocation(container, on: engine) }
        }
        var allocations: [Allocation] = []
        for result in results { if let allocation = try result.get() { allocations.append(allocation) } }
        return allocations.sorted { $0.name < $1.name }
    }

    /// - Returns: nil: it has been removed meanwhile.
    private func allocation(
        _ container: DockerContainer.Listed, on engine: DockerEngine
    ) async throws(LaunchFailure) -> Allocation? {
        if let allocation = DockerContainer.allocation(container) { return allocation }
        let answer = try await engine.call("GET", "/containers/\(container.name)/json", accepting: [404])
        guard answer.isSuccess else { return nil }
        let state = (JSONTree(parsing: answer.body) ?? .null)["State"]
        if state["ExitCode"].integer == 0 { return DockerContainer.ended(container, state, words: "") }
        let log = try await engine.call(
            "GET", "/containers/\(container.name)/logs",
            query: [("stdout", "true"), ("stderr", "true"), ("tail", "3")], accepting: [404, 409, 500])
        let text = log.isSuccess ? DockerContainer.logText(log.body) : ""
        return DockerContainer.ended(
            container, state, words: ForeignText(masking: []).lastLines(of: Array(text.utf8), lines: 3))
    }

    // MARK: - Release

    /// An agent gets TERM and has the grace to end what it runs; then its container is removed.
    package func release(_ allocations: [String]) async throws(LaunchFailure) {
        let names = allocations.filter {
            $0.hasPrefix(scope.prefix) && Allocation.isName($0) && !$0.contains("/")
        }
        if names.isEmpty { return }
        let engine = try await DockerEngine.connect(options)
        let results = await Concurrently.map(names, limit: Self.concurrency) { name in
            await Result { () async throws(LaunchFailure) in try await stop(name, on: engine) }
        }
        for result in results { try result.get() }
    }

    private func stop(_ name: String, on engine: DockerEngine) async throws(LaunchFailure) {
        guard try await existing(name, on: engine) != nil else { return }
        _ = try await engine.call(
            "POST", "/containers/\(name)/stop", query: [("t", "\(options.graceSeconds)")],
            accepting: [304, 404], within: options.timeout + .seconds(Int64(options.graceSeconds)))
        try await remove(name, on: engine)
    }

    private func remove(_ name: String, on engine: DockerEngine) async throws(LaunchFailure) {
        // 409: somebody is at it.
        _ = try await engine.call(
            "DELETE", "/containers/\(name)", query: [("force", "true"), ("v", "true")], accepting: [404, 409])
    }
}

extension Result where Failure == LaunchFailure {
    /// The outcome of a call, kept for later.
    init(_ call: () async throws(LaunchFailure) -> Success) async {
        do throws(LaunchFailure) {
            self = .success(try await call())
        } catch {
            self = .failure(error)
        }
    }
}
