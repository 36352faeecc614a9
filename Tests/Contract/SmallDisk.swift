import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A file system of a few mebibytes, to be filled.
struct SmallDisk {
    let path: String

    init(at path: String, bytes: Int) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        #if os(Linux)
            guard mount("tmpfs", path, "tmpfs", 0, "size=\(bytes)") == 0 else {
                throw CocoaError(.fileWriteNoPermission)
            }
        #else
            throw CocoaError(.featureUnsupported)
        #endif
    }

    func unmount() {
        #if os(Linux)
            // Lazily: a file that is still open does not keep the test's directory from going.
            umount2(path, 2)
        #endif
    }

    static let isPermitted: Bool = {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("mortise-mount-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        guard let disk = try? SmallDisk(at: path, bytes: 1 << 20) else { return false }
        disk.unmount()
        return true
    }()
}
