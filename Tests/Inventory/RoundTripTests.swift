import ClusterTypes
import Foundation
import Inventory
import Testing

/// Inventories drawn from a seed: with every property, and texts that YAML could misread.
private struct InventoryGenerator {
    private var random: SeededRandom
    private let texts = [
        "no", "Null", "~", "1", "1.50", "0x1F", "1:20", "- a", "#x", "a: b", "'", "\"", "\\", "é", "{}", "[a",
        "@x", "%y",
        " x ", "true", "10.0.0.1", "plain", "x\u{FEFF}y", "\u{1F600}", "=", "<<", "?", "", "2026-01-01",
        "\u{2028}",
    ]

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    private mutating func isSo() -> Bool { Bool.random(using: &random) }
    private mutating func text() -> String { texts.randomElement(using: &random) ?? "" }

    mutating func inventory() -> HostInventory {
        let names = ["c1", "no", "07", "n-00.lab", "null", "1e3", "_x", "on", "10.0.0.9", "yes"].shuffled(
            using: &random)
        var inventory = HostInventory()
        for (position, name) in names.prefix(number(1...names.count)).enumerated() {
            inventory.hosts.append(host(name, position))
        }
        return inventory
    }

    private mutating func host(_ name: String, _ position: Int) -> InventoryHost {
        var host = InventoryHost(name)
        if isSo() {
            host.address = isSo() ? "10.1.0.\(position)" : isSo() ? "fd00::\(position)" : "h\(position).lab"
        }
        if isSo() { host.user = ["ada", "1000", "no", "ada@lab"].randomElement(using: &random) }
        if isSo() { host.port = UInt16(number(1...65_535)) }
        if isSo() { host.role = position == 0 && isSo() ? .head : .compute }
        host.groups = ["worker", "gpu", "no", "g.1-x"].filter { _ in isSo() }.sorted()
        for key in ["rack", "true", "a b", "é", "1"] where isSo() { host.labels[key] = text() }
        for name in ["PATH", "_y", "MORTISE_LOCAL_IP_INDEX"] where isSo() { host.environment[name] = text() }
        if isSo() { host.hardware.milliCPU = Int64(number(1...300_000)) }
        if isSo() {
            host.hardware.memoryBytes = isSo() ? Int64(number(0...4_000)) << 30 : Int64(number(0...1 << 50))
        }
        if isSo() { host.hardware.diskBytes = Int64(number(1...900)) * 1_000_000_000 }
        for _ in 0..<number(0...2) {
            var devices = DeclaredHardware.Devices(type: isSo() ? .gpu : .npu, count: number(1...128))
            if isSo() { devices.model = text() }
            if isSo() { devices.vendor = "huawei" }
            if isSo() { devices.memoryBytes = Int64(number(1...80)) << 30 }
            host.hardware.devices.append(devices)
        }
        return host
    }
}

@Suite("What is written is read as it was")
struct RoundTripTests {
    private func inventories(_ check: (HostInventory, Comment) throws -> Void) rethrows {
        let given = ProcessInfo.processInfo.environment["MORTISE_TEST_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0...UInt64.max)
        print("inventories of seed \(seed)")
        var generator = InventoryGenerator(seed: seed)
        for round in 0..<300 {
            let inventory = generator.inventory()
            try check(inventory, "MORTISE_TEST_SEED=\(seed), inventory \(round)")
        }
    }

    @Test("Mortise's own form and Ansible's carry everything", arguments: [InventoryOutput.yaml, .ansible])
    func whole(output: InventoryOutput) throws {
        try inventories { inventory, comment in
            let (text, notes) = InventoryWriter.write(inventory, as: output)
            let file = try read(text)
            #expect(file.form == (output == .yaml ? .yaml : .ansible), comment)
            #expect(file.inventory == inventory, comment)
            #expect(notes.isEmpty && file.notes.isEmpty, comment)
            #expect(InventoryWriter.write(file.inventory, as: output).text == text, comment)
        }
    }

    @Test("lines of /etc/hosts carry names and addresses", arguments: [nil, "example.org"])
    func hosts(domain: String?) throws {
        try inventories { inventory, comment in
            let (text, notes) = InventoryWriter.write(inventory, as: .hosts, domain: domain)
            let expected = inventory.hosts.filter { host in
                host.address.map { $0.hasPrefix("10.") || $0.contains(":") } ?? false
            }
            #expect(notes.isEmpty == (expected.count == inventory.hosts.count), comment)
            if expected.isEmpty {
                #expect(!faults(text, as: .hosts).isEmpty, comment)
            } else {
                let read = try read(text).inventory.hosts
                #expect(read == expected.map { InventoryHost($0.name, address: $0.address) }, comment)
            }
        }
    }

    @Test("lines of Slurm carry names, addresses, hardware, and labels that are true")
    func slurm() throws {
        try inventories { inventory, comment in
            let text = InventoryWriter.write(inventory, as: .slurm).text
            let read = try read(text)
            #expect(read.notes.isEmpty, comment)
            #expect(read.inventory.hosts.map(\.name) == inventory.hosts.map(\.name), comment)
            for (host, original) in zip(read.inventory.hosts, inventory.hosts) {
                let (hardware, declared) = (host.hardware, original.hardware)
                #expect(host.address == (original.address == original.name ? nil : original.address), comment)
                #expect(hardware.milliCPU ?? 0 == (declared.milliCPU ?? 0) / 1_000 * 1_000, comment)
                #expect(hardware.memoryBytes ?? 0 == (declared.memoryBytes ?? 0) & ~0xFFFFF, comment)
                #expect(hardware.diskBytes ?? 0 == (declared.diskBytes ?? 0) & ~0xFFFFF, comment)
                #expect(hardware.devices.map(\.count) == declared.devices.map(\.count), comment)
                #expect(hardware.devices.map(\.type) == declared.devices.map(\.type), comment)
                #expect(
                    hardware.devices.map { $0.model == nil } == declared.devices.map { $0.model == nil },
                    comment)
                let features = original.labels.filter {
                    $0.value == "true" && ["rack", "true", "1"].contains($0.key)
                }
                #expect(host.labels == features, comment)
            }
            #expect(InventoryWriter.write(read.inventory, as: .slurm).text == text, comment)
        }
    }
}

