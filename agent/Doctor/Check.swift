/// One thing that an agent needs, examined.
package struct Check: Hashable, Sendable, Encodable {
    package enum State: String, Hashable, Sendable, CaseIterable, Encodable {
        case ok
        /// The agent works; something may go wrong later, or goes less well than it could.
        case warning
        /// The agent cannot work here, or a device cannot be used.
        case failed
        /// Does not apply here, or something before it failed.
        case skipped
    }

    /// A stable word: "address", "connect", "disk".
    package var name: String
    /// What of several it is about: a URL, a path, a tool.
    package var subject: String?
    package var state: State
    package var found: String
    /// What the user can do; nil where there is nothing to mend.
    package var mend: String?
    /// How long the examination took, to a tenth; nil where nothing was waited for.
    package var milliseconds: Double?

    package init(
        _ name: String, of subject: String? = nil, _ state: State, _ found: String, mend: String? = nil
    ) {
        self.name = name
        self.subject = subject
        self.state = state
        self.found = found
        self.mend = mend
    }

    package func timed(_ duration: Duration) -> Check {
        var check = self
        let tenths = max(Duration.zero, duration) / .microseconds(100)
        check.milliseconds = tenths.rounded() / 10
        return check
    }

    /// An examination that has not ended in its time.
    package static func silent(_ name: String, of subject: String? = nil, within limit: Duration) -> Check {
        Check(
            name, of: subject, .failed, "no answer within \(limit.components.seconds) s",
            mend:
                "Something in the system hangs: look for a dead file server (df, mount), a name server that does "
                + "not answer, or a driver (dmesg)."
        ).timed(limit)
    }

    /// Splits "What is wrong. What to do." behind the first sentence.
    static func sentences(_ message: String) -> (found: String, advice: String?) {
        var previous: Character = " "
        for position in message.indices {
            if previous == ".", message[position] == " " {
                let advice = message[message.index(after: position)...]
                let found = message[..<message.index(before: position)]
                return (String(found), advice.isEmpty ? nil : String(advice))
            }
            previous = message[position]
        }
        return (message.hasSuffix(".") ? String(message.dropLast()) : message, nil)
    }
}
