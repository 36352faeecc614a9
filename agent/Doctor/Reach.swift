/// A way to a coordinator, step by step.
package struct Reach: Hashable, Sendable {
    package enum Step: String, Hashable, Sendable, CaseIterable {
        /// The name's addresses.
        case resolve
        /// TCP.
        case connect
        /// The handshake, with the certificate held against the cluster's CA.
        case tls
        /// The API's answer.
        case answer
        /// The agents' WebSocket, with the node's own certificate.
        case link
    }

    package struct Passed: Hashable, Sendable {
        package var step: Step
        package var found: String
        package var duration: Duration

        package init(_ step: Step, _ found: String, _ duration: Duration) {
            self.step = step
            self.found = found
            self.duration = duration
        }
    }

    package struct Failure: Hashable, Sendable {
        package var step: Step
        /// Of an `HTTPSError`.
        package var code: String
        package var message: String
        package var duration: Duration

        package init(_ step: Step, code: String, message: String, _ duration: Duration) {
            self.step = step
            self.code = code
            self.message = message
            self.duration = duration
        }
    }

    /// The URL, or "host:port" of the agents' listener.
    package var subject: String
    package var steps: [Step]
    package var passed: [Passed] = []
    package var failure: Failure?

    package init(subject: String, steps: [Step]) {
        self.subject = subject
        self.steps = steps
    }

    /// One check for each step; what comes after the failed one was not tried.
    ///
    /// - Parameter proxy: a proxy that the environment names, which the agent does not use.
    package func checks(proxy: String?) -> [Check] {
        steps.map { step in
            if let passed = passed.first(where: { $0.step == step }) {
                return Check(step.rawValue, of: subject, .ok, passed.found).timed(passed.duration)
            }
            guard let failure else {
                return Check(step.rawValue, of: subject, .skipped, "not tried")
            }
            guard failure.step == step else {
                return Check(
                    step.rawValue, of: subject, .skipped, "not tried, \(failure.step.rawValue) failed")
            }
            let (found, advice) = Check.sentences(failure.message)
            let words = [advice, hint(failure, proxy: proxy)].compactMap { $0 }
            return Check(
                step.rawValue, of: subject, .failed, found,
                mend: words.isEmpty ? nil : words.joined(separator: " ")
            ).timed(failure.duration)
        }
    }

    private func hint(_ failure: Failure, proxy: String?) -> String? {
        switch (failure.step, failure.code) {
        case (.resolve, _), (.connect, _):
            return proxy.map {
                "The agent dials by itself and does not use the proxy \($0): the coordinator must be reachable "
                    + "directly."
            }
        case (.tls, "expired"):
            return "See the check 'clock' of an address that answers, or compare 'date -u' on both machines."
        case (.tls, "not_trusted"):
            return
                "A cluster that was made anew has another CA: join again with a new token. A clock that is far off "
                + "can look like this too."
        case (.link, "turned_away"):
            return "If the node was removed, or its identity copied, join again with a new token."
        default: return nil
        }
    }

    /// An agent needs one address of several: where one is reached, the others are warned of only.
    package static func softened(_ ways: [[Check]]) -> [[Check]] {
        let isReached = ways.map { way in !way.contains { $0.state == .failed } }
        guard isReached.contains(true) else { return ways }
        return ways.map { way in
            way.map { check in
                guard check.state == .failed, check.name != "clock" else { return check }
                var check = check
                check.state = .warning
                check.found += " (another address is reached)"
                return check
            }
        }
    }
}
