/// How agents are started on machines that are reached with OpenSSH's own client: with the user's configuration, keys,
/// agent and known hosts, so that what works in a terminal works here.
package struct SSHOptions: Sendable, Hashable {
    /// In the order in which they are taken.
    package var hosts: [SSHHost]
    /// Programs for the hosts' architectures.
    package var agents: [SSHAgentProgram]
    /// OpenSSH's client, by its path or found in `PATH`.
    package var client = "ssh"
    /// Of the client, instead of the user's; nil: the user's.
    package var configuration: String?
    /// Take the key of a host that is not known yet as its own from now on. A key that has changed is refused in any case.
    package var acceptsNewHostKeys = false
    /// On the hosts, relative to the folder where a login begins, or absolute: allocations and agent programs.
    package var directory = ".local/state/mortise-launch"
    /// Hosts asked at once.
    package var concurrency = 16
    /// For one question to one host, the connection included.
    package var timeout = Duration.seconds(30)
    /// For the copy of an agent to one host.
    package var copyTimeout = Duration.seconds(300)
    /// How long an agent that is released may take to end what it runs.
    package var graceSeconds = 20

    package init(hosts: [SSHHost], agents: [SSHAgentProgram]) {
        self.hosts = hosts
        self.agents = agents
    }

    /// Everything that is wrong with them, each in a sentence; empty if nothing is.
    package func faults() -> [String] {
        var faults: [String] = []
        if hosts.isEmpty { faults.append("hosts: there are none") }
        var names: Set<String> = []
        for host in hosts {
            faults += host.faults()
            if !names.insert(host.name).inserted { faults.append("hosts: '\(host.name)' stands there twice") }
        }
        if agents.isEmpty { faults.append("agents: no program is named for any architecture") }
        for agent in agents where agent.machine.isEmpty || !agent.machine.utf8.allSatisfy(SSHHost.isNameByte)
        {
            faults.append("agents: '\(agent.machine)' is nothing that `uname -m` says")
        }
        if directory.isEmpty || directory.hasPrefix("-") || !directory.utf8.allSatisfy(Self.isPathByte) {
            faults.append("directory: '\(directory)' has other characters than letters, digits and . _ - /")
        }
        if !(1...256).contains(concurrency) { faults.append("concurrency: \(concurrency) is not 1 to 256") }
        for (name, value) in [("timeout", timeout), ("copy_timeout", copyTimeout)]
        where value < .seconds(1) || value > .seconds(3_600) {
            faults.append("\(name): \(value.secondsText) is not 1 s to one hour")
        }
        if !(0...600).contains(graceSeconds) { faults.append("grace: \(graceSeconds) s is not 0 to 600") }
        return faults
    }

    /// What needs no quotes in any shell that a user may have.
    private static func isPathByte(_ byte: UInt8) -> Bool {
        SSHHost.isNameByte(byte) || byte == UInt8(ascii: "/")
    }
}

/// One machine of the pool, for one agent at a time.
package struct SSHHost: Sendable, Hashable {
    /// In the pool, and of its allocations: letters, digits and `. _ -`, at most 60.
    package var name: String
    /// What ssh is given: a name, an address, or an alias of its configuration; nil: the name.
    package var address: String?
    package var user: String?
    package var port: UInt16?
    /// `KEY=VALUE` of the node.
    package var labels: [String]
    /// Variables of its agent: `MORTISE_LOCAL_IP_INDEX`, `TMPDIR`, a proxy. No secrets.
    package var parameters: [EnvironmentVariable]

    package init(
        _ name: String, address: String? = nil, user: String? = nil, port: UInt16? = nil,
        labels: [String] = [],
        parameters: [EnvironmentVariable] = []
    ) {
        self.name = name
        self.address = address
        self.user = user
        self.port = port
        self.labels = labels
        self.parameters = parameters
    }

    var target: String { address ?? name }

    /// For messages: `node-02 (ada@10.0.0.2 port 2222)`.
    var text: String {
        var place = (user.map { $0 + "@" } ?? "") + target
        if let port { place += " port \(port)" }
        return place == name ? name : "\(name) (\(place))"
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    fileprivate func faults() -> [String] {
        var faults: [String] = []
        if !(1...60).contains(name.utf8.count) || !name.utf8.allSatisfy(Self.isNameByte)
            || name.hasPrefix(".")
        {
            faults.append("hosts: '\(name)' is no name: 1 to 60 letters, digits and . _ -")
        }
        for word in [target, user].compactMap(\.self)
        where word.isEmpty || word.hasPrefix("-") || word.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
            faults.append("hosts: '\(name)' has '\(word)', which is no address or user")
        }
        if port == 0 { faults.append("hosts: '\(name)' has port 0") }
        for variable in parameters where !EnvironmentVariable.isName(variable.name) {
            faults.append(
                "hosts: '\(name)' has the parameter '\(variable.name)', which is no name of a variable")
        }
        for text in labels + parameters.map(\.value) where text.utf8.contains(where: { $0 < 0x20 }) {
            faults.append("hosts: '\(name)' has a label or parameter with a control character")
        }
        return faults
    }
}

/// A static build of the agent, here, for machines of one architecture.
package struct SSHAgentProgram: Sendable, Hashable {
    /// As `uname -m` says: `x86_64`, `aarch64`.
    package var machine: String
    package var path: String

    package init(machine: String, path: String) {
        self.machine = machine
        self.path = path
    }
}
