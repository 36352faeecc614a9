import ClusterTypes
import CoordinatorLaunchers
import HTTPSClient
import Yams
import YAMLSections

/// What launches a pool's nodes: one key, which is its kind.
enum LauncherReader {
    private static let kinds = ["docker", "exec", "kubernetes", "slurm", "ssh"]

    static func read(_ pool: Section, named name: String, _ faults: inout FaultList) -> LauncherDescription? {
        guard let section = pool.section("launcher", keys: kinds, &faults) else { return nil }
        let given = kinds.filter(section.has)
        guard given.count == 1, let kind = given.first else {
            if given.count > 1 || kinds.allSatisfy(section.lacks) {
                faults.add(
                    "'\(section.path)' needs one of \(kinds.joined(separator: ", "))", at: section.mark)
            }
            return nil
        }
        let before = faults.faults.count
        let description: LauncherDescription? =
            switch kind {
            case "docker": docker(section, &faults).map { .docker($0) }
            case "exec": exec(section, &faults).map { .exec($0) }
            case "kubernetes": KubernetesReader.read(section, &faults).map { .kubernetes($0) }
            case "slurm": slurm(section, &faults).map { .slurm($0) }
            default: SSHReader.read(section, &faults).map { .ssh($0) }
            }
        // What the options say of themselves helps only where all of them could be read.
        if faults.faults.count == before {
            for fault in description?.faults(inPool: name) ?? [] {
                faults.add("'\(section.name(kind))': \(fault)", at: section.mark(of: kind))
            }
        }
        return description
    }

    // MARK: exec

    private static func exec(_ launcher: Section, _ faults: inout FaultList) -> ExecOptions? {
        let keys = ["command", "environment", "secrets", "timeout"]
        guard let section = launcher.section("exec", keys: keys, &faults) else { return nil }
        need(section, "command", "the program and its arguments, as a list", &faults)
        var options = ExecOptions(command: section.texts("command", &faults) ?? [])
        options.environment = variables(section, "environment", &faults)
        for (name, value, mark) in section.entries("secrets", "{ KEY: { file: PATH } }", &faults) ?? [] {
            if let source = secret(value, "\(section.name("secrets")).\(name)", mark, &faults) {
                options.secrets.append(SecretVariable(name, source))
            }
        }
        if let timeout = PoolReader.duration(section, "timeout", &faults) { options.timeout = timeout }
        return options
    }

    private static func secret(
        _ node: Node, _ path: String, _ mark: Mark?, _ faults: inout FaultList
    ) -> SecretSource? {
        let keys = ["file", "environment", "command"]
        guard let section = Section(node, path: path, keys: keys, faults: &faults) else { return nil }
        guard keys.count(where: section.has) == 1 else {
            faults.add("'\(path)' needs one of \(keys.joined(separator: ", "))", at: mark)
            return nil
        }
        if section.has("file") { return section.text("file", &faults).map { .file($0) } }
        if section.has("environment") { return section.text("environment", &faults).map { .environment($0) } }
        return section.texts("command", &faults).map { .command($0) }
    }

    // MARK: slurm

    private static func slurm(_ launcher: Section, _ faults: inout FaultList) -> SlurmOptions? {
        let keys = [
            "partition", "account", "qos", "gres", "constraint", "cpus", "memory", "time", "exclusive",
            "arguments", "agent", "state_directory", "login", "login_config", "query_interval", "timeout",
            "programs", "configuration",
        ]
        guard let section = launcher.section("slurm", keys: keys, &faults) else { return nil }
        var options = SlurmOptions()
        options.partition = section.text("partition", &faults)
        options.account = section.text("account", &faults)
        options.qos = section.text("qos", &faults)
        options.gres = section.text("gres", &faults)
        options.constraint = section.text("constraint", &faults)
        options.cpusPerTask = PoolReader.number(section, "cpus", 1...100_000, &faults)
        options.memory = section.text("memory", &faults)
        options.timeLimit = PoolReader.duration(section, "time", &faults)
        if let isExclusive = section.flag("exclusive", &faults) { options.isExclusive = isExclusive }
        options.arguments = section.texts("arguments", &faults) ?? []
        if let agent = section.text("agent", &faults) { options.agent = agent }
        if let directory = section.text("state_directory", &faults) { options.stateDirectory = directory }
        options.login = section.text("login", &faults)
        options.loginConfiguration = section.text("login_config", &faults)
        if let interval = PoolReader.duration(section, "query_interval", &faults) {
            options.queryInterval = interval
        }
        if let timeout = PoolReader.duration(section, "timeout", &faults) { options.timeout = timeout }
        options.programs = section.text("programs", &faults)
        options.configuration = section.text("configuration", &faults)
        return options
    }

