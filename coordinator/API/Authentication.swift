import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import Synchronization
import TLSIdentity

/// Finds out whose token a request carries.
///
/// A token that was found is trusted for `APIConfiguration.tokenCacheMilliseconds` without another look, so that
/// a client that polls costs no read of the store each time. That is also how long a revocation by another
/// program takes; one through this API forgets everything at once. What was not found is never kept.
final class Authentication: Sendable {
    /// Tokens in use at one time; beyond it the memory starts anew.
    private static let limit = 1_024

    private struct Entry {
        var record: TokenRecord
        var lookedUpAt: Instant
    }

    private let entries = Mutex<[String: Entry]>([:])
    private let lifetime: Duration

    init(lifetimeMilliseconds: Int) { lifetime = .milliseconds(lifetimeMilliseconds) }

    /// - Throws: `APIError.unauthenticated`, the same for a missing, unknown, revoked and expired token;
    ///   `StoreError`.
    func caller(authorization header: String?, reader: any StoreReader, now: Instant) async throws -> Caller {
        guard let header, let hash = Self.secretHash(inAuthorization: header) else {
            throw APIError.unauthenticated
        }
        guard let record = try await record(secretHash: hash, reader: reader, now: now),
            !record.isRevoked, record.expiresAt.map({ now < $0 }) ?? true,
            case .api(let role) = record.purpose
        else {
            throw APIError.unauthenticated
        }
        return Caller(token: record.token, name: record.name, role: role)
    }

    /// After a revocation.
    func forget() { entries.withLock { $0 = [:] } }

    private static func secretHash(inAuthorization header: String) -> String? {
        let scheme = "bearer "
        guard header.utf8.count <= 1_024, header.prefix(scheme.count).lowercased() == scheme else {
            return nil
        }
        return try? APIToken(parsing: String(header.dropFirst(scheme.count))).secret.hash
    }

    private func record(
        secretHash hash: String, reader: any StoreReader, now: Instant
    ) async throws -> TokenRecord? {
        let kept = entries.withLock { $0[hash] }
        if let kept, now < kept.lookedUpAt + lifetime, kept.lookedUpAt <= now { return kept.record }
        let record = try await reader.token(secretHash: hash)
        entries.withLock { entries in
            if entries.count >= Self.limit { entries = [:] }
            entries[hash] = record.map { Entry(record: $0, lookedUpAt: now) }
        }
        return record
    }
}
