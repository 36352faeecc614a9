import AgentHardware
import ProtocolMessages
import Testing

@Suite("Address policy")
struct AddressPolicyTests {
    /// A head node with two networks, container bridges and IPv6.
    static let machine: [InterfaceAddress] = [
        entry("lo", "127.0.0.1", isLoopback: true), entry("eth0", "10.0.2.21"),
        entry("eth1", "192.168.56.21"),
        entry("docker0", "172.17.0.1"), entry("br-0a1b2c3d4e5f", "172.20.0.1"),
        entry("lo", "::1", isLoopback: true), entry("eth0", "fe80::5054:ff:fe30:989d"),
        entry("eth1", "2001:db8::21"),
    ]

    static func entry(
        _ interface: String, _ text: String, isUp: Bool = true, isLoopback: Bool = false
    ) -> InterfaceAddress {
        guard let address = IPAddress(text) else { preconditionFailure("\(text) in a test is an address") }
        return InterfaceAddress(interface: interface, address: address, isUp: isUp, isLoopback: isLoopback)
    }

    private func choose(
        address: String? = nil, index: String? = nil, advertise: String? = nil,
        interfaces: [InterfaceAddress] = machine, route: RouteSource = .unknown
    ) throws -> AddressReport {
        let settings = AddressSettings(
            addressFlag: address, indexFlag: index, advertiseFlag: advertise, environment: { _ in nil })
        return try AddressPolicy.choose(settings, interfaces: interfaces, route: route)
    }