    // MARK: docker

    private static func docker(_ launcher: Section, _ faults: inout FaultList) -> DockerOptions? {
        let keys = [
            "socket", "tls", "image", "pull", "agent", "agent_on_host", "devices", "gpus", "cpus", "memory",
            "binds", "network", "environment", "labels", "user", "grace", "timeout",
        ]
        guard let section = launcher.section("docker", keys: keys, &faults) else { return nil }
        need(section, "image", "of the containers", &faults)
        var options = DockerOptions(
            endpoint: endpoint(section, &faults), image: section.text("image", &faults) ?? "")
        if let pulls = section.flag("pull", &faults) { options.pullsMissing = pulls }
        if let program = section.text("agent", &faults) { options.program = .inImage(program) }
        if let program = section.text("agent_on_host", &faults) { options.program = .onHost(program) }
        options.devices = section.texts("devices", &faults) ?? []
        if let count = PoolReader.number(section, "gpus", -1...128, &faults), count != 0 {
            options.deviceRequests = [DockerOptions.DeviceRequest(count: count)]
        }
        options.milliCPU = section.number("cpus", &faults, Quantity.milliCPU)
        options.memoryBytes = section.value("memory", &faults, Quantity.bytes)
        options.binds = section.texts("binds", &faults) ?? []
        options.network = section.text("network", &faults)
        options.environment = variables(section, "environment", &faults)
        for (name, value, _) in section.dictionary("labels", &faults) ?? [] { options.labels[name] = value }
        if let text = section.text("user", &faults) {
            if let user = ContainerUser(parsing: text) {
                options.user = user
            } else {
                faults.add(
                    "'\(section.name("user"))': '\(text)' is no UID or UID:GID", at: section.mark(of: "user"))
            }
        }
        if let grace = PoolReader.duration(section, "grace", &faults) {
            options.graceSeconds = Int(grace.components.seconds)
        }
        if let timeout = PoolReader.duration(section, "timeout", &faults) { options.timeout = timeout }
        return options
    }

    private static func endpoint(_ docker: Section, _ faults: inout FaultList) -> DockerOptions.Endpoint {
        let keys = ["host", "ca", "certificate", "key"]
        guard let tls = docker.section("tls", keys: keys, &faults) else {
            return docker.text("socket", &faults).map { .socket($0) } ?? .docker
        }
        for key in keys { need(tls, key, key == "host" ? "HOST:PORT" : "a path of a PEM file", &faults) }
        let texts = keys.map { tls.text($0, &faults) ?? "" }
        let host = HTTPSEndpoint(hostAndPort: texts[0])
        if host == nil, tls.has("host") {
            faults.add("'\(tls.name("host"))' is no HOST:PORT", at: tls.mark(of: "host"))
        }
        return .tls(
            host ?? HTTPSEndpoint(host: "localhost", port: 2376), authority: texts[1], certificate: texts[2],
            key: texts[3])
    }

    // MARK: Values

    static func need(
        _ section: Section, _ key: String, _ what: String, _ faults: inout FaultList
    ) {
        if section.lacks(key) { faults.add("'\(section.name(key))' is missing: \(what)", at: section.mark) }
    }

    static func variables(
        _ section: Section, _ key: String, _ faults: inout FaultList
    ) -> [EnvironmentVariable] {
        (section.dictionary(key, &faults) ?? []).map { EnvironmentVariable($0.name, $0.value) }
    }
}
