import TextForms

/// What `/sys/class/net/NAME` says of one network interface; nil where it does not.
package struct NetworkInterface: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case ethernet, wireless, infiniband, loopback, bridge, bond, vlan, tunnel
        /// Ends in a container, or at no wire at all: veth, dummy, ifb.
        case virtual
    }

    package var name: String
    package var kind: Kind
    /// "up", "down", "unknown" …: the kernel's `operstate`.
    package var state: String?
    /// In 10^6 bits a second; nil for interfaces without a wire and for those without a link.
    package var megabitsPerSecond: UInt32?
    /// In bytes.
    package var mtu: UInt32?
    /// Interfaces that are ports of this bridge; empty for all others.
    package var ports: [String] = []

    /// The kernel's answers, each the text of one file; nil for a file that cannot be read.
    package struct Texts: Hashable, Sendable {
        /// `type`: a number of <linux/if_arp.h>.
        package var type: String?
        package var uevent: String?
        package var state: String?
        package var speed: String?
        package var mtu: String?
        /// It has a directory `device`: a card of the machine, or of the hypervisor.
        package var hasDevice = false
        /// It has a file `tun_flags`.
        package var isTun = false
        /// It has a directory `bridge`.
        package var isBridge = false

        package init() {}
    }

    package init(name: String, texts: Texts, ports: [String] = []) {
        self.name = name
        self.ports = ports
        kind = Self.kind(name, texts)
        state = texts.state.flatMap { Scan.identifier($0) }
        // -1 and 2^32 - 1 are written where nobody knows.
        megabitsPerSecond = texts.speed.flatMap { Scan.unsigned($0) }.flatMap {
            $0 == 0 || $0 > 10_000_000 ? nil : $0
        }
        mtu = texts.mtu.flatMap { Scan.unsigned($0) }
    }

    private static func kind(_ name: String, _ texts: Texts) -> Kind {
        switch texts.type.flatMap({ Scan.signed($0) }) {
        case 772: return .loopback
        case 32: return .infiniband
        case 801, 802, 803: return .wireless
        // Without a link layer, PPP, and IP in IP in its forms.
        case 65_534, 512, 768, 769, 776, 778, 823: return texts.hasDevice ? .ethernet : .tunnel
        default: break
        }
        if texts.isBridge { return .bridge }
        if texts.isTun { return .tunnel }
        for line in Scan.lines(texts.uevent ?? "") {
            switch line {
            case "DEVTYPE=wlan": return .wireless
            case "DEVTYPE=bridge": return .bridge
            case "DEVTYPE=bond": return .bond
            case "DEVTYPE=vlan": return .vlan
            case "DEVTYPE=wireguard", "DEVTYPE=vxlan", "DEVTYPE=geneve": return .tunnel
            default: break
            }
        }
        if texts.hasDevice { return .ethernet }
        if name.hasPrefix("bond") { return .bond }
        // A container's own interface is one end of a veth pair, and its network's card.
        return name.hasPrefix("eth") || name.hasPrefix("en") ? .ethernet : .virtual
    }
}

/// A port of an InfiniBand or RoCE adapter, from `/sys/class/infiniband/DEVICE/ports/N`.
package struct InfiniBandPort: Hashable, Sendable {
    /// "mlx5_0".
    package var device: String
    package var port: UInt32
    /// "ACTIVE", "DOWN", "INIT".
    package var state: String?
    /// In 10^6 bits a second, over all lanes.
    package var megabitsPerSecond: UInt32?
    /// "InfiniBand", or "Ethernet" for RoCE.
    package var linkLayer: String?

    /// - Parameters:
    ///   - state: "4: ACTIVE".
    ///   - rate: "100 Gb/sec (4X EDR)".
    package init(device: String, port: UInt32, state: String?, rate: String?, linkLayer: String?) {
        self.device = device
        self.port = port
        self.state = state.flatMap { state in
            Scan.identifier(Scan.pair(state)?.value ?? state)
        }
        self.linkLayer = linkLayer.flatMap { Scan.identifier($0) }
        megabitsPerSecond = rate.flatMap { rate in
            let words = Scan.words(rate)
            guard words.count >= 2, words[1] == "Gb/sec", let number = Scan.number(words[0]), number > 0
            else {
                return nil
            }
            return UInt32(exactly: (number * 1_000).rounded()).flatMap { $0 > 0 ? $0 : nil }
        }
    }
}
