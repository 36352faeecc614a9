import Foundation
import Testing

/// The chaos is checked too: each kind of bad weather does what it says.
@Suite struct FaultyProxyTests {
    /// Through a proxy to a server that says everything again.
    private static func run(_ body: (FaultyProxy, EchoServer, EchoClient) async throws -> Void) async throws {
        let server = EchoServer()
        let proxy = FaultyProxy()
        do {
            let port = try await server.start(on: "127.0.0.2")
            try await proxy.listen(on: "127.0.0.1", ports: [port], target: "127.0.0.2")
            let client = try await EchoClient.connect(to: "127.0.0.1", port: port)
            try await body(proxy, server, client)
            await client.close()
        } catch {
            Issue.record(error)
        }
        await proxy.close()
        await server.stop()
    }

    @Test("In good weather everything passes, in order, and an end is told")
    func good() async throws {
        try await Self.run { _, server, client in
            let texts = (0..<200).map { "\($0) " }
            for text in texts { client.say(text) }
            try await eventually("all came back") { client.heard == texts.joined() }
            await client.close()
            try await eventually("the server knows of the end") { server.endedConnections == 1 }
        }
    }

    @Test("Bytes are late by the delay of both ways, and wait while all is stalled")
    func late() async throws {
        try await Self.run { proxy, _, client in
            try await proxy.setWeather(.init(delay: .milliseconds(150)), of: "127.0.0.1")
            let start = ContinuousClock.now
            client.say("slow")
            try await eventually("it came back") { client.heard == "slow" }
            #expect(ContinuousClock.now - start >= .milliseconds(300))
            try await proxy.setWeather(.init(isStalled: true), of: "127.0.0.1")
            client.say(" stalled")
            try await proxy.setWeather(.init(bytesPerSecond: 40), of: "127.0.0.1")
            let healed = ContinuousClock.now
            client.say(" narrow")
            try await eventually("all came back") { client.heard == "slow stalled narrow" }
            #expect(ContinuousClock.now - healed >= .milliseconds(2 * 7 * 1_000 / 40))
        }
    }

    @Test("A reset ends both sides; of a half-open connection one side never hears")
    func ends() async throws {
        try await Self.run { proxy, server, client in
            client.say("a")
            try await eventually("it stands") { client.heard == "a" }
            try await proxy.reset("127.0.0.1")
            try await eventually("both sides know") { !client.isOpen && server.endedConnections == 1 }
        }
        for side in FaultyProxy.Side.allCases {
            try await Self.run { proxy, server, client in
                client.say("a")
                try await eventually("it stands") { client.heard == "a" }
                try await proxy.halfOpen("127.0.0.1", losing: side)
                try await eventually("one side knows") {
                    side == .node ? !client.isOpen : server.endedConnections == 1
                }
                client.say("into the void")
                #expect(side == .node ? server.endedConnections == 0 : client.isOpen)
            }
        }
    }
}
