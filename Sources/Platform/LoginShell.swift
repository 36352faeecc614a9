/// Commands on another host, through the OpenSSH client and its user's own configuration. Host keys are verified, and nobody
/// is asked for a password. Blocking, as `ToolRunner` is.
package struct LoginShell: Sendable {
    /// As ssh takes it: `alice@login.example.org`.
    package var host: String

    /// Path of the client's configuration; nil: its user's own.
    package var configuration: String?

    package init(_ host: String, configuration: String? = nil) {
        self.host = host
        self.configuration = configuration
    }

    /// What may be given as a host: one word that is no option of ssh, and nothing that a shell would take for more.
    package static func isHost(_ text: String) -> Bool {
        !text.isEmpty && !text.hasPrefix("-")
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "@._-:[]%".contains($0)) }
    }

    /// - Parameters:
    ///   - command: the program and its arguments.
    ///   - environment: `NAME=value`, of the command there; secrets may go this way.
    ///   - input: of the command; without a line that is `MORTISE_END_OF_INPUT`. nil: nothing.
    /// - Returns: of ssh, which ends as the command does, or with 255 where it cannot reach the host.
    package func run(
        _ command: [String], environment: [String] = [], input: String? = nil, with runner: ToolRunner,
        deadline: Duration, outputLimit: Int
    ) -> ToolResult {
        let agent = Host.variable("SSH_AUTH_SOCK").map { ["SSH_AUTH_SOCK=\($0)"] } ?? []
        return runner.run(
            "ssh", arguments, environment: agent,
            input: .bytes(Array(Self.script(command, environment: environment, input: input).utf8)),
            deadline: deadline, outputLimit: outputLimit)
    }

    /// The host's shell reads what it does from standard input: arguments are seen by everybody on both machines.
    var arguments: [String] {
        (configuration.map { ["-F", $0] } ?? []) + [
            "-T", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=15",
            "-o", "ServerAliveInterval=15", "--", host, "sh -ls",
        ]
    }

    /// What the host's shell reads. It is a login shell, as much is found only with the site's profile.
    package static func script(_ command: [String], environment: [String], input: String?) -> String {
        var lines: [String] = []
        for variable in environment {
            let name = variable.prefix { $0 != "=" }
            lines.append("\(name)=\(quoted(String(variable.dropFirst(name.count + 1))))")
            lines.append("export \(name)")
        }
        let words = command.map { quoted($0) }.joined(separator: " ")
        let body =
            input.map { "exec \(words) <<'MORTISE_END_OF_INPUT'\n\($0)\nMORTISE_END_OF_INPUT" }
            ?? "exec \(words) </dev/null"
        return (lines + [body]).joined(separator: "\n") + "\n"
    }

    /// One word of a POSIX shell.
    package static func quoted(_ text: String) -> String {
        let isPlain = text.allSatisfy { character in
            character.isASCII && (character.isLetter || character.isNumber || "-_./:=@,+".contains(character))
        }
        return isPlain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }
}
