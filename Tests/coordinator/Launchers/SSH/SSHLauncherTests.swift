import ClusterTypes
import CoordinatorCore
import Foundation
import LauncherServers
import PostgresServer
import Testing

@testable import CoordinatorLaunchers

/// Against real servers of OpenSSH on this machine.
@Suite(
    "Agents by ssh", .enabled(if: SSHServers.obstacle == nil, "\(SSHServers.obstacle ?? "")"), .ownThreads,
    .timeLimit(.minutes(5)))
struct SSHLauncherTests {
    private let scope = Launching.scope

    private func name(_ launch: Int, _ host: String) -> String { "\(scope.prefix)\(launch)-\(host)" }

    /// Released at the end, so that no test leaves an agent behind.
    private func withLauncher(
        _ servers: SSHServers, _ options: SSHOptions, _ body: (SSHLauncher) async throws -> Void
    ) async throws {
        let launcher = SSHLauncher(options, scope)
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await body(launcher))
        } catch {
            outcome = .failure(error)
        }
        let left = (try? await launcher.list().map(\.name)) ?? []
        try? await launcher.release(left)
        try outcome.get()
    }

    @Test func `It keeps all promises of a launcher`() async throws {
        let servers = try SSHServers(["a", "b", "c"], greeting: "Welcome to this machine")
        let options = try servers.options()
        try await withLauncher(servers, options) { await Launching.expectConformance($0) }
    }

    @Test func `An agent outlives the connection, with its token in a file and its names around it`()
        async throws
    {
        let servers = try SSHServers(["a"])
        let host = SSHHost(
            "a", labels: ["zone=it's", "rack=7"], parameters: [EnvironmentVariable("PLACE", "north 'wing'")])
        var options = try servers.options([host])
        // What ssh is given as arguments, others can read.
        options.client = try servers.scratch.program(
            "ssh",
            "#!/bin/sh\necho \"$*\" >> \(servers.scratch.path)/arguments\nexec \(Programs.path(of: "ssh") ?? "") \"$@\"\n"
        )
        try await withLauncher(servers, options) { launcher in
            let found = try await launcher.launch(Launching.order(4, lifetime: .seconds(90)), Launching.start)
            #expect(
                found == [Allocation(name: name(4, "a"), launch: LaunchID(4), state: .running, host: "a")])
            let folder = servers.scratch.path + "/a/login/state/launches/" + name(4, "a")
            let log = try servers.file(name(4, "a") + "/agent.log", on: "a", containing: "ready")
            #expect(
                log.hasPrefix(
                    """
                    arguments run --stop-slots --directory \(folder)/agent --join-file \(folder)/join.token \
                    --label zone=it's --label rack=7
                    allocation \(name(4, "a")) name a lifetime 90s place north 'wing'
                    token join-token-of-tests in a file of mode 600
                    ready
                    """), "\(log)")
            #expect(try await launcher.list().map(\.state) == [.running])
            try await launcher.release([name(4, "a")])
            #expect(try await launcher.list() == [])
            #expect(!FileManager.default.fileExists(atPath: folder))
            let arguments = servers.scratch.read("arguments")
            #expect(arguments.contains("sh -s") && !arguments.contains("join-token"))
        }
    }

    @Test func `A program is copied where it is missing or another one`() async throws {
        let servers = try SSHServers(["a"])
        let options = try servers.options()
        let log = servers.scratch.path + "/copies"
        var logged = options
        logged.client = try servers.scratch.program(
            "ssh",
            "#!/bin/sh\ncase \"$*\" in *part-*) echo copy >> \(log) ;; esac\nexec \(Programs.path(of: "ssh") ?? "") \"$@\"\n"
        )
        try await withLauncher(servers, logged) { launcher in
            for launch in 1...2 {
                _ = try await launcher.launch(Launching.order(UInt64(launch)), Launching.start)
                try await launcher.release([name(launch, "a")])
            }
            #expect(servers.scratch.read("copies") == "copy\n")
            let program = try #require(options.agents.first?.path)
            try servers.scratch.program(
                "mortise-agent", servers.scratch.read("mortise-agent") + "\n# newer\n")
            _ = try await launcher.launch(Launching.order(3), Launching.start)
            #expect(servers.scratch.read("copies") == "copy\ncopy\n")
            // One that was spoilt there is another one.
            try await launcher.release([name(3, "a")])
            let folder = servers.scratch.path + "/a/login/state/launches/bin"
            for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
                try Data("spoilt".utf8).write(to: URL(fileURLWithPath: folder + "/" + file))
            }
            _ = try await launcher.launch(Launching.order(4), Launching.start)
            #expect(servers.scratch.read("copies") == "copy\ncopy\ncopy\n")
            let copies = try FileManager.default.contentsOfDirectory(atPath: folder)
                .map { servers.scratch.read("a/login/state/launches/bin/" + $0) }
            #expect(try copies.contains(String(contentsOfFile: program, encoding: .utf8)))
        }
    }

    @Test func `A host that is down and one whose key has changed stop none of the others`() async throws {
        let servers = try SSHServers(["down", "changed", "good-1", "good-2"])
        servers.takeDown("down")
        try servers.knowAnother("changed")
        try await withLauncher(servers, try servers.options()) { launcher in
            let found = try await launcher.launch(Launching.order(count: 4), Launching.start)
            let good = found.filter { $0.state == .running }
            #expect(good.map(\.host) == ["good-1", "good-2"])
            let bad = found.filter { $0.state == .failed }
            #expect(
                bad.map(\.host) == ["down", "changed"]
                    && bad.map(\.name) == [name(1, "down"), name(1, "changed")])
            #expect(bad.first?.reason.contains("Connection refused") == true, "\(bad)")
            #expect(
                bad.last?.reason.hasPrefix(
                    "changed shows another host key than the one that is known, so it was refused (Offending ED25519 "
                        + "key in \(servers.scratch.path)/known_hosts:") == true, "\(bad)")
            #expect(try await launcher.list().map(\.host) == ["good-1", "good-2"])
            // Two that work are enough for two.
            try await launcher.release(good.map(\.name))
            #expect(
                try await launcher.launch(Launching.order(2, count: 2), Launching.start).map(\.state) == [
                    .running, .running,
                ])
        }
    }

    @Test func `An unknown key is refused unless the pool accepts new ones`() async throws {
        let servers = try SSHServers(["a"])
        servers.forget("a")
        var options = try servers.options()
        let failure = await Launching.failure { () async throws(LaunchFailure) in
            try await SSHLauncher(options, scope).list()
        }
        #expect(failure.code == .unavailable)
        #expect(failure.message.hasPrefix("The host key of a is not known here."), "\(failure)")
        options.acceptsNewHostKeys = true
        #expect(try await SSHLauncher(options, scope).list() == [])
        #expect(servers.scratch.read("known_hosts").hasPrefix("a ssh-ed25519 "))
        // One that has changed is refused all the same.
        try servers.knowAnother("a")
        let changed = await Launching.failure { () async throws(LaunchFailure) in
            try await SSHLauncher(options, scope).list()
        }
        #expect(changed.message.hasPrefix("a shows another host key"), "\(changed)")
    }

    @Test func `Where all hosts are in use there is no capacity`() async throws {
        let servers = try SSHServers(["a", "b"])
        try await withLauncher(servers, try servers.options()) { launcher in
            let first = try await launcher.launch(Launching.order(1), Launching.start)
            let second = try await launcher.launch(Launching.order(2, count: 5), Launching.start)
            #expect(first.map(\.host) == ["a"] && second.map(\.host) == ["b"])
            let failure = await Launching.failure { () async throws(LaunchFailure) in
                try await launcher.launch(Launching.order(3), Launching.start)
            }
            #expect(failure == LaunchFailure(.noCapacity, "All 2 hosts of the pool cloud are in use."))
            // Asked once more, each says what it has.
            #expect(
                try await launcher.launch(Launching.order(1), Launching.start).map(\.name) == [name(1, "a")])
        }
    }

    @Test func `Launches at the same time take different hosts`() async throws {
        let servers = try SSHServers(["a", "b", "c"])
        try await withLauncher(servers, try servers.options()) { launcher in
            async let one = launcher.launch(Launching.order(1), Launching.start)
            async let two = launcher.launch(Launching.order(2), Launching.start)
            async let three = launcher.launch(Launching.order(3), Launching.start)
            let hosts = try await [one, two, three].flatMap { $0.compactMap(\.host) }
            #expect(hosts.sorted() == ["a", "b", "c"])
        }
    }

    @Test func `What is on a host that cannot be reached is still there`() async throws {
        let servers = try SSHServers(["a", "b"])
        let options = try servers.options()
        let launcher = SSHLauncher(options, scope)
        _ = try await launcher.launch(Launching.order(1, count: 2), Launching.start)
        let log = try servers.file(name(1, "b") + "/agent.log", on: "b", containing: "ready")
        let agent = try #require(Int32(log.split(whereSeparator: \.isWhitespace).last ?? ""))
        defer { kill(agent, SIGKILL) }
        servers.takeDown("b")
        let found = try await launcher.list()
        #expect(
            found.map(\.name) == [name(1, "a"), name(1, "b")] && found.map(\.state) == [.running, .running])
        #expect(found.last?.reason.contains("Connection refused") == true)
        // Of a coordinator that was started meanwhile, too, if it says what it knows.
        #expect(try await SSHLauncher(options, scope, known: found).list().map(\.name) == found.map(\.name))
        let failure = await Launching.failure { () async throws(LaunchFailure) in
            try await launcher.release(found.map(\.name))
        }
        #expect(failure.code == .unavailable && failure.message.contains("b cannot be reached"))
        #expect(try await launcher.list().map(\.name) == [name(1, "b")])
        servers.takeDown("a")
        let nobody = await Launching.failure { () async throws(LaunchFailure) in try await launcher.list() }
        #expect(nobody.code == .unavailable && nobody.message.contains("a cannot be reached"))
    }

    @Test func `An agent that has ended says how, and its host is free`() async throws {
        let servers = try SSHServers(["ends", "leaves", "killed"])
        let hosts = servers.names.map { SSHHost($0, parameters: [EnvironmentVariable("PLACE", $0)]) }
        try await withLauncher(servers, try servers.options(hosts)) { launcher in
            _ = try await launcher.launch(Launching.order(1, count: 3), Launching.start)
            let log = try servers.file(name(1, "killed") + "/agent.log", on: "killed", containing: "ready")
            // The agent, and the shell that waits for its end.
            let agent = try #require(Int32(log.split(whereSeparator: \.isWhitespace).last ?? ""))
            try SSHServers.run(
                "kill -KILL $(cut -d ' ' -f 4 /proc/\(agent)/stat) \(agent)", in: servers.scratch)
            for host in ["ends", "leaves"] {
                _ = try servers.file(name(1, host) + "/ended", on: host, containing: "\n")
            }
            var found = try await launcher.list()
            while found.contains(where: { !$0.state.isOver }) { found = try await launcher.list() }
            #expect(found.map(\.state) == [.failed, .completed, .failed])
            #expect(found.first?.reason.hasSuffix("no coordinator there") == true, "\(found)")
            #expect(found.last?.reason.hasPrefix("the agent is gone") == true)
            // They were launched; another launch may have their hosts.
            let again = try await launcher.launch(Launching.order(1, count: 3), Launching.start)
            #expect(again.map(\.state) == found.map(\.state))
            let next = try await launcher.launch(Launching.order(2), Launching.start)
            #expect(next.map(\.name) == [name(2, "ends")])
        }
    }

    @Test func `An agent that does not end is killed after its grace`() async throws {
        let servers = try SSHServers(["a"])
        var options = try servers.options([
            SSHHost("a", parameters: [EnvironmentVariable("PLACE", "stubborn")])
        ])
        options.graceSeconds = 1
        try await withLauncher(servers, options) { launcher in
            _ = try await launcher.launch(Launching.order(1), Launching.start)
            let log = try servers.file(name(1, "a") + "/agent.log", on: "a", containing: "ready")
            let agent = try #require(Int32(log.split(whereSeparator: \.isWhitespace).last ?? ""))
            try await launcher.release([name(1, "a")])
            // KILL was sent; the process ends a moment later.
            try SlurmCluster.await("the agent's end") { kill(agent, 0) != 0 }
            #expect(!servers.scratch.exists("a/login/state/launches/" + name(1, "a")))
        }
    }

    @Test func `A host of an architecture without a program is refused`() async throws {
        let servers = try SSHServers(["a"])
        var options = try servers.options()
        options.agents[0].machine = "riscv128"
        let launcher = SSHLauncher(options, scope)
        let failure = await Launching.failure { () async throws(LaunchFailure) in
            try await launcher.launch(Launching.order(), Launching.start)
        }
        #expect(failure.code == .refused && failure.message.contains("for which the pool names no agent"))
        options.agents[0].path = "/no/such/agent"
        let other = await Launching.failure { () async throws(LaunchFailure) in
            try await SSHLauncher(options, scope).launch(Launching.order(), Launching.start)
        }
        #expect(other.code == .refused && other.message.contains("cannot open '/no/such/agent'"))
    }

    @Test func `A host that hangs is given up at its deadline`() async throws {
        let servers = try SSHServers(["a", "slow"])
        var options = try servers.options()
        options.timeout = .seconds(15)
        options.client = try servers.scratch.program(
            "ssh",
            "#!/bin/sh\ncase \"$*\" in *' slow '*) exec sleep 600 ;; esac\nexec \(Programs.path(of: "ssh") ?? "") \"$@\"\n"
        )
        try await withLauncher(servers, options) { launcher in
            let found = try await launcher.launch(Launching.order(count: 2), Launching.start)
            #expect(found.map(\.state) == [.running, .failed])
            #expect(
                found.last?.reason
                    == "ssh to slow gave no answer within 15 s and was killed and said nothing."
            )
        }
    }
}
