/// How a site's own program is called that gets nodes for a pool.
package struct ExecOptions: Sendable, Hashable {
    /// The program, by its path or found in `PATH`, and what stands before the word that says what to do.
    package var command: [String]
    /// Given to it over a clean environment (`PATH`, `HOME`, the C locale). No secrets: these are shown to people.
    package var environment: [EnvironmentVariable]
    /// Given in the same way, and read anew for each call, so that they can be changed while the coordinator runs.
    package var secrets: [SecretVariable]
    /// For one call; then the program and everything that it has started is killed. 1 s to an hour.
    package var timeout: Duration

    package static let defaultTimeout = Duration.seconds(120)

    package init(
        command: [String], environment: [EnvironmentVariable] = [], secrets: [SecretVariable] = [],
        timeout: Duration = ExecOptions.defaultTimeout
    ) {
        self.command = command
        self.environment = environment
        self.secrets = secrets
        self.timeout = timeout
    }

    /// Everything that is wrong with them, each in a sentence; empty if nothing is.
    package func faults() -> [String] {
        var faults: [String] = []
        if command.first?.isEmpty ?? true { faults.append("command: names no program") }
        if command.contains(where: { $0.utf8.contains(0) }) { faults.append("command: has a NUL in it") }
        if timeout < .seconds(1) || timeout > .seconds(3_600) {
            faults.append("timeout: \(timeout.secondsText) is not 1 s to one hour")
        }
        var names: Set<String> = []
        for name in environment.map(\.name) + secrets.map(\.name) {
            if !EnvironmentVariable.isName(name) {
                faults.append("environment: '\(name)' is no name of a variable")
            }
            if !names.insert(name).inserted { faults.append("environment: '\(name)' is given twice") }
        }
        return faults + secrets.compactMap { $0.fault }
    }
}

/// `NAME=value` in a program's environment.
package struct EnvironmentVariable: Sendable, Hashable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    var text: String { "\(name)=\(value)" }

    /// Letters, digits and `_`, no digit first.
    package static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}

/// A variable whose value stands elsewhere.
package struct SecretVariable: Sendable, Hashable {
    package var name: String
    package var source: SecretSource

    package init(_ name: String, _ source: SecretSource) {
        self.name = name
        self.source = source
    }

    fileprivate var fault: String? {
        switch source {
        case .file(let path): path.isEmpty ? "secrets: '\(name)' has a file without a name" : nil
        case .environment(let variable):
            EnvironmentVariable.isName(variable)
                ? nil : "secrets: '\(name)' is to be taken from '\(variable)', which is no name of a variable"
        case .command(let words):
            words.first?.isEmpty ?? true ? "secrets: '\(name)' has a command that names no program" : nil
        }
    }
}

/// Where a secret is: the configuration names it and never has it.
package enum SecretSource: Sendable, Hashable {
    /// The file's text, without the ends of lines after it.
    case file(String)
    /// A variable of the coordinator's own environment.
    case environment(String)
    /// What the program prints, without the ends of lines after it; by then 30 s may have passed.
    case command([String])
}
