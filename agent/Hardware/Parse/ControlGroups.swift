/// The directories whose limits hold for a process, found from `/proc/self/cgroup` and `/proc/self/mountinfo`.
///
/// A limit may stand on any level between the process and the top that it can see, so all of them are listed.
package struct ControlGroups: Hashable, Sendable {
    /// From the process's own group up to the mount point; v2 and v1 each where they exist.
    package var unified: [String] = []
    package var processor: [String] = []
    package var memory: [String] = []

    private struct Mount {
        var root: String
        var point: String
        /// nil for v2.
        var controllers: [String]?
    }

    package init(membership: String, mounts: String) {
        let mounts = Scan.lines(mounts).compactMap(Self.mount)
        for line in Scan.lines(membership) {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let path = String(fields[2])
            let controllers = fields[1].split(separator: ",").map(String.init)
            if fields[0] == "0", controllers.isEmpty {
                unified = Self.levels(path, in: mounts.first { $0.controllers == nil })
            }
            for controller in controllers where controller == "cpu" || controller == "memory" {
                let mount = mounts.first { $0.controllers?.contains(controller) == true }
                let levels = Self.levels(path, in: mount)
                if controller == "cpu" { processor = levels } else { memory = levels }
            }
        }
    }

    /// `36 35 0:31 /root /mount/point options… - cgroup2 cgroup rw,cpu`.
    private static func mount(_ line: Substring) -> Mount? {
        let words = line.split(separator: " ").map(String.init)
        guard let dash = words.firstIndex(of: "-"), dash >= 6, words.count > dash + 1 else { return nil }
        let point = unescaped(words[4])
        switch words[dash + 1] {
        case "cgroup2": return Mount(root: unescaped(words[3]), point: point, controllers: nil)
        case "cgroup":
            guard words.count > dash + 3 else { return nil }
            let options = words[dash + 3].split(separator: ",").map(String.init)
            return Mount(root: unescaped(words[3]), point: point, controllers: options)
        default: return nil
        }
    }

    /// `\040` is a blank.
    private static func unescaped(_ text: String) -> String {
        guard text.contains("\\") else { return text }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func levels(_ path: String, in mount: Mount?) -> [String] {
        guard let mount else { return [] }
        // In a container the mount shows a part of the tree: its root is then a prefix of the process's path.
        var below = path.split(separator: "/").map(String.init)
        let root = mount.root.split(separator: "/").map(String.init)
        if below.starts(with: root) {
            below.removeFirst(root.count)
        } else {
            below = []
        }
        // A path that leaves the own namespace says nothing about what is mounted here.
        if below.contains("..") || below.count > 64 { below = [] }
        var levels: [String] = []
        while true {
            levels.append(([mount.point == "/" ? "" : mount.point] + below).joined(separator: "/"))
            if below.isEmpty { return levels }
            below.removeLast()
        }
    }
}

/// Limits as control group files write them; nil is "none".
package enum ControlGroupLimit {
    /// `cpu.max`: `200000 100000` or `max 100000`. In 1/1000 of a processor.
    package static func milliCPU(max text: String) -> Int64? {
        let words = Scan.words(text)
        guard let quota = words.first else { return nil }
        return milliCPU(quota: quota, period: words.count > 1 ? words[1] : "100000")
    }

    /// `cpu.cfs_quota_us` (-1 is none) and `cpu.cfs_period_us`.
    package static func milliCPU(quota: String, period: String) -> Int64? {
        guard
            let quota = Int64(Scan.trimmed(quota)), quota > 0, quota < 1 << 50,
            let period = Int64(Scan.trimmed(period)), period > 0
        else { return nil }
        return max(1, quota * 1_000 / period)
    }

    /// `memory.max` or `memory.limit_in_bytes`: "max", and the huge number of v1, are none.
    package static func bytes(_ text: String) -> Int64? {
        guard let bytes = Int64(Scan.trimmed(text)), bytes >= 0, bytes < 1 << 60 else { return nil }
        return bytes
    }

    /// One value of `memory.stat`.
    package static func statistic(_ name: String, in text: String) -> Int64? {
        for line in Scan.lines(text) {
            let words = Scan.words(line)
            if words.count == 2, words[0] == name { return Int64(words[1]) }
        }
        return nil
    }
}
