package import ProtocolMessages
import TextForms

/// Chooses the agent's own address. What a user has set is used or refused, never passed over in silence;
/// without a setting the route to the coordinator decides.
package enum AddressPolicy {
    /// A choice before it is explained.
    private struct Choice {
        var address: IPAddress
        var rule: String
        var reason: String
        /// Why another candidate was not taken.
        var against: (InterfaceAddress) -> String
    }

    /// Lines of one explanation.
    private static let explanationLimit = 64

    /// - Parameter interfaces: in the system's order; empty where the system does not tell.
    package static func choose(
        _ settings: AddressSettings, interfaces: [InterfaceAddress], route: RouteSource
    ) throws(AddressError) -> AddressReport {
        let choice: Choice
        if let setting = settings.address {
            choice = try chosen(setting, interfaces, mayHaveSeveralWords: settings.mayHaveSeveralWords)
        } else if let setting = settings.index {
            choice = try indexed(setting, interfaces)
        } else {
            choice = automatic(interfaces, route)
        }
        let local = choice.address.description
        let advertised = try settings.advertised.map { value throws(AddressError) in
            try checkAdvertised(value)
        }
        return AddressReport(
            local: local, advertised: advertised ?? local, rule: choice.rule,
            explanation: explanation(choice, settings, interfaces, route))
    }

    // MARK: What the user has set

    private static func chosen(
        _ setting: AddressSettings.Value, _ interfaces: [InterfaceAddress], mayHaveSeveralWords: Bool
    ) throws(AddressError) -> Choice {
        let text = withoutBrackets(setting.text)
        if mayHaveSeveralWords, let words = HostnameWords.addresses(text), words.count > 1 {
            return try amongWords(words, setting.source, interfaces)
        }
        if text.contains("/") { return try inBlock(text, setting.source, interfaces) }
        if let address = IPAddress(text) { return try given(address, setting.source, interfaces) }
        let onInterface = interfaces.filter { $0.interface == text }
        if !onInterface.isEmpty { return try ofInterface(text, setting.source, onInterface) }
        throw AddressError(
            .invalidAddress,
            "\(setting.source)=\(quoted(setting.text)) is neither an address, nor a block such as 10.0.0.0/8, nor an "
                + "interface of this machine. \(inventory(interfaces))")
    }

    /// What `hostname -i` or `hostname -I` has printed: the best of them that this machine has.
    private static func amongWords(
        _ words: [String], _ source: String, _ interfaces: [InterfaceAddress]
    ) throws(AddressError) -> Choice {
        let addresses = words.compactMap { IPAddress(String($0.prefix { $0 != "%" })) }
        // The order of the words, not that of the interfaces.
        let candidates = addresses.compactMap { address in interfaces.first { $0.address == address } }
        guard let best = candidates.enumerated().min(by: { isBetter($0, $1) })?.element else {
            throw AddressError(
                .foreignAddress,
                "None of \(source)=\(quoted(words.joined(separator: " "))) is an address of this machine. "
                    + inventory(interfaces))
        }
        return Choice(
            address: best.address, rule: "address",
            reason: "the best of the \(words.count) words of \(source)",
            against: { candidate in
                addresses.contains(candidate.address)
                    ? unfitness(candidate) ?? "not the best of the words of \(source)"
                    : "\(source) does not name it"
            })
    }

    /// "[2001:db8::1]", as in a URL.
    private static func withoutBrackets(_ text: String) -> String {
        let text = Scan.trimmed(text)
        guard text.hasPrefix("["), text.hasSuffix("]"), text.contains(":") else { return text }
        return String(text.dropFirst().dropLast())
    }

    private static func given(
        _ address: IPAddress, _ source: String, _ interfaces: [InterfaceAddress]
    ) throws(AddressError) -> Choice {
        guard !address.isNoHost else {
            throw AddressError(.invalidAddress, "\(source)=\(address) is not the address of a host.")
        }
        let isHere = interfaces.isEmpty || interfaces.contains { $0.address == address }
        guard isHere || !address.isLoopback else {
            throw AddressError(
                .foreignAddress,
                "\(source)=\(address) is what /etc/hosts gives this host's own name, as `hostname -i` prints it: no "
                    + "interface has it, and no other machine reaches it. \(inventory(interfaces))")
        }
        guard isHere else {
            throw AddressError(
                .foreignAddress,
                "\(source)=\(address) is no address of this machine or container. If others reach it there, say so "
                    + "with --advertise \(address). \(inventory(interfaces))")
        }
        return Choice(
            address: address, rule: "address", reason: "\(source) asks for it",
            against: { _ in "\(source) asks for another address" })
    }

    private static func inBlock(
        _ text: String, _ source: String, _ interfaces: [InterfaceAddress]
    ) throws(AddressError) -> Choice {
        guard let block = AddressBlock(text) else {
            throw AddressError(
                .invalidBlock, "\(source)=\(quoted(text)) is no block of addresses; write it as 10.0.0.0/8.")
        }
        let inside = interfaces.filter { block.contains($0.address) }
        guard let first = inside.first(where: \.isUp) ?? inside.first else {
            throw AddressError(
                .nothingInBlock,
                "No address of this machine is inside \(source)=\(text). \(inventory(interfaces))")
        }
        return Choice(
            address: first.address, rule: "cidr", reason: "the first address inside \(source)=\(text)",
            against: { block.contains($0.address) ? "not the first inside \(text)" : "not inside \(text)" })
    }

    private static func ofInterface(
        _ name: String, _ source: String, _ addresses: [InterfaceAddress]
    ) throws(AddressError) -> Choice {
        let usable = addresses.map(\.address).filter { !$0.isNoHost }
        guard
            let address = usable.first(where: { !$0.isV6 }) ?? usable.first(where: { !$0.isLinkLocal })
                ?? usable.first
        else {
            throw AddressError(.interfaceWithoutAddress, "Interface \(source)=\(name) has no address.")
        }
        return Choice(
            address: address, rule: "interface", reason: "on interface \(name), as \(source) asks",
            against: { $0.interface == name ? "another address of \(name) was taken" : "not on \(name)" })
    }

    private static func indexed(
        _ setting: AddressSettings.Value, _ interfaces: [InterfaceAddress]
    ) throws(AddressError) -> Choice {
        let words = interfaces.filter(\.isHostnameWord)
        let text = Scan.trimmed(setting.text)
        guard !text.isEmpty, text.utf8.allSatisfy({ 48...57 ~= $0 }), let index = Int(text) else {
            throw AddressError(
                .invalidIndex,
                "\(setting.source)=\(quoted(setting.text)) is no number; it counts the addresses from 1. "
                    + numbered(words))
        }
        guard index >= 1, index <= words.count else {
            throw AddressError(
                .indexOutOfRange,
                "\(setting.source)=\(index) is out of range; it counts the addresses from 1. "
                    + numbered(words))
        }
        return Choice(
            address: words[index - 1].address, rule: "index",
            reason: "number \(index) of \(words.count), as \(setting.source) asks",
            against: { candidate in
                guard let position = words.firstIndex(of: candidate) else {
                    return "not counted by the index"
                }
                return "number \(position + 1), \(setting.source) asks for \(index)"
            })
    }

    private static func checkAdvertised(_ setting: AddressSettings.Value) throws(AddressError) -> String {
        let text = withoutBrackets(setting.text)
        if let address = IPAddress(text), !address.isNoHost { return address.description }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        let isName =
            text.utf8.count <= 253 && labels.last?.contains(where: \.isLetter) == true
            && labels.allSatisfy { label in
                !label.isEmpty && label.utf8.count <= 63 && label.first != "-" && label.last != "-"
                    && label.allSatisfy {
                        $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_")
                    }
            }
        guard isName else {
            throw AddressError(
                .invalidAdvertisedAddress,
                "\(setting.source)=\(quoted(setting.text)) is neither an address nor a host name (without a port)."
            )
        }
        return text
    }

    // MARK: Without a setting

    private static func automatic(_ interfaces: [InterfaceAddress], _ route: RouteSource) -> Choice {
        if case .found(let source, let coordinator) = route {
            return Choice(
                address: source, rule: source.isLoopback ? "loopback" : "route",
                reason: "the source address of the route to the coordinator at \(coordinator)",
                against: { unfitness($0) ?? "the route to the coordinator does not start here" })
        }
        let reachable = interfaces.filter { $0.isUp && !$0.isLoopback && !$0.address.isLoopback }
        if let best = reachable.enumerated().min(by: { isBetter($0, $1) })?.element {
            let reason =
                unfitness(best).map { "there is no better one (\($0))" }
                ?? "the first that other machines may reach"
            return Choice(
                address: best.address, rule: "first", reason: reason,
                against: { candidate in
                    if let unfitness = unfitness(candidate) { return unfitness }
                    if candidate.address.isV6, !best.address.isV6 { return "IPv4 comes before IPv6" }
                    return candidate.link == .infiniBand && best.link != .infiniBand
                        ? "InfiniBand comes after other networks" : "not the first"
                })
        }
        let loopback = interfaces.first { $0.address.isLoopback && !$0.address.isV6 }
        let home = IPAddress(bytes: [127, 0, 0, 1])
        guard let address = loopback?.address ?? interfaces.first?.address ?? home else {
            preconditionFailure("four bytes are an IPv4 address")
        }
        return Choice(
            address: address, rule: "loopback", reason: "the last resort: nothing else is up",
            against: { unfitness($0) ?? "not the first" })
    }

    /// Which of two candidates other machines more likely reach; else the first one.
    private static func isBetter(
        _ left: EnumeratedSequence<[InterfaceAddress]>.Element,
        _ right: EnumeratedSequence<[InterfaceAddress]>.Element
    ) -> Bool {
        rank(left.element).lexicographicallyPrecedes(rank(right.element))
            || rank(left.element) == rank(right.element) && left.offset < right.offset
    }

    private static func rank(_ candidate: InterfaceAddress) -> [Int] {
        let reach =
            if candidate.isLoopback || candidate.address.isLoopback || !candidate.isUp {
                4
            } else if candidate.address.isLinkLocal { 3 } else if candidate.link == .guestBridge {
                2
            } else if candidate.link == .tunnel { 1 } else { 0 }
        return [reach, candidate.address.isV6 ? 1 : 0, candidate.link == .infiniBand ? 1 : 0]
    }

    /// Why an address is not for other machines; nil for a good one.
    private static func unfitness(_ candidate: InterfaceAddress) -> String? {
        if candidate.isLoopback || candidate.address.isLoopback { return "loopback" }
        if !candidate.isUp { return "the interface is down" }
        if candidate.link == .guestBridge { return "a bridge for containers or guests of this machine" }
        if candidate.address.isLinkLocal { return "link-local" }
        return candidate.link == .tunnel ? "a tunnel: only its members reach it" : nil
    }

    // MARK: Words

    private static func explanation(
        _ choice: Choice, _ settings: AddressSettings, _ interfaces: [InterfaceAddress], _ route: RouteSource
    ) -> [String] {
        var lines: [String] = []
        var isTaken = false
        for candidate in interfaces {
            let name = "\(candidate.interface) \(candidate.address)"
            if !isTaken, candidate.address == choice.address {
                isTaken = true
                lines.append("\(name): taken, \(choice.reason)")
            } else if candidate.address == choice.address {
                lines.append("\(name): the same address again")
            } else {
                lines.append("\(name): not taken, \(choice.against(candidate))")
            }
        }
        if lines.count > explanationLimit {
            let taken = lines.first { $0.contains(": taken, ") }
            let rest = lines.count - explanationLimit
            lines = lines.prefix(explanationLimit) + ["and \(rest) more"]
            if let taken, !lines.contains(taken) { lines.insert(taken, at: 0) }
        }
        if !isTaken { lines.insert("\(choice.address): taken, \(choice.reason)", at: 0) }
        if case .failed(let reason) = route, choice.rule == "first" || choice.rule == "loopback" {
            lines.append("route to the coordinator: \(reason)")
        }
        if settings.address != nil, let index = settings.index {
            lines.append("\(index.source)=\(shown(index.text)): not used, an address was asked for")
        }
        if let winner = settings.address ?? settings.index {
            for value in settings.setAside {
                lines.append("\(value.source)=\(shown(value.text)): not used, \(winner.source) comes first")
            }
        }
        if let advertised = settings.advertised {
            lines.append("advertised: \(shown(advertised.text)), as \(advertised.source) asks")
        } else if let taken = interfaces.first(where: { $0.address == choice.address }),
            choice.rule != "loopback", let unfitness = unfitness(taken)
        {
            lines.append(
                "advertised: the same (\(unfitness)); where others reach this node elsewhere, --advertise says so"
            )
        }
        return lines
    }

    private static func inventory(_ interfaces: [InterfaceAddress]) -> String {
        if interfaces.isEmpty { return "The system lists no addresses." }
        let known = interfaces.prefix(16).map { "\($0.interface) \($0.address)" }.joined(separator: ", ")
        return "It has: \(known)\(interfaces.count > 16 ? ", …" : "")."
    }

    private static func numbered(_ words: [InterfaceAddress]) -> String {
        if words.isEmpty { return "This machine has no address besides loopback." }
        let known = words.enumerated().prefix(16).map { "\($0 + 1) = \($1.address) (\($1.interface))" }
        return "There are: \(known.joined(separator: ", "))\(words.count > 16 ? ", …" : "")."
    }

    private static func quoted(_ text: String) -> String { "'" + shown(text) + "'" }

    /// On one line, and not too long.
    private static func shown(_ text: String) -> String {
        Scan.trimmed(text).prefix(80).map { $0.isNewline ? " " : String($0) }.joined()
    }
}
