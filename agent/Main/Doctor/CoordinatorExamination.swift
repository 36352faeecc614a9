import AgentDoctor
import AgentHardware
import AgentLink
import ClusterTypes
import HTTPSClient
import NIOCore
import NIOPosix
import Platform
import TLSIdentity

/// Tries one address of a coordinator, as the agent would: directly, trusting the cluster's CA alone.
struct CoordinatorExamination: Sendable {
    enum Role: Sendable {
        /// `https://host:port`
        case api(url: String, authorityPEM: String)
        /// "host:port"
        case agents(address: String, identity: NodeIdentity)
    }

    /// For each step.
    static let stepLimit = Duration.seconds(5)
    /// For one address: four steps, and time for a busy machine.
    static let limit = Duration.seconds(25)

    let role: Role
    let proxies: ProxySettings
    let group: any EventLoopGroup

    var subject: String {
        switch role {
        case .api(let url, _): url
        case .agents(let address, _): address
        }
    }

    private var lastStep: Reach.Step {
        if case .api = role { .answer } else { .link }
    }

    private var endpoint: HTTPSEndpoint? {
        switch role {
        case .api(let url, _): HTTPSEndpoint(url: url)
        case .agents(let address, _): HTTPSEndpoint(hostAndPort: address)
        }
    }

    func checks() -> [Check] {
        var reach = Reach(subject: subject, steps: [.resolve, .connect, .tls, lastStep])
        var more: [Check] = []
        guard let endpoint else {
            reach.failure = .init(
                .resolve, code: "invalid", message: "it is no address of a coordinator. Join again.", .zero)
            return reach.checks(proxy: nil)
        }
        if resolve(endpoint, &reach), let outcome = dial(endpoint, &reach) {
            if case .api(_, let authorityPEM) = role { more = ask(endpoint, authorityPEM, &reach) }
            if let seen = outcome.seenAddress {
                let local = AddressReader.interfaces().map(\.address.description)
                more.append(.seen(at: seen, by: subject, local: local))
            }
        }
        let proxy = proxies.excepts(endpoint.host) ? nil : proxies.proxy?.address
        return reach.checks(proxy: proxy) + more
    }

    private func resolve(_ endpoint: HTTPSEndpoint, _ reach: inout Reach) -> Bool {
        let (answer, patience) = Examiner.timed {
            Examiner.bounded(within: Self.stepLimit) {
                Examiner.timed { AddressReader.addresses(of: endpoint.host) }
            }
        }
        guard let (addresses, took) = answer else {
            reach.failure = .init(
                .resolve, code: "timed_out",
                message: "no name server has answered for '\(endpoint.host)'. Check /etc/resolv.conf.",
                patience)
            return false
        }
        guard !addresses.isEmpty else {
            reach.failure = .init(
                .resolve, code: "cannot_resolve",
                message:
                    "the name '\(endpoint.host)' has no address here. Check the name, and that name resolution "
                    + "works here (/etc/resolv.conf, /etc/hosts).", took)
            return false
        }
        reach.passed.append(.init(.resolve, addresses.prefix(4).joined(separator: ", "), took))
        return true
    }

    /// nil where it failed.
    private func dial(_ endpoint: HTTPSEndpoint, _ reach: inout Reach) -> ReachProbe.Outcome? {
        let (result, took) = Examiner.timed { try? outcome(endpoint).wait() }
        guard let outcome = result else { return nil }
        if let connected = outcome.connected {
            reach.passed.append(.init(.connect, "it takes connections", connected))
        }
        if let secured = outcome.secured {
            let until = outcome.validUntilSeconds.map {
                ", valid until \(Instant(microseconds: $0 * 1_000_000).rfc3339Seconds)"
            }
            reach.passed.append(
                .init(.tls, "its certificate is from the cluster's CA\(until ?? "")", secured))
        }
        if let linked = outcome.linked {
            reach.passed.append(.init(.link, "it lets this node in", linked))
        }
        guard let failure = outcome.failure else { return outcome }
        let step: Reach.Step = outcome.connected == nil ? .connect : outcome.secured == nil ? .tls : .link
        reach.failure = .init(
            step, code: failure.code.rawValue, message: failure.message,
            took - (outcome.connected ?? .zero) - (outcome.secured ?? .zero))
        return nil
    }

    private func outcome(_ endpoint: HTTPSEndpoint) -> EventLoopFuture<ReachProbe.Outcome> {
        switch role {
        case .api(_, let authorityPEM):
            ReachProbe.dial(
                endpoint, trusting: authorityPEM, on: group.next(), timeout: Self.stepLimit)
        case .agents(let address, let identity):
            ReachProbe.link(
                to: address, identity: identity, on: group.next(), timeout: Self.stepLimit)
        }
    }

    /// Also compares the clocks.
    private func ask(_ endpoint: HTTPSEndpoint, _ authorityPEM: String, _ reach: inout Reach) -> [Check] {
        let asked = Instant(microseconds: SteadyClock.now())
        let (result, took) = Examiner.timed {
            Result {
                let client = try HTTPSClient(
                    group: group, endpoint: endpoint, trustRootsPEM: authorityPEM)
                defer { _ = client.close() }
                return try client.send(HTTPSRequest(path: "/healthz", timeout: Self.stepLimit)).wait()
            }
        }
        let answered = Instant(microseconds: SteadyClock.now())
        switch result {
        case .failure(let error):
            let error = error as? HTTPSError ?? HTTPSError(.malformed, "\(error).")
            reach.failure = .init(.answer, code: error.code.rawValue, message: error.message, took)
            return []
        case .success(let response):
            if response.isSuccess {
                reach.passed.append(.init(.answer, "it is well (status \(response.status))", took))
            } else {
                reach.failure = .init(
                    .answer, code: "status",
                    message:
                        "it answers with status \(response.status). Check that it is a coordinator's API; its log "
                        + "says more.", took)
            }
            guard let seconds = response.header("date").flatMap({ HTTPMoment.seconds($0) }) else {
                return [.clockUnknown(of: subject)]
            }
            return [.clock(of: subject, serverSeconds: seconds, asked: asked, answered: answered)]
        }
    }
}
