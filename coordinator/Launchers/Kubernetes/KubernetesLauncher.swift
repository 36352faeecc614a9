import ClusterTypes
package import CoordinatorCore
import HTTPSClient
import Synchronization

/// Agents in pods of a Kubernetes cluster: docs/operating/kubernetes.md.
package final class KubernetesLauncher: Launcher {
    /// Requests at once.
    private static let concurrency = 8
    private static let pageSize = 500
    /// How long a watch waits for more than there is. What comes later the next one tells.
    private static let watchSeconds = 1

    private let options: KubernetesOptions
    private let scope: LaunchScope
    /// nil: to be listed.
    private let seen = Mutex<KubernetesPods?>(nil)

    package init(_ options: KubernetesOptions, _ scope: LaunchScope) {
        self.options = options
        self.scope = scope
    }

    private func connect() throws(LaunchFailure) -> KubernetesAPI {
        if let fault = options.faults(scope).first {
            throw LaunchFailure(.refused, "The pool \(scope.pool) is wrongly described: \(fault).")
        }
        return try KubernetesAPI(options)
    }

    // MARK: - Launch

    /// A pod that Kubernetes does not take is a failed allocation of the answer; a failure is thrown where it took none.
    package func launch(_ order: LaunchOrder, _ start: AgentStart) async throws(LaunchFailure) -> [Allocation]
    {
        let api = try connect()
        let owner = try await owner(api)
        let names = (1...max(1, order.count)).map { KubernetesPod.name(order.launch, $0, scope) }
        let results = await Concurrently.map(names, limit: Self.concurrency) { name in
            await Result { () async throws(LaunchFailure) in
                try await self.run(name, order, start, owner, api)
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
        if let failure, results.allSatisfy({ if case .failure = $0 { true } else { false } }) {
            throw failure
        }
        return allocations
    }

    private func run(
        _ name: String, _ order: LaunchOrder, _ start: AgentStart, _ owner: JSONTree?, _ api: KubernetesAPI
    ) async throws(LaunchFailure) -> Allocation {
        let pods = api.namespacePath + "/pods"
        var answer = try await api.call(
            "POST", pods, body: KubernetesPod.creation(name, order, options, scope, owner: owner),
            accepting: [409])
        if answer.status == 409 { answer = try await api.call("GET", "\(pods)/\(name)") }
        guard let allocation = KubernetesPod.allocation(answer.tree, scope), allocation.launch == order.launch
        else {
            throw LaunchFailure(
                .refused,
                "There is a pod \(name) that Mortise has not made. Delete it, or choose another namespace.")
        }
        // Also after 409: the coordinator may have ended between the two.
        if !allocation.state.isOver {
            _ = try await api.call(
                "POST", api.namespacePath + "/secrets",
                body: KubernetesPod.secret(answer.tree, order.launch, start, scope), accepting: [409])
        }
        return allocation
    }

    private func owner(_ api: KubernetesAPI) async throws(LaunchFailure) -> JSONTree? {
        guard let owner = options.owner, let plural = owner.plural else { return nil }
        let path = "\(api.namespacePath(owner.version))/\(plural)/\(PercentEncoding.encoded(owner.name))"
        let found = try await api.call("GET", path)
        return [
            "apiVersion": .text(owner.version), "kind": .text(owner.kind), "name": .text(owner.name),
            "uid": found.tree["metadata"]["uid"],
        ]
    }

    // MARK: - List

    package func list() async throws(LaunchFailure) -> [Allocation] {
        let api = try connect()
        if let pods = try await watched(api) { return pods.allocations }
        for _ in 0..<3 {
            // A list that takes longer than the server keeps it has to begin anew.
            guard let pods = try await pages(api) else { continue }
            seen.withLock { $0 = pods }
            return pods.allocations
        }
        throw LaunchFailure(
            .unavailable, "Kubernetes: the list of pods changed faster than it could be read.")
    }

    /// What was seen before, and what has changed since.
    ///
    /// - Returns: nil where all pods have to be listed: nothing was seen yet, the server remembers less, or lets us not watch.
    private func watched(_ api: KubernetesAPI) async throws(LaunchFailure) -> KubernetesPods? {
        guard var pods = seen.withLock({ $0 }) else { return nil }
        let query = [
            ("labelSelector", KubernetesPod.selector(scope)), ("watch", "1"),
            ("resourceVersion", pods.revision), ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", "\(Self.watchSeconds)"),
        ]
        let answer = try await api.respond(
            "GET", api.namespacePath + "/pods", query: query, accepting: [403, 410])
        let isKnown = answer.isSuccess ? try pods.apply(answer.body, scope) : false
        seen.withLock { $0 = isKnown ? pods : nil }
        return isKnown ? pods : nil
    }

    private func pages(_ api: KubernetesAPI) async throws(LaunchFailure) -> KubernetesPods? {
        var allocations: [Allocation] = []
        var revision = ""
        var next = ""
        repeat {
            var query = [("labelSelector", KubernetesPod.selector(scope)), ("limit", "\(Self.pageSize)")]
            if !next.isEmpty { query.append(("continue", next)) }
            let answer = try await api.call(
                "GET", api.namespacePath + "/pods", query: query, accepting: [410])
            if answer.status == 410 { return nil }
            guard let items = answer.tree["items"].list else {
                throw LaunchFailure(.invalidAnswer, "Kubernetes: the list of pods has no items.")
            }
            allocations += items.compactMap { KubernetesPod.allocation($0, scope) }
            next = answer.tree["metadata"]["continue"].text ?? ""
            revision = answer.tree["metadata"]["resourceVersion"].text ?? ""
        } while !next.isEmpty
        return KubernetesPods(allocations, revision: revision)
    }

    // MARK: - Release

    /// The agent gets TERM and has the grace to end what it runs. The pod's Secret goes with it.
    package func release(_ allocations: [String]) async throws(LaunchFailure) {
        let names = allocations.filter {
            $0.hasPrefix(scope.prefix) && Allocation.isName($0) && !$0.contains("/") && !$0.contains(":")
        }
        if names.isEmpty { return }
        let api = try connect()
        let grace = options.graceSeconds
        let results = await Concurrently.map(names, limit: Self.concurrency) { name in
            await Result { () async throws(LaunchFailure) in
                _ = try await api.call(
                    "DELETE", "\(api.namespacePath)/pods/\(name)",
                    query: [("gracePeriodSeconds", "\(grace)")],
                    accepting: [404])
            }
        }
        for result in results { try result.get() }
    }
}
