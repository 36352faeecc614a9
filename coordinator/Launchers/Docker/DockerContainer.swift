import ClusterTypes
import CoordinatorCore

/// What is said to the engine about containers and read of its answers.
enum DockerContainer {
    static let clusterLabel = "mortise.cluster"
    static let tagLabel = "mortise.cluster-tag"
    static let poolLabel = "mortise.pool"
    static let launchLabel = "mortise.launch"

    /// The launcher's own folder in each container.
    private static let folder = "mortise"
    private static let program = "/mortise/bin/mortise-agent"

    static func name(_ launch: LaunchID, _ number: Int, _ scope: LaunchScope) -> String {
        "\(scope.name(of: launch))-\(number)"
    }

    /// The body of `POST /containers/create`. There is no secret in it.
    static func creation(
        _ name: String, _ order: LaunchOrder, _ options: DockerOptions, _ scope: LaunchScope
    ) -> JSONTree {
        var labels = options.labels.mapValues { JSONTree.text($0) }
        labels[clusterLabel] = .text(scope.cluster)
        labels[tagLabel] = .text(scope.clusterTag)
        labels[poolLabel] = .text(scope.pool)
        labels[launchLabel] = .text(order.launch.description)
        var variables = options.environment
        variables.append(EnvironmentVariable("MORTISE_ALLOCATION", name))
        // The host name of a container is a number that tells nobody anything.
        if !variables.contains(where: { $0.name == "MORTISE_NAME" }) {
            variables.append(EnvironmentVariable("MORTISE_NAME", name))
        }
        if let lifetime = order.lifetime {
            variables.append(
                EnvironmentVariable("MORTISE_LIFETIME", "\(max(1, lifetime.components.seconds))s"))
        }
        var command = ["run", "--stop-slots", "--directory", "/\(folder)/agent"]
        command += ["--join-file", "/\(folder)/join.token"]
        return .object([
            "Image": .text(options.image), "User": .text(options.user.description),
            "Entrypoint": .list([.text(programPath(options))]), "Cmd": .list(command.map { .text($0) }),
            "Env": .list(variables.map { .text($0.text) }), "Labels": .object(labels),
            "HostConfig": hostConfiguration(options),
        ])
    }

    private static func programPath(_ options: DockerOptions) -> String {
        switch options.program {
        case .inImage(let path): path
        case .onHost: program
        }
    }

    private static func hostConfiguration(_ options: DockerOptions) -> JSONTree {
        var binds = options.binds
        if case .onHost(let path) = options.program { binds.append("\(path):\(program):ro") }
        var configuration: [String: JSONTree] = [
            "Binds": .list(binds.map { .text($0) }),
            // An agent that ends has its reason; and one that starts again by itself is a node that nobody released.
            "RestartPolicy": ["Name": "no"],
            "Devices": .list(options.devices.map(device)),
            "DeviceRequests": .list(options.deviceRequests.map(deviceRequest)),
        ]
        if let network = options.network { configuration["NetworkMode"] = .text(network) }
        if let milliCPU = options.milliCPU { configuration["NanoCpus"] = .integer(milliCPU * 1_000_000) }
        if let memory = options.memoryBytes { configuration["Memory"] = .integer(memory) }
        return .object(configuration)
    }

    private static func device(_ text: String) -> JSONTree {
        let parts = text.split(separator: ":").map(String.init)
        return [
            "PathOnHost": .text(parts[0]), "PathInContainer": .text(parts.count > 1 ? parts[1] : parts[0]),
            "CgroupPermissions": .text(parts.count > 2 ? parts[2] : "rwm"),
        ]
    }

    private static func deviceRequest(_ request: DockerOptions.DeviceRequest) -> JSONTree {
        var tree: [String: JSONTree] = [
            "Driver": .text(request.driver),
            "Capabilities": .list([.list(request.capabilities.map { .text($0) })]),
        ]
        if request.devices.isEmpty {
            tree["Count"] = .integer(Int64(request.count))
        } else {
            tree["DeviceIDs"] = .list(request.devices.map { .text($0) })
        }
        return .object(tree)
    }

    /// What is put into a container before it starts: the token, for its user alone, and a folder for the agent.
    static func files(_ start: AgentStart, _ user: ContainerUser) -> [UInt8] {
        var archive = TarArchive(owner: user)
        archive.addFolder(folder, mode: 0o755)
        archive.addFolder(folder + "/agent", mode: 0o700)
        archive.addFile(folder + "/join.token", mode: 0o600, Array(start.joinToken.utf8))
        return archive.finished()
    }

    // MARK: - Answers

    /// One of `GET /containers/json`.
    struct Listed: Sendable, Hashable {
        var name: String
        var launch: LaunchID
        /// As the engine says: `created running paused restarting removing exited dead`.
        var state: String
    }

    /// - Returns: nil: it is none of the scope's, whatever its labels are.
    static func listed(_ tree: JSONTree, _ scope: LaunchScope) -> Listed? {
        let names = tree["Names"].list?.compactMap(\.text) ?? []
        guard
            let name = names.map({ String($0.drop { $0 == "/" }) }).first(where: {
                $0.hasPrefix(scope.prefix)
            }),
            Allocation.isName(name), let launch = launch(of: tree["Labels"], scope),
            let state = tree["State"].text
        else { return nil }
        return Listed(name: name, launch: launch, state: state.lowercased())
    }

    static func launch(of labels: JSONTree, _ scope: LaunchScope) -> LaunchID? {
        guard labels[tagLabel].text == scope.clusterTag, labels[poolLabel].text == scope.pool,
            let number = labels[launchLabel].text.flatMap(UInt64.init), number > 0
        else { return nil }
        return LaunchID(number)
    }

    /// Of one that has not ended.
    static func allocation(_ listed: Listed) -> Allocation? {
        let state: Allocation.State? =
            switch listed.state {
            case "created", "configured", "initialized": .waiting
            case "running", "paused", "restarting", "stopping": .running
            case "removing": .canceled
            default: nil
            }
        guard let state else { return nil }
        let reason = ["created", "running"].contains(listed.state) ? "" : listed.state
        return Allocation(name: listed.name, launch: listed.launch, state: state, reason: reason)
    }

    /// Of one that has ended.
    ///
    /// - Parameters:
    ///   - state: of `GET /containers/NAME/json`.
    ///   - words: the agent's last ones.
    static func ended(_ listed: Listed, _ state: JSONTree, words: String) -> Allocation {
        let code = state["ExitCode"].integer ?? -1
        var allocation = Allocation(
            name: listed.name, launch: listed.launch, state: code == 0 ? .completed : .failed)
        if code == 0 { return allocation }
        var reason = state["OOMKilled"].bool == true ? "killed for memory" : "the agent ended with \(code)"
        if let error = state["Error"].text, !error.isEmpty { reason += ": " + error }
        if !words.isEmpty { reason += ": " + words }
        allocation.reason = ForeignText(masking: []).beginning(
            of: reason, limit: ForeignText.reasonCharacters)
        return allocation
    }

    /// Text of a log, whose pieces have a head of eight bytes each: the stream, three zeros, the length.
    static func logText(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var rest = bytes[...]
        while rest.count > 8 {
            let head = Array(rest.prefix(8))
            guard head[0] <= 2, head[1] == 0, head[2] == 0, head[3] == 0 else { break }
            let count = head[4...].reduce(0) { $0 << 8 | Int($1) }
            text += rest.dropFirst(8).prefix(count)
            rest = rest.dropFirst(8 + count)
        }
        return String(decoding: text, as: UTF8.self)
    }
}
