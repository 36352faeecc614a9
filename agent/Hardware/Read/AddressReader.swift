#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Asks the system for its addresses.
package enum AddressReader {
    /// In the order of the system's list, which is that of `hostname -I`; empty where it cannot be had.
    ///
    /// - Parameter machine: tells what each interface leads to.
    package static func interfaces(machine: MachineReader = MachineReader()) -> [InterfaceAddress] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        let known = machine.interfaces()
        let wires: Set<NetworkInterface.Kind> = [.ethernet, .wireless, .infiniband, .bond, .vlan]
        let cards = Set(known.filter { wires.contains($0.kind) }.map(\.name))
        let links = known.map { ($0.name, InterfaceLink($0, cards: cards)) }
        let linkOfName = Dictionary(links, uniquingKeysWith: { first, _ in first })
        var found: [InterfaceAddress] = []
        var next = list
        while let entry = next {
            next = entry.pointee.ifa_next
            guard let name = entry.pointee.ifa_name, let address = address(of: entry.pointee.ifa_addr) else {
                continue
            }
            let flags = UInt32(truncatingIfNeeded: entry.pointee.ifa_flags)
            // An address with a label of its own ("eth0:1") is on the interface before the colon.
            let interface = String(cString: name)
            found.append(
                InterfaceAddress(
                    interface: interface, address: address,
                    isUp: flags & UInt32(truncatingIfNeeded: IFF_UP) != 0,
                    isLoopback: flags & UInt32(truncatingIfNeeded: IFF_LOOPBACK) != 0,
                    link: linkOfName[String(interface.prefix { $0 != ":" })]))
        }
        return found
    }

    /// The source address of the route to the first host that has one. No packet is sent, but names are resolved,
    /// which may take as long as the resolver's time-outs.
    package static func route(to hosts: [String]) -> RouteSource {
        guard !hosts.isEmpty else { return .unknown }
        var reasons: [String] = []
        for host in hosts.prefix(8) {
            switch source(towards: host) {
            case .success(let address): return .found(address, coordinator: host)
            case .failure(let failure): reasons.append("\(host): \(failure.text)")
            }
        }
        return .failed(reason: reasons.joined(separator: "; "))
    }

    /// What a name stands for, in the resolver's order; an address stands for itself. May take as long as the resolver's
    /// time-outs.
    package static func addresses(of host: String) -> [String] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = datagram
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, discardPort, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var next = list
        while let entry = next {
            next = entry.pointee.ai_next
            guard let text = address(of: entry.pointee.ai_addr)?.description, !found.contains(text) else {
                continue
            }
            found.append(text)
        }
        return found
    }

    private struct Failure: Error {
        var text: String
    }

    private static func source(towards host: String) -> Result<IPAddress, Failure> {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = datagram
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, discardPort, &hints, &list)
        guard code == 0 else { return .failure(Failure(text: String(cString: gai_strerror(code)))) }
        defer { freeaddrinfo(list) }
        var reason = "no address"
        var next = list
        while let entry = next {
            next = entry.pointee.ai_next
            guard let target = entry.pointee.ai_addr else { continue }
            let descriptor = socket(entry.pointee.ai_family, datagram, 0)
            guard descriptor >= 0 else { continue }
            defer { _ = close(descriptor) }
            guard connect(descriptor, target, entry.pointee.ai_addrlen) == 0 else {
                reason = String(cString: strerror(errno))
                continue
            }
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let address = withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    getsockname(descriptor, $0, &length) == 0 ? Self.address(of: $0) : nil
                }
            }
            if let address, !address.isNoHost { return .success(address) }
        }
        return .failure(Failure(text: reason))
    }

    /// Any port does: nothing is sent.
    private static let discardPort = "9"

    private static func address(of pointer: UnsafeMutablePointer<sockaddr>?) -> IPAddress? {
        guard let pointer else { return nil }
        let raw = UnsafeRawPointer(pointer)
        switch Int32(pointer.pointee.sa_family) {
        case AF_INET:
            let address = raw.loadUnaligned(as: sockaddr_in.self).sin_addr
            return withUnsafeBytes(of: address) { IPAddress(bytes: Array($0)) }
        case AF_INET6:
            let address = raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            return withUnsafeBytes(of: address) { IPAddress(bytes: Array($0)) }
        default: return nil
        }
    }

    #if canImport(Glibc)
        private static let datagram = Int32(SOCK_DGRAM.rawValue)
    #else
        private static let datagram = SOCK_DGRAM
    #endif
}
