#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a short command reads from its standard input. It is a file in every case, never a pipe: so nobody has to write
/// while the command runs, one that reads slowly or never cannot hold its caller up, and none ends by SIGPIPE.
package enum ToolInput: Hashable, Sendable {
    case nothing
    /// In memory, or where the system has no anonymous files there, in a file without a name. Secrets may go this way.
    case bytes([UInt8])
    /// The whole file at this path.
    case file(String)

    /// - Returns: a descriptor for its caller to close; nil: nothing is to be read.
    func open() throws(SystemError) -> Int32? {
        switch self {
        case .nothing: return nil
        case .file(let path): return try Descriptor.openForReading(path).release()
        case .bytes(let bytes):
            do throws(SystemError) {
                return try Descriptor.memoryFile(bytes).release()
            } catch {
                guard error.code == ENOSYS else { throw error }
                return try Self.namelessFile(bytes).release()
            }
        }
    }

    private static func namelessFile(_ bytes: [UInt8]) throws(SystemError) -> Descriptor {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array((folder + "/mortise-input-XXXXXX").utf8CString)
        let number = mkstemp(&template)
        guard number >= 0 else { throw .last("cannot make a file in '\(folder)'") }
        unlink(template)
        let file = Descriptor(owning: number)
        var written = 0
        while written < bytes.count {
            let count = Platform.write(file.number, bytes[written...])
            if count < 0 { throw .last("cannot write to a file in '\(folder)'") }
            written += count
        }
        guard lseek(file.number, 0, SEEK_SET) == 0 else { throw .last("cannot read what was written") }
        return file
    }
}
