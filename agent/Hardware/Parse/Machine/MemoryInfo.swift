import TextForms

/// What `/proc/meminfo` says, in bytes, or that of one memory node (`/sys/devices/system/node/node0/meminfo`).
package struct MemoryInfo: Hashable, Sendable {
    package var totalBytes: Int64?
    /// What is free; without file caches that would give way.
    package var freeBytes: Int64?
    /// As the kernel says; before 3.14 it does not.
    package var statedAvailableBytes: Int64?
    package var swapTotalBytes: Int64?
    /// Of the default size of huge pages alone; all sizes are in `/sys/kernel/mm/hugepages`.
    package var hugePages: HugePagePool?
    private var cachedBytes: Int64 = 0

    package init(parsing text: String) {
        var values: [String: Int64] = [:]
        var counts: [String: Int64] = [:]
        for line in Scan.lines(text) {
            guard let (key, value) = Scan.pair(line) else { continue }
            let words = Scan.words(key)
            // "Node 0 MemTotal" of one memory node.
            let name = words.count == 3 && words[0] == "Node" ? words[2] : key
            switch name {
            case "MemTotal", "MemAvailable", "MemFree", "Buffers", "Cached", "SwapTotal", "Hugepagesize":
                // Always with its unit: a number without one has been cut.
                guard value.hasSuffix("kB") else { break }
                values[name] = Scan.bytes(value).flatMap { $0 < 1 << 60 ? $0 : nil }
            case "HugePages_Total", "HugePages_Free": counts[name] = Int64(value)
            default: break
            }
        }
        totalBytes = values["MemTotal"]
        freeBytes = values["MemFree"]
        statedAvailableBytes = values["MemAvailable"]
        swapTotalBytes = values["SwapTotal"]
        cachedBytes = (values["Buffers"] ?? 0) + (values["Cached"] ?? 0)
        if let size = values["Hugepagesize"] {
            hugePages = HugePagePool(
                pageBytes: size, total: counts["HugePages_Total"], free: counts["HugePages_Free"])
        }
    }

    /// MemAvailable; on kernels before 3.14 free memory, buffers and cache.
    package var availableBytes: Int64? { statedAvailableBytes ?? freeBytes.map { $0 + cachedBytes } }
}

/// Huge pages of one size.
package struct HugePagePool: Hashable, Sendable {
    package var pageBytes: Int64
    /// Pages; nil where the system does not say.
    package var total: UInt64?
    package var free: UInt64?

    package init(pageBytes: Int64, total: Int64?, free: Int64?) {
        self.pageBytes = pageBytes
        self.total = total.flatMap { UInt64(exactly: $0) }
        self.free = free.flatMap { UInt64(exactly: $0) }
    }

    /// The size in a name such as "hugepages-2048kB"; nil for another name.
    package static func pageBytes(directory name: String) -> Int64? {
        let prefix = "hugepages-"
        guard name.hasPrefix(prefix), name.hasSuffix("kB") else { return nil }
        return Scan.bytes(name.dropFirst(prefix.count)).flatMap { $0 > 0 ? $0 : nil }
    }
}
