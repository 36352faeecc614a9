/// The proxy settings of an environment. The agent dials its coordinator directly, whatever they say.
package struct ProxySettings: Sendable {
    /// Name of the variable and the proxy's host and port, without its user and password.
    package var proxy: (variable: String, address: String)? {
        for name in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            if let value = variables[name], !value.isEmpty { return (name, Self.address(value)) }
        }
        return nil
    }

    private var variables: [String: String]

    package static let names = [
        "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
    ]

    package init(environment: (String) -> String?) {
        variables = [:]
        for name in Self.names { variables[name] = environment(name) }
    }

    /// The host is to be reached without a proxy, as curl reads `no_proxy`.
    package func excepts(_ host: String) -> Bool {
        let host = host.lowercased()
        let list = variables["no_proxy"] ?? variables["NO_PROXY"] ?? ""
        return list.split(whereSeparator: { $0 == "," || $0 == " " }).contains { entry in
            if entry == "*" { return true }
            let name = entry.lowercased().drop { $0 == "." }
            return !name.isEmpty && (host == name || host.hasSuffix("." + name))
        }
    }

    /// `http://user:password@proxy.example:3128/` is `proxy.example:3128`.
    static func address(_ text: String) -> String {
        var rest = text[...]
        for position in rest.indices where rest[position...].hasPrefix("://") {
            rest = rest[rest.index(position, offsetBy: 3)...]
            break
        }
        // A password may hold a slash: what stands before the last @ is never shown.
        if let at = rest.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        let shown = rest.prefix { character in
            character.isASCII && (character.isLetter || character.isNumber || "[]:.-_".contains(character))
        }
        return shown.isEmpty ? "that is set" : String(shown.prefix(253))
    }

    /// - Parameter hosts: of the coordinator's addresses.
    package func check(hosts: [String]) -> Check {
        guard let proxy else { return Check("proxy", .ok, "none is set") }
        let excepted = !hosts.isEmpty && hosts.allSatisfy { excepts($0) }
        return Check(
            "proxy", .ok,
            "\(proxy.variable) names \(proxy.address)"
                + (excepted
                    ? "; no_proxy excepts the coordinator"
                    : "; the agent does not use it and dials the coordinator directly"))
    }

}
