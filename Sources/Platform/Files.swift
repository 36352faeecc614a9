import CPlatform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a path leads to.
package struct FileStatus: Equatable, Sendable {
    package let sizeBytes: Int64
    /// Together with the device, one file for as long as it exists.
    package let inode: UInt64
    package let device: UInt64
    package let modifiedSeconds: Int64
    package let isFolder: Bool
    package let isFile: Bool

    /// nil where nothing is. Links are followed.
    package init?(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Of an open file.
    package init?(of descriptor: borrowing Descriptor) {
        var status = stat()
        guard fstat(descriptor.number, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        sizeBytes = Int64(status.st_size)
        inode = UInt64(status.st_ino)
        device = UInt64(status.st_dev)
        #if canImport(Darwin)
            modifiedSeconds = Int64(status.st_mtimespec.tv_sec)
        #else
            modifiedSeconds = Int64(status.st_mtim.tv_sec)
        #endif
        isFolder = status.st_mode & S_IFMT == S_IFDIR
        isFile = status.st_mode & S_IFMT == S_IFREG
    }
}

/// Folders and names.
package enum Files {
    /// - Returns: false when it was there before.
    @discardableResult
    package static func makeFolder(_ path: String, mode: UInt32 = 0o700) throws(SystemError) -> Bool {
        if mkdir(path, mode_t(mode)) == 0 { return true }
        if errno == EEXIST { return false }
        throw .last("cannot make the folder '\(path)'")
    }

    /// With all folders above it.
    package static func makeFolders(_ path: String, mode: UInt32 = 0o700) throws(SystemError) {
        if FileStatus(of: path)?.isFolder == true { return }
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try makeFolders(String(path[..<slash]), mode: mode)
        }
        try makeFolder(path, mode: mode)
    }

    package static func move(_ path: String, to target: String) throws(SystemError) {
        guard rename(path, target) == 0 else { throw .last("cannot move '\(path)' to '\(target)'") }
    }

    /// A file, or an empty folder's link; nothing is said when it is not there.
    package static func remove(_ path: String) { unlink(path) }

    /// A file or a whole folder; follows no link.
    package static func removeTree(_ path: String) throws(SystemError) {
        guard mortise_remove_tree(path) == 0 else { throw .last("cannot remove '\(path)' completely") }
    }

    package static func removeEmptyFolder(_ path: String) -> Bool { rmdir(path) == 0 }

    package static func isRunnable(_ path: String) -> Bool { access(path, X_OK) == 0 }

    package static func enter(_ path: String) throws(SystemError) {
        guard chdir(path) == 0 else { throw .last("cannot enter '\(path)'") }
    }

    package static func currentFolder() throws(SystemError) -> String {
        var buffer = [CChar](repeating: 0, count: 4_097)
        guard getcwd(&buffer, buffer.count) != nil else { throw .last("cannot read the working folder") }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Everything in a folder but `.` and `..`, in no order.
    package static func names(in path: String) throws(SystemError) -> [String] {
        guard let folder = opendir(path) else { throw .last("cannot list '\(path)'") }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            // By address: an entry is shorter than its declared type, a copy would read beyond it.
            guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { continue }
            let name = String(
                cString: UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self))
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// The bytes of all files directly in a folder; 0 where there is none.
    package static func sizeBytes(ofFilesIn path: String) -> Int64 {
        ((try? names(in: path)) ?? []).reduce(0) { sum, name in
            let status = FileStatus(of: path + "/" + name)
            return sum + (status?.isFile == true ? status?.sizeBytes ?? 0 : 0)
        }
    }
}
