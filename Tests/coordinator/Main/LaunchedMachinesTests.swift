import CoordinatorBridge
import CoordinatorCore
import CoordinatorLaunchers
import LauncherServers
import PostgresServer
import Testing

@testable import mortise_coordinator

@Suite("Machines for a scheduler's nodes", .ownThreads)
struct LaunchedMachinesTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// - Parameters:
    ///   - launched: what the program answers to a launch.
    ///   - listed: what it answers to anything else.
    private func machines(launched: String, listed: String = "") throws -> LaunchedMachines {
        let program = try scratch.program(
            "cloud",
            """
            #!/bin/sh
            echo "$1 $(cat)" >> \(scratch.path)/calls
            case $1 in launch) echo '{"allocations":[\(launched)]}' ;; *) echo '{"allocations":[\(listed)]}' ;; esac
            """)
        let launcher = ExecLauncher(
            ExecOptions(command: [program]), BridgeEnvironment.scope("lab", "cloud"))
        return LaunchedMachines(
            launcher: launcher, pool: "cloud", nodes: [SchedulerNode("c1", address: "10.0.0.5")],
            patience: .zero, interval: .milliseconds(1))
    }

    private func allocation(_ state: String, host: String?) -> String {
        let host = host.map { #","host":"\#($0)""# } ?? ""
        return #"{"name":"m1","launch":7,"state":"\#(state)"\#(host)}"#
    }

    private func failure(_ call: () async throws -> Void) async -> LaunchFailure? {
        await #expect(throws: LaunchFailure.self) { try await call() }
    }

    @Test func `A machine that is there is made no second time, by its name or its address`() async throws {
        for host in ["c1", "10.0.0.5", "c1.example.org"] {
            let machines = try machines(launched: "", listed: allocation("running", host: host))
            try await machines.add("c1")
            #expect(try await machines.list() == ["c1"])
        }
        #expect(!scratch.read("calls").contains("launch {"))
        let others = try machines(launched: "", listed: allocation("running", host: "c11"))
        #expect(try await others.list() == [])
    }

    @Test func `One that nobody could find again is released, and one that is over is no machine`()
        async throws
    {
        let launched = allocation("waiting", host: nil).replacing(#""launch":7,"#, with: "")
        let lost = await failure { try await machines(launched: launched).add("c1") }
        #expect(lost?.code == .invalidAnswer && lost?.message.contains("'c1'") == true)
        #expect(scratch.read("calls").contains(#"release {"#) && scratch.read("calls").contains(#"["m1"]"#))
        let over = allocation("failed", host: "c1").replacing(#""launch":7,"#, with: "")
        #expect(
            await failure { try await machines(launched: over).add("c1") }?.message.contains("failed") == true
        )
    }

    @Test func `What was released and is still there is a failure, and what is gone is none`() async throws {
        let stays = try machines(launched: "", listed: allocation("running", host: "c1"))
        #expect(await failure { try await stays.remove("c1") }?.message.contains("still there") == true)
        try await machines(launched: "", listed: allocation("completed", host: "c1")).remove("c1")
        await #expect(throws: BridgeFailure.self) { try await stays.add("c9") }
    }
}
