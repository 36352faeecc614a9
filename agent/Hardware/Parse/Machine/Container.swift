import TextForms

/// What tells in which kind of container a process runs.
package struct ContainerHints: Hashable, Sendable {
    /// Which of the marker files of `markers` exist.
    package var files: Set<String>
    /// Which of `variables` are set, with their values.
    package var environment: [String: String]
    /// `/proc/self/cgroup`.
    package var membership: String
    /// `/proc/self/mountinfo`.
    package var mounts: MountTable
    /// `/run/systemd/container`: how systemd in a container was told.
    package var manager: String
    /// Text of the file `namespace` that Kubernetes mounts into pods.
    package var podNamespace: String

    package init(
        files: Set<String> = [], environment: [String: String] = [:], membership: String = "",
        mounts: MountTable = MountTable(parsing: ""), manager: String = "", podNamespace: String = ""
    ) {
        self.files = files
        self.environment = environment
        self.membership = membership
        self.mounts = mounts
        self.manager = manager
        self.podNamespace = podNamespace
    }

    package static let markers = [
        "/.dockerenv", "/run/.containerenv", "/.singularity.d", "/var/run/secrets/kubernetes.io", "/dev/lxd",
        "/dev/.lxc",
    ]
    package static let variables = [
        "APPTAINER_CONTAINER", "SINGULARITY_CONTAINER", "KUBERNETES_SERVICE_HOST", "container",
        "SLURM_JOB_ID", "SHIFTER_RUNTIME", "CH_RUNNING", "POD_NAME", "MY_POD_NAME", "POD_NAMESPACE",
        "MY_POD_NAMESPACE", "HOSTNAME",
    ]

    private func value(_ names: String...) -> String? {
        for name in names {
            if let text = environment[name].flatMap({ Scan.identifier($0) }) { return text }
        }
        return nil
    }

    /// The innermost that is known: "apptainer", "shifter", "charliecloud", "kubernetes", "podman", "docker", "lxc",
    /// "nspawn", "slurm"; nil for none.
    package var kind: String? {
        if let engine { return engine }
        let path = membership.lowercased()
        let isInSlurm =
            value("SLURM_JOB_ID") != nil || path.contains("slurmstepd") || path.contains("/slurm/")
        return isInSlurm ? "slurm" : nil
    }

    /// As `kind`, for containers alone: an allocation of a scheduler is none.
    package var engine: String? {
        let path = membership.lowercased()
        let told = (environment["container"] ?? manager).lowercased()
        if value("APPTAINER_CONTAINER", "SINGULARITY_CONTAINER") != nil || files.contains("/.singularity.d") {
            return "apptainer"
        }
        if value("SHIFTER_RUNTIME") != nil { return "shifter" }
        if value("CH_RUNNING") != nil { return "charliecloud" }
        if value("KUBERNETES_SERVICE_HOST") != nil || files.contains("/var/run/secrets/kubernetes.io")
            || path.contains("kubepods")
        {
            return "kubernetes"
        }
        if files.contains("/run/.containerenv") || path.contains("libpod") || told == "podman" {
            return "podman"
        }
        if files.contains("/.dockerenv") || path.contains("/docker") || told == "docker" { return "docker" }
        if told.hasPrefix("lxc") || path.contains("/lxc/") || path.contains("/lxc.payload")
            || files.contains("/dev/lxd") || files.contains("/dev/.lxc")
        {
            return "lxc"
        }
        if told == "systemd-nspawn" { return "nspawn" }
        return nil
    }

    /// nil outside of any container.
    package var container: ContainerFacts? {
        guard let engine else { return nil }
        var facts = ContainerFacts(engine: engine)
        facts.id = containerID
        if engine == "apptainer" { facts.image = value("APPTAINER_CONTAINER", "SINGULARITY_CONTAINER") }
        guard engine == "kubernetes" else { return facts }
        facts.podUID = podUID
        // A pod's host name is its own, unless it uses the node's network.
        facts.podName = value("POD_NAME", "MY_POD_NAME", "HOSTNAME")
        facts.podNamespace = Scan.identifier(podNamespace) ?? value("POD_NAMESPACE", "MY_POD_NAMESPACE")
        return facts
    }

    /// In the own group's path; with a namespace of control groups only in what is mounted over `/etc/hostname`.
    private var containerID: String? {
        let paths = ControlGroupMembership(parsing: membership).entries.map(\.path)
        let files = ["/etc/hostname", "/etc/resolv.conf", "/etc/hosts"]
        let roots = mounts.mounts.filter { files.contains($0.point) }.map(\.root)
        for path in paths + roots {
            if let id = Self.identifier(in: path) { return id }
        }
        return nil
    }

    /// 64 hexadecimal digits, the last in a path: "docker-0123….scope", "/docker/0123…".
    private static func identifier(in path: String) -> String? {
        path.split(whereSeparator: { !$0.isASCII || !($0.isNumber || $0.isLetter) })
            .last { $0.count == 64 && $0.utf8.allSatisfy { 48...57 ~= $0 || 97...102 ~= $0 } }
            .map(String.init)
    }

    /// "kubepods-burstable-pod0123_….slice", "/kubepods/pod0123-…", "/var/lib/kubelet/pods/0123-…/etc-hosts".
    private var podUID: String? {
        let paths = ControlGroupMembership(parsing: membership).entries.map(\.path)
        for name in paths.flatMap({ $0.split(separator: "/") }) {
            guard name.utf8.count <= 512, let start = name.indexBehindLast("pod") else { continue }
            let uid = String(name[start...].prefix { $0 != "." }.map { $0 == "_" ? "-" : $0 })
            if Self.isUID(uid) { return uid }
        }
        for mount in mounts.mounts {
            let names = mount.root.split(separator: "/")
            guard let position = names.firstIndex(of: "pods"), position + 1 < names.count else { continue }
            let uid = String(names[position + 1])
            if Self.isUID(uid) { return uid }
        }
        return nil
    }

    /// 32 hexadecimal digits, with or without hyphens.
    private static func isUID(_ text: String) -> Bool {
        let digits = text.utf8.filter { $0 != UInt8(ascii: "-") }
        return digits.count == 32 && digits.allSatisfy { 48...57 ~= $0 || 97...102 ~= $0 }
    }
}

/// The container that a process runs in; nil is "nothing tells".
package struct ContainerFacts: Hashable, Sendable {
    /// As `ContainerHints.engine`.
    package var engine: String
    /// 64 hexadecimal digits; of a pod's sandbox where nothing else is seen.
    package var id: String?
    /// A path or a name, of apptainer alone.
    package var image: String?
    package var podName: String?
    package var podNamespace: String?
    package var podUID: String?

    package init(engine: String) { self.engine = engine }
}

extension Substring {
    /// Where the text behind the last `mark` begins; nil without it.
    fileprivate func indexBehindLast(_ mark: String) -> Index? {
        var rest = self[...]
        while rest.count >= mark.count {
            if rest.hasSuffix(mark) { return rest.endIndex }
            rest = rest.dropLast()
        }
        return nil
    }
}
