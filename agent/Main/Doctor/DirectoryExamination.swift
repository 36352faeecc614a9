import AgentDoctor
import Platform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Looks at the agent's directory and its file system. A dead file server keeps the caller for ever.
enum DirectoryExamination {
    #if canImport(Darwin)
        private static let noExecuteFlag: UInt = 0
    #else
        /// ST_NOEXEC of statvfs(3), which not every C library names.
        private static let noExecuteFlag: UInt = 8
    #endif

    /// - Parameter directory: where it does not exist yet, the first above it is looked at.
    static func disk(_ directory: String) -> DiskFinding? {
        var place = directory
        while !place.isEmpty, FileStatus(of: place)?.isFolder != true {
            guard place != "/", let slash = place.lastIndex(of: "/") else { return nil }
            place = slash == place.startIndex ? "/" : String(place[..<slash])
        }
        var status = statvfs()
        guard statvfs(place, &status) == 0 else { return nil }
        let block = Int64(clamping: status.f_frsize)
        func bytes(_ blocks: some BinaryInteger) -> Int64 {
            let product = Int64(clamping: blocks).multipliedReportingOverflow(by: block)
            return product.overflow ? .max : product.partialValue
        }
        let flags = UInt(status.f_flag)
        let isReadOnly = flags & UInt(ST_RDONLY) != 0
        return DiskFinding(
            path: place, totalBytes: bytes(status.f_blocks), availableBytes: bytes(status.f_bavail),
            totalFiles: Int64(clamping: status.f_files), availableFiles: Int64(clamping: status.f_favail),
            isReadOnly: isReadOnly, isNoExec: flags & noExecuteFlag != 0,
            writeFailure: isReadOnly ? nil : writeFailure(in: place))
    }

    /// Writes a block to the disk and removes it again.
    private static func writeFailure(in folder: String) -> String? {
        let path = folder + "/.mortise-doctor-\(Host.processID)"
        defer { Files.remove(path) }
        do throws(SystemError) {
            let file = try Descriptor.create(path)
            guard Platform.write(file.number, Array(repeating: 0x20, count: 4_096)[...]) == 4_096,
                fsync(file.number) == 0
            else { throw .last("cannot write '\(path)'") }
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// nil where the file is not there.
    static func keyFile(_ path: String) -> Check? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return .keyFile(
            path, mode: UInt32(status.st_mode) & 0o777, isOwn: UInt32(status.st_uid) == Host.userID)
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
