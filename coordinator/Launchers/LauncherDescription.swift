package import CoordinatorCore

/// What launches the nodes of a pool, as its operator describes it.
package enum LauncherDescription: Sendable, Hashable {
    case docker(DockerOptions)
    case exec(ExecOptions)
    case kubernetes(KubernetesOptions)
    case slurm(SlurmOptions)
    case ssh(SSHOptions)

    /// As the pool file calls it.
    package var kind: String {
        switch self {
        case .docker: "docker"
        case .exec: "exec"
        case .kubernetes: "kubernetes"
        case .slurm: "slurm"
        case .ssh: "ssh"
        }
    }

    /// Everything that is wrong with it for this pool, each in a clause; empty if nothing is.
    package func faults(inPool pool: String) -> [String] {
        switch self {
        case .docker(let options): options.faults()
        case .exec(let options): options.faults()
        case .kubernetes(let options):
            // Every tag is as long.
            options.faults(LaunchScope(cluster: "", clusterTag: "00000000", pool: pool))
        case .slurm(let options): options.faults()
        case .ssh(let options): options.faults()
        }
    }

    /// - Parameter known: allocations that may still be there: those of machines that cannot be reached are not gone.
    package func launcher(of scope: LaunchScope, known: [Allocation] = []) -> any Launcher {
        switch self {
        case .docker(let options): DockerLauncher(options, scope)
        case .exec(let options): ExecLauncher(options, scope)
        case .kubernetes(let options): KubernetesLauncher(options, scope)
        case .slurm(let options): SlurmLauncher(options, scope)
        case .ssh(let options): SSHLauncher(options, scope, known: known)
        }
    }
}
