package import ProtocolMessages

extension Check {
    /// The agent's own address.
    ///
    /// - Parameter isCoordinatorHere: all addresses of the coordinator are of the loopback interface.
    package static func address(_ report: AddressReport, isCoordinatorHere: Bool) -> Check {
        let reason = report.explanation.first { $0.contains(": taken, ") } ?? "by the rule '\(report.rule)'"
        let remarks = report.explanation.filter {
            $0.hasPrefix("advertised: the same (") || $0.hasPrefix("route to the coordinator: ")
        }
        if report.rule == "loopback", !isCoordinatorHere {
            return Check(
                "address", .warning, "\(reason): no other machine reaches it",
                mend: "Bring the network up, or name the address: --address ADDRESS, BLOCK or INTERFACE.")
        }
        guard remarks.isEmpty else {
            return Check(
                "address", .warning, ([reason] + remarks).joined(separator: "; "),
                mend:
                    "If that is not the network of the other nodes: --address ADDRESS, BLOCK or INTERFACE, and "
                    + "--advertise where they reach this one elsewhere.")
        }
        return Check("address", .ok, reason)
    }

    /// - Parameter message: of an `AddressError`.
    package static func address(refused message: String) -> Check {
        let (found, advice) = sentences(message)
        return Check(
            "address", .failed, found,
            mend: [advice, "'mortise-agent status' without the setting shows what would be taken."]
                .compactMap { $0 }.joined(separator: " "))
    }

    /// Where the coordinator sees this node.
    ///
    /// - Parameters:
    ///   - seen: the address that the connection comes from at its other end.
    ///   - local: all addresses of this machine.
    package static func seen(at seen: String, by subject: String, local: [String]) -> Check {
        if local.contains(seen) {
            return Check("seen", of: subject, .ok, "at \(seen), an address of this machine")
        }
        return Check(
            "seen", of: subject, .warning,
            "at \(seen), no address of this machine: something translates addresses",
            mend: "If other nodes reach this one there as well, say so: --advertise \(seen).")
    }

    /// Where others reach this node. Nothing listens there before a job does, so only the name is tried.
    ///
    /// - Parameters:
    ///   - advertised: an address or a name.
    ///   - addresses: what a name stands for; empty where it stands for nothing.
    package static func advertised(_ advertised: String, local: String, addresses: [String]) -> Check {
        if advertised == local { return Check("advertised", .ok, "\(advertised), the same") }
        guard let first = addresses.first else {
            return Check(
                "advertised", .failed, "the name '\(advertised)' has no address here",
                mend: "Check --advertise and MORTISE_ADVERTISE_ADDRESS, and that other nodes know the name.")
        }
        if addresses.allSatisfy({ $0.hasPrefix("127.") || $0 == "::1" }) {
            return Check(
                "advertised", .warning, "\(advertised) is \(first), the loopback interface",
                mend: "Other nodes reach themselves there: advertise an address that leads here.")
        }
        let meaning = first == advertised ? "" : " (\(addresses.prefix(4).joined(separator: ", ")))"
        return Check(
            "advertised", .ok,
            "\(advertised)\(meaning) in place of \(local); whether others reach it shows there")
    }
}
