import YAMLSections

/// What a property of the specification is called in a job file and behind `mortise run`.
struct PropertyName {
    /// `resources.memory`
    let key: String
    /// `--memory`, or the words for what has no option.
    let option: String

    /// The key at the top of the file that it stands under.
    var topKey: String { key.split(separator: ".").first.map(String.init) ?? key }

    /// Longer paths before those that begin like them.
    private static let names: [(path: String, name: PropertyName)] = [
        ("app", PropertyName(key: "app", option: "--app")),
        ("job", PropertyName(key: "job", option: "--name")),
        ("command.argv", PropertyName(key: "command", option: "the command")),
        ("command.script", PropertyName(key: "script", option: "the command")),
        ("environment", PropertyName(key: "env", option: "--env")),
        ("directory", PropertyName(key: "directory", option: "--directory")),
        ("resources.resources.milliCPU", PropertyName(key: "resources.cpus", option: "--cpus")),
        ("resources.resources.memoryBytes", PropertyName(key: "resources.memory", option: "--memory")),
        ("resources.resources.diskBytes", PropertyName(key: "resources.disk", option: "--disk")),
        ("resources.devices.count", PropertyName(key: "resources.devices.count", option: "--gpus or --npus")),
        (
            "resources.devices.shares",
            PropertyName(key: "resources.devices.share", option: "--gpus or --npus")
        ),
        (
            "resources.devices.memoryShareBytes",
            PropertyName(key: "resources.devices.memory_share", option: "--device-memory-share")
        ),
        (
            "resources.devices.memoryBytes",
            PropertyName(key: "resources.devices.memory", option: "--device-memory")
        ),
        ("resources.counted", PropertyName(key: "resources.counted", option: "--counted")),
        ("resources.devices.model", PropertyName(key: "resources.devices.model", option: "--device-model")),
        (
            "constraints",
            PropertyName(
                key: "constraints",
                option: "one of --arch, --pool, --node, --nodes, --label, --constraint")
        ),
        ("slots", PropertyName(key: "slots", option: "--slots")),
        ("array", PropertyName(key: "tasks.array", option: "--array")),
        ("isOpen", PropertyName(key: "tasks.open", option: "the tasks")),
        ("timeoutSeconds", PropertyName(key: "timeout", option: "--timeout")),
        ("stopGraceSeconds", PropertyName(key: "stop_grace", option: "--stop-grace")),
        ("retries", PropertyName(key: "retries", option: "--retries")),
        ("placement.priorityClass", PropertyName(key: "priority", option: "--priority")),
        ("priority", PropertyName(key: "priority", option: "--priority")),
        ("timeRequestSeconds", PropertyName(key: "time_request", option: "--time-request")),
        ("bindsProcessors", PropertyName(key: "bind_cpus", option: "--bind-cpus")),
        ("warningSignal", PropertyName(key: "warn_signal", option: "--warn-signal")),
        ("outputLimitBytes", PropertyName(key: "output_limit", option: "--output-limit")),
        ("crashLimit", PropertyName(key: "crash_limit", option: "--crash-limit")),
        ("admission.freeSpace", PropertyName(key: "admission.free_space", option: "--free-space")),
        (
            "admission.directoryQuota",
            PropertyName(key: "admission.directory_quota", option: "--directory-quota")
        ),
        ("admission.check", PropertyName(key: "admission.check", option: "--check")),
        (
            "admission.intervalSeconds",
            PropertyName(key: "admission.interval", option: "--check-interval")
        ),
        ("admission", PropertyName(key: "admission", option: "the admission")),
        (
            "placement.alternatives",
            PropertyName(key: "resources.alternatives", option: "the alternatives")
        ),
        ("placement.preferences", PropertyName(key: "prefer", option: "--prefer")),
        ("placement.slotsPerNode", PropertyName(key: "slots.per_node", option: "--per-node")),
        ("placement.spread", PropertyName(key: "spread", option: "--spread")),
        ("placement.gang.port", PropertyName(key: "gang.port", option: "--gang-port")),
        (
            "placement.gang.startSeconds",
            PropertyName(key: "gang.start_timeout", option: "--gang-start-timeout")
        ),
        ("placement.gang", PropertyName(key: "gang", option: "--gang")),
        ("placement.virtualCluster", PropertyName(key: "virtual_cluster", option: "--virtual-cluster")),
        ("placement.startsPerMinute", PropertyName(key: "start_rate", option: "--start-rate")),
    ]

    /// Splits `timeoutSeconds: is 0, must be …` into the property and what is wrong with it.
    ///
    /// - Returns: no name and the whole fault where the property has none.
    static func translate(_ fault: String) -> (name: PropertyName?, message: String) {
        guard let colon = fault.firstIndex(of: ":") else { return (nil, fault) }
        let path = fault[..<colon]
        let words = fault[fault.index(after: colon)...].trimmingBlanks()
        for (known, name) in names where path.hasPrefix(known) {
            let rest = path.dropFirst(known.count)
            guard let next = rest.first else { return (name, words) }
            // A position in a list says which of them; `slots.maximum` says which part.
            if next == "[" || next == "." { return (name, "(\(rest.drop { $0 == "." })) \(words)") }
        }
        return (nil, fault)
    }
}
