import APITypes
import ArgumentParser
import ClusterTypes
import Foundation
import Inventory
import Terminal
import Testing

@testable import mortise

@Suite("Inventories on the command line")
struct InventoryTests {
    /// A folder of its own, which goes when the test ends.
    private final class Folder {
        let path: String

        init() throws {
            path =
                FileManager.default.temporaryDirectory.appendingPathComponent("mortise-\(UUID().uuidString)")
                .path
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        @discardableResult
        func write(_ name: String, _ text: String) throws -> String {
            try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
            return path + "/" + name
        }

        func read(_ name: String) throws -> String {
            try String(contentsOfFile: path + "/" + name, encoding: .utf8)
        }

        var names: [String] {
            get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
        }
    }

    private func run(_ arguments: [String]) async throws {
        let command = try Mortise.parseAsRoot(["inventory"] + arguments + ["--quiet"])
        var asynchronous = try #require(command as? any AsyncParsableCommand)
        try await asynchronous.run()
    }

    /// What it ends with.
    private func failure(_ arguments: [String]) async -> CommandFailure? {
        do {
            try await run(arguments)
            return nil
        } catch {
            return mortise.failure(of: error) ?? CommandFailure(.usage, Mortise.message(for: error))
        }
    }

    @Test("import writes the form that it reads")
    func importing() async throws {
        let folder = try Folder()
        let source = try folder.write(
            "cluster.yaml",
            """
            clusters:
              a: { hosts: { x: { ip_addr: 10.0.0.1 } } }
              b: { hosts: { c7: { ip_addr: ${ADDRESS}, uname: ${NAME}, port: ${PORT} } } }
            """)
        try folder.write("scalebox.env", "ADDRESS=10.0.0.7\nNAME=one\nPORT=1\n")
        let first = try folder.write("a.env", "NAME=two\nPORT=${PORT}2\n")
        let second = try folder.write("b.env", "export NAME='three'\n")
        let output = folder.path + "/hosts.yaml"
        try await run([
            "import", source, "--cluster", "b", "--env-file", first, "--env-file", second, "--set", "PORT=22",
            "--output", output,
        ])
        #expect(
            try folder.read("hosts.yaml") == """
                hosts:
                  c7:
                    address: 10.0.0.7
                    user: three
                    port: 22
                    role: compute

                """)
        let again = ["import", output, "--output", output]
        #expect(await failure(again)?.message == "'\(output)' is there already; --force replaces it.")
        #expect(await failure(again + ["--force"]) == nil)
        #expect(try folder.read("hosts.yaml").hasPrefix("hosts:\n  c7:\n    address: 10.0.0.7"))
        #expect(try folder.names == ["a.env", "b.env", "cluster.yaml", "hosts.yaml", "scalebox.env"])
        let missing = await failure([
            "import", source, "--cluster", "b", "--env-file", folder.path + "/c.env",
        ])
        #expect(missing?.status == .invalidInput)
        #expect(missing?.message.contains("c.env: cannot be opened") == true)
    }

