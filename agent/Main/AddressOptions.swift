import AgentHardware
import ArgumentParser

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Which address the agent takes as its own; every command that probes the machine has these.
struct AddressOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Own address: an address, a block (10.0.0.0/8) or an interface (eth0).",
            discussion:
                "Or MORTISE_ADDRESS, LOCAL_ADDR, LOCAL_IP. Default: the route to the coordinator decides.",
            valueName: "address"))
    var address: String?

    @Option(
        help: ArgumentHelp(
            "Own address by its position in `hostname -I`, counted from 1.",
            discussion: "Or MORTISE_LOCAL_IP_INDEX, LOCAL_IP_INDEX.", valueName: "n"))
    var localIpIndex: String?

    @Option(
        help: ArgumentHelp(
            "Address or name under which others reach this node, if that differs.",
            discussion: "Or MORTISE_ADVERTISE_ADDRESS.", valueName: "address"))
    var advertise: String?

    /// Flags over the environment.
    func settings(coordinatorHosts: [String] = []) -> AddressSettings {
        AddressSettings(
            addressFlag: address, indexFlag: localIpIndex, advertiseFlag: advertise,
            coordinatorHosts: coordinatorHosts,
            environment: { name in getenv(name).map { String(cString: $0) } })
    }
}
