import CPlatform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An open file descriptor with one owner, closed when the owner lets go of it.
package struct Descriptor: ~Copyable {
    package let number: Int32

    /// Takes over a descriptor that is open.
    package init(owning number: Int32) { self.number = number }

    deinit { close(number) }

    /// Gives the number away without closing it.
    package consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }

    /// open(2) with O_CLOEXEC.
    package static func open(
        _ path: String, flags: Int32, mode: UInt32 = 0o600
    ) throws(SystemError) -> Descriptor {
        let number = mortise_open(path, flags, mode_t(mode))
        guard number >= 0 else { throw .last("cannot open '\(path)'") }
        return Descriptor(owning: number)
    }

    /// A folder, for what is relative to it.
    package static func openFolder(_ path: String) throws(SystemError) -> Descriptor {
        try open(path, flags: O_RDONLY | O_DIRECTORY)
    }

    package static func openForReading(_ path: String) throws(SystemError) -> Descriptor {
        try open(path, flags: O_RDONLY)
    }

    /// An empty file that is written at its end; what was there is gone.
    package static func create(_ path: String, mode: UInt32 = 0o600) throws(SystemError) -> Descriptor {
        try open(path, flags: O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, mode: mode)
    }

    package static func openForAppending(_ path: String) throws(SystemError) -> Descriptor {
        try open(path, flags: O_WRONLY | O_CREAT | O_APPEND)
    }

    package static func nullDevice() throws(SystemError) -> Descriptor {
        try open("/dev/null", flags: O_RDWR)
    }

    /// An anonymous file in memory that is read from its beginning.
    package static func memoryFile(_ bytes: some Collection<UInt8>) throws(SystemError) -> Descriptor {
        let contents = Array(bytes)
        let number = contents.withUnsafeBytes { mortise_memory_file($0.baseAddress, $0.count) }
        guard number >= 0 else { throw .last("cannot hold \(contents.count) bytes in memory") }
        return Descriptor(owning: number)
    }

    /// Puts a copy of this descriptor at a number, for example standard input (0).
    package func copy(to target: Int32) throws(SystemError) {
        guard dup2(number, target) >= 0 else { throw .last("cannot set descriptor \(target)") }
    }

    /// A copy with a number of its own of at least `least`.
    package static func copy(of number: Int32, atLeast least: Int32) throws(SystemError) -> Descriptor {
        let copied = fcntl(number, F_DUPFD_CLOEXEC, least)
        guard copied >= 0 else { throw .last("cannot copy descriptor \(number)") }
        return Descriptor(owning: copied)
    }

    /// Closes all descriptors from a number on.
    package static func closeAll(from first: Int32) { mortise_close_from(first) }

    /// pread(2); an empty answer is the end of the file.
    package func read(at offset: Int64, limitBytes: Int) throws(SystemError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limitBytes) { space, count in
            let result = pread(number, space.baseAddress, limitBytes, off_t(offset))
            if result < 0 { failure = errno }
            count = max(0, result)
        }
        guard failure == 0 else { throw SystemError(code: failure, attempt: "cannot read a file") }
        return bytes
    }
}

/// The two ends of a pipe. Reading never waits, writing does.
package struct Pipe: ~Copyable {
    package let reader: Descriptor
    package let writer: Descriptor

    package init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard mortise_pipe(&ends) == 0 else { throw .last("cannot make a pipe") }
        reader = Descriptor(owning: ends[0])
        writer = Descriptor(owning: ends[1])
    }

    /// Closes the writer's end here and gives the reader's.
    package consuming func takeReader() -> Descriptor { reader }
}
