package import ClusterTypes

extension Check {
    private static let howToJoin =
        "Make a token where the coordinator runs ('mortise-coordinator token create') and start "
        + "'mortise-agent run --join-file FILE'."

    /// - Parameters:
    ///   - hasToken: a join token was given, which may be used.
    ///   - hasKey: an earlier enrollment has made a key and got no answer.
    package static func notJoined(directory: String, hasToken: Bool, hasKey: Bool) -> Check {
        let found = "this machine has not joined a cluster: no identity in \(directory)"
        let half = hasKey ? "; a key is there, from an enrollment that was not answered" : ""
        return Check(
            "identity", .skipped, found + half,
            mend: hasToken ? "Start 'mortise-agent run' with the same join token." : howToJoin)
    }

    package static func identity(node: NodeID, cluster: String, directory: String) -> Check {
        Check("identity", .ok, "node \(node) of cluster '\(cluster)', in \(directory)")
    }

    /// - Parameter message: of an `IdentityError`: what is wrong and what to do.
    package static func identity(broken message: String) -> Check {
        let (found, advice) = sentences(message)
        let again = "To join again, move the directory 'identity' away. \(howToJoin)"
        return Check(
            "identity", .failed, found, mend: [advice, again].compactMap { $0 }.joined(separator: " "))
    }

    /// The node's own certificate.
    package static func certificate(
        notBefore: Instant, notAfter: Instant, renewalDue: Instant, now: Instant
    ) -> Check {
        let name = "certificate"
        if now >= notAfter {
            return Check(
                name, .failed, "it expired at \(notAfter.rfc3339Seconds)",
                mend:
                    "If this machine's clock is right, join again: move the identity away and run the agent with a "
                    + "new join token. Else set the clock.")
        }
        if now < notBefore {
            return Check(
                name, .failed, "it is valid from \(notBefore.rfc3339Seconds) on, which is not yet",
                mend:
                    "This machine's clock is behind: set it, and let NTP keep it (chrony, systemd-timesyncd)."
            )
        }
        if now >= renewalDue {
            return Check(
                name, .warning,
                "it expires at \(notAfter.rfc3339Seconds) and was to be renewed at \(renewalDue.rfc3339Seconds)",
                mend: "A connected agent renews it by itself: start the agent before that.")
        }
        return Check(name, .ok, "valid until \(notAfter.rfc3339Seconds)")
    }

    /// A token that can be read; its secret is not looked at.
    package static func token(cluster: String, urls: [String]) -> Check {
        Check("token", .ok, "for cluster '\(cluster)' at \(urls.joined(separator: ", "))")
    }

    package static func token(broken message: String) -> Check {
        let (found, advice) = sentences(message)
        return Check("token", .failed, found, mend: advice)
    }

    /// Its file, or the standard input, gave no end.
    package static func tokenUnread(within limit: Duration) -> Check {
        Check(
            "token", .failed, "no join token could be read within \(limit.components.seconds) s",
            mend: "Give a file that holds it; with '-' it must come on standard input, and that must end."
        ).timed(limit)
    }

    /// The name under which a new node joins.
    package static func nodeName(_ name: String) -> Check {
        let isPlain =
            !name.isEmpty && name.utf8.count <= 253
            && name.utf8.allSatisfy {
                0x30...0x39 ~= $0 || 0x61...0x7A ~= $0 | 0x20 || "-._".utf8.contains($0)
            }
        guard isPlain else {
            return Check(
                "name", .warning,
                name.isEmpty ? "this machine has no host name" : "'\(name)' is no host name",
                mend: "Give the node a name of letters, digits, '-', '.' and '_': --name or MORTISE_NAME.")
        }
        guard name != "localhost", !name.hasPrefix("localhost.") else {
            return Check(
                "name", .warning, "'\(name)' is what every machine calls itself",
                mend: "Set the host name, or give the node another one: --name or MORTISE_NAME.")
        }
        return Check("name", .ok, name)
    }

    /// Who may read the private key.
    ///
    /// - Parameters:
    ///   - mode: the permission bits of the file.
    ///   - isOwn: it belongs to the user who runs this.
    package static func keyFile(_ path: String, mode: UInt32, isOwn: Bool) -> Check {
        if mode & 0o077 != 0 {
            return Check(
                "key", mode & 0o007 != 0 ? .failed : .warning,
                "others may use it: its mode is \(octal(mode))", mend: "Run: chmod 600 '\(path)'")
        }
        guard isOwn else {
            return Check(
                "key", .warning, "it belongs to another user",
                mend: "Run the agent, and this command, as the user to whom the directory belongs.")
        }
        return Check("key", .ok, "for its owner alone (\(octal(mode)))")
    }

    private static func octal(_ mode: UInt32) -> String {
        let text = String(mode & 0o777, radix: 8)
        return String(repeating: "0", count: 4 - text.count) + text
    }
}
