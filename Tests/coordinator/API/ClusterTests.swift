import APITypes
import ClusterTypes
import CoordinatorCore
import TLSIdentity
import Testing

@testable import CoordinatorAPI

@Suite("Cluster, tokens and enrollment", .timeLimit(.minutes(2)))
struct ClusterTests {
    @Test func `The cluster's counts and sums follow its revision`() async throws {
        let urgent = PriorityClass(name: "urgent", priority: 500, role: "admin")
        try await TestServer.run({ $0.priorityClasses = [urgent] }) { server in
            server.service.script { $0.answer = { _ in .explanation(["a pool is silent"]) } }
            try server.service.commit(
                .putNode(.sample(1)), .putNode(.sample(2, state: .lost)), .putJob(.sample()),
                .putSlot(.sample(1)), .putSlot(.sample(2, state: .finished)))
            let view: ClusterView = try await server.get("/v1/cluster").decode()
            #expect(view.cluster == "test" && view.revision == 2 && view.activeJobs == 1)
            #expect(view.nodes == ["ready": 1, "lost": 1] && view.slots == ["running": 1])
            #expect(view.milliCPU == 4_000 && view.memoryBytes == 1 << 30 && view.devices == 1)
            #expect(view.notices == ["a pool is silent"] && view.priorityClasses == [urgent])
            try server.service.commit(.putNode(.sample(2)))
            let later: ClusterView = try await server.get("/v1/cluster").decode()
            #expect(later.revision == 3 && later.milliCPU == 8_000)
        }
    }

    @Test func `Events are listed of everything or of one subject`() async throws {
        try await TestServer.run { server in
            try server.service.commit(
                .addEvent(EventRecord(at: .epoch, subject: .node(NodeID(3)), message: "joined")),
                .addEvent(EventRecord(at: .epoch, subject: .cluster, message: "started")))
            let all: Page<EventView> = try await server.get("/v1/events").decode()
            #expect(all.items.map(\.subject) == ["cluster", "node 3"])
            let one: Page<EventView> = try await server.get("/v1/events?subject=node:3&limit=5").decode()
            #expect(one.items.map(\.message) == ["joined"])
        }
    }

    @Test func `A coordinator steps down when it is told to, or says why it cannot`() async throws {
        try await TestServer.run { server in
            let done = try await server.send("POST", "/v1/cluster/step-down")
            #expect(done.status == 202)
            let again = try await server.send("POST", "/v1/cluster/step-down")
            #expect(again.status == 409 && again.text.contains("not twice"))
        }
    }

