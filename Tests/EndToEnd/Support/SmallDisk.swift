import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A file system of a few mebibytes, to be filled. Only root may mount one.
struct SmallDisk {
    let path: String

    init(at path: String, bytes: Int) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        #if os(Linux)
            guard mount("tmpfs", path, "tmpfs", 0, "size=\(bytes)") == 0 else {
                throw TestFailure("cannot mount a file system at \(path)")
            }
        #else
            throw TestFailure("there are no small file systems here")
        #endif
    }

    /// Takes what room there is.
    func fill() throws {
        let file = try FileHandle(forWritingTo: try created(path + "/filler"))
        defer { try? file.close() }
        for size in [64 << 10, 4 << 10, 1] {
            let bytes = Data(count: size)
            while (try? file.write(contentsOf: bytes)) != nil {}
        }
    }

    private func created(_ path: String) throws -> URL {
        guard FileManager.default.createFile(atPath: path, contents: nil) else {
            throw TestFailure("cannot make \(path)")
        }
        return URL(fileURLWithPath: path)
    }

    func makeRoom() throws { try FileManager.default.removeItem(atPath: path + "/filler") }

    func remove() {
        #if os(Linux)
            // Lazily: a coordinator may still have its store open.
            umount2(path, 2)
        #endif
        try? FileManager.default.removeItem(atPath: path)
    }

    static func freshPath() -> String {
        FileManager.default.temporaryDirectory
            .appendingPathComponent("mortise-disk-\(UUID().uuidString.prefix(8))").path
    }

    static let isPermitted: Bool = {
        guard let disk = try? SmallDisk(at: freshPath(), bytes: 1 << 20) else { return false }
        disk.remove()
        return true
    }()
}
