/// What launches the nodes of a pool, as its operator describes it.
package enum LauncherDescription: Sendable, Hashable {
    case docker(DockerOptions)
    case exec(ExecOptions)
    case ssh(SSHOptions)

    /// As the pool file calls it.
    package var kind: String {
        switch self {
        case .docker: "docker"
        case .exec: "exec"
        case .ssh: "ssh"
        }
    }

    /// Everything that is wrong with it, each in a clause; empty if nothing is.
    package var faults: [String] {
        switch self {
        case .docker(let options): options.faults()
        case .exec(let options): options.faults()
        case .ssh(let options): options.faults()
        }
    }

    package func launcher(of scope: LaunchScope) -> any Launcher {
        switch self {
        case .docker(let options): DockerLauncher(options, scope)
        case .exec(let options): ExecLauncher(options, scope)
        case .ssh(let options): SSHLauncher(options, scope)
        }
    }
}
