package import HTTPSClient

/// How containers for a pool's agents are made.
package struct DockerOptions: Sendable, Hashable {
    /// Where the engine listens.
    package enum Endpoint: Sendable, Hashable {
        /// A Unix socket. Whoever may write to it rules the machine: keep it for the coordinator's user.
        case socket(String)
        /// TCP with TLS, and with a client certificate. Paths of PEM files, read for each call.
        case tls(HTTPSEndpoint, authority: String, certificate: String, key: String)

        package static let docker = Endpoint.socket("/var/run/docker.sock")
    }

    /// Where the agent's program is.
    package enum Program: Sendable, Hashable {
        /// A name or path in the image.
        case inImage(String)
        /// A path on the engine's machine, bound into each container to be read only: a static build runs in any image.
        case onHost(String)
    }

    package var endpoint: Endpoint
    package var image: String
    /// Fetch the image if the engine has none of the name; without credentials.
    package var pullsMissing = true
    package var program = Program.inImage("mortise-agent")
    /// Of the machine: `/dev/davinci0`, or `/dev/kfd:/dev/kfd:rwm`.
    package var devices: [String] = []
    package var deviceRequests: [DeviceRequest] = []
    /// Thousandths of a core; nil: all.
    package var milliCPU: Int64?
    package var memoryBytes: Int64?
    /// `/data:/data:ro`.
    package var binds: [String] = []
    /// `host`, `none`, or the name of a network; nil: the engine's own.
    package var network: String?
    /// Of the agent. No secrets: whoever may inspect containers reads them.
    package var environment: [EnvironmentVariable] = []
    /// Of the container, beside those by which it is found.
    package var labels: [String: String] = [:]
    /// Of the agent and all that it runs.
    package var user = ContainerUser.root
    /// How long an agent that is released may take to end what it runs.
    package var graceSeconds = 10
    /// For one request to the engine; fetching an image may take ten minutes.
    package var timeout = Duration.seconds(60)

    package init(endpoint: Endpoint, image: String) {
        self.endpoint = endpoint
        self.image = image
    }

    /// Devices by a driver of the engine, such as NVIDIA's.
    package struct DeviceRequest: Sendable, Hashable {
        package var driver: String
        /// -1: all. Without meaning where there are `devices`.
        package var count: Int
        package var devices: [String]
        package var capabilities: [String]

        package init(
            driver: String = "", count: Int = -1, devices: [String] = [], capabilities: [String] = ["gpu"]
        ) {
            self.driver = driver
            self.count = count
            self.devices = devices
            self.capabilities = capabilities
        }
    }

    /// Everything that is wrong with them, each in a sentence; empty if nothing is.
    package func faults() -> [String] {
        var faults: [String] = []
        if image.isEmpty { faults.append("image: names none") }
        for device in devices
        where !(1...3).contains(device.split(separator: ":").count) || !device.hasPrefix("/") {
            faults.append("devices: '\(device)' is not a path, or PATH:PATH:rwm")
        }
        for bind in binds where !(2...3).contains(bind.split(separator: ":").count) {
            faults.append("binds: '\(bind)' is not PATH:PATH or PATH:PATH:ro")
        }
        if let milliCPU, milliCPU < 1 { faults.append("cpus: \(milliCPU) thousandths are not at least one") }
        if let memoryBytes, memoryBytes < 6 << 20 {
            faults.append("memory: \(memoryBytes) bytes are less than the 6 MiB that engines ask for")
        }
        if !(0...600).contains(graceSeconds) { faults.append("grace: \(graceSeconds) s is not 0 to 600") }
        if timeout < .seconds(1) || timeout > .seconds(600) {
            faults.append("timeout: \(timeout.secondsText) is not 1 s to 600 s")
        }
        for variable in environment where !EnvironmentVariable.isName(variable.name) {
            faults.append("environment: '\(variable.name)' is no name of a variable")
        }
        return faults
    }
}
