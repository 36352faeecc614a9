import CoordinatorLaunchers
import LauncherServers
import Testing

@testable import mortise_coordinator

@Suite("The environment file of a bridge")
struct BridgeEnvironmentTests {
    private func environment(_ text: String) throws -> BridgeEnvironment {
        let scratch = try Scratch()
        return try BridgeEnvironment(path: try scratch.write("env", text))
    }

    @Test
    func `What the file names is taken, and the Hybrid Cloud agent's defaults where it is one of its files`()
        throws
    {
        let own = try environment("QUEUE_NAME=burst\nCLEANUP_NODE_WAIT_TIME=30\n")
        #expect(try own.queue(of: .slurm) == "burst" && own.idleSeconds() == 30 && own.cluster == nil)
        let first = try environment("VC_NAME=hybrid\n")
        #expect(first.queue(of: .slurm) == "cloud" && first.cluster == "hybrid")
        let second = try environment("VC_GROUP_NAME=OpenHPC\nQUEUE_NAME=\n")
        #expect(second.queue(of: .slurm) == "normal" && second.queue(of: .torque) == "cloud")
        #expect(try BridgeEnvironment().queue(of: .slurm) == nil && BridgeEnvironment().idleSeconds() == nil)
    }

    @Test func `A time that is none, and a file that is none, are said`() throws {
        for text in ["0", "-1", "10m", "99999999"] {
            let file = try environment("CLEANUP_NODE_WAIT_TIME=\(text)")
            let failure = #expect(throws: Failure.self) { try file.idleSeconds() }
            #expect(failure?.description.contains("not '\(text)'") == true)
        }
        let failure = #expect(throws: Failure.self) { try environment("A=1\nB=$HOME\n") }
        #expect(failure?.description.contains("line 2") == true)
    }

    @Test func `The launcher program gets all, and what seems secret is kept out of sight`() throws {
        var options = ExecOptions(command: ["cloud"])
        try environment("FLAVOR_NAME=small\nMORTISE_TEST_ACCESSKEY=hush\nFLAVOR_NAME=large\n").apply(
            to: &options)
        #expect(options.environment == [EnvironmentVariable("FLAVOR_NAME", "large")])
        #expect(
            options.secrets == [
                SecretVariable("MORTISE_TEST_ACCESSKEY", .environment("MORTISE_TEST_ACCESSKEY"))
            ])
        #expect(options.faults().isEmpty)
    }

    @Test func `Names of launches are the same after a restart, and others than another cluster's`() {
        let scope = BridgeEnvironment.scope("lab", "cloud")
        #expect(scope == BridgeEnvironment.scope("lab", "cloud"))
        #expect(scope.prefix != BridgeEnvironment.scope("lab2", "cloud").prefix)
        #expect(scope.clusterTag.count == 8)
    }
}
