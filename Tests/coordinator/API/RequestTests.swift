import APITypes
import ClusterTypes
import CoordinatorCore
import ProtocolMessages
import Testing

@testable import CoordinatorAPI

@Suite("Requests and refusals", .timeLimit(.minutes(2)))
struct RequestTests {
    @Test func `What is not there is 404, and another method 405 with what is allowed`() async throws {
        try await TestServer.run { server in
            let unknown = try await server.get("/v1/nothing")
            #expect(unknown.status == 404 && unknown.code == "not_found")
            let method = try await server.send("PUT", "/v1/jobs")
            #expect(method.status == 405 && method.code == "method_not_allowed")
            #expect(method.header("allow") == "GET, POST")
            let job = try await server.get("/v1/jobs/9")
            #expect(job.status == 404 && job.message.contains("9"))
            #expect(try await server.get("/v1/jobs/seven").status == 404)
            #expect(try await server.get("/v1/slots/9").code == "not_found")
            #expect(try await server.get("/v1/nodes/9").code == "not_found")
            #expect(try await server.get("/v1/nodes/nobody").code == "not_found")
        }
    }

    @Test func `Every refusal of the coordinator has its status and code`() async throws {
        let statuses: [CommandRefusal.Code: Int] = [
            .notFound: 404, .conflict: 409, .invalid: 400, .impossible: 422, .limitReached: 429,
            .storeUnavailable: 503, .tokenInvalid: 401, .nodeUnreachable: 503,
        ]
        try await TestServer.run { server in
            for code in CommandRefusal.Code.allCases {
                server.service.script { $0.answer = { _ in .refused(CommandRefusal(code, "why \(code)")) } }
                let answer = try await server.send("POST", "/v1/jobs/1/cancel")
                #expect(answer.status == statuses[code])
                #expect(answer.code == code.rawValue && answer.message == "why \(code)")
                #expect((answer.header("retry-after") != nil) == [429, 503].contains(answer.status))
            }
        }
    }

    @Test func `An answer of the wrong kind is an internal error that tells nothing`() async throws {
        try await TestServer.run { server in
            server.service.script { $0.answer = { _ in .explanation(["inner"]) } }
            let answer = try await server.send("POST", "/v1/jobs/1/cancel")
            #expect(answer.status == 500 && answer.code == "internal" && !answer.text.contains("inner"))
        }
    }

    @Test(arguments: [
        (
            #"{"specification":{"app":"a","job":"j","kind":"batch","command":{"argv":["x"]},"retry":1}}"#,
            "specification.retry"
        ),
        (
            #"{"specification":{"app":"a","job":"j","kind":"batch","command":{"argv":["x"]}},"more":1}"#,
            "more"
        ),
        (
            #"{"specification":{"app":"a","job":"j","kind":"batch","command":{"argv":["x"],"shell":"y"}}}"#,
            "specification.command.shell"
        ),
        (
            #"{"specification":{"app":"a","job":"j","kind":"batch","command":{"argv":["x"]},"resources":{"resources":{"cpu":1}}}}"#,
            "specification.resources.resources.cpu"
        ),
        (
            #"{"specification":{"app":"a","job":"j","kind":"batch","command":{"argv":["x"]},"retries":{"rules":[{"exitCode":1,"count":1},{"exitCode":2,"count":1,"x":0}]}}}"#,
            "specification.retries.rules[1].x"
        ),
    ])
    func `An unknown key is refused by its path`(body: String, path: String) async throws {
        try await TestServer.run { server in
            let answer = try await server.send("POST", "/v1/jobs", body: body)
            #expect(answer.status == 400 && answer.code == "invalid")
            #expect(answer.message.hasPrefix("\(path): is not known"), "\(answer.message)")
            #expect(server.service.commands.isEmpty)
        }
    }

    @Test(arguments: [
        (
            #"{"specification":{"job":"j","kind":"batch","command":{"argv":["x"]}}}"#,
            "specification.app is missing"
        ),
        (
            #"{"specification":{"app":7,"job":"j","kind":"batch","command":{"argv":["x"]}}}"#,
            "specification.app must be a string"
        ),
        (
            #"{"specification":{"app":"a","job":"j","kind":"cron","command":{"argv":["x"]}}}"#,
            "specification.kind: must be one of batch, service, tasks"
        ),
        (
            #"{"specification":{"app":"a","job":"j","kind":"batch","command":{"argv":["x", 5]}}}"#,
            "specification.command.argv[1] must be a string"
        ),
        (
            #"{"specification":{"app":"a","job":"j","kind":"batch","command":{"argv":["x"],"script":"y"}}}"#,
            "specification.command: give argv or script, not both"
        ),
        (
            #"{"specification":{"app":"a","job":"j","kind":"batch","command":{"argv":["x"]},"constraints":["arch=mips"]}}"#,
            "specification.constraints[0]: 'arch=mips' is no constraint"
        ),
        (
            #"{"specification":{"app":"a","job":"j","kind":"batch","command":{"argv":["x"]},"priority":99999999999}}"#,
            "specification.priority: the number is out of range"
        ),
        (
            #"{"specification":{"app":"a","job":"j","kind":"batch","command":{"argv":["x"]},"slots":[]}}"#,
            "specification.slots must be an object"
        ),
        ("{", "the body is no valid JSON"), ("[]", "the body must be an object"),
        ("", "specification is missing"),
    ])
    func `A wrong value is named by its path and in plain words`(body: String, message: String) async throws {
        try await TestServer.run { server in
            let answer = try await server.send("POST", "/v1/jobs", body: body)
            #expect(answer.status == 400 && answer.code == "invalid")
            #expect(answer.message.hasPrefix(message), "\(answer.message)")
        }
    }