    private func code(_ body: () throws -> AddressReport) -> AddressError.Code? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? AddressError)?.code
        }
    }

    @Test(
        "a setting finds its address",
        arguments: [
            ("192.168.56.21", "192.168.56.21", "address"), (" 192.168.56.21\n", "192.168.56.21", "address"),
            ("127.0.0.1", "127.0.0.1", "address"), ("2001:DB8:0::21", "2001:db8::21", "address"),
            ("192.168.0.0/16", "192.168.56.21", "cidr"), ("10.0.2.21/32", "10.0.2.21", "cidr"),
            ("0.0.0.0/0", "127.0.0.1", "cidr"), ("2001:db8::/32", "2001:db8::21", "cidr"),
            ("eth1", "192.168.56.21", "interface"), ("docker0", "172.17.0.1", "interface"),
        ])
    func settingFindsAddress(text: String, address: String, rule: String) throws {
        let report = try choose(address: text)
        #expect(report.local == address)
        #expect(report.rule == rule)
        #expect(report.advertised == address)
    }

    @Test(
        "a setting that names nothing here is refused, never used",
        arguments: [
            ("10.0.2.256", AddressError.Code.invalidAddress), ("999.1.1.1", .invalidAddress),
            ("invalid-ip", .invalidAddress), ("10.0.2", .invalidAddress),
            ("10.0.2.21 10.0.2.22", .invalidAddress),
            ("10.0.2.21\u{0}x", .invalidAddress), ("", .invalidAddress), ("0.0.0.0", .invalidAddress),
            ("224.0.0.1", .invalidAddress), ("$(reboot)", .invalidAddress), ("10.0.9.9", .foreignAddress),
            ("10.0.0.0/33", .invalidBlock), ("10.0.0/8", .invalidBlock), ("10.0.0.0/", .invalidBlock),
            ("10.0.0.0/+8", .invalidBlock), ("10.99.0.0/16", .nothingInBlock), ("eth9", .invalidAddress),
        ])
    func badSettingIsRefused(text: String, expected: AddressError.Code) {
        #expect(code { try choose(address: text) } == expected)
    }

    @Test(
        "the index counts from 1 what hostname -I prints",
        arguments: [("1", "10.0.2.21"), ("2", "192.168.56.21"), ("3", "172.17.0.1"), (" 5 ", "2001:db8::21")])
    func indexCounts(text: String, address: String) throws {
        let report = try choose(index: text)
        #expect(report.local == address)
        #expect(report.rule == "index")
    }

    @Test(
        "an index that counts nothing is refused",
        arguments: [
            ("0", AddressError.Code.indexOutOfRange), ("6", .indexOutOfRange), ("-1", .invalidIndex),
            ("two", .invalidIndex), ("", .invalidIndex), ("1;id", .invalidIndex), ("1.0", .invalidIndex),
            ("99999999999999999999", .invalidIndex),
        ])
    func badIndexIsRefused(text: String, expected: AddressError.Code) {
        #expect(code { try choose(index: text) } == expected)
    }

    @Test("an index out of range says which addresses there are")
    func outOfRangeSaysWhatThereIs() {
        do {
            _ = try choose(index: "9")
            Issue.record("index 9 of 5 was taken")
        } catch {
            let message = (error as? AddressError)?.message ?? ""
            #expect(message.contains("--local-ip-index=9"))
            #expect(message.contains("1 = 10.0.2.21 (eth0)"))
            #expect(message.contains("5 = 2001:db8::21 (eth1)"))
        }
    }

    @Test("interfaces that are down are not counted by the index")
    func downIsNotCounted() throws {
        let interfaces = [
            Self.entry("eth0", "10.0.0.1", isUp: false), Self.entry("eth1", "10.0.0.2"),
        ]
        #expect(try choose(index: "1", interfaces: interfaces).local == "10.0.0.2")
    }

    @Test("without a setting the route to the coordinator decides")
    func routeDecides() throws {
        let source = try #require(IPAddress("192.168.56.21"))
        let report = try choose(route: .found(source, coordinator: "head.example"))
        #expect(report.local == "192.168.56.21")
        #expect(report.rule == "route")
        #expect(
            report.explanation == [
                "lo 127.0.0.1: not taken, loopback",
                "eth0 10.0.2.21: not taken, the route to the coordinator does not start here",
                "eth1 192.168.56.21: taken, the source address of the route to the coordinator at head.example",
                "docker0 172.17.0.1: not taken, a bridge for containers or guests of this machine",
                "br-0a1b2c3d4e5f 172.20.0.1: not taken, a bridge for containers or guests of this machine",
                "lo ::1: not taken, loopback", "eth0 fe80::5054:ff:fe30:989d: not taken, link-local",
                "eth1 2001:db8::21: not taken, the route to the coordinator does not start here",
            ])
    }

    @Test("with the coordinator on loopback the address is loopback")
    func coordinatorOnLoopback() throws {
        let source = try #require(IPAddress("127.0.0.1"))
        let report = try choose(route: .found(source, coordinator: "localhost"))
        #expect(report.local == "127.0.0.1")
        #expect(report.rule == "loopback")
    }

    @Test("without a route the first address that is no container bridge is taken")
    func bridgeFirstIsPassedOver() throws {
        let interfaces = [
            Self.entry("lo", "127.0.0.1", isLoopback: true), Self.entry("docker0", "172.17.0.1"),
            Self.entry("eth0", "2001:db8::7"), Self.entry("ib0", "10.9.0.7"),
        ]
        let report = try choose(
            interfaces: interfaces, route: .failed(reason: "head: Name or service not known"))
        #expect(report.local == "10.9.0.7")
        #expect(report.rule == "first")
        #expect(report.explanation.last == "route to the coordinator: head: Name or service not known")
    }

    @Test("a machine with IPv6 alone gets its global address")
    func onlyV6() throws {
        let interfaces = [
            Self.entry("lo", "::1", isLoopback: true), Self.entry("eth0", "fe80::1"),
            Self.entry("eth0", "fd00::5"),
        ]
        #expect(try choose(interfaces: interfaces).local == "fd00::5")
    }

    @Test("a bridge is better than loopback, and loopback is the last resort")
    func lastResorts() throws {
        let loopback = Self.entry("lo", "127.0.0.1", isLoopback: true)
        let bridge = Self.entry("docker0", "172.17.0.1")
        #expect(try choose(interfaces: [loopback, bridge]).local == "172.17.0.1")
        #expect(try choose(interfaces: [loopback]).rule == "loopback")
        #expect(try choose(interfaces: [loopback]).local == "127.0.0.1")
        #expect(try choose(interfaces: []).local == "127.0.0.1")
    }

    @Test("a bridge of the machine itself is no container bridge")
    func ownBridge() throws {
        let interfaces = [Self.entry("docker0", "172.17.0.1"), Self.entry("br-ex", "10.4.0.9")]
        #expect(try choose(interfaces: interfaces).local == "10.4.0.9")
    }

    @Test("the container's own eth0 counts although it is in the range of docker bridges")
    func insideContainer() throws {
        let interfaces = [
            Self.entry("lo", "127.0.0.1", isLoopback: true), Self.entry("eth0", "172.17.0.2"),
        ]
        #expect(try choose(interfaces: interfaces).local == "172.17.0.2")
    }

    @Test("the advertised address is apart from the local one")
    func advertised() throws {
        #expect(try choose(advertise: "203.0.113.7").advertised == "203.0.113.7")
        #expect(try choose(advertise: "203.0.113.7").local == "10.0.2.21")
        #expect(try choose(advertise: "node-7.example.org").advertised == "node-7.example.org")
        for text in ["203.0.113.300", "host:22", "a b", "-x.example", "a..b", ""] {
            #expect(code { try choose(advertise: text) } == .invalidAdvertisedAddress, "\(text)")
        }
    }

    @Test("flags win over the environment, and the environment has an order")
    func flagOverEnvironment() {
        let environment = [
            "MORTISE_ADDRESS": " ", "LOCAL_ADDR": "10.0.2.21", "LOCAL_IP": "1.1.1.1", "LOCAL_IP_INDEX": "2",
            "MORTISE_ADVERTISE_ADDRESS": "203.0.113.7",
        ]
        func settings(_ address: String?, _ index: String?) -> AddressSettings {
            AddressSettings(
                addressFlag: address, indexFlag: index, advertiseFlag: nil, environment: { environment[$0] })
        }
        #expect(settings(nil, nil).address == .init("10.0.2.21", from: "LOCAL_ADDR"))
        #expect(settings(nil, nil).index == .init("2", from: "LOCAL_IP_INDEX"))
        #expect(settings(nil, nil).advertised == .init("203.0.113.7", from: "MORTISE_ADVERTISE_ADDRESS"))
        #expect(settings("ib0", nil).address == .init("ib0", from: "--address"))
        #expect(settings("ib0", nil).index == nil)
        #expect(settings(nil, "1").address == nil)
        #expect(settings(nil, "1").index == .init("1", from: "--local-ip-index"))
    }

    @Test("an index that an address sets aside is mentioned")
    func indexSetAside() throws {
        let settings = AddressSettings(
            address: .init("eth0", from: "LOCAL_ADDR"), index: .init("2", from: "LOCAL_IP_INDEX"))
        let report = try AddressPolicy.choose(settings, interfaces: Self.machine, route: .unknown)
        #expect(report.local == "10.0.2.21")
        #expect(report.explanation.last == "LOCAL_IP_INDEX=2: not used, an address was asked for")
    }

    @Test("a machine with thousands of addresses is explained in a bounded number of lines")
    func boundedExplanation() throws {
        let interfaces = (0..<3_000).map { Self.entry("eth\($0)", "10.1.\($0 / 250).\($0 % 250 + 1)") }
        let report = try choose(address: "10.1.11.250", interfaces: interfaces)
        #expect(report.explanation.count <= 66)
        #expect(report.explanation.first?.contains("10.1.11.250: taken") == true)
    }

    @Test(
        "what an interface leads to is known by its name",
        arguments: [
            ("eth0", InterfaceLink.network), ("enp5s0f0", .network), ("bond0.7", .network),
            ("br-ex", .network),
            ("ib0", .infiniBand), ("ibp59s0", .infiniBand), ("tun0", .tunnel), ("wg0", .tunnel),
            ("tailscale0", .tunnel), ("ztabcdefgh", .tunnel), ("docker0", .guestBridge),
            ("br-0a1b2c3d4e5f", .guestBridge), ("flannel.1", .guestBridge), ("tunl0", .guestBridge),
        ])
    func links(name: String, link: InterfaceLink) {
        #expect(InterfaceLink(interface: name) == link)
    }

    @Test("the kernel knows bridges of guests and tunnels by any name")
    func linksOfKernel() {
        func interface(_ name: String, _ change: (inout NetworkInterface.Texts) -> Void, ports: [String] = [])
            -> NetworkInterface
        {
            var texts = NetworkInterface.Texts()
            texts.type = "1"
            change(&texts)
            return NetworkInterface(name: name, texts: texts, ports: ports)
        }
        let guests = interface("lab", { $0.isBridge = true }, ports: ["veth1"])
        let own = interface("lab", { $0.isBridge = true }, ports: ["veth1", "eno1"])
        #expect(InterfaceLink(guests, cards: ["eno1"]) == .guestBridge)
        #expect(InterfaceLink(own, cards: ["eno1"]) == .network)
        #expect(InterfaceLink(interface("corp", { $0.isTun = true }), cards: []) == .tunnel)
        #expect(InterfaceLink(interface("fast0", { $0.type = "32" }), cards: []) == .infiniBand)
        #expect(InterfaceLink(interface("eth0", { _ in }), cards: []) == .network)
    }

    @Test("networks come before InfiniBand, tunnels and bridges, and each says why it was not taken")
    func ranks() throws {
        let interfaces = [
            Self.entry("docker0", "172.17.0.1"), Self.entry("tailscale0", "100.64.0.9"),
            Self.entry("ib0", "10.9.0.7"), Self.entry("eth0", "fd00::7"), Self.entry("eth0", "10.0.0.7"),
        ]
        let report = try choose(interfaces: interfaces)
        #expect(
            report.explanation == [
                "docker0 172.17.0.1: not taken, a bridge for containers or guests of this machine",
                "tailscale0 100.64.0.9: not taken, a tunnel: only its members reach it",
                "ib0 10.9.0.7: not taken, InfiniBand comes after other networks",
                "eth0 fd00::7: not taken, IPv4 comes before IPv6",
                "eth0 10.0.0.7: taken, the first that other machines may reach",
            ])
        #expect(try choose(interfaces: Array(interfaces.prefix(3))).local == "10.9.0.7")
        #expect(try choose(interfaces: Array(interfaces.prefix(2))).local == "100.64.0.9")
        #expect(try choose(interfaces: [interfaces[1], interfaces[3]]).local == "fd00::7")
    }

    @Test("an address that others may not reach says so")
    func doubtfulAddress() throws {
        let report = try choose(interfaces: [Self.entry("wg0", "10.8.0.2")])
        #expect(report.local == "10.8.0.2")
        #expect(report.explanation.last?.contains("--advertise") == true)
        #expect(try choose(interfaces: [Self.entry("eth0", "10.0.0.7")]).explanation.count == 1)
        let advertised = try choose(advertise: "203.0.113.7", interfaces: [Self.entry("wg0", "10.8.0.2")])
        #expect(advertised.explanation.last == "advertised: 203.0.113.7, as --advertise asks")
    }

    private func settings(_ variables: [String: String]) -> AddressSettings {
        AddressSettings(
            addressFlag: nil, indexFlag: nil, advertiseFlag: nil, environment: { variables[$0] })
    }

    @Test(
        "of several words in a variable the best one of this machine is taken",
        arguments: [
            ("127.0.1.1 10.0.2.21", "10.0.2.21"), ("172.17.0.1 192.168.56.21 10.0.2.21", "192.168.56.21"),
            ("fe80::5054:ff:fe30:989d%eth0 10.9.9.9 2001:db8::21 \n", "2001:db8::21"),
            ("172.17.0.1 172.20.0.1", "172.17.0.1"),
        ])
    func severalWords(text: String, address: String) throws {
        let report = try AddressPolicy.choose(
            settings(["LOCAL_ADDR": text]), interfaces: Self.machine, route: .unknown)
        #expect(report.local == address)
        #expect(report.rule == "address")
        #expect(report.explanation.contains { $0.contains("words of LOCAL_ADDR") })
    }

    @Test("words of which this machine has none are refused, and so is what only /etc/hosts knows")
    func foreignWords() {
        for text in ["10.9.9.9 10.9.9.8", "127.0.1.1"] {
            #expect(
                code {
                    try AddressPolicy.choose(
                        settings(["LOCAL_IP": text]), interfaces: Self.machine, route: .unknown)
                } == .foreignAddress)
        }
        #expect(code { try choose(address: "10.0.2.21 192.168.56.21") } == .invalidAddress)
    }

    @Test("variables that lose are named")
    func setAside() throws {
        let variables = ["MORTISE_ADDRESS": "eth1", "LOCAL_IP": "1.1.1.1", "PLAT_LOCAL_IP_INDEX": "2"]
        let report = try AddressPolicy.choose(settings(variables), interfaces: Self.machine, route: .unknown)
        #expect(report.local == "192.168.56.21")
        #expect(
            report.explanation.suffix(2) == [
                "PLAT_LOCAL_IP_INDEX=2: not used, an address was asked for",
                "LOCAL_IP=1.1.1.1: not used, MORTISE_ADDRESS comes first",
            ])
    }

    @Test("brackets of a URL are no part of the address")
    func brackets() throws {
        #expect(try choose(address: "[2001:db8::21]").local == "2001:db8::21")
        #expect(try choose(advertise: "[2001:DB8::9]").advertised == "2001:db8::9")
        #expect(code { try choose(advertise: "[2001:db8::9]:22") } == .invalidAdvertisedAddress)
    }

    @Test("a mapped IPv4 address is an IPv4 address")
    func mappedAddress() {
        #expect(IPAddress("::ffff:10.0.0.1") == IPAddress("10.0.0.1"))
        #expect(IPAddress("::ffff:127.0.0.1")?.isLoopback == true)
    }

    @Test("blocks end at any bit")
    func blockBits() throws {
        let block = try #require(AddressBlock("10.0.0.0/9"))
        #expect(block.contains(try #require(IPAddress("10.127.255.255"))))
        #expect(!block.contains(try #require(IPAddress("10.128.0.0"))))
        #expect(!block.contains(try #require(IPAddress("2001:db8::1"))))
    }
}
