import AgentDoctor
import ClusterTypes
import HTTPSClient
import Platform
import TLSIdentity

/// Which cluster this machine is in, or is to join, as far as its files say.
struct Membership: Sendable {
    var checks: [Check] = []
    /// The API's addresses first, then the agents'.
    var roles: [CoordinatorExamination.Role] = []

    /// A dead file server, or a terminal on which nobody types the token.
    private static let limit = Duration.seconds(10)

    /// Of the coordinator.
    var hosts: [String] {
        roles.compactMap { role in
            switch role {
            case .api(let url, _): HTTPSEndpoint(url: url)?.host
            case .agents(let address, _): HTTPSEndpoint(hostAndPort: address)?.host
            }
        }
    }

    static func examine(_ directory: AgentDirectory, join: JoinTokenOption) -> Membership {
        let (files, took) = Examiner.timed {
            Examiner.bounded(within: limit) { ofIdentity(directory) }
        }
        guard var membership = files else {
            return Membership(checks: [.silent("identity", of: directory.path, within: limit)])
        }
        if membership.checks.isEmpty {
            let token = Examiner.bounded(within: limit) { ofToken(directory, join) }
            membership = token ?? Membership(checks: [.tokenUnread(within: limit)])
        } else {
            membership.checks[0] = membership.checks[0].timed(took)
        }
        return membership
    }

    /// Without checks where there is no identity.
    private static func ofIdentity(_ directory: AgentDirectory) -> Membership {
        let files = directory.identityFiles
        guard files.isEnrolled else { return Membership() }
        let key = DirectoryExamination.keyFile(files.keyPath).map { [$0] } ?? []
        do throws(IdentityError) {
            let identity = try files.load()
            let certificate = identity.certificate
            return Membership(
                checks: [.identity(node: identity.node, cluster: identity.cluster, directory: directory.path)]
                    + key + [
                        .certificate(
                            notBefore: certificate.notBefore, notAfter: certificate.notAfter,
                            renewalDue: certificate.renewalDue,
                            now: Instant(microseconds: SteadyClock.now()))
                    ],
                roles: identity.apiURLs.map { .api(url: $0, authorityPEM: identity.authorityPEM) }
                    + identity.agentEndpoints.map { .agents(address: $0, identity: identity) })
        } catch {
            return Membership(checks: [.identity(broken: error.message)] + key)
        }
    }

    private static func ofToken(_ directory: AgentDirectory, _ join: JoinTokenOption) -> Membership {
        func notJoined(hasToken: Bool) -> Check {
            .notJoined(
                directory: directory.path, hasToken: hasToken,
                hasKey: DirectoryExamination.exists(directory.identityFiles.keyPath))
        }
        do {
            guard let text = try join.text() else {
                return Membership(checks: [notJoined(hasToken: false)])
            }
            let token = try JoinToken(parsing: text)
            return Membership(
                checks: [notJoined(hasToken: true), .token(cluster: token.cluster, urls: token.apiURLs)],
                roles: token.apiURLs.map { .api(url: $0, authorityPEM: token.authorityPEM) })
        } catch {
            // Neither kind of error quotes what it has read.
            return Membership(checks: [notJoined(hasToken: false), .token(broken: "\(error)")])
        }
    }
}
