package import ClusterTypes
package import CoordinatorCore

/// Reads what a site's program has printed. Keys that are not known are passed over; a value that cannot be is
/// `invalid_answer` with its key.
package struct ExecAnswer: Sendable {
    /// More allocations than any pool has.
    package static let allocationLimit = 100_000
    private static let hostBytes = 255

    private let object: JSONTree
    private let text: ForeignText

    /// - Throws: also what the program itself calls an error.
    package init(_ output: [UInt8], _ text: ForeignText = ForeignText(masking: [])) throws(LaunchFailure) {
        guard !output.allSatisfy({ $0 <= 0x20 }) else {
            throw Self.invalid("it printed nothing; it has to print one JSON object, {} at least")
        }
        guard let tree = JSONTree(parsing: output), tree.object != nil else {
            let said = text.beginning(of: String(decoding: output.prefix(1_000), as: UTF8.self), limit: 200)
            throw Self.invalid("what it printed is not one JSON object: \(said)")
        }
        object = tree
        self.text = text
        if !tree["error"].isNull { throw try failure(tree["error"]) }
    }

    private func failure(_ error: JSONTree) throws(LaunchFailure) -> LaunchFailure {
        guard error.object != nil else { throw bad("error", error, "an object with code and message") }
        guard let word = error["code"].text, let code = LaunchFailure.Code(rawValue: word) else {
            let words = LaunchFailure.Code.allCases.map(\.rawValue).joined(separator: ", ")
            throw bad("error.code", error["code"], "one of \(words)")
        }
        guard let message = error["message"].text, !message.isEmpty else {
            throw bad("error.message", error["message"], "a text that says what is wrong")
        }
        return LaunchFailure(code, text.beginning(of: message))
    }

    /// - Parameter launch: the only one that they may be of, and that of those that name none; nil: any of the scope.
    package func allocations(_ scope: LaunchScope, of launch: LaunchID? = nil) throws(LaunchFailure)
        -> [Allocation]
    {
        let key = "allocations"
        guard let list = object[key].list else { throw bad(key, object[key], "a list, which may be empty") }
        guard list.count <= Self.allocationLimit else {
            throw Self.invalid("\(key) has \(list.count) entries, more than \(Self.allocationLimit)")
        }
        var names: Set<String> = []
        var allocations: [Allocation] = []
        for (position, item) in list.enumerated() {
            let place = "\(key)[\(position)]"
            let allocation = try allocation(item, at: place, scope, of: launch)
            guard names.insert(allocation.name).inserted else {
                throw Self.invalid("\(place).name is '\(allocation.name)', which stands there twice")
            }
            allocations.append(allocation)
        }
        return allocations
    }

    private func allocation(
        _ item: JSONTree, at place: String, _ scope: LaunchScope, of launch: LaunchID?
    ) throws(LaunchFailure) -> Allocation {
        guard item.object != nil else { throw bad(place, item, "an object") }
        guard let name = item["name"].text, Allocation.isName(name) else {
            throw bad(
                place + ".name", item["name"],
                "1 to \(Allocation.nameBytes) characters of A-Z a-z 0-9 . _ - : /")
        }
        let words = Allocation.State.allCases.map(\.rawValue).joined(separator: ", ")
        guard let state = item["state"].text.flatMap(Allocation.State.init(rawValue:)) else {
            throw bad(place + ".state", item["state"], "one of \(words)")
        }
        let reason = try optionalText(item, "reason", at: place) ?? ""
        let host = try optionalText(item, "host", at: place).flatMap { $0.isEmpty ? nil : $0 }
        guard host.map({ Self.isHost($0) }) ?? true else {
            throw bad(place + ".host", item["host"], "a name or an address of a machine")
        }
        return Allocation(
            name: name, launch: try self.launch(item["launch"], at: place + ".launch", scope, launch),
            state: state,
            reason: text.beginning(of: reason, limit: ForeignText.reasonCharacters), host: host)
    }

    /// Its number, or its name as it was given to the program.
    private func launch(
        _ value: JSONTree, at place: String, _ scope: LaunchScope, _ expected: LaunchID?
    ) throws(LaunchFailure) -> LaunchID {
        if value.isNull, let expected { return expected }
        let number =
            value.integer.flatMap { $0 > 0 ? LaunchID(UInt64($0)) : nil }
            ?? value.text.flatMap { text in
                scope.launch(named: text) ?? UInt64(text).flatMap { $0 > 0 ? LaunchID($0) : nil }
            }
        guard let number else {
            throw bad(place, value, "the number of a launch, or a name that begins with \(scope.prefix)")
        }
        guard expected == nil || expected == number else {
            throw bad(place, value, "the launch that it was asked for, \(expected?.description ?? "")")
        }
        return number
    }

    private func optionalText(
        _ item: JSONTree, _ key: String, at place: String
    ) throws(LaunchFailure) -> String? {
        let value = item[key]
        if value.isNull { return nil }
        guard let text = value.text else { throw bad("\(place).\(key)", value, "a text") }
        return text
    }

    private static func isHost(_ text: String) -> Bool {
        text.utf8.count <= hostBytes && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    // MARK: - describe

    /// What a program says of itself.
    package struct Description: Sendable, Hashable {
        /// For people: what it reaches, and its version.
        package var name: String
        package var protocolNumber: Int64
    }

    package func description() throws(LaunchFailure) -> Description {
        guard let name = object["name"].text, !name.isEmpty else {
            throw bad("name", object["name"], "a text that says what the program reaches")
        }
        guard let number = object["protocol"].integer, number == ExecRequest.protocolNumber else {
            throw bad("protocol", object["protocol"], "\(ExecRequest.protocolNumber), which is spoken here")
        }
        return Description(name: text.beginning(of: name, limit: 200), protocolNumber: number)
    }

    private func bad(_ key: String, _ value: JSONTree, _ right: String) -> LaunchFailure {
        let found = value.isNull ? "is missing" : "is " + text.beginning(of: value.excerpt)
        return Self.invalid("\(key) \(found); it has to be \(right)")
    }

    private static func invalid(_ what: String) -> LaunchFailure {
        LaunchFailure(.invalidAnswer, "The answer cannot be understood: \(what).")
    }
}
