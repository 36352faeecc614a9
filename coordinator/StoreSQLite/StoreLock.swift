import CoordinatorStore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Keeps a second coordinator away from a store: a lock on the file `PATH.lock` that ends with the process.
///
/// The file stays when the lock goes; it holds the number of the process that had the lock last.
final class StoreLock: Sendable {
    private let descriptor: Mutex<Int32?>

    /// - Throws: `StoreError`: `in_use` when another store has it, in this process or in another one.
    init(storePath: String) throws {
        let path = storePath + ".lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StoreError(
                .failed,
                "cannot create the lock file \(path): \(reason(errno)); the coordinator's user must be able"
                    + " to write in that folder")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let failure = errno
            let owner = Self.owner(descriptor)
            close(descriptor)
            guard failure == EWOULDBLOCK else {
                throw StoreError(
                    .failed,
                    "cannot lock \(path): \(reason(failure)); put the store on a local disk whose file system"
                        + " has locks")
            }
            throw StoreError(
                .inUse,
                "cannot open the store \(storePath): another coordinator uses it"
                    + (owner.map { " (process \($0))" } ?? "")
                    + "; stop that one first, or choose another path with --store")
        }
        Self.writeOwner(descriptor)
        self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    func release() {
        let descriptor = self.descriptor.withLock { descriptor in
            defer { descriptor = nil }
            return descriptor
        }
        if let descriptor { close(descriptor) }
    }

    private static func owner(_ descriptor: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    /// Only for the message of the one that comes second: not worth a failure.
    private static func writeOwner(_ descriptor: Int32) {
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0 else { return }
        _ = pwrite(descriptor, text, text.count, 0)
    }
}

/// What the system says about an `errno`.
func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
