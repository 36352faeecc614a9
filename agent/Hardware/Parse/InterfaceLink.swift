/// What a network interface leads to, as far as the choice of an address depends on it.
package enum InterfaceLink: Hashable, Sendable {
    case network
    /// IP over InfiniBand: the nodes of a cluster reach it, the head node may not.
    case infiniBand
    /// Only other members reach it, more slowly than the network below.
    case tunnel
    /// Made by a container engine or a hypervisor for the guests of this machine: no other machine reaches it.
    case guestBridge

    /// By name.
    package init(interface name: String) {
        if Self.isGuestBridge(name) {
            self = .guestBridge
        } else if Self.begins(name, with: Self.tunnels) {
            self = .tunnel
        } else if Self.begins(name, with: Self.infiniBands) {
            self = .infiniBand
        } else {
            self = .network
        }
    }

    /// By what the kernel says. A bridge is the machine's own when a card is one of its ports, as for guests that
    /// share the machine's network; without any it is for guests alone.
    ///
    /// - Parameter cards: names of interfaces that lead to a wire.
    package init(_ interface: NetworkInterface, cards: Set<String>) {
        let byName = InterfaceLink(interface: interface.name)
        switch interface.kind {
        case .infiniband: self = .infiniBand
        case .tunnel: self = byName == .guestBridge ? byName : .tunnel
        case .bridge: self = interface.ports.contains(where: cards.contains) ? .network : .guestBridge
        case .ethernet, .wireless, .loopback, .bond, .vlan, .virtual:
            self = byName
        }
    }

    private static func isGuestBridge(_ name: String) -> Bool {
        if begins(name, with: guests) { return true }
        // Docker's networks are br- and twelve digits; br-ex or br-lan may be the machine's own.
        return name.hasPrefix("br-") && name.count == 15 && name.dropFirst(3).allSatisfy(\.isHexDigit)
    }

    private static func begins(_ name: String, with prefixes: [String]) -> Bool {
        prefixes.contains { name.hasPrefix($0) }
    }

    private static let guests = [
        "docker", "virbr", "veth", "cni", "cbr", "flannel", "cali", "podman", "nerdctl", "lxcbr", "lxdbr",
        "lxc_", "incusbr", "weave", "kube-", "nodelocaldns", "vmnet", "vboxnet", "cilium", "tunl", "dummy",
        "vxlan", "genev_sys", "ovn-k8s", "antrea-gw", "azure", "mpqemubr", "br-int", "ifb",
    ]
    private static let tunnels = [
        "tun", "tap", "utun", "wg", "tailscale", "ts-", "zt", "ppp", "ipsec", "vti", "gre", "gretap", "sit",
        "ip6tnl", "nordlynx", "proton", "nebula", "netbird", "wt0", "vpn", "cscotun", "gpd",
    ]
    private static let infiniBands = ["ib", "hfi", "opa", "hsi"]
}
