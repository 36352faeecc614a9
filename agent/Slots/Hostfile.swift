/// The nodes of a gang as Open MPI reads them: a line `address slots=count` for each.
enum Hostfile {
    /// `address:count,address:count`
    static let hostsVariable = "MORTISE_HOSTS"
    /// The path of the file.
    static let pathVariable = "MORTISE_HOSTFILE"

    /// - Parameter environment: `NAME=value`; a later one wins.
    /// - Returns: nil where no nodes are named, or not in their form.
    static func text(for environment: [String]) -> String? {
        guard let hosts = Variables(environment)[hostsVariable] else { return nil }
        var lines = ""
        for host in hosts.split(separator: ",", omittingEmptySubsequences: false) {
            // IPv6 addresses have colons of their own.
            guard let colon = host.lastIndex(of: ":"), let count = UInt32(host[host.index(after: colon)...]),
                count >= 1, colon > host.startIndex, !host.contains(where: \.isWhitespace)
            else { return nil }
            lines += "\(host[..<colon]) slots=\(count)\n"
        }
        return lines
    }
}
