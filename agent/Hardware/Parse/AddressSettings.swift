import TextForms

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
    /// Scripts set the address from `hostname -i` or `hostname -I`, which print several words: one of them is meant.
    package var mayHaveSeveralWords = false
    /// Position from 1 among the words that `hostname -I` would print.
    package var index: Value?
    /// An address or host name under which others reach this node; nil: the local address.
    package var advertised: Value?
    /// Host names or addresses of the coordinator, best first: the route to it shows the right interface.
    package var coordinatorHosts: [String]
    /// Variables that are set, but count for nothing beside what wins over them.
    package var setAside: [Value] = []

    package init(
        address: Value? = nil, index: Value? = nil, advertised: Value? = nil, coordinatorHosts: [String] = []
    ) {
        self.address = address
        self.index = index
        self.advertised = advertised
        self.coordinatorHosts = coordinatorHosts
    }

    /// In the order in which they win; the last ones are those of other systems, for scripts that set them.
    package static let addressVariables = ["MORTISE_ADDRESS", "LOCAL_ADDR", "LOCAL_IP"]
    package static let indexVariables = ["MORTISE_LOCAL_IP_INDEX", "LOCAL_IP_INDEX", "PLAT_LOCAL_IP_INDEX"]

    /// Flags win over the environment: `--address` or `--local-ip-index` sets all of `addressVariables` and
    /// `indexVariables` aside. Empty texts count as not given.
    package init(
        addressFlag: String?, indexFlag: String?, advertiseFlag: String?, coordinatorHosts: [String] = [],
        environment: (String) -> String?
    ) {
        func flag(_ text: String?, _ name: String) -> Value? { text.map { Value($0, from: name) } }
        func variables(_ names: [String]) -> [Value] {
            names.compactMap { name in
                environment(name).flatMap { Scan.trimmed($0).isEmpty ? nil : Value($0, from: name) }
            }
        }
        let addresses = variables(Self.addressVariables)
        let indices = variables(Self.indexVariables)
        address = flag(addressFlag, "--address")
        index = flag(indexFlag, "--local-ip-index")
        if address == nil, index == nil {
            address = addresses.first
            index = indices.first
            mayHaveSeveralWords = true
            setAside = Array(addresses.dropFirst() + indices.dropFirst())
        } else {
            setAside = addresses + indices
        }
        advertised = flag(advertiseFlag, "--advertise") ?? variables(["MORTISE_ADVERTISE_ADDRESS"]).first
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
    /// What the interface leads to; its name alone tells where the system does not.
    package var link: InterfaceLink

    package init(
        interface: String, address: IPAddress, isUp: Bool = true, isLoopback: Bool = false,
        link: InterfaceLink? = nil
    ) {
        self.interface = interface
        self.address = address
        self.isUp = isUp
        self.isLoopback = isLoopback
        self.link = link ?? InterfaceLink(interface: interface)
    }

    /// A word of `hostname -I`: up, not on the loopback interface, no link-local IPv6.
    package var isHostnameWord: Bool {
        isUp && !isLoopback && !(address.isV6 && address.isLinkLocal)
    }
}

/// Which source address the system would use towards the coordinator.
package enum RouteSource: Hashable, Sendable {
    /// No coordinator is known yet.
    case unknown
    case found(IPAddress, coordinator: String)
    case failed(reason: String)
}
