import AgentLink
import ClusterTypes
import NIOCore
import Platform
import TLSIdentity

/// The identities of pretended agents: enrolled as real ones are, and kept in a folder so that the next run has them.
struct Identities: Sendable {
    /// Enrollments at a time: the coordinator's API has other users, and each waits for the disk some of the time.
    private static let width = 32
    /// One that ends sooner is made anew.
    private static let leastValidity = Duration.seconds(3_600)

    let folder: String
    let token: JoinToken

    static func name(_ number: Int) -> String {
        let digits = String(number)
        return "bench-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    /// - Parameter progress: told how many are ready, now and then.
    func ready(
        count: Int, group: any EventLoopGroup, progress: (Int) -> Void
    ) async throws -> [(name: String, identity: NodeIdentity)] {
        var identities = [NodeIdentity?](repeating: nil, count: count)
        var done = 0
        try await withThrowingTaskGroup(of: (Int, NodeIdentity).self) { tasks in
            var next = 0
            while next < count || done < count {
                if next < count, next - done < Self.width {
                    let number = next
                    tasks.addTask { (number, try await identity(Self.name(number + 1), group)) }
                    next += 1
                } else if let (number, identity) = try await tasks.next() {
                    identities[number] = identity
                    done += 1
                    progress(done)
                }
            }
        }
        return identities.enumerated().compactMap { number, identity in
            identity.map { (Self.name(number + 1), $0) }
        }
    }

    private func identity(_ name: String, _ group: any EventLoopGroup) async throws -> NodeIdentity {
        let directory = folder + "/" + name
        let files = NodeIdentityFiles(directory: directory)
        if files.isEnrolled {
            let identity = try files.load()
            guard identity.authorityPEM == token.authorityPEM, identity.cluster == token.cluster else {
                throw Failure(
                    "The identities in \(folder) are of another cluster than the coordinator: give another folder "
                        + "with --identities.")
            }
            let now = Instant(microseconds: SteadyClock.now())
            if identity.certificate.notAfter - now > Self.leastValidity { return identity }
        }
        return try await Enrollment.enroll(token: token, nodeName: name, directory: directory, group: group)
            .get()
    }
}
