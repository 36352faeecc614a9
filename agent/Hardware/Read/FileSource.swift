#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where small system files are read: the machine's, or a tree that looks like one.
package struct FileSource: Sendable {
    /// nil for a file that cannot be read.
    package let read: @Sendable (_ path: String) -> String?
    package let exists: @Sendable (_ path: String) -> Bool
    /// Names in a directory, sorted; empty for one that cannot be read.
    package let list: @Sendable (_ path: String) -> [String]
    /// Where a symbolic link leads, as it is written; nil for what is none.
    package let target: @Sendable (_ path: String) -> String?

    package init(
        read: @escaping @Sendable (String) -> String?, exists: @escaping @Sendable (String) -> Bool,
        list: @escaping @Sendable (String) -> [String] = { _ in [] },
        target: @escaping @Sendable (String) -> String? = { _ in nil }
    ) {
        self.read = read
        self.exists = exists
        self.list = list
        self.target = target
    }

    /// Longer files are cut here: `/proc/cpuinfo` of 1,000 processors has 2 MB.
    private static let fileLimit = 8 << 20

    /// - Parameter root: put before every path; empty for the machine itself.
    package static func machine(root: String = "") -> FileSource {
        FileSource(
            read: { path in contents(root + path) },
            exists: { path in access(root + path, F_OK) == 0 },
            list: { path in names(in: root + path) },
            target: { path in linkTarget(root + path) })
    }

    private static func linkTarget(_ path: String) -> String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }

    /// Directories of /sys with more names than this say nothing that a report could hold.
    private static let nameLimit = 4_096

    private static func names(in path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while names.count < nameLimit, let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private static func contents(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { _ = close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 32 << 10)
        while bytes.count < fileLimit {
            let count = systemRead(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
