package import ProtocolMessages

/// A machine as a line of `/etc/hosts` under the address that others reach it at, to be shared among nodes that have
/// no name server.
package enum StatusHosts {
    package static func text(_ report: HardwareReport) -> String {
        let name = safe(report.hostname)
        let short = String(name.prefix { $0 != "." })
        let names = short == name || short.isEmpty ? name : name + " " + short
        guard !name.isEmpty else { return "# this machine has no host name\n" }
        var comments = ""
        var address = report.address.advertised
        if IPAddress(address) == nil {
            comments += "# advertised as \(safe(address)), which is no address: the local one is used\n"
            address = report.address.local
        }
        guard let known = IPAddress(address) else { return comments + "# no address is known for \(names)\n" }
        if known.isLoopback { comments += "# of use on this machine alone\n" }
        return comments + "\(address)\t\(names)\n"
    }

    /// Blanks, `#` and line ends would begin something else.
    private static func safe(_ name: String) -> String {
        name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) }
    }
}