    @Test("export changes the lines between its marks and no others, however often it is run")
    func merging() async throws {
        let folder = try Folder()
        let source = try folder.write("hosts.yaml", "hosts: { c1: { address: 10.0.0.5 } }")
        let target = try folder.write("hosts", "127.0.0.1 localhost\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: target)
        let export = ["export", source, "--to", "hosts", "--output", target, "--merge", "--domain", "lab"]
        for _ in 0..<3 { try await run(export) }
        let block = "# BEGIN mortise inventory\n10.0.0.5\tc1.lab c1\n# END mortise inventory\n"
        #expect(try folder.read("hosts") == "127.0.0.1 localhost\n" + block)
        let mode = try FileManager.default.attributesOfItem(atPath: target)[.posixPermissions] as? Int
        #expect(mode == 0o640)
        try folder.write("hosts.yaml", "hosts: { c2: { address: 10.0.0.6 } }")
        try folder.write("hosts", try folder.read("hosts") + "10.0.0.9 printer\n")
        try await run(export)
        #expect(
            try folder.read("hosts") == "127.0.0.1 localhost\n"
                + "# BEGIN mortise inventory\n10.0.0.6\tc2.lab c2\n# END mortise inventory\n10.0.0.9 printer\n"
        )
        try folder.write("hosts", "# BEGIN mortise inventory\n")
        let broken = await failure(export)
        #expect(
            broken?.status == .invalidInput && broken?.message.contains("they are in the lines 1") == true)
        #expect(try folder.read("hosts") == "# BEGIN mortise inventory\n")
        #expect(
            await failure(["export", source, "--to", "hosts", "--output", target])?.status == .invalidInput)
        try FileManager.default.removeItem(atPath: target)
        try await run(export)
        #expect(try folder.read("hosts").hasPrefix("# BEGIN"))
        let link = folder.path + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
        try await run(["export", source, "--to", "slurm", "--output", link, "--force"])
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == target)
        #expect(try folder.read("hosts") == "NodeName=c2 NodeAddr=10.0.0.6 State=UNKNOWN\n")
    }

    @Test(
        "options that do not go together are refused",
        arguments: [
            (["export", "--to", "hosts"], "give a file, or --nodes"),
            (["export", "x", "--nodes", "--to", "hosts"], "give a file, or --nodes"),
            (
                ["export", "x", "--to", "slurm", "--merge", "--output", "y"],
                "--merge and --domain go with --to hosts"
            ),
            (["export", "x", "--to", "slurm", "--domain", "y"], "--merge and --domain go with --to hosts"),
            (["export", "x", "--to", "hosts", "--merge"], "--merge needs --output"),
            (["export", "x", "--to", "hosts", "--domain", "a b"], "'a b' is no domain"),
            (["import", "x", "--force"], "--force needs --output"),
            (["import", "x", "--set", "y"], "'y' is no NAME=VALUE"),
        ])
    func options(arguments: [String], message: String) async {
        let failure = await failure(arguments)
        #expect(failure?.message.contains(message) == true, "\(String(describing: failure))")
    }

    @Test("a wrong file is told with all that is wrong, and nothing is written")
    func wrong() async throws {
        let folder = try Folder()
        let source = try folder.write(
            "hosts.json", #"{"a": {"ipv4": "x"}, "b": {"ipv4": "10.0.0.1", "label": 1}}"#)
        let output = folder.path + "/out.yaml"
        let failure = await failure(["import", source, "--output", output])
        #expect(failure?.status == .invalidInput)
        #expect(failure?.message.hasPrefix("2 things are wrong:\n\(source):1:") == true)
        #expect(try folder.names == ["hosts.json"])
    }

    @Test("hosts are shown as a table, and as JSON")
    func showing() throws {
        var host = InventoryHost("c1", address: "10.0.0.5")
        host.groups = ["gpu", "worker"]
        host.labels = ["rack": "r1"]
        host.hardware.milliCPU = 64_000
        host.hardware.memoryBytes = 64 << 30
        host.hardware.devices = [.init(type: .gpu, count: 4, model: "A100"), .init(type: .npu, count: 1)]
        let device = TerminalDevice.plain
        let display = Display(format: .table, isQuiet: false, device: device)
        let hosts = [host, InventoryHost("c2")]
        let table = display.text(list: hosts.map { InventoryHostDisplay(host: $0) }) { "" }
        #expect(
            table == """
                name  address   user  port  role  groups       cpus  memory  devices        labels
                c1    10.0.0.5  -        -  -     gpu, worker    64  64 GiB  4 A100, 1 npu  rack=r1
                c2    -         -        -  -     -               -       -  -              -

                """)
    }

    @Test("nodes of the cluster are an inventory whose groups are the pools")
    func nodes() {
        func node(_ name: String, _ devices: [DeviceCapacity]) -> NodeView {
            NodeView(
                node: NodeID(1), name: name, pool: "burst", state: .ready, reason: "", since: "",
                address: "10.0.0.7", build: "", labels: ["rack=r1"],
                capacity: NodeCapacity(
                    resources: Resources(milliCPU: 8_000, memoryBytes: 1 << 34, diskBytes: 1 << 40),
                    devices: devices))
        }
        let gpu = DeviceCapacity(type: .gpu, model: "NVIDIA A100", memoryBytes: 80 << 30)
        let npu = DeviceCapacity(type: .npu, model: "910B3", memoryBytes: 0)
        let all = [node("n1", [gpu, npu, gpu]), node("n 2", []), node("n3", [])]
        let (hosts, left) = NodeInventory.hosts(of: all, isByMachine: true)
        var devices = DeclaredHardware.Devices(type: .gpu, count: 2, model: "NVIDIA A100")
        devices.memoryBytes = 80 << 30
        var host = InventoryHost("n1", address: "10.0.0.7")
        host.groups = ["burst"]
        host.labels = ["rack": "r1"]
        host.hardware.milliCPU = 8_000
        host.hardware.memoryBytes = 1 << 34
        host.hardware.diskBytes = 1 << 40
        host.hardware.devices = [devices, .init(type: .npu, count: 1, model: "910B3")]
        #expect(hosts == [host])
        #expect(
            left == [
                "node 'n 2' has a name that no host can have; it is left out",
                "node 'n3' has the address of 'n1', 10.0.0.7; it is left out",
            ])
        #expect(NodeInventory.hosts(of: all, isByMachine: false).hosts.map(\.name) == ["n1", "n3"])
    }
}
