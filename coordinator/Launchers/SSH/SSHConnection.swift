import CoordinatorCore
import Platform

/// OpenSSH's client, for commands on one host. Blocks.
struct SSHConnection: Sendable {
    private let options: SSHOptions
    let host: SSHHost
    /// Of this host alone, as one that hangs must hold up no other.
    private let runner = ToolRunner()

    /// More than the list of any host's allocations.
    private static let outputLimitBytes = 1 << 20

    /// Of this process, for ssh: its agent, and what its configuration may ask for.
    private static let passedVariables = ["SSH_AUTH_SOCK", "USER", "LOGNAME", "KRB5CCNAME"]

    init(_ host: SSHHost, _ options: SSHOptions) {
        self.host = host
        self.options = options
    }

    /// Gives a script to the host's shell.
    ///
    /// - Parameters:
    ///   - secret: kept out of the failure.
    ///   - extra: beside the pool's time for one question.
    func run(
        _ script: String, hiding secret: String = "", extra: Duration = .zero
    ) throws(LaunchFailure) -> SSHReport {
        let output = try call(
            "sh -s", .bytes(Array(script.utf8)), hiding: secret, within: options.timeout + extra)
        guard let report = SSHReport(output) else {
            let said = String(decoding: output.suffix(500), as: UTF8.self)
            let text = ForeignText(masking: [secret]).beginning(of: said)
            throw LaunchFailure(
                .unavailable,
                "\(host.text) did not say all that it was asked for" + (text.isEmpty ? "." : ", but: \(text)")
            )
        }
        return report
    }

    /// Copies the agent's program to where `SSHScript.start` looks for it.
    ///
    /// - Parameter name: of the allocation.
    func copy(_ path: String, for name: String) throws(LaunchFailure) {
        _ = try call(
            SSHScript.copy(options.directory, name: name), .file(path), hiding: "",
            within: options.copyTimeout)
    }

    private func call(
        _ command: String, _ input: ToolInput, hiding secret: String, within deadline: Duration
    ) throws(LaunchFailure) -> [UInt8] {
        let variables = Self.passedVariables.compactMap { name in
            Host.variable(name).map { EnvironmentVariable(name, $0).text }
        }
        let result = runner.run(
            options.client, arguments + [command], environment: variables, input: input, deadline: deadline,
            outputLimit: Self.outputLimitBytes)
        switch result {
        case .exited(0, let output, _): return output
        case .exited(255, _, let errors):
            throw LaunchFailure(.unavailable, SSHComplaint.explain(errors, host))
        case .missing:
            throw LaunchFailure(
                .refused, "There is no '\(options.client)' here: install OpenSSH's client, or name its path.")
        case .exited, .timedOut, .stuck, .failed:
            let text = ForeignText(masking: [secret])
            throw LaunchFailure(
                .unavailable, ToolEnd(result, deadline: deadline).sentence(of: "ssh to \(host.text)", text))
        }
    }

    private var arguments: [String] {
        var words = ["-T", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-o", "ClearAllForwardings=yes"]
        words += ["-o", "ConnectTimeout=\(max(1, options.timeout.components.seconds / 2))"]
        words += ["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"]
        if let configuration = options.configuration { words += ["-F", configuration] }
        if options.acceptsNewHostKeys { words += ["-o", "StrictHostKeyChecking=accept-new"] }
        if let port = host.port { words += ["-p", "\(port)"] }
        if let user = host.user { words += ["-l", user] }
        return words + ["--", host.target]
    }
}

/// What OpenSSH's client complains of when it gets no connection.
enum SSHComplaint {
    /// What it said, and what can be done.
    static func explain(_ errors: [UInt8], _ host: SSHHost) -> String {
        let said = String(decoding: errors, as: UTF8.self)
        if said.contains("REMOTE HOST IDENTIFICATION HAS CHANGED") {
            let place = said.split(whereSeparator: \.isNewline).first { $0.hasPrefix("Offending ") }
            return "\(host.text) shows another host key than the one that is known, so it was refused"
                + (place.map { " (\($0.trimmedCarriage))" } ?? "")
                + ". If the machine was set up anew, remove the old key from there (ssh-keygen -R); if it was not, "
                + "somebody else answers in its place."
        }
        if said.contains("Host key verification failed") || said.contains("host key is known") {
            return
                "The host key of \(host.text) is not known here. Connect once by hand and compare it, put it into "
                + "known_hosts, or let the pool accept new host keys."
        }
        let words = ForeignText(masking: []).lastLines(of: errors, lines: 2)
        if said.contains("Permission denied") {
            return
                "\(host.text) lets this user not in: \(words) ssh must get in without a question: check the user, "
                + "its key and the agent that holds it (SSH_AUTH_SOCK)."
        }
        return "\(host.text) cannot be reached: \(words.isEmpty ? "ssh says nothing." : words)"
    }
}

extension Substring {
    /// ssh ends its lines as terminals do.
    fileprivate var trimmedCarriage: String { String(self).trimmedBlanks }
}
