import APITypes
import ClusterTypes
import CoordinatorCore
import ProtocolMessages
import Synchronization
import Testing

@testable import CoordinatorAPI

@Suite("Logs", .timeLimit(.minutes(2)))
struct LogTests {
    /// A log that the test writes; `ended` fires when its reader has gone.
    struct Log: Sendable {
        let stream: AsyncThrowingStream<[UInt8], any Error>
        let continuation: AsyncThrowingStream<[UInt8], any Error>.Continuation
        let ended = Signal()

        init() {
            (stream, continuation) = AsyncThrowingStream.makeStream()
            continuation.onTermination = { [ended] _ in ended.fire() }
        }

        func write(_ text: String) { continuation.yield(Array(text.utf8)) }
    }

    static func serve(_ log: Log, by service: FakeService) {
        let key = SlotKey(SlotID(5), Generation(2))
        service.script { state in
            state.answer = { _ in .logLocation(ConnectionID(9), key, TaskAttempt(index: 4, attempt: 1)) }
            state.log = { _ in log.stream }
        }
    }

    @Test func `A log's location and options reach the agent's side`() async throws {
        try await TestServer.run { server in
            let asked = Mutex<LogRequest?>(nil)
            let log = Log()
            Self.serve(log, by: server.service)
            server.service.script { state in
                state.log = { request in
                    asked.withLock { $0 = request }
                    return log.stream
                }
            }
            log.write("hello ")
            log.write("world")
            log.continuation.finish()
            let answer = try await server.get("/v1/jobs/1/tasks/4/log?stream=stderr&tail=100&attempt=1")
            #expect(answer.status == 200 && answer.text == "hello world")
            #expect(answer.header("content-type") == "application/octet-stream")
            #expect(server.service.commands == [.locateLog(.task(JobID(1), 4, attempt: 1))])
            #expect(
                asked.withLock { $0 }
                    == LogRequest(
                        request: 9, key: SlotKey(SlotID(5), Generation(2)),
                        task: TaskAttempt(index: 4, attempt: 1), stream: .stderr, follow: false,
                        tailBytes: 100))
        }
    }

    @Test func `An empty log is an empty answer`() async throws {
        try await TestServer.run { server in
            let log = Log()
            Self.serve(log, by: server.service)
            log.continuation.finish()
            let answer = try await server.get("/v1/slots/5/log")
            #expect(answer.status == 200 && answer.body.isEmpty)
        }
    }

    @Test func `A followed log arrives as it is written`() async throws {
        try await TestServer.run { server in
            let log = Log()
            Self.serve(log, by: server.service)
            let connection = try await RawConnection.open(to: server)
            try await connection.request("GET /v1/slots/5/log?follow=true", token: TestTokens.viewer)
            log.write("one")
            #expect(await connection.read(until: "one").contains("200 OK"))
            log.write("two")
            _ = await connection.read(until: "two")
            log.continuation.finish()
            _ = await connection.read(until: "0\r\n\r\n")
            // The connection is good for the next request.
            try await connection.request("GET /healthz")
            #expect(await connection.read(until: "ok").contains("200 OK"))
            try await connection.close()
        }
    }

    @Test func `The answer's head does not wait for ever for the first byte`() async throws {
        try await TestServer.run {
            $0.logHeadMilliseconds = 0
        } _: { server in
            let log = Log()
            Self.serve(log, by: server.service)
            let connection = try await RawConnection.open(to: server)
            try await connection.request("GET /v1/slots/5/log?follow=true", token: TestTokens.viewer)
            #expect(await connection.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200"))
            log.write("one")
            _ = await connection.read(until: "one")
            try await connection.close()
            await log.ended.wait()
        }
    }

    @Test func `An error before the first byte is an ordinary answer`() async throws {
        try await TestServer.run { server in
            let log = Log()
            Self.serve(log, by: server.service)
            log.continuation.finish(throwing: CommandRefusal(.notFound, "no output is kept"))
            let answer = try await server.get("/v1/slots/5/log")
            #expect(answer.status == 404 && answer.message == "no output is kept")
            server.service.script {
                $0.log = { _ in AsyncThrowingStream { $0.finish(throwing: FakeService.Failure()) } }
            }
            let failed = try await server.get("/v1/slots/5/log")
            #expect(failed.status == 503 && failed.code == "node_unreachable")
        }
    }

    @Test func `An error after the first byte breaks the answer off`() async throws {
        try await TestServer.run { server in
            let log = Log()
            Self.serve(log, by: server.service)
            let connection = try await RawConnection.open(to: server)
            try await connection.request("GET /v1/slots/5/log", token: TestTokens.viewer)
            log.write("one")
            _ = await connection.read(until: "one")
            log.continuation.finish(throwing: FakeService.Failure())
            #expect(!(await connection.readToEnd().contains("0\r\n\r\n")))
        }
    }

    @Test(arguments: [false, true])
    func `A client that goes away ends the log, also while nothing is written`(hasBegun: Bool) async throws {
        try await TestServer.run { server in
            let log = Log()
            let asked = Signal()
            Self.serve(log, by: server.service)
            server.service.script { state in
                state.log = { _ in
                    asked.fire()
                    return log.stream
                }
            }
            let connection = try await RawConnection.open(to: server)
            try await connection.request("GET /v1/slots/5/log?follow=true", token: TestTokens.viewer)
            await asked.wait()
            if hasBegun {
                log.write("one")
                _ = await connection.read(until: "one")
            }
            try await connection.close()
            await log.ended.wait()
        }
    }
}