    @Test func `Explanations are asked of the coordinator`() async throws {
        try await TestServer.run { server in
            try server.service.commit(.putNode(.sample(1, name: "n")))
            server.service.script { $0.answer = { _ in .explanation(["because"]) } }
            for path in ["job/7", "task/7/3", "slot/12", "node/n"] {
                let view: ExplanationView = try await server.get("/v1/explain/\(path)").decode()
                #expect(view.lines == ["because"])
            }
            #expect(
                server.service.commands == [
                    .explainJob(JobID(7)), .explainTask(JobID(7), 3), .explainSlot(SlotID(12)),
                    .explainNode(NodeID(1)),
                ])
        }
    }

    // MARK: - Tokens

    static func acceptTokens(_ server: TestServer) {
        server.service.script { state in
            state.answer = { command in
                guard case .createToken(let name, let purpose, let hash, let expiresAt, let uses) = command
                else { return .refused(CommandRefusal(.conflict, "no")) }
                return .token(
                    TokenRecord(
                        token: TokenID(9), name: name, purpose: purpose, secretHash: hash,
                        expiresAt: expiresAt, usesLeft: uses, createdAt: .epoch))
            }
        }
    }

    @Test func `A new token's secret is answered once and stored as its hash alone`() async throws {
        try await TestServer.run { server in
            Self.acceptTokens(server)
            let answer = try await server.send(
                "POST", "/v1/tokens",
                json: CreateTokenRequest(
                    name: "ci", purpose: "api", role: "operator", expiresInSeconds: 60))
            #expect(answer.status == 201)
            let text = try #require(try answer.decode(TokenView.self).secret)
            let token = try APIToken(parsing: text)
            #expect(
                server.service.commands == [
                    .createToken(
                        name: "ci", purpose: .api(.operator), secretHash: token.secret.hash,
                        expiresAt: server.service.now() + .seconds(60), uses: nil)
                ])
            let join = try await server.send(
                "POST", "/v1/tokens", json: CreateTokenRequest(name: "j", purpose: "join", pool: "p", uses: 3)
            )
            let view: TokenView = try join.decode()
            #expect(view.secret?.hasPrefix("mortise-join-1.") == true && view.secret != text)
            #expect(view.pool == "p" && view.usesLeft == 3)
            let list = try await server.send("GET", "/v1/tokens")
            #expect(try list.decode(Page<TokenView>.self).items.allSatisfy { $0.secret == nil })
            #expect(!list.text.contains("secretHash"))
        }
    }

    @Test(arguments: [
        (CreateTokenRequest(name: "", purpose: "api", role: "viewer"), "name"),
        (CreateTokenRequest(name: "a", purpose: "web"), "purpose"),
        (CreateTokenRequest(name: "a", purpose: "api"), "role"),
        (CreateTokenRequest(name: "a", purpose: "api", role: "root"), "role"),
        (CreateTokenRequest(name: "a", purpose: "api", pool: "p", role: "viewer"), "pool"),
        (CreateTokenRequest(name: "a", purpose: "api", role: "viewer", uses: 1), "uses"),
        (CreateTokenRequest(name: "a", purpose: "join"), "pool"),
        (CreateTokenRequest(name: "a", purpose: "join", pool: "p", role: "viewer"), "role"),
        (CreateTokenRequest(name: "a", purpose: "join", pool: "p", uses: 0), "uses"),
        (CreateTokenRequest(name: "a", purpose: "join", pool: "p", expiresInSeconds: 0), "expiresInSeconds"),
    ])
    func `A token that cannot be is refused by the property`(
        request: CreateTokenRequest, property: String
    ) async throws {
        try await TestServer.run { server in
            let answer = try await server.send("POST", "/v1/tokens", json: request)
            #expect(answer.status == 400 && answer.message.hasPrefix("\(property):"), "\(answer.message)")
            #expect(server.service.commands.isEmpty)
        }
    }

    // MARK: - Enrollment

    @Test func `An agent enrolls with a secret that goes no further than its hash`() async throws {
        try await TestServer.run { server in
            server.service.script { $0.answer = { _ in .enrolled(NodeID(12), pool: "main") } }
            let answer = try await server.send(
                "POST", "/v1/enroll", as: nil,
                json: EnrollRequest(secret: "s3cret", nodeName: "n1", certificateRequest: "CSR"))
            #expect(answer.status == 201)
            #expect(
                try answer.decode(EnrollAnswer.self)
                    == EnrollAnswer(
                        node: NodeID(12), cluster: "test", certificate: "certificate of 12",
                        agentEndpoints: ["head:7444"]))
            #expect(
                server.service.commands == [
                    .enrollNode(secretHash: Secret.hash("s3cret"), name: "n1", keyFingerprint: "f1")
                ])
        }
    }

    @Test func `A bad secret, request or name enrolls nobody`() async throws {
        try await TestServer.run { server in
            server.service.script { state in
                state.answer = { _ in .refused(CommandRefusal(.tokenInvalid, "this token does not admit")) }
            }
            let request = EnrollRequest(secret: "s3cret", nodeName: "n1", certificateRequest: "CSR")
            let secret = try await server.send("POST", "/v1/enroll", as: nil, json: request)
            #expect(secret.status == 401 && secret.code == "token_invalid")
            #expect(!secret.text.contains("s3cret"))
            var name = request
            name.nodeName = "a\nb"
            #expect(try await server.send("POST", "/v1/enroll", as: nil, json: name).status == 400)
            server.service.script { $0.fingerprint = { _ in throw FakeService.Failure() } }
            let key = try await server.send("POST", "/v1/enroll", as: nil, json: request)
            #expect(key.status == 400 && key.message.contains("certificateRequest"))
            #expect(server.service.commands.count == 1)
        }
    }
}
