import TextForms

/// Addresses of the network ports that chips have themselves: `/etc/hccn.conf`, with a line `address_N=10.1.0.7` for the
/// chip of the physical id N.
package struct AscendAddresses: Hashable, Sendable {
    package static let file = "/etc/hccn.conf"

    private var addresses: [UInt32: String] = [:]

    /// Of several lines for one chip the last counts.
    package init(parsing text: String) {
        for line in AscendText.lines(text) {
            guard let equals = line.firstIndex(of: "="), line.hasPrefix("address_") else { continue }
            let number = Scan.trimmed(line[..<equals].dropFirst("address_".count))
            guard let id = UInt32(number), let address = Self.address(line[line.index(after: equals)...])
            else {
                continue
            }
            addresses[id] = address
        }
    }

    package subscript(physicalID: UInt32) -> String? { addresses[physicalID] }

    /// What `hccn_tool -i N -ip -g` prints: `ipaddr:10.1.0.7`, and the mask; nil where it has no address or complains.
    package static func answer(_ text: String) -> String? {
        for line in AscendText.lines(text) {
            if let (key, value) = Scan.pair(line), key == "ipaddr" { return address(value) }
        }
        return nil
    }

    private static func address(_ text: some StringProtocol) -> String? {
        IPAddress(String(Scan.trimmed(text))).flatMap { $0.isNoHost ? nil : $0.description }
    }
}
