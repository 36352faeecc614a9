import ClusterTypes
import CoordinatorCore
import Foundation
import HTTPSClient
import LauncherServers
import PostgresServer
import Testing

@testable import CoordinatorLaunchers

/// Against podman's Engine API.
@Suite(
    "Agents in containers", .enabled(if: Podman.obstacle == nil, "\(Podman.obstacle ?? "")"), .ownThreads,
    .timeLimit(.minutes(5)))
struct DockerLauncherTests {
    private let podman: Podman
    private let scope: LaunchScope

    init() throws {
        podman = try Podman.shared()
        // Of each test its own, as they have one engine.
        let tag = String(UInt32.random(in: .min ... .max), radix: 16)
        scope = LaunchScope(
            cluster: "lab", clusterTag: String(repeating: "0", count: 8 - tag.count) + tag, pool: "box")
    }

    private func launcher(_ change: (inout DockerOptions) -> Void = { _ in }) -> DockerLauncher {
        var options = DockerOptions(endpoint: .socket(podman.socket), image: "localhost/agent:test")
        options.network = "none"
        options.pullsMissing = false
        change(&options)
        return DockerLauncher(options, scope)
    }

    /// What the agent of a container has printed.
    private func log(_ name: String) async throws -> String {
        for _ in 0..<2_000 {
            let answer = try await podman.call(
                "GET", "/v1.41/containers/\(name)/logs?stdout=true&stderr=true")
            let text = DockerContainer.logText(answer.body)
            if text.contains("user ") { return text }
        }
        throw ServerFailure(message: "the agent of \(name) said nothing")
    }

    @Test func `It keeps all promises of a launcher`() async throws {
        await Launching.expectConformance(launcher(), scope)
    }

