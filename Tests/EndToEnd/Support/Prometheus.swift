import Foundation

/// A real Prometheus with a database of its own in the cluster's folder; it ends with the cluster.
struct Prometheus {
    static let isInstalled =
        SystemCommand.path(of: "prometheus") != nil && SystemCommand.path(of: "promtool") != nil
    static var tool: String { SystemCommand.path(of: "promtool") ?? "promtool" }

    /// "host:port".
    private let address: String

    /// Scrapes the cluster's coordinator, over TLS with its CA and an API token, and agents.
    ///
    /// - Parameter agents: "host:port" each.
    static func start(in cluster: TestCluster, agents: [String]) async throws -> Prometheus {
        guard let program = SystemCommand.path(of: "prometheus") else {
            throw TestFailure("prometheus is missing")
        }
        let created = try await cluster.coordinatorCommand(
            "token", "create", "--role", "viewer", "--name", "prometheus")
        guard created.status == 0 else { throw TestFailure("no token: \(created)") }
        let token = try cluster.write(cluster.path("prometheus.token"), created.output.trimmed)
        let targets = agents.map { "'\($0)'" }.joined(separator: ", ")
        let configuration = try cluster.write(
            cluster.path("prometheus.yml"),
            """
            global: { scrape_interval: 500ms, scrape_timeout: 400ms }
            scrape_configs:
              - job_name: mortise
                scheme: https
                authorization: { credentials_file: \(token) }
                tls_config: { ca_file: \(cluster.head)/ca/ca.pem }
                static_configs: [{ targets: ['\(cluster.apiAddress)'] }]
              - job_name: mortise-agent
                static_configs: [{ targets: [\(targets)] }]
            """)
        let child = try await cluster.start(
            program,
            [
                "--config.file", configuration, "--storage.tsdb.path", cluster.path("prometheus"),
                "--web.listen-address", "127.0.0.1:0",
            ])
        let address = try await eventually("Prometheus listens") { () -> String? in
            if let status = child.exitStatus {
                throw TestFailure("Prometheus ended with \(status): \(child.errors)")
            }
            let line = child.errors.split(separator: "\n").first { $0.contains("\"Listening on\"") }
            return line?.split(separator: " ").first { $0.hasPrefix("address=") }.map {
                String($0.dropFirst("address=".count))
            }
        }
        return Prometheus(address: address)
    }

    /// Waits until each of these expressions has a value. A comparison has one where it is true, `absent(...)` where
    /// there is nothing.
    func waitUntil(_ expressions: String...) async throws {
        for expression in expressions { try await eventually(expression) { try await has(expression) } }
    }

    private func has(_ expression: String) async throws -> Bool {
        struct Answer: Decodable {
            struct Result: Decodable { var result: [Sample] }
            struct Sample: Decodable {}
            var data: Result
        }
        var parts = URLComponents()
        parts.queryItems = [URLQueryItem(name: "query", value: expression)]
        let query = parts.percentEncodedQuery?.replacingOccurrences(of: "+", with: "%2B") ?? ""
        let text = try await PlainHTTP.get(address, "/api/v1/query?\(query)")
        return try !JSONDecoder().decode(Answer.self, from: Data(text.utf8)).data.result.isEmpty
    }
}
