/// What `/proc/meminfo` says, in bytes.
package struct MemoryInfo: Hashable, Sendable {
    package var totalBytes: Int64?
    /// MemAvailable; on kernels before 3.14 free memory, buffers and cache.
    package var availableBytes: Int64?

    package init(parsing text: String) {
        var values: [String: Int64] = [:]
        for line in Scan.lines(text) {
            guard let (key, value) = Scan.pair(line) else { continue }
            switch key {
            case "MemTotal", "MemAvailable", "MemFree", "Buffers", "Cached":
                values[key] = Scan.bytes(value, unit: 1).flatMap { $0 < 1 << 60 ? $0 : nil }
            default: break
            }
        }
        totalBytes = values["MemTotal"]
        availableBytes =
            values["MemAvailable"]
            ?? values["MemFree"].map { $0 + (values["Buffers"] ?? 0) + (values["Cached"] ?? 0) }
    }
}