@Suite("Writing inventories")
struct WriterTests {
    private func example() -> HostInventory {
        var head = InventoryHost("head", address: "10.0.0.1")
        head.role = .head
        var host = InventoryHost("c1", address: "10.0.0.5")
        host.user = "alice"
        host.port = 22
        host.groups = ["gpu", "worker"]
        host.labels = ["big": "true", "rack": "7"]
        host.environment = ["MORTISE_LOCAL_IP_INDEX": "2"]
        host.hardware.milliCPU = 64_500
        host.hardware.memoryBytes = 512 << 30
        host.hardware.devices = [.init(type: .gpu, count: 4, model: "NVIDIA A100")]
        return HostInventory(hosts: [head, host, InventoryHost("c2")])
    }

    @Test("Mortise's own")
    func own() {
        #expect(
            InventoryWriter.write(example(), as: .yaml).text == """
                hosts:
                  head:
                    address: 10.0.0.1
                    role: head
                  c1:
                    address: 10.0.0.5
                    user: alice
                    port: 22
                    groups: [gpu, worker]
                    labels: { big: "true", rack: "7" }
                    environment: { MORTISE_LOCAL_IP_INDEX: "2" }
                    cpus: 64.5
                    memory: 512GiB
                    devices: { type: gpu, count: 4, model: "NVIDIA A100" }
                  c2: {}

                """)
    }

    @Test("Ansible's")
    func ansible() {
        #expect(
            InventoryWriter.write(example(), as: .ansible).text == """
                all:
                  hosts:
                    head:
                      ansible_host: 10.0.0.1
                      mortise_role: head
                    c1:
                      ansible_host: 10.0.0.5
                      ansible_user: alice
                      ansible_port: 22
                      mortise_labels: { big: "true", rack: "7" }
                      mortise_environment: { MORTISE_LOCAL_IP_INDEX: "2" }
                      mortise_cpus: 64.5
                      mortise_memory: 512GiB
                      mortise_devices: { type: gpu, count: 4, model: "NVIDIA A100" }
                    c2: {}
                  children:
                    gpu:
                      hosts:
                        c1: {}
                    worker:
                      hosts:
                        c1: {}

                """)
    }

    @Test("Slurm's")
    func slurm() {
        #expect(
            InventoryWriter.write(example(), as: .slurm).text == """
                NodeName=head NodeAddr=10.0.0.1 State=UNKNOWN
                NodeName=c1 NodeAddr=10.0.0.5 CPUs=64 RealMemory=524288 Gres=gpu:nvidia_a100:4 Feature=big State=UNKNOWN
                NodeName=c2 State=UNKNOWN

                """)
    }

    @Test("/etc/hosts, where what has no address is left out and named")
    func hosts() {
        let (text, notes) = InventoryWriter.write(example(), as: .hosts, domain: "lab")
        #expect(
            text == """
                # BEGIN mortise inventory
                10.0.0.1\thead.lab head
                10.0.0.5\tc1.lab c1
                # END mortise inventory

                """)
        #expect(notes == ["without an address, so left out: c2"])
    }

    @Test("the block is put in the place of the one that is there, and nothing else changes")
    func merge() throws {
        let block = InventoryWriter.write(example(), as: .hosts).text
        let before =
            "127.0.0.1 localhost\n\n# BEGIN mortise inventory\n10.9.9.9 old\n# END mortise inventory\n10.0.0.2 x"
        let after = try HostsBlock.merge(block, into: before)
        #expect(after == "127.0.0.1 localhost\n\n\(block)10.0.0.2 x")
        #expect(try HostsBlock.merge(block, into: after) == after)
        let first = try HostsBlock.merge(block, into: "127.0.0.1 localhost")
        #expect(first == "127.0.0.1 localhost\n" + block)
        #expect(try HostsBlock.merge(block, into: first) == first)
        #expect(try HostsBlock.merge(block, into: "") == block)
        #expect(
            try HostsBlock.merge(
                block, into: "a\r\n# BEGIN mortise inventory\r\n# END mortise inventory\r\nb")
                == "a\r\n\(block)b")
    }

    @Test(
        "a file whose marks are broken is left alone",
        arguments: [
            "# BEGIN mortise inventory\n", "# END mortise inventory\n",
            "# END mortise inventory\n# BEGIN mortise inventory\n",
            "# BEGIN mortise inventory\n# END mortise inventory\n# BEGIN mortise inventory\n# END mortise inventory\n",
        ])
    func brokenMarks(file: String) {
        #expect(throws: (any Error).self) { try HostsBlock.merge("", into: file) }
    }

    @Test("lines outside of the block that say something else are named")
    func conflicts() {
        let file =
            "10.0.0.9 c1 # old\n# BEGIN mortise inventory\n10.0.0.8 c1\n# END mortise inventory\n10.0.0.5 c1\n"
        #expect(
            HostsBlock.conflicts(of: example(), in: file) == ["line 1 gives 'c1' another address, 10.0.0.9"])
    }
}
