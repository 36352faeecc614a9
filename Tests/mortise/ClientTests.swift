import APITypes
import ClusterTypes
import HTTPSClient
import Synchronization
import Testing

@testable import mortise

struct ClientTests {
    private func client(_ transport: ScriptedTransport) -> APIClient {
        APIClient(transport: transport, token: "mortise-api-1.secret")
    }

    @Test func `Every request carries the token`() async throws {
        let transport = ScriptedTransport { _, _ in try .json(JobView.sample()) }
        _ = try await client(transport).job(JobID(12))
        let headers = transport.requests[0].headers
        #expect(headers.contains { $0 == ("Authorization", "Bearer mortise-api-1.secret") })
    }

    @Test func `Lists ask for what was said and follow the pages`() async throws {
        let transport = ScriptedTransport { _, position in
            try .json(
                Page(items: [JobView.sample()], revision: 3, next: position < 2 ? UInt64(90 - position) : nil)
            )
        }
        let page = try await client(transport).jobs(
            state: .running, app: "a b&c", name: nil, before: JobID(100), limit: 50)
        #expect(page.items.count == 3)
        #expect(page.next == nil)
        #expect(
            transport.lines == [
                "GET /v1/jobs?state=running&app=a%20b%26c&before=100&limit=50",
                "GET /v1/jobs?state=running&app=a%20b%26c&before=90&limit=49",
                "GET /v1/jobs?state=running&app=a%20b%26c&before=89&limit=48",
            ])
    }

    @Test func `No more pages are fetched than asked for`() async throws {
        let transport = ScriptedTransport { _, _ in
            try .json(Page(items: [JobView.sample()], revision: 3, next: 7))
        }
        let page = try await client(transport).jobs(state: nil, app: nil, name: nil, before: nil, limit: 1)
        #expect(page.items.count == 1)
        #expect(page.next == 7)
        #expect(transport.lines == ["GET /v1/jobs?limit=1"])
    }

    @Test func `Names cannot leave their place in the path`() {
        #expect(APIPath.make(["nodes", "a/b?c#d%é"]) == "/v1/nodes/a%2Fb%3Fc%23d%25%C3%A9")
        #expect(APIPath.make(["nodes", ".."]) == "/v1/nodes/%2E%2E")
        #expect(APIPath.make(["nodes", "n1.example.org"]) == "/v1/nodes/n1.example.org")
        #expect(APIPath.make(["jobs"], query: [("app", nil), ("name", "\n")]) == "/v1/jobs?name=%0A")
    }

    @Test func `Orders to nodes carry their reason`() async throws {
        let transport = ScriptedTransport { _, _ in
            try .json(
                NodeView(
                    node: NodeID(3), name: "n1", pool: "default", state: .draining, reason: "r", since: "",
                    address: "", build: "", labels: [], capacity: NodeCapacity()))
        }
        _ = try await client(transport).perform(.drain, on: "n1", reason: "disk")
        _ = try await client(transport).uncordon("n1")
        _ = try await client(transport).accept("n1")
        _ = try await client(transport).remove("n1", reason: "gone for good")
        #expect(
            transport.lines == [
                "POST /v1/nodes/n1/drain", "POST /v1/nodes/n1/uncordon", "POST /v1/nodes/n1/accept",
                "DELETE /v1/nodes/n1?reason=gone%20for%20good",
            ])
        #expect(try transport.requests[0].decoded(ReasonRequest.self) == ReasonRequest(reason: "disk"))
    }

    @Test func `Logs are streamed as they come`() async throws {
        let transport = ScriptedTransport { _, _ in
            HTTPSResponse(status: 200, headers: [], body: [0xFF, 0x00, 0x41])
        }
        let received = Mutex<[UInt8]>([])
        try await client(transport).taskLog(
            7, of: JobID(12), .init(stream: "stderr", follows: true, tailBytes: 65_536, attempt: 2)
        ) { piece in received.withLock { $0 += piece } }
        #expect(received.withLock { $0 } == [0xFF, 0x00, 0x41])
        #expect(
            transport.lines == ["GET /v1/jobs/12/tasks/7/log?stream=stderr&follow=true&tail=65536&attempt=2"])
    }

    @Test func `An answer that is not understood says which versions to compare`() async throws {
        let transport = ScriptedTransport { _, _ in HTTPSResponse(status: 200, headers: [], body: [0x7B]) }
        await #expect {
            try await client(transport).job(JobID(12))
        } throws: { error in
            let error = error as? ClientError
            return error?.code == .failed && error?.message.contains("mortise cluster show") == true
        }
    }
}

struct CommandStatusTests {
    @Test(arguments: [
        (400, CommandStatus.invalidInput), (413, .invalidInput), (405, .invalidInput), (401, .refused),
        (403, .refused), (404, .notFound), (409, .refused), (422, .refused), (429, .refused), (500, .failed),
        (502, .unreachable), (503, .unreachable), (504, .unreachable),
    ])
    func `Every refusal has its status`(code: Int, status: CommandStatus) {
        #expect(ClientError(status: code, message: "m").status == status)
    }

    @Test(arguments: [
        (HTTPSError.Code.refused, CommandStatus.unreachable), (.cannotResolve, .unreachable),
        (.timedOut, .unreachable), (.closedEarly, .unreachable), (.notTrusted, .unreachable),
        (.wrongName, .unreachable), (.invalid, .invalidInput), (.malformed, .failed),
    ])
    func `Every failed connection has its status`(code: HTTPSError.Code, status: CommandStatus) {
        #expect(ClientError(HTTPSError(code, "m")).status == status)
    }

    @Test(arguments: [
        (JobState.finished, CommandStatus.success), (.failed, .failed), (.canceled, .canceled),
    ])
    func `A job that was waited for gives its outcome`(state: JobState, status: CommandStatus) {
        #expect(JobView.sample(state: state).exitStatus == status)
    }

    @Test func `Only what may have been carried out counts as interrupted`() {
        #expect(ClientError(HTTPSError(.refused, "m")).code == .unreachable)
        #expect(ClientError(HTTPSError(.closedEarly, "m")).code == .interrupted)
        #expect(ClientError(HTTPSError(.timedOut, "m")).code == .interrupted)
    }

    @Test func `Several addresses that fail are all named`() {
        let error = ClientError(allOf: [
            ClientError(.unreachable, "a refuses"), ClientError(.notTrusted, "b is foreign"),
        ])
        #expect(error.code == .notTrusted)
        #expect(error.message == "No coordinator can be reached:\n  a refuses\n  b is foreign")
    }
}
