import ClusterTypes
import Foundation
import Inventory
import Testing
import YAMLSections

/// Files of all forms, with parts that are cut out, doubled, exchanged or taken from another file.
private struct Damage {
    private static let samples = [
        """
        hosts:
          c1: { address: 10.0.0.5, user: alice, port: 22, role: head, groups: [worker], labels: { a: b }, cpus: 1.5 }
          c2: { memory: 64GiB, devices: [{ type: gpu, count: 4, model: A100 }] }
        """,
        """
        specs: { vm: { num_cores: 4, mem_gb: 16.0, disk: 200.0 } }
        clusters:
          main:
            parameters: { uname: root, port: 22, local_ip_index: 2 }
            hosts:
              h0: { ip_addr: ${NAME}, role: head, spec: vm }
              n-00.main: { ip_addr: 10.0.6.101, status: READY, port: "23", parameters: { group_id: 3 } }
        """,
        #"{"c01": {"ipv4": "10.0.0.4", "labels": [{"registry":"enable"}], "groups": ["master"]}, "c02": {"ipv4": "10.0.0.5"}}"#,
        #"{"172.30.2.101": "c1", "172.30.2.102": "c2"}"#,
        "127.0.0.1 localhost\nfe80::1%eth0 c4\n10.0.0.5 c1.lab c1 # x\n",
        """
        NodeName=DEFAULT CPUs=4
        NodeName=c[01-03,7] NodeAddr=10.0.0.[1-4] RealMemory=64 \\
          Gres=gpu:a100:4(S:0-1),npu Feature=a,b Reason="x y"
        PartitionName=p Nodes=c[01-02],ALL
        """,
        """
        head ansible_host=10.0.0.1
        [worker]
        c[01:03:2]:22 mortise_labels="{ a: b }" x='y z'
        [worker:vars]
        ansible_user = ada
        [all:children]
        worker
        """,
        "all: { vars: { ansible_port: \"22\" }, hosts: { head: }, children: { w: { hosts: { \"c[1:3]\": { mortise_cpus: 4 } } } } }",
    ]
    private static let pieces = [
        "${", "}", "[", "]", "[1-", ":", "\"", "'", "#", "\\", "\t", "\n", "\r", "%", "&a ", "*a", "- ", "~",
        "0",
    ]

    var random: SeededRandom

    private mutating func number(below limit: Int) -> Int {
        Int.random(in: 0..<max(1, limit), using: &random)
    }

    /// - Returns: the form that the file had, and the file.
    mutating func file() -> (form: InventoryForm, text: String) {
        let position = number(below: Self.samples.count)
        var bytes = Array(Self.samples[position].utf8)
        for _ in 0...number(below: 4) {
            let start = number(below: bytes.count)
            let end = min(bytes.count, start + number(below: 12))
            switch number(below: 4) {
            case 0: bytes.removeSubrange(start..<end)
            case 1: bytes.insert(contentsOf: bytes[start..<end], at: number(below: bytes.count))
            case 2:
                bytes.insert(contentsOf: Array(Self.pieces[number(below: Self.pieces.count)].utf8), at: start)
            default:
                let other = Array(Self.samples[number(below: Self.samples.count)].utf8)
                let from = number(below: other.count)
                bytes.replaceSubrange(
                    start..<end, with: other[from..<min(other.count, from + number(below: 30))])
            }
        }
        return (InventoryForm.allCases[position], String(decoding: bytes, as: UTF8.self))
    }
}

@Suite("Damaged inventories")
struct DamagedFileTests {
    @Test("a file in any state gives hosts that can be written and read again, or faults with their lines")
    func damaged() {
        let given = ProcessInfo.processInfo.environment["MORTISE_TEST_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0...UInt64.max)
        print("damaged inventories of seed \(seed)")
        var damage = Damage(random: SeededRandom(seed: seed))
        var (whole, wrong) = (0, 0)
        for round in 0..<1_000 {
            let (form, text) = damage.file()
            for form in [form, nil] {
                let comment: Comment = "MORTISE_TEST_SEED=\(seed), file \(round): \(text)"
                do throws(FileError) {
                    let inventory = try read(text, as: form, environment: ["NAME": "10.0.0.9"]).inventory
                    whole += 1
                    let own = InventoryWriter.write(inventory, as: .yaml).text
                    #expect((try? read(own, as: .yaml))?.inventory == inventory, comment)
                    let ansible = InventoryWriter.write(inventory, as: .ansible).text
                    #expect((try? read(ansible, as: .ansible))?.inventory == inventory, comment)
                    let slurm = InventoryWriter.write(inventory, as: .slurm).text
                    let names = (try? read(slurm, as: .slurm))?.inventory.hosts.map(\.name)
                    #expect(names == inventory.hosts.map(\.name), comment)
                } catch {
                    wrong += 1
                    #expect(error.faults.allSatisfy { !$0.message.isEmpty && $0.line ?? 1 >= 1 }, comment)
                    #expect(error.faults.allSatisfy { $0.line ?? 1 <= text.utf8.count + 1 }, comment)
                }
            }
        }
        // Both happen.
        #expect(whole > 100 && wrong > 100)
    }
}
