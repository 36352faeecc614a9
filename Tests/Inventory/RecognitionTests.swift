import Inventory
import Testing
import YAMLSections

@Suite("The form of an inventory")
struct RecognitionTests {
    @Test(
        "each form is recognized by what stands in it",
        arguments: [
            ("hosts: { c1: { address: 10.0.0.5 } }", InventoryForm.yaml),
            ("clusters: { a: { hosts: { x: { ip_addr: 10.0.0.1 } } } }", .scalebox),
            (#"{"c1": {"ipv4": "10.0.0.4"}}"#, .stKildaPier),
            (#"{"172.30.2.101": "c1"}"#, .hybridCloud),
            ("172.30.2.101: c1\n", .hybridCloud),
            ("# the lab\n127.0.0.1 localhost\n::1 ip6-localhost\n10.0.0.5 c1.lab c1\n", .hosts),
            ("ClusterName=x\nNodeName=c[1-2] CPUs=4\nPartitionName=p Nodes=ALL\n", .slurm),
            ("[worker]\nc1\nc2\n\n[worker:vars]\nansible_user=ada\n", .ansibleINI),
            ("c1 ansible_host=10.0.0.5\n", .ansibleINI),
            ("all:\n  hosts:\n    c1:\n", .ansible),
            ("\u{FEFF}10.0.0.5 c1\r\n10.0.0.6 c2\r\n", .hosts),
            ("\u{FEFF}{\t\"172.30.2.101\":\t\"c1\"\r\n}", .hybridCloud),
            ("worker:\n  hosts:\n    c1: { ansible_host: 10.0.0.5 }\n", .ansible),
        ])
    func forms(text: String, form: InventoryForm) throws {
        let file = try read(text)
        #expect(file.form == form)
        #expect(!file.inventory.hosts.isEmpty)
    }

    @Test(
        "what may be several forms is not guessed",
        arguments: [
            ("hosts: { hosts: { c1: } }", "this may be yaml or ansible: say which (--from)"),
            ("a: { ipv4: 10.0.0.1, hosts: { b: } }", "this may be st-kilda-pier or ansible: say which"),
            ("[a]\nNodeName=x ansible_host=y", "this may be slurm or ansible-ini: say which (--from)"),
        ])
    func ambiguous(text: String, fault: String) {
        #expect(faults(text).first?.contains(fault) == true, "\(faults(text))")
    }

    @Test(
        "what looks like none is refused",
        arguments: ["hello", "a: b", "[1, 2]", "{}", "c1: 10.0.0.5", "job: x\ncommand: [y]"])
    func unknown(text: String) {
        #expect(
            faults(text) == [
                "file: this looks like no inventory; name its form (--from): yaml, scalebox, st-kilda-pier, "
                    + "hybrid-cloud, hosts, slurm, ansible, ansible-ini"
            ])
    }

    @Test("a form that is named is the form")
    func named() throws {
        #expect(try read("c1\nc2", as: .ansibleINI).inventory.hosts.map(\.name) == ["c1", "c2"])
        #expect(!faults("hosts: { c1: }", as: .slurm).isEmpty)
        for form in InventoryForm.allCases {
            #expect(!faults("", as: form).isEmpty && !faults("[a, b]", as: form).isEmpty, "\(form)")
        }
    }

    @Test("what is for cluster files of Scalebox is refused with others")
    func options() {
        #expect(
            faults("hosts: { c1: }", cluster: "x", variables: ["A": "b"]) == [
                "file: a cluster can be given for a cluster file of Scalebox only; this is 'yaml'",
                "file: definitions can be given for a cluster file of Scalebox only; this is 'yaml'",
            ])
    }

    @Test("there is an end to the number of hosts")
    func limit() throws {
        #expect(try read("NodeName=c[1-20000]").inventory.hosts.count == 20_000)
        #expect(
            faults("NodeName=c[1-20000]\nNodeName=d[1-100]") == ["file:2: there are more than 20000 hosts"])
        let many = String(repeating: "NodeName=c[1-99999]\n", count: 50)
        #expect(!faults(many).isEmpty)
    }
}
