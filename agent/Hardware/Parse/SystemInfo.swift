/// Small facts about the system, from texts.
package enum SystemInfo {
    /// `PRETTY_NAME` of os-release, else name and version; nil for a text without either.
    package static func operatingSystem(_ text: String) -> String? {
        var values: [String: String] = [:]
        for line in Scan.lines(text) {
            guard let equals = line.firstIndex(of: "=") else { continue }
            values[Scan.trimmed(line[..<equals])] = unquoted(Scan.trimmed(line[line.index(after: equals)...]))
        }
        if let pretty = values["PRETTY_NAME"].flatMap({ Scan.known($0) }) { return pretty }
        guard let name = values["NAME"].flatMap({ Scan.known($0) }) else { return nil }
        return values["VERSION"].map { Scan.trimmed("\(name) \($0)") } ?? name
    }

    private static func unquoted(_ text: String) -> String {
        guard text.count >= 2, let first = text.first, first == "\"" || first == "'", text.last == first
        else {
            return text
        }
        var plain = ""
        var isEscaped = false
        for character in text.dropFirst().dropLast() {
            if character == "\\", !isEscaped, first == "\"" {
                isEscaped = true
                continue
            }
            isEscaped = false
            plain.append(character)
        }
        return plain
    }

    /// The one-minute average of `/proc/loadavg` in 1/1000.
    package static func loadMilli(_ text: String) -> UInt32? {
        Scan.words(text).first.flatMap { Scan.number($0) }.flatMap {
            $0 < 0 ? nil : UInt32(exactly: ($0 * 1_000).rounded())
        }
    }
}

/// What tells in which kind of container a process runs.
package struct ContainerHints: Hashable, Sendable {
    /// Which of the marker files of `markers` exist.
    package var files: Set<String>
    /// Which of `variables` are set, with their values.
    package var environment: [String: String]
    /// `/proc/self/cgroup`.
    package var membership: String

    package init(files: Set<String> = [], environment: [String: String] = [:], membership: String = "") {
        self.files = files
        self.environment = environment
        self.membership = membership
    }

    package static let markers = [
        "/.dockerenv", "/run/.containerenv", "/.singularity.d", "/var/run/secrets/kubernetes.io",
    ]
    package static let variables = [
        "APPTAINER_CONTAINER", "SINGULARITY_CONTAINER", "KUBERNETES_SERVICE_HOST", "container",
        "SLURM_JOB_ID",
    ]

    /// The innermost that is known: "apptainer", "kubernetes", "podman", "docker", "slurm"; nil for none.
    package var kind: String? {
        func isSet(_ name: String) -> Bool { environment[name]?.isEmpty == false }
        let path = membership.lowercased()
        if isSet("APPTAINER_CONTAINER") || isSet("SINGULARITY_CONTAINER") || files.contains("/.singularity.d")
        {
            return "apptainer"
        }
        if isSet("KUBERNETES_SERVICE_HOST") || files.contains("/var/run/secrets/kubernetes.io")
            || path.contains("kubepods")
        {
            return "kubernetes"
        }
        if files.contains("/run/.containerenv") || path.contains("libpod")
            || environment["container"] == "podman"
        {
            return "podman"
        }
        if files.contains("/.dockerenv") || path.contains("/docker") { return "docker" }
        if isSet("SLURM_JOB_ID") || path.contains("slurmstepd") || path.contains("/slurm/") { return "slurm" }
        return nil
    }
}
