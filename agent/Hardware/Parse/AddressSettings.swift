/// What a user has said about the address that the agent takes as its own.
package struct AddressSettings: Hashable, Sendable {
    /// A text and where it was given, for messages ("--address", "LOCAL_IP").
    package struct Value: Hashable, Sendable {
        package var text: String
        package var source: String

        package init(_ text: String, from source: String) {
            self.text = text
            self.source = source
        }
    }

    /// An address, a block (`10.0.0.0/8`) or the name of an interface.
    package var address: Value?
    /// Position from 1 among the words that `hostname -I` would print.
    package var index: Value?
    /// An address or host name under which others reach this node; nil: the local address.
    package var advertised: Value?
    /// Host names or addresses of the coordinator, best first: the route to it shows the right interface.
    package var coordinatorHosts: [String]

    package init(
        address: Value? = nil, index: Value? = nil, advertised: Value? = nil, coordinatorHosts: [String] = []
    ) {
        self.address = address
        self.index = index
        self.advertised = advertised
        self.coordinatorHosts = coordinatorHosts
    }

    /// Flags win over the environment: `--address` or `--local-ip-index` sets all of `MORTISE_ADDRESS`,
    /// `LOCAL_ADDR`, `LOCAL_IP` (in this order) and `LOCAL_IP_INDEX` aside. Empty texts count as not given.
    package init(
        addressFlag: String?, indexFlag: String?, advertiseFlag: String?, coordinatorHosts: [String] = [],
        environment: (String) -> String?
    ) {
        func flag(_ text: String?, _ name: String) -> Value? { text.map { Value($0, from: name) } }
        func variable(_ names: String...) -> Value? {
            for name in names {
                if let text = environment(name), !Scan.trimmed(text).isEmpty {
                    return Value(text, from: name)
                }
            }
            return nil
        }
        address = flag(addressFlag, "--address")
        index = flag(indexFlag, "--local-ip-index")
        if address == nil, index == nil {
            address = variable("MORTISE_ADDRESS", "LOCAL_ADDR", "LOCAL_IP")
            index = variable("LOCAL_IP_INDEX")
        }
        advertised = flag(advertiseFlag, "--advertise") ?? variable("MORTISE_ADVERTISE_ADDRESS")
        self.coordinatorHosts = coordinatorHosts
    }
}

/// A setting that names no address of this machine.
package struct AddressError: Error, Hashable, Sendable, CustomStringConvertible {
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        package static let invalidAddress = Code(rawValue: "invalid_address")
        package static let foreignAddress = Code(rawValue: "foreign_address")
        package static let invalidBlock = Code(rawValue: "invalid_block")
        package static let nothingInBlock = Code(rawValue: "nothing_in_block")
        package static let interfaceWithoutAddress = Code(rawValue: "interface_without_address")
        package static let invalidIndex = Code(rawValue: "invalid_index")
        package static let indexOutOfRange = Code(rawValue: "index_out_of_range")
        package static let invalidAdvertisedAddress = Code(rawValue: "invalid_advertised_address")
    }

    package let code: Code
    /// What was given, why it cannot be used, what there is instead.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

/// One address of one interface, in the order of the system's list.
package struct InterfaceAddress: Hashable, Sendable {
    package var interface: String
    package var address: IPAddress
    package var isUp: Bool
    /// Of the interface, not of the address.
    package var isLoopback: Bool

    package init(interface: String, address: IPAddress, isUp: Bool = true, isLoopback: Bool = false) {
        self.interface = interface
        self.address = address
        self.isUp = isUp
        self.isLoopback = isLoopback
    }

    /// A word of `hostname -I`: up, not on the loopback interface, no link-local IPv6.
    package var isHostnameWord: Bool {
        isUp && !isLoopback && !(address.isV6 && address.isLinkLocal)
    }

    /// Made by a container engine or a hypervisor for the guests of this machine: no other machine reaches it.
    package var isGuestBridge: Bool {
        let prefixes = [
            "docker", "virbr", "veth", "cni", "cbr", "flannel", "cali", "podman", "nerdctl", "lxcbr",
            "lxdbr", "incusbr", "weave", "kube-", "nodelocaldns", "vmnet", "cilium", "tunl", "dummy",
        ]
        if prefixes.contains(where: { interface.hasPrefix($0) }) { return true }
        // Docker's networks are br- and twelve digits; br-ex or br-lan may be the machine's own.
        return interface.hasPrefix("br-") && interface.count == 15
            && interface.dropFirst(3).allSatisfy(\.isHexDigit)
    }
}

/// Which source address the system would use towards the coordinator.
package enum RouteSource: Hashable, Sendable {
    /// No coordinator is known yet.
    case unknown
    case found(IPAddress, coordinator: String)
    case failed(reason: String)
}
