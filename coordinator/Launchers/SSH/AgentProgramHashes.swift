import CoordinatorCore
import Crypto
import Platform
import Synchronization

/// The SHA-256 of agents' programs, read again only when a file has changed. Blocks.
final class AgentProgramHashes: Sendable {
    private struct Entry {
        var status: FileStatus
        var sha256: String
    }

    private let known = Mutex<[String: Entry]>([:])

    /// In hex digits.
    func sha256(of path: String) throws(LaunchFailure) -> String {
        do throws(SystemError) {
            let file = try Descriptor.openForReading(path)
            guard let status = FileStatus(of: file), status.isFile else {
                throw SystemError(code: 0, attempt: "'\(path)' is no file")
            }
            if let entry = known.withLock({ $0[path] }), entry.status == status { return entry.sha256 }
            var hash = SHA256()
            var offset: Int64 = 0
            while true {
                let bytes = try file.read(at: offset, limitBytes: 1 << 20)
                if bytes.isEmpty { break }
                hash.update(data: bytes)
                offset += Int64(bytes.count)
            }
            let sha256 = hash.finalize().map { byte in
                let digits = String(byte, radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }.joined()
            known.withLock { $0[path] = Entry(status: status, sha256: sha256) }
            return sha256
        } catch {
            throw LaunchFailure(
                .refused,
                "The agent's program cannot be read: \(error.code == 0 ? error.attempt : "\(error)").")
        }
    }
}
