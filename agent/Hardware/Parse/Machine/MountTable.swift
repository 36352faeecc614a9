import TextForms

/// What is mounted where, from `/proc/self/mountinfo`, in its order: a later mount hides an earlier one.
package struct MountTable: Hashable, Sendable {
    package struct Mount: Hashable, Sendable {
        /// The part of the file system that is seen here.
        package var root: String
        package var point: String
        /// "ext4", "nfs4", "fuse.sshfs".
        package var type: String
        /// A device, "server:/path", or any word.
        package var source: String
        /// Of the file system, not of the mount: for v1 control groups its controllers.
        package var options: [String]

        package init(root: String = "/", point: String, type: String, source: String, options: [String] = [])
        {
            self.root = root
            self.point = point
            self.type = type
            self.source = source
            self.options = options
        }
    }

    package var mounts: [Mount]

    package init(parsing text: String) { mounts = Scan.lines(text).compactMap { Self.mount($0) } }

    /// `36 35 0:31 /root /mount/point options… - cgroup2 cgroup rw,cpu`. nil for any other line.
    private static func mount(_ line: Substring) -> Mount? {
        let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard
            words.count >= 9, Int(words[0]) != nil, Int(words[1]) != nil, words[2].contains(":"),
            let dash = words[6...].firstIndex(of: "-"), words.count > dash + 1
        else { return nil }
        // A source may be empty, which leaves one word less.
        let behind = words[(dash + 2)...]
        return Mount(
            root: unescaped(words[3]), point: unescaped(words[4]), type: String(words[dash + 1]),
            source: behind.count > 1 ? unescaped(behind[dash + 2]) : "",
            options: (behind.last ?? "").split(separator: ",").map(String.init))
    }

    /// `\040` is a blank.
    private static func unescaped(_ text: Substring) -> String {
        guard text.contains("\\") else { return String(text) }
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

    /// The mount that holds a path, by the path's text alone: a symbolic link on the way is not followed, since that
    /// would ask its file system. nil for a relative path.
    package func mount(holding path: String) -> Mount? {
        guard path.hasPrefix("/") else { return nil }
        let path = path.split(separator: "/")
        var best: (mount: Mount, depth: Int)?
        for mount in mounts {
            let point = mount.point.split(separator: "/")
            if path.starts(with: point), point.count >= best?.depth ?? 0 { best = (mount, point.count) }
        }
        return best?.mount
    }

    /// File systems that other machines serve, each once per mount point.
    package var shared: [Mount] {
        var points: Set<String> = []
        return mounts.filter { $0.kind.isShared && points.insert($0.point).inserted }
    }
}

/// What kind of file system it is, for people and for placement.
package enum FileSystemKind: Hashable, Sendable {
    case local
    /// In memory: tmpfs, ramfs.
    case memory
    /// Layers of a container's image.
    case overlay
    /// Served by other machines, or by several to all: "nfs", "lustre", "gpfs", "beegfs", "cephfs" ….
    case shared(String)
    /// Asked of a program on this machine, which may hang as well.
    case user
    /// Not for files: proc, sysfs, cgroup ….
    case system

    package var isShared: Bool { if case .shared = self { true } else { false } }

    /// A server or a program answers, perhaps never: nobody may wait for it.
    package var mayHang: Bool { isShared || self == .user }

    /// "local", "memory", "nfs".
    package var name: String {
        switch self {
        case .local: "local"
        case .memory: "memory"
        case .overlay: "overlay"
        case .shared(let name): name
        case .user: "fuse"
        case .system: "system"
        }
    }
}

extension MountTable.Mount {
    package var kind: FileSystemKind {
        let plain = type.hasPrefix("fuse.") ? String(type.dropFirst("fuse.".count)) : type
        if let name = Self.sharedTypes[plain.lowercased()] { return .shared(name) }
        switch type {
        case "tmpfs", "ramfs", "hugetlbfs": return .memory
        case "overlay", "overlayfs", "aufs", "fuse.fuse-overlayfs", "fuse-overlayfs": return .overlay
        // Looking into a mount point of autofs mounts what belongs there.
        case "autofs", "fuse", "fuseblk": return .user
        case "proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "mqueue", "securityfs", "debugfs",
            "tracefs", "pstore", "bpf", "configfs", "binfmt_misc", "nsfs", "efivarfs", "fusectl",
            "rpc_pipefs", "selinuxfs":
            return .system
        default: return type.hasPrefix("fuse.") ? .user : .local
        }
    }

    private static let sharedTypes = [
        "nfs": "nfs", "nfs4": "nfs", "nfs3": "nfs", "lustre": "lustre", "lustre_tgt": "lustre",
        "gpfs": "gpfs", "mmfs": "gpfs", "beegfs": "beegfs", "beegfs_nodev": "beegfs", "fhgfs": "beegfs",
        "ceph": "cephfs", "ceph-fuse": "cephfs", "cifs": "smb", "smb3": "smb", "smbfs": "smb",
        "glusterfs": "glusterfs", "afs": "afs", "openafs": "afs", "auristorfs": "afs", "pvfs2": "orangefs",
        "orangefs": "orangefs", "panfs": "panfs", "wekafs": "weka", "daos": "daos", "dfuse": "daos",
        "juicefs": "juicefs", "sshfs": "sshfs", "s3fs": "s3", "goofys": "s3", "mount-s3": "s3",
        "geesefs": "s3", "gcsfuse": "gcs", "rclone": "rclone", "alluxio-fuse": "alluxio", "ossfs": "oss",
        "cosfs": "cos", "obsfs": "obs", "mfs": "moosefs", "moosefs": "moosefs", "lizardfs": "lizardfs",
        "quobyte": "quobyte", "xtreemfs": "xtreemfs", "curvefs": "curvefs", "cubefs": "cubefs",
        "chubaofs": "cubefs", "seaweedfs": "seaweedfs", "hdfs": "hdfs", "davfs": "webdav", "gfs2": "gfs2",
        "ocfs2": "ocfs2", "yrfs": "yrfs", "dpc": "oceanfs", "coda": "coda", "ncpfs": "ncp",
        "9p": "9p", "virtiofs": "virtiofs", "vboxsf": "vboxsf", "prl_fs": "prl_fs", "vmhgfs-fuse": "vmhgfs",
        "cvmfs2": "cvmfs",
    ]
}
