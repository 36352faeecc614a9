#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Small files that hold keys and certificates: whole reads, atomic writes, errors that name the file.
enum IdentityFile {
    /// Keys and certificates are far smaller; anything larger is not ours.
    static let sizeLimitBytes = 1 << 20

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func read(_ path: String, isSecret: Bool = false) throws(IdentityError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("read", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("read", path) }
        // Group bits are let through: volume managers set them for the one group that the service runs in.
        if isSecret, status.st_mode & 0o007 != 0 {
            throw IdentityError(
                .badFile, "'\(path)' holds a secret key and is open to every user. Run: chmod 600 '\(path)'")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure("read", path)
            }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= sizeLimitBytes else {
                throw IdentityError(.badFile, "'\(path)' is larger than 1 MiB: it is no key or certificate.")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw IdentityError(.badFile, "'\(path)' is no text: it must be PEM or JSON.")
        }
        return text
    }

    /// A reader sees the old file or the new one, also after a crash.
    static func write(_ text: String, to path: String, mode: mode_t) throws(IdentityError) {
        let temporary = "\(path).new-\(getpid())"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure("write", temporary) }
        let isWritten = writeAll(Array(text.utf8), to: descriptor) && fsync(descriptor) == 0
        guard isWritten, rename(temporary, path) == 0 else {
            let error = failure("write", path)
            close(descriptor)
            unlink(temporary)
            throw error
        }
        close(descriptor)
        synchronizeDirectory(of: path)
    }

    /// Makes the directory and those above it, each with mode 0700, where they are missing.
    static func createDirectory(_ path: String) throws(IdentityError) {
        var end = path.startIndex
        while end < path.endIndex {
            end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
            let parent = String(path[..<end])
            if mkdir(parent, 0o700) != 0, errno != EEXIST, !exists(parent) {
                throw failure("create the directory", parent)
            }
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw IdentityError(
                .fileFailed, "'\(path)' is no directory. Choose another path or remove the file.")
        }
    }

    static func failure(_ verb: String, _ path: String) -> IdentityError {
        let code = errno
        let reason = String(cString: strerror(code))
        return IdentityError(
            code == ENOENT ? .missingFile : .fileFailed,
            "Cannot \(verb) '\(path)': \(reason). Check the path and its permissions.")
    }

    private static func systemRead(_ descriptor: CInt, _ address: UnsafeMutableRawPointer?, _ count: Int)
        -> Int
    {
        #if canImport(Glibc)
            Glibc.read(descriptor, address, count)
        #elseif canImport(Musl)
            Musl.read(descriptor, address, count)
        #else
            Darwin.read(descriptor, address, count)
        #endif
    }

    private static func systemWrite(_ descriptor: CInt, _ address: UnsafeRawPointer?, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, address, count)
        #elseif canImport(Musl)
            Musl.write(descriptor, address, count)
        #else
            Darwin.write(descriptor, address, count)
        #endif
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: CInt) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes {
                systemWrite(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            written += count
        }
        return true
    }

    private static func synchronizeDirectory(of path: String) {
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(parent.isEmpty ? "/" : parent, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
