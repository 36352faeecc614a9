import ClusterTypes
import Testing

/// Lists of hosts of the running cluster, and what the coordinator makes of them.
@Suite struct InventoryTests {
    @Test("The nodes of a cluster become an inventory, and that the hosts of a pool")
    func nodes() async throws {
        try await TestCluster.run { cluster in
            try await cluster.startAgents("birch")
            try await cluster.startAgents("elm")
            try await cluster.startAgent("oak", "--advertise", "oak.lab")
            try await cluster.waitForNode("oak", .ready)
            let file = cluster.path("nodes.yaml")
            let export = try await cluster.mortise(
                "inventory", "export", "--nodes", "--to", "yaml", "--output", file)
            #expect(export.status == 0, "\(export)")
            #expect(export.errors.contains("node 'elm' has the address of 'birch'"), "\(export)")
            let table = try await cluster.mortise("inventory", "show", file)
            #expect(table.output.contains("birch") && table.output.contains("oak"), "\(table)")
            let lines = try await cluster.mortise("inventory", "export", file, "--to", "slurm")
            #expect(lines.output.hasPrefix("NodeName=birch NodeAddr="), "\(lines)")
            #expect(lines.output.contains("\nNodeName=oak NodeAddr=oak.lab CPUs="), "\(lines)")
            let names = try await cluster.mortise("inventory", "export", "--nodes", "--to", "hosts")
            #expect(names.output.contains("\tbirch\n") && names.output.contains("\telm\n"), "\(names)")

            let pools = try cluster.write(
                cluster.path("pools.yaml"),
                """
                pools:
                  lab:
                    launcher:
                      ssh: { inventory: nodes.yaml, groups: [default], agents: { x86_64: \(Programs.agent) } }
                    nodes: { max: 2 }
                """)
            let check = try await cluster.run(Programs.coordinator, ["pools", "check", pools])
            #expect(check.status == 0 && check.output.contains("pool 'lab': ssh, 0 to 2 nodes"), "\(check)")
            _ = try cluster.write(file, "hosts: { birch: { groups: [other] } }\n")
            let wrong = try await cluster.run(Programs.coordinator, ["pools", "check", pools])
            #expect(wrong.status != 0, "\(wrong)")
            #expect(wrong.errors.contains("no host is in 'default'; there are other"), "\(wrong)")
        }
    }
}
