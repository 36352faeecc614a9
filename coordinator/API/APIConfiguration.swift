package import APITypes
package import CoordinatorMetrics

/// Settings of the API's listener.
package struct APIConfiguration: Sendable, Hashable {
    /// Address or name to listen on; `0.0.0.0` is every IPv4 address, `::` every address.
    package var host: String
    /// 0...65535; 0 takes any free port, which `APIServer` reports when it listens.
    package var port: Int
    /// Largest body of a request, in bytes; submits and appended tasks have their own limit.
    package var bodyLimitBytes: Int
    /// Largest body of `POST /v1/jobs` and `POST /v1/jobs/{job}/tasks`, in bytes.
    package var submitBodyLimitBytes: Int
    /// All submits that are being read at one time, in bytes: bounds memory. At least one.
    package var allSubmitsLimitBytes: Int
    /// Longest `waitSeconds`. 1...3600 s; proxies cut silent connections off, many after 60 s.
    package var longPollLimitSeconds: Int
    /// Least time between two looks of one long poll, in milliseconds: bounds reads of the store while commits
    /// come by the hundred. 0...10,000.
    package var longPollSpacingMilliseconds: Int
    /// So long an answer with a log waits for the first byte, so that an error is an ordinary answer; then its head is
    /// written and clients know that it goes on. 0...60,000 ms; below the time that clients wait for an answer.
    package var logHeadMilliseconds: Int
    /// Open connections; more wait in the system's queue. Each long poll and followed log holds one.
    package var connections: Int
    /// Idle connections (and stalled handshakes) are closed after this time. 1...3600 s; above the client's 20 s.
    package var idleLimitSeconds: Int
    /// A token that was found valid is not looked up again for this time, in milliseconds: a revocation by
    /// another program works at the latest then. One through this API works at once. 0...60,000.
    package var tokenCacheMilliseconds: Int

    /// The highest priority that an operator's job may have; an admin's may have any.
    package var operatorPriority = JobLimits.priority.upperBound
    /// Names for priorities, each with the least role that may use it; the highest first.
    package var priorityClasses: [PriorityClass] = []
    /// What `/metrics` tells.
    package var metrics = MetricsOptions.defaults

    package static let defaults = APIConfiguration(
        host: "0.0.0.0", port: 7443, bodyLimitBytes: 1 << 20, submitBodyLimitBytes: 64 << 20,
        allSubmitsLimitBytes: 256 << 20, longPollLimitSeconds: 60, longPollSpacingMilliseconds: 50,
        logHeadMilliseconds: 5_000,
        connections: 4_096, idleLimitSeconds: 75, tokenCacheMilliseconds: 1_000)

    /// Every fault at once, each as `field: what`; empty for a good configuration.
    package func validate() -> [String] {
        var faults: [String] = []
        func check(_ number: Int, _ range: ClosedRange<Int>, _ field: String) {
            guard !range.contains(number) else { return }
            faults.append("\(field): is \(number), must be in \(range.lowerBound)...\(range.upperBound)")
        }
        if host.isEmpty { faults.append("host: is empty; 0.0.0.0 listens on every IPv4 address") }
        check(port, 0...65_535, "port")
        check(bodyLimitBytes, 1_024...(1 << 30), "bodyLimitBytes")
        check(submitBodyLimitBytes, 1_024...(1 << 30), "submitBodyLimitBytes")
        check(
            allSubmitsLimitBytes, max(1, submitBodyLimitBytes)...(1 << 40), "allSubmitsLimitBytes")
        check(longPollLimitSeconds, 1...3_600, "longPollLimitSeconds")
        check(longPollSpacingMilliseconds, 0...10_000, "longPollSpacingMilliseconds")
        check(logHeadMilliseconds, 0...60_000, "logHeadMilliseconds")
        check(connections, 1...1_000_000, "connections")
        check(idleLimitSeconds, 1...3_600, "idleLimitSeconds")
        check(tokenCacheMilliseconds, 0...60_000, "tokenCacheMilliseconds")
        return faults + metrics.validate()
    }
}

/// The server's certificate and its key. Prints nothing of the key.
package struct ServerCertificate: Sendable, CustomStringConvertible {
    /// PEM, leaf first.
    package var chainPEM: String
    package var keyPEM: String

    package init(chainPEM: String, keyPEM: String) {
        self.chainPEM = chainPEM
        self.keyPEM = keyPEM
    }

    package var description: String { "ServerCertificate" }
}

/// Why the API does not listen.
package struct APIServerError: Error, Sendable, CustomStringConvertible {
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        package static let configurationInvalid = Code(rawValue: "configuration_invalid")
        package static let certificateInvalid = Code(rawValue: "certificate_invalid")
        package static let portInUse = Code(rawValue: "port_in_use")
        package static let cannotListen = Code(rawValue: "cannot_listen")
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