    @Test(arguments: [
        ("/v1/jobs?stat=running", "stat"), ("/v1/jobs?state=idle", "idle"), ("/v1/jobs?limit=0", "limit"),
        ("/v1/jobs?limit=1001", "limit"), ("/v1/jobs?limit=5&limit=6", "twice"),
        ("/v1/jobs?before=x", "before"),
        ("/v1/jobs?app=%zz", "percent"), ("/v1/nodes?released=yes", "released"),
        ("/v1/jobs/1?waitSeconds=5", "since"), ("/v1/jobs/1?since=1&waitSeconds=61", "waitSeconds"),
        ("/v1/events?subject=job", "subject"), ("/v1/slots/1/log?stream=both", "stream"),
        ("/v1/slots/1/log?tail=-1", "tail"), ("/v1/healthz?x=1", "healthz"),
    ])
    func `A bad query is refused by its name`(path: String, word: String) async throws {
        try await TestServer.run { server in
            let answer = try await server.get(path)
            #expect(answer.status == 400 || answer.status == 404)
            #expect(answer.message.contains(word), "\(answer.message)")
        }
    }

    @Test func `A body where none belongs is refused`() async throws {
        try await TestServer.run { server in
            let answer = try await server.send("POST", "/v1/jobs/1/cancel", body: #"{"reason":"x"}"#)
            #expect(answer.status == 400 && answer.message.contains("no body"))
            #expect(server.service.commands.isEmpty)
        }
    }

    @Test func `A body above its limit is refused, and the connection goes on`() async throws {
        try await TestServer.run { change in
            change.submitBodyLimitBytes = 2_048
            change.bodyLimitBytes = 1_024
        } _: { server in
            let large = String(repeating: "x", count: 3_000_000)
            let answer = try await server.send("POST", "/v1/jobs", body: large)
            #expect(answer.status == 413 && answer.code == "too_large" && answer.message.contains("2048"))
            let token = try await server.send(
                "POST", "/v1/tokens", body: String(repeating: "x", count: 1_025))
            #expect(token.status == 413 && token.message.contains("1024"))
            let spaces = String(repeating: " ", count: 1_025)
            #expect(try await server.send("POST", "/v1/jobs/1/cancel", body: spaces).status == 413)
            #expect(try await server.get("/v1/jobs").status == 200)
        }
    }

    @Test func `A chunked body above its limit is refused and the connection closed`() async throws {
        try await TestServer.run {
            $0.bodyLimitBytes = 1_024
        } _: { server in
            let connection = try await RawConnection.open(to: server)
            try await connection.request(
                "POST /v1/tokens", token: TestTokens.admin, headers: "Transfer-Encoding: chunked\r\n",
                body: "800\r\n" + String(repeating: "x", count: 0x800) + "\r\n")
            let answer = await connection.readToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 413") && answer.contains("too_large"))
        }
    }

    @Test func `Submits together stay within their limit`() throws {
        let budget = BodyBudget(limitBytes: 100)
        let first = try budget.reserve(bytes: 60)
        #expect(throws: APIError.self) { try budget.reserve(bytes: 41) }
        let second = try budget.reserve(bytes: 40)
        budget.release(first)
        budget.release(second)
        #expect(throws: Never.self) { try budget.reserve(bytes: 100) }
    }

    @Test func `Health needs no token, and readiness says when it is not`() async throws {
        try await TestServer.run { server in
            #expect(try await server.get("/healthz", as: nil).decode(StatusView.self).status == "ok")
            #expect(try await server.get("/readyz", as: nil).decode(StatusView.self).status == "ready")
            server.service.script { $0.isReady = false }
            #expect(try await server.get("/healthz", as: nil).status == 200)
            let answer = try await server.get("/readyz", as: nil)
            #expect(answer.status == 503 && answer.code == "not_ready")
        }
    }
}
