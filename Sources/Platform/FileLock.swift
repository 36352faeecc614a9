import CPlatform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Held by one process at a time and given back when that process ends, however it ends.
package final class FileLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock at once; nil when another holder (another process, or another `FileLock`) has it. The file
    /// is created with mode 0600 and stays.
    package init?(path: String) throws(SystemError) {
        descriptor = mortise_open(path, O_RDWR | O_CREAT, 0o600)
        guard descriptor >= 0 else { throw .last("cannot open the lock file '\(path)'") }
        guard mortise_lock(descriptor, 1) == 0 else {
            let error = SystemError.last("cannot lock '\(path)'")
            close(descriptor)
            if error.code == EWOULDBLOCK { return nil }
            throw error
        }
    }

    deinit { close(descriptor) }
}
