import CoordinatorLaunchers
import Inventory
import YAMLSections
import Yams

/// On which hosts agents are started, and how.
enum SSHReader {
    private static let keys = [
        "hosts", "inventory", "groups", "agents", "client", "config", "accept_new", "directory",
        "concurrency", "timeout", "copy_timeout", "grace",
    ]

    static func read(_ launcher: Section, _ faults: inout FaultList) -> SSHOptions? {
        guard let section = launcher.section("ssh", keys: keys, &faults) else { return nil }
        LauncherReader.need(
            section, "agents", "a static build of the agent for each architecture, as { x86_64: PATH }",
            &faults)
        let hosts = hosts(section, &faults)
        let agents = (section.dictionary("agents", &faults) ?? []).map {
            SSHAgentProgram(machine: $0.name, path: $0.value)
        }
        var options = SSHOptions(hosts: hosts, agents: agents)
        if let client = section.text("client", &faults) { options.client = client }
        options.configuration = section.text("config", &faults)
        if let acceptsNew = section.flag("accept_new", &faults) { options.acceptsNewHostKeys = acceptsNew }
        if let directory = section.text("directory", &faults) { options.directory = directory }
        if let count = PoolReader.number(section, "concurrency", 1...256, &faults) {
            options.concurrency = count
        }
        if let timeout = PoolReader.duration(section, "timeout", &faults) { options.timeout = timeout }
        if let timeout = PoolReader.duration(section, "copy_timeout", &faults) {
            options.copyTimeout = timeout
        }
        if let grace = PoolReader.duration(section, "grace", &faults) {
            options.graceSeconds = Int(grace.components.seconds)
        }
        return options
    }

    // MARK: Hosts

    /// Those that stand here, or those of an inventory; of both the groups that are named.
    private static func hosts(_ section: Section, _ faults: inout FaultList) -> [SSHHost] {
        if section.has("hosts"), section.has("inventory") {
            faults.add(
                "'\(section.path)' has both 'hosts' and 'inventory': give one",
                at: section.mark(of: "inventory"))
            return []
        }
        if section.lacks("hosts"), section.lacks("inventory") {
            faults.add(
                "'\(section.path)' needs 'hosts', a name each with its address, user, port; or 'inventory', a file "
                    + "that names them", at: section.mark)
        }
        let inventory = section.has("inventory") ? inventory(section, &faults) : listed(section, &faults)
        guard let inventory else { return [] }
        guard section.has("groups") else { return inventory.hosts.map(SSHHost.init) }
        let known = inventory.groups
        let groups = section.oneOrMore("groups", &faults)
        for (group, mark) in groups where !known.contains(group) {
            let advice = known.isEmpty ? "there are no groups" : "there are \(known.joined(separator: ", "))"
            faults.add("'\(section.name("groups"))': no host is in '\(group)'; \(advice)", at: mark)
        }
        if groups.isEmpty {
            faults.add("'\(section.name("groups"))' names no group", at: section.mark(of: "groups"))
        }
        return inventory.hosts(in: groups.map(\.text)).map(SSHHost.init)
    }

    private static func listed(_ section: Section, _ faults: inout FaultList) -> HostInventory? {
        let entries = section.entries("hosts", "{ node1: { address: 10.0.0.5 } }", &faults)
        return entries.map { entries in
            HostInventory(
                hosts: entries.compactMap {
                    HostReader.read($0.name, $0.value, path: "\(section.name("hosts")).\($0.name)", &faults)
                })
        }
    }

    /// A file in any form, relative to the pool file, or the file with how it is to be read.
    private static func inventory(_ section: Section, _ faults: inout FaultList) -> HostInventory? {
        var path: String?
        var options = InventoryOptions()
        if case .mapping = section.node("inventory") {
            let keys = ["file", "from", "cluster", "set", "env_files"]
            guard let source = section.section("inventory", keys: keys, &faults) else { return nil }
            LauncherReader.need(source, "file", "the inventory's path", &faults)
            path = source.text("file", &faults)
            options.form = source.choice("from", &faults, of: InventoryForm.self)
            options.cluster = source.text("cluster", &faults)
            for (name, value, _) in source.dictionary("set", &faults) ?? [] {
                options.variables[name] = value
            }
            options.definitionFiles = (source.texts("env_files", &faults) ?? []).map {
                beside($0, faults.file)
            }
        } else {
            path = section.text("inventory", &faults)
        }
        guard let path else { return nil }
        do throws(FileError) {
            return try InventoryReader.read(path: beside(path, faults.file), options).inventory
        } catch {
            for fault in error.faults {
                faults.add("'\(section.name("inventory"))': \(fault)", at: section.mark(of: "inventory"))
            }
            return nil
        }
    }

    private static func beside(_ path: String, _ file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }
}

extension SSHHost {
    fileprivate init(_ host: InventoryHost) {
        self.init(
            host.name, address: host.address, user: host.user, port: host.port,
            labels: host.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" },
            parameters: host.environment.sorted { $0.key < $1.key }.map {
                EnvironmentVariable($0.key, $0.value)
            })
    }
}
