import ClusterTypes
import Platform

/// A cgroup of a slot, where this user may make one: it holds the slot's memory limit and its share of the CPU.
///
/// Not being permitted is usual (containers, shared machines) and no error; it is said in the slot's report.
final class ControlGroup {
    private let folder: String
    private let processes: Descriptor
    let memoryLimitBytes: Int64?
    /// "memory", "cpu": what it holds its processes to.
    let limits: [String]

    /// Why there is no control group.
    struct Unavailable: Error {
        let reason: String
    }

    private init(folder: String, processes: consuming Descriptor, memoryLimitBytes: Int64?, limits: [String])
    {
        self.folder = folder
        self.processes = processes
        self.memoryLimitBytes = memoryLimitBytes
        self.limits = limits
    }

    /// For a program to join as it starts.
    var descriptor: Int32 { processes.number }

    /// - Parameter name: a folder's name, not in use.
    static func make(name: String, resources: Resources) throws(Unavailable) -> ControlGroup {
        guard let mounts = try? AtomicFile.read("/proc/self/mountinfo"),
            let groups = try? AtomicFile.read("/proc/self/cgroup"),
            let own = ownFolder(
                mounts: String(decoding: mounts, as: UTF8.self),
                groups: String(decoding: groups, as: UTF8.self))
        else { throw Unavailable(reason: "this system has no cgroup v2") }
        // Below the agent's own group, or beside it where the one above is delegated to this user.
        for parent in [own.folder, own.parent].compactMap({ $0 }) {
            let controllers = enabledControllers(in: parent, mayEnable: parent == own.folder)
            guard controllers.contains("memory") || controllers.contains("cpu") else { continue }
            let folder = parent + "/" + name
            guard (try? Files.makeFolder(folder)) != nil else { continue }
            do throws(SystemError) {
                return try fill(folder, controllers: controllers, resources: resources)
            } catch {
                _ = Files.removeEmptyFolder(folder)
            }
        }
        throw Unavailable(reason: "no cgroup v2 with memory or cpu may be made here")
    }

    private static func fill(
        _ folder: String, controllers: [String], resources: Resources
    ) throws(SystemError) -> ControlGroup {
        var memoryLimit: Int64?
        var limits: [String] = []
        if controllers.contains("memory"), resources.memoryBytes > 0 {
            try set(folder + "/memory.max", String(resources.memoryBytes))
            memoryLimit = resources.memoryBytes
            limits.append("memory")
        }
        if controllers.contains("cpu"), resources.milliCPU > 0 {
            // A weight, not a ceiling: what nobody else uses is free to use. One CPU is the usual weight.
            try set(folder + "/cpu.weight", String(min(10_000, max(1, resources.milliCPU / 10))))
            limits.append("cpu")
        }
        let processes = try Descriptor.openForAppending(folder + "/cgroup.procs")
        return ControlGroup(
            folder: folder, processes: processes, memoryLimitBytes: memoryLimit, limits: limits)
    }

    private static func set(_ path: String, _ value: String) throws(SystemError) {
        let file = try Descriptor.openForAppending(path)
        guard Platform.write(file.number, Array(value.utf8)[...]) >= 0 else {
            throw .last("cannot write '\(path)'")
        }
    }

    private static func enabledControllers(in folder: String, mayEnable: Bool) -> [String] {
        if mayEnable {
            for controller in ["memory", "cpu"] {
                try? set(folder + "/cgroup.subtree_control", "+" + controller)
            }
        }
        let bytes = (try? AtomicFile.read(folder + "/cgroup.subtree_control")) ?? nil
        return String(decoding: bytes ?? [], as: UTF8.self).split { $0 == " " || $0 == "\n" }.map(String.init)
    }

    /// Where this process's own group is in the file system; `parent` only inside the same mount.
    ///
    /// - Parameters:
    ///   - mounts: /proc/self/mountinfo.
    ///   - groups: /proc/self/cgroup.
    static func ownFolder(mounts: String, groups: String) -> (folder: String, parent: String?)? {
        guard let line = groups.split(separator: "\n").first(where: { $0.hasPrefix("0::") }) else {
            return nil
        }
        var group = String(line.dropFirst(3))
        for mount in mounts.split(separator: "\n") {
            let fields = mount.split(separator: " ")
            guard fields.count > 4, let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count,
                fields[dash + 1] == "cgroup2"
            else { continue }
            let root = fields[3] == "/" ? "" : String(fields[3])
            guard group.hasPrefix(root) else { return nil }
            group.removeFirst(root.count)
            while group.hasSuffix("/") { group.removeLast() }
            let point = String(fields[4])
            guard let slash = group.lastIndex(of: "/") else { return (point, nil) }
            return (point + group, point + group[..<slash])
        }
        return nil
    }

    /// How often the kernel has killed here for want of memory.
    var outOfMemoryKills: Int {
        guard let bytes = try? AtomicFile.read(folder + "/memory.events") else { return 0 }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == "oom_kill" { return Int(words[1]) ?? 0 }
        }
        return 0
    }

    /// Kills whatever is still in it and removes it.
    func remove() {
        try? Self.set(folder + "/cgroup.kill", "1")
        for _ in 0..<100 {
            if Files.removeEmptyFolder(folder) || FileStatus(of: folder) == nil { return }
            var pause = PollSet(places: 1)
            pause.wait(microseconds: 10_000)
        }
    }
}
