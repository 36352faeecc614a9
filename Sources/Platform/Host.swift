import CPlatform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Tells one boot of the machine from the next.
package enum BootID {
    /// The kernel's boot id; where it has none, "unknown".
    package static let current: String = {
        let path = "/proc/sys/kernel/random/boot_id"
        guard let bytes = try? AtomicFile.read(path, limitBytes: 256) else { return "unknown" }
        let text = String(decoding: bytes.prefix { $0 > 0x20 }, as: UTF8.self)
        return text.isEmpty ? "unknown" : text
    }()
}

/// The machine (or container) and the user that this process has.
package enum Host {
    /// As the kernel has it; "localhost" when it has none.
    package static var name: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.isEmpty ? "localhost" : text
    }

    package static var processID: Int32 { getpid() }
    package static var userID: UInt32 { UInt32(geteuid()) }

    /// Sets which permissions new files never get; returns the mask before.
    @discardableResult
    package static func setFileMask(_ mask: UInt32) -> UInt32 { UInt32(umask(mode_t(mask))) }

    /// A variable of this process's environment; nil where it is unset.
    package static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}

/// A file system's room.
package struct DiskSpace: Equatable, Sendable {
    package let totalBytes: Int64
    /// Free for a user without privileges.
    package let availableBytes: Int64

    /// The file system that `path` is on.
    package init(of path: String) throws(SystemError) {
        var total: UInt64 = 0
        var available: UInt64 = 0
        guard mortise_disk_space(path, &total, &available) == 0 else {
            throw .last("cannot read the free space of '\(path)'")
        }
        totalBytes = Int64(clamping: total)
        availableBytes = Int64(clamping: available)
    }
}