    @Test func `The agent gets its token in a file of its own, and its names in the environment`()
        async throws
    {
        let launcher = launcher { options in
            options.user = ContainerUser(user: 1_000, group: 100)
            options.environment = [EnvironmentVariable("ZONE", "a b")]
        }
        let found = try await launcher.launch(Launching.order(3, lifetime: .seconds(90)), Launching.start)
        let name = scope.prefix + "3-1"
        #expect(found == [Allocation(name: name, launch: LaunchID(3), state: .running)])
        #expect(
            try await log(name) == """
                arguments run --stop-slots --directory /mortise/agent --join-file /mortise/join.token
                allocation \(name) name \(name) lifetime 90s zone a b
                token in the environment: none
                token in the file: join-token-of-tests
                file 600 1000:100 folder 700 1000:100
                user 1000:100

                """)
        // Whoever may inspect containers does not see the token.
        let inspected = try await podman.call("GET", "/v1.41/containers/\(name)/json")
        #expect(!String(decoding: inspected.body, as: UTF8.self).contains("join-token"))
        try await launcher.release([name])
        #expect(try await launcher.list() == [])
    }

    @Test func `A program of the machine runs in an image that has none`() async throws {
        let scratch = try Scratch()
        let program = try scratch.program(
            "agent", "#!/bin/busybox sh\necho from the host\necho user $(/bin/busybox id -u)\n")
        let launcher = launcher { $0.program = .onHost(program) }
        _ = try await launcher.launch(Launching.order(), Launching.start)
        #expect(try await log(scope.prefix + "1-1") == "from the host\nuser 0\n")
        try await launcher.release([scope.prefix + "1-1"])
    }

    @Test func `An agent that has ended is over, with its last words`() async throws {
        let failing = launcher { $0.environment = [EnvironmentVariable("ZONE", "ends")] }
        let leaving = launcher { $0.environment = [EnvironmentVariable("ZONE", "leaves")] }
        _ = try await failing.launch(Launching.order(1), Launching.start)
        _ = try await leaving.launch(Launching.order(2), Launching.start)
        var found: [Allocation] = []
        for _ in 0..<2_000 where !found.allSatisfy(\.state.isOver) || found.isEmpty {
            found = try await failing.list()
        }
        #expect(found.map(\.name) == [scope.prefix + "1-1", scope.prefix + "2-1"])
        #expect(found.map(\.state) == [.failed, .completed])
        let reason = found.first?.reason ?? ""
        #expect(
            reason.hasPrefix("the agent ended with 7: ") && reason.hasSuffix("ended with an error"),
            "\(reason)")
        // It was launched, so it is not launched again.
        let again = try await failing.launch(Launching.order(1), Launching.start)
        #expect(again.map(\.state) == [.failed])
        try await failing.release(found.map(\.name))
    }

    @Test func `A container that was made and never started is started by the next request`() async throws {
        let options = DockerOptions(endpoint: .socket(podman.socket), image: "localhost/agent:test")
        let name = DockerContainer.name(LaunchID(1), 1, scope)
        let body = DockerContainer.creation(name, Launching.order(), options, scope)
        let made = try await podman.call(
            "POST", "/v1.41/containers/create?name=\(name)", String(decoding: body.bytes, as: UTF8.self))
        #expect(made.status == 201)
        #expect(try await launcher().list().map(\.state) == [.waiting])
        #expect(try await launcher().launch(Launching.order(), Launching.start).map(\.state) == [.running])
        #expect(try await launcher().list().map(\.state) == [.running])
        try await launcher().release([name])
    }

    @Test func `A container of somebody else with that name is left alone`() async throws {
        let name = scope.prefix + "1-1"
        let body = #"{"Image":"localhost/agent:test","Cmd":["/bin/sleep","600"]}"#
        #expect(try await podman.call("POST", "/v1.41/containers/create?name=\(name)", body).status == 201)
        let failure = await Launching.failure { () async throws(LaunchFailure) in
            try await launcher().launch(Launching.order(), Launching.start)
        }
        #expect(failure.code == .refused && failure.message.contains("that Mortise has not made"))
        #expect(try await launcher().list() == [])
        let release = await Launching.failure { () async throws(LaunchFailure) in
            try await launcher().release([name])
        }
        #expect(release.code == .refused)
        #expect(try await podman.call("DELETE", "/v1.41/containers/\(name)?force=true").isSuccess)
    }

    @Test func `An image that is not there is refused, and what cannot start leaves nothing behind`()
        async throws
    {
        let missing = launcher { $0.image = "localhost/no-such-image:1" }
        let failure = await Launching.failure { () async throws(LaunchFailure) in
            try await missing.launch(Launching.order(), Launching.start)
        }
        #expect(
            failure.code == .refused && failure.message.contains("localhost/no-such-image:1"), "\(failure)")
        let broken = launcher { $0.program = .inImage("/no/such/program") }
        let other = await Launching.failure { () async throws(LaunchFailure) in
            try await broken.launch(Launching.order(), Launching.start)
        }
        #expect(other.message.contains("/no/such/program"), "\(other)")
        #expect(try await launcher().list() == [])
    }

    @Test func `An image that cannot be fetched is said to be so`() async throws {
        let missing = launcher {
            // Nobody listens there.
            $0.image = "127.0.0.1:9/no-such-image:1"
            $0.pullsMissing = true
        }
        let failure = await Launching.failure { () async throws(LaunchFailure) in
            try await missing.launch(Launching.order(), Launching.start)
        }
        #expect(
            failure.code == .unavailable && failure.message.contains("127.0.0.1:9/no-such-image:1"),
            "\(failure)")
    }

    @Test func `An engine that does not answer is unavailable`() async throws {
        let scratch = try Scratch()
        let options = DockerOptions(endpoint: .socket(scratch.path + "/none.sock"), image: "a")
        let failure = await Launching.failure { () async throws(LaunchFailure) in
            try await DockerLauncher(options, scope).list()
        }
        #expect(failure.code == .unavailable && failure.message.contains(scratch.path + "/none.sock"))
        let files = DockerOptions(
            endpoint: .tls(
                HTTPSEndpoint(host: "127.0.0.1", port: 9), authority: "/no/ca", certificate: "", key: ""),
            image: "a")
        let other = await Launching.failure { () async throws(LaunchFailure) in
            try await DockerLauncher(files, scope).list()
        }
        #expect(other == LaunchFailure(.unavailable, "Docker's TLS: there is no file /no/ca."))
    }
}
