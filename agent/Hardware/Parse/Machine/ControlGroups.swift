import TextForms

/// The directories whose limits hold for a process, found from `/proc/self/cgroup` and `/proc/self/mountinfo`.
///
/// A limit may stand on any level between the process and the top that it can see, so all of them are listed.
package struct ControlGroups: Hashable, Sendable {
    /// Where the kernel keeps the limits.
    package enum Version: String, Hashable, Sendable {
        case v1, v2
        /// Limits in v1, and a v2 tree without controllers beside it.
        case hybrid
    }

    /// From the process's own group up to the mount point; v2 and v1 each where they exist.
    package var unified: [String] = []
    package var processor: [String] = []
    package var memory: [String] = []
    package var processorSet: [String] = []
    /// nil where the system has no control groups.
    package var version: Version?

    package init(membership: String, mounts: String) {
        self.init(
            membership: ControlGroupMembership(parsing: membership), mounts: MountTable(parsing: mounts))
    }

    package init(membership: ControlGroupMembership, mounts: MountTable) {
        let mounts = mounts.mounts
        version = membership.version
        for entry in membership.entries {
            if entry.isUnified {
                unified = Self.levels(entry.path, in: mounts.filter { $0.type == "cgroup2" })
            }
            for controller in entry.controllers {
                var levels: [String] {
                    Self.levels(
                        entry.path,
                        in: mounts.filter { $0.type == "cgroup" && $0.options.contains(controller) })
                }
                switch controller {
                case "cpu": processor = levels
                case "memory": memory = levels
                case "cpuset": processorSet = levels
                default: break
                }
            }
        }
    }

    private static func levels(_ path: String, in mounts: [MountTable.Mount]) -> [String] {
        // In a container the mount shows a part of the tree: its root is then a prefix of the process's path.
        let path = path.split(separator: "/").map(String.init)
        func root(_ mount: MountTable.Mount) -> [String] { mount.root.split(separator: "/").map(String.init) }
        let holding = mounts.first { path.starts(with: root($0)) }
        guard let mount = holding ?? mounts.first else { return [] }
        var below = holding == nil ? [] : Array(path.dropFirst(root(mount).count))
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

/// `/proc/self/cgroup`: in which group of each hierarchy a process is.
package struct ControlGroupMembership: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var hierarchy: UInt32
        /// As written: "cpu,cpuacct", "name=systemd", "" for v2.
        package var names: String
        package var path: String

        package var isUnified: Bool { hierarchy == 0 && names.isEmpty }
        package var controllers: [String] { names.split(separator: ",").map(String.init) }
    }

    package var entries: [Entry]

    package init(parsing text: String) { entries = Scan.lines(text).compactMap { Self.entry($0) } }

    /// `4:memory:/docker/0123`, `0::/`; colons in the path are its own. nil for any other line.
    static func entry(_ line: Substring) -> Entry? {
        let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3, let number = UInt32(fields[0]), fields[2].hasPrefix("/") else { return nil }
        return Entry(hierarchy: number, names: String(fields[1]), path: String(fields[2]))
    }

    /// nil without any entry. A named hierarchy of v1 (systemd's) limits nothing.
    package var version: ControlGroups.Version? {
        let hasUnified = entries.contains(where: \.isUnified)
        let hasControllers = entries.contains { entry in
            entry.controllers.contains { !$0.hasPrefix("name=") }
        }
        if hasControllers { return hasUnified ? .hybrid : .v1 }
        return hasUnified ? .v2 : entries.isEmpty ? nil : .v1
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
