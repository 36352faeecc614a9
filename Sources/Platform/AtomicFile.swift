import CPlatform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Whole small files: read with a limit, written so that a reader or a crash sees the old or the new one.
package enum AtomicFile {
    /// Writes to a temporary name beside it, syncs, renames, syncs the folder.
    ///
    /// - Parameter isDurable: false leaves out both syncs: whole for readers, lost in a power failure.
    package static func write(
        _ bytes: [UInt8], to path: String, mode: UInt32 = 0o600, isDurable: Bool = true
    ) throws(SystemError) {
        let temporary = path + ".new-\(getpid())"
        unlink(temporary)
        let descriptor = mortise_open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode_t(mode))
        guard descriptor >= 0 else { throw .last("cannot create '\(temporary)'") }
        do throws(SystemError) {
            defer { close(descriptor) }
            guard fchmod(descriptor, mode_t(mode)) == 0 else { throw .last("cannot protect '\(temporary)'") }
            try writeAll(bytes, to: descriptor, path: temporary)
            if isDurable, fsync(descriptor) != 0 { throw .last("cannot sync '\(temporary)'") }
            guard rename(temporary, path) == 0 else { throw .last("cannot put '\(path)' in place") }
        } catch {
            unlink(temporary)
            throw error
        }
        if isDurable { syncFolder(of: path) }
    }

    /// The whole file; nil when there is none.
    ///
    /// - Throws: also for a file of more than `limitBytes` (EFBIG).
    package static func read(_ path: String, limitBytes: Int = 64 << 20) throws(SystemError) -> [UInt8]? {
        let descriptor = mortise_open(path, O_RDONLY, 0)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .last("cannot open '\(path)'")
        }
        defer { close(descriptor) }
        return try read(descriptor: descriptor, "'\(path)'", limitBytes: limitBytes)
    }

    /// All that comes until its end.
    ///
    /// - Parameter name: for errors: "standard input".
    /// - Throws: also for more than `limitBytes` (EFBIG).
    package static func read(
        descriptor: Int32, _ name: String, limitBytes: Int
    ) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Platform.read(descriptor, into: &chunk)
            if count < 0 { throw .last("cannot read \(name)") }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            if bytes.count > limitBytes { throw SystemError(code: EFBIG, attempt: "cannot read \(name)") }
        }
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let count = Platform.write(descriptor, bytes[written...])
            if count < 0 { throw .last("cannot write '\(path)'") }
            written += count
        }
    }

    private static func syncFolder(of path: String) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = mortise_open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY, 0)
        guard descriptor >= 0 else { return }
        // Some network file systems cannot sync a folder; the rename has happened all the same.
        _ = fsync(descriptor)
        close(descriptor)
    }
}

/// read(2) into the whole buffer, again after a signal; -1 with errno on failure.
package func read(_ descriptor: Int32, into buffer: inout [UInt8]) -> Int {
    buffer.withUnsafeMutableBytes { space in
        while true {
            #if canImport(Glibc)
                let count = Glibc.read(descriptor, space.baseAddress, space.count)
            #elseif canImport(Musl)
                let count = Musl.read(descriptor, space.baseAddress, space.count)
            #else
                let count = Darwin.read(descriptor, space.baseAddress, space.count)
            #endif
            if count >= 0 || errno != EINTR { return count }
        }
    }
}

/// write(2), again after a signal; -1 with errno on failure.
package func write(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Int {
    bytes.withUnsafeBytes { space in
        while true {
            #if canImport(Glibc)
                let count = Glibc.write(descriptor, space.baseAddress, space.count)
            #elseif canImport(Musl)
                let count = Musl.write(descriptor, space.baseAddress, space.count)
            #else
                let count = Darwin.write(descriptor, space.baseAddress, space.count)
            #endif
            if count >= 0 || errno != EINTR { return count }
        }
    }
}
