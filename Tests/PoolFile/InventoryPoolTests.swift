import CoordinatorLaunchers
import Foundation
import PoolFile
import Testing
import YAMLSections

@Suite("Pools of hosts that an inventory names")
struct InventoryPoolTests {
    /// A pool file in a folder with another file.
    private func options(_ ssh: String, _ inventory: String, name: String = "hosts.x") throws -> SSHOptions? {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "mortise-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try inventory.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
        try "ADDRESS=10.0.0.9\n".write(
            to: folder.appendingPathComponent("lab.env"), atomically: true, encoding: .utf8)
        let file = folder.appendingPathComponent("pools.yaml")
        try """
        pools:
          lab:
            launcher:
              ssh:
                agents: { x86_64: /srv/agent }
                \(ssh)
            nodes: { max: 2 }
        """.write(to: file, atomically: true, encoding: .utf8)
        guard case .ssh(let options) = try PoolFileReader.read(path: file.path).first?.launcher else {
            return nil
        }
        return options
    }

    private func faults(_ ssh: String, _ inventory: String = "hosts: { c1: { groups: [a] } }") -> [String] {
        do {
            _ = try options(ssh, inventory)
            return []
        } catch {
            return (error as? FileError)?.faults.map(\.message) ?? ["\(error)"]
        }
    }

    private static let forms: [(text: String, host: SSHHost)] = [
        (
            """
            hosts:
              c1:
                address: 10.0.0.4
                user: ada
                port: 2222
                labels: { rack: r1, zone: b }
                environment: { MORTISE_LOCAL_IP_INDEX: "2" }
                cpus: 4
            """,
            SSHHost(
                "c1", address: "10.0.0.4", user: "ada", port: 2_222, labels: ["rack=r1", "zone=b"],
                parameters: [EnvironmentVariable("MORTISE_LOCAL_IP_INDEX", "2")])
        ),
        (
            """
            clusters:
              main:
                parameters: { uname: ada, local_ip_index: 2 }
                hosts: { c1: { ip_addr: 10.0.0.4, port: 2222, parameters: { group_id: 3 } } }
            """,
            SSHHost(
                "c1", address: "10.0.0.4", user: "ada", port: 2_222, labels: ["group_id=3"],
                parameters: [EnvironmentVariable("MORTISE_LOCAL_IP_INDEX", "2")])
        ),
        (
            #"{"c1": {"ipv4": "10.0.0.4", "labels": [{"registry": "enable"}], "groups": ["worker"]}}"#,
            SSHHost("c1", address: "10.0.0.4", labels: ["registry=enable"])
        ),
        (#"{"10.0.0.4": "c1"}"#, SSHHost("c1", address: "10.0.0.4")),
        ("10.0.0.4 c1.lab c1", SSHHost("c1", address: "10.0.0.4")),
        (
            "NodeName=c1 NodeAddr=10.0.0.4 Feature=big",
            SSHHost("c1", address: "10.0.0.4", labels: ["big=true"])
        ),
        (
            "[lab]\nc1 ansible_host=10.0.0.4 ansible_user=ada ansible_port=2222",
            SSHHost("c1", address: "10.0.0.4", user: "ada", port: 2_222)
        ),
        (
            "lab: { hosts: { c1: { ansible_host: 10.0.0.4, ansible_user: ada, mortise_labels: { rack: r1 } } } }",
            SSHHost("c1", address: "10.0.0.4", user: "ada", labels: ["rack=r1"])
        ),
    ]

    @Test("each form gives the launcher its hosts", arguments: 0..<8)
    func forms(position: Int) throws {
        let (text, host) = Self.forms[position]
        let options = try #require(try options("inventory: hosts.x", text))
        #expect(options.hosts == [host])
        #expect(options.faults().isEmpty)
    }

    @Test("groups and roles choose hosts, of an inventory and of the pool file's own")
    func groups() throws {
        let hosts = "{ h: { role: head }, a: { groups: [x] }, b: { groups: [y, z] }, c: { groups: [z] } }"
        func names(_ groups: String) throws -> [[String]?] {
            [
                try options("inventory: hosts.x\n        groups: \(groups)", "hosts: \(hosts)")?.hosts.map(
                    \.name),
                try options("hosts: \(hosts)\n        groups: \(groups)", "")?.hosts.map(\.name),
            ]
        }
        #expect(try names("[z]") == [["b", "c"], ["b", "c"]])
        #expect(try names("[z, x]") == [["a", "b", "c"], ["a", "b", "c"]])
        #expect(try names("head") == [["h"], ["h"]])
    }

    @Test("how a file is to be read can be said")
    func source() throws {
        let text = """
            clusters:
              a: { hosts: { c1: { ip_addr: 10.0.0.1 } } }
              b: { hosts: { c1: { ip_addr: ${ADDRESS}, uname: ${NAME} } } }
            """
        let options = try #require(
            try options(
                "inventory: { file: hosts.x, from: scalebox, cluster: b, set: { NAME: ada }, env_files: [lab.env] }",
                text))
        #expect(options.hosts == [SSHHost("c1", address: "10.0.0.9", user: "ada")])
    }

    @Test("what is wrong is said with the place in the pool file, and that in the inventory")
    func wrong() throws {
        #expect(
            faults("hosts: { c1: {} }\n        inventory: hosts.x") == [
                "'pools.lab.launcher.ssh' has both 'hosts' and 'inventory': give one"
            ])
        #expect(faults("grace: 5s").first?.hasPrefix("'pools.lab.launcher.ssh' needs 'hosts'") == true)
        let missing = faults("inventory: other.x")
        #expect(missing.count == 1)
        #expect(missing.first?.hasSuffix("/other.x: cannot be opened: No such file or directory") == true)
        let both = faults("inventory: hosts.x", "hosts:\n  c1: { prt: 1 }\n  c2: { cpus: x }")
        #expect(both.count == 2)
        #expect(
            both.first?.contains("hosts.x:2:9: unknown key 'prt' in 'hosts.c1'; did you mean 'port'?") == true
        )
        #expect(
            faults("inventory: hosts.x\n        groups: [b]") == [
                "'pools.lab.launcher.ssh.groups': no host is in 'b'; there are a"
            ])
        #expect(
            faults("inventory: hosts.x\n        groups: []") == [
                "'pools.lab.launcher.ssh.groups' names no group"
            ])
        #expect(
            faults("inventory: { from: slurm }") == [
                "'pools.lab.launcher.ssh.inventory.file' is missing: the inventory's path"
            ])
    }
}
