/// The host and port of an HTTPS server, or the path of a socket of this machine.
package struct HTTPSEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// A name or an IP address, without the brackets of an IPv6 address; of a socket its path.
    package let host: String
    /// 0 of a socket.
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// A Unix socket. What goes over it is not encrypted: its permissions say who may use it.
    package init(socketPath: String) { self.init(host: socketPath, port: 0) }

    var isSocket: Bool { port == 0 }

    /// For the header `Host`, in which a path would be refused.
    var authority: String { isSocket ? "localhost" : description }

    /// `https://HOST:PORT`, with an optional `/` at the end; without a port it is 443. nil for anything else, a
    /// path and `http://` included.
    package init?(url: String) {
        let scheme = "https://"
        guard url.lowercased().hasPrefix(scheme) else { return nil }
        var authority = url.dropFirst(scheme.count)
        if authority.hasSuffix("/") { authority = authority.dropLast() }
        self.init(authority: authority, defaultPort: 443)
    }

    /// `HOST:PORT`; nil for anything else.
    package init?(hostAndPort text: String) {
        self.init(authority: text[...], defaultPort: nil)
    }

    private init?(authority: Substring, defaultPort: Int?) {
        let host: Substring
        let rest: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            rest = authority[authority.index(after: end)...]
        } else {
            let end = authority.firstIndex(of: ":") ?? authority.endIndex
            host = authority[..<end]
            rest = authority[end...]
        }
        guard !host.isEmpty, host.utf8.count <= 253,
            host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"/?#@[]\\\"".utf8.contains($0) })
        else { return nil }
        if rest.isEmpty {
            guard let defaultPort else { return nil }
            self.init(host: String(host), port: defaultPort)
        } else {
            guard rest.first == ":", let port = UInt16(rest.dropFirst()), port > 0 else { return nil }
            self.init(host: String(host), port: Int(port))
        }
    }

    /// `HOST:PORT`, an IPv6 address in brackets; of a socket its path.
    package var description: String {
        if isSocket { return host }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    package var url: String { "https://\(self)" }
}
