import APITypes
import ClusterTypes
import CoordinatorCore
import CoordinatorStore
import Testing

@testable import CoordinatorAPI

@Suite("Who may do what", .timeLimit(.minutes(2)))
struct AccessTests {
    /// Every route with numbers in its path.
    static let routes = APIHandlers(
        service: FakeService(), configuration: .loopback,
        authentication: Authentication(lifetimeMilliseconds: 0), logger: .silent
    ).routes

    static func path(_ route: Route) -> String {
        route.path.split(separator: "/").map { $0.hasPrefix("{") ? "1" : String($0) }
            .reduce("") { $0 + "/" + $1 }
    }

    @Test func `Every route admits its least role and those above, and nobody else`() async throws {
        try await TestServer.run { server in
            for route in Self.routes {
                let path = Self.path(route)
                let anonymous = try await server.send(route.method, path, as: nil)
                guard let least = route.role else {
                    #expect(anonymous.status != 401 && anonymous.status != 403, "\(route.method) \(path)")
                    continue
                }
                #expect(anonymous.status == 401, "\(route.method) \(path)")
                for role in Role.allCases {
                    let answer = try await server.send(route.method, path, as: TestTokens.of(role))
                    #expect(
                        (answer.status == 403) == !role.includes(least), "\(route.method) \(path) \(role)")
                    #expect(answer.status != 401, "\(route.method) \(path) \(role)")
                }
            }
        }
    }

    @Test func `Roles of the routes are those that the documentation promises`() {
        for route in Self.routes {
            let expected: Role? =
                switch (route.method, route.path) {
                case (_, "/healthz"), (_, "/readyz"), (_, "/v1/openapi.json"), (_, "/v1/enroll"): nil
                case (_, let path) where path.hasPrefix("/v1/tokens"): .admin
                case ("DELETE", _), ("PUT", _), (_, "/v1/cluster/step-down"): .admin
                case ("POST", "/v1/plan"): .viewer
                case ("POST", _): .operator
                default: .viewer
                }
            #expect(route.role == expected, "\(route.method) \(route.path)")
        }
    }

    @Test func `Every token that does not admit gets the same answer`() async throws {
        try await TestServer.run { server in
            var answers: Set<String> = []
            for token in [
                TestTokens.unknown, TestTokens.expired, TestTokens.revoked, TestTokens.join, "mortise-api-1.",
                "x",
            ] {
                let answer = try await server.get("/v1/jobs", as: token)
                #expect(answer.status == 401)
                #expect(answer.header("www-authenticate") == "Bearer")
                answers.insert(answer.text)
            }
            answers.insert(try await server.get("/v1/jobs", as: nil).text)
            #expect(answers.count == 1)
            #expect(!answers.contains { $0.contains("unknown-unknown") })
        }
    }

    @Test func `A role that is too low is told the one that it takes`() async throws {
        try await TestServer.run { server in
            let answer = try await server.send("POST", "/v1/jobs", as: TestTokens.viewer, body: "{}")
            #expect(answer.code == "forbidden")
            #expect(answer.message.contains("operator") && answer.message.contains("vera"))
        }
    }

    @Test func `A token revoked through the API stops at once`() async throws {
        try await TestServer.run { server in
            #expect(try await server.get("/v1/nodes").status == 200)
            server.service.script { state in
                state.answer = { [service = server.service] _ in
                    var token = TestTokens.record(1, "vera", TestTokens.viewer, .api(.viewer))
                    token.isRevoked = true
                    service.commitHere(.putToken(token))
                    return .token(token)
                }
            }
            let revoked = try await server.send("DELETE", "/v1/tokens/1")
            #expect(revoked.status == 200)
            #expect(try await server.get("/v1/nodes").status == 401)
        }
    }

    @Test func `A token revoked elsewhere stops when the memory of it is over`() async throws {
        try await TestServer.run { server in
            #expect(try await server.get("/v1/nodes").status == 200)
            var token = TestTokens.record(1, "vera", TestTokens.viewer, .api(.viewer))
            token.isRevoked = true
            try server.service.commit(.putToken(token))
            #expect(try await server.get("/v1/nodes").status == 200)
            server.service.script { $0.now = $0.now + .seconds(1) }
            #expect(try await server.get("/v1/nodes").status == 401)
        }
    }

    @Test func `A token ends at its expiry although it was just used`() async throws {
        try await TestServer.run { server in
            var token = TestTokens.record(1, "vera", TestTokens.viewer, .api(.viewer))
            token.expiresAt = server.service.now() + .milliseconds(500)
            try server.service.commit(.putToken(token))
            #expect(try await server.get("/v1/nodes").status == 200)
            server.service.script { $0.now = $0.now + .milliseconds(500) }
            #expect(try await server.get("/v1/nodes").status == 401)
        }
    }
}
