import ClusterTypes
import Inventory
import Testing
import YAMLSections

@Suite("/etc/hosts")
struct HostsFileTests {
    @Test("a line is a host; the machine itself, and second names of one host, are none")
    func whole() throws {
        let file = try read(
            """
            127.0.0.1\tlocalhost
            127.0.1.1 head
            ::1     ip6-localhost ip6-loopback
            fe00::0 ip6-localnet
            ff02::1 ip6-allnodes

            10.0.0.5   c1.example.org c1 # rack 1
            10.0.0.6   c2 two
            fd00::7    c3.example.org other c3
            10.0.0.5   nfs
            fd00::5    c1
            fe80::1%eth0 c4
            """)
        #expect(file.form == .hosts)
        #expect(
            file.inventory.hosts == [
                InventoryHost("c1", address: "10.0.0.5"), InventoryHost("c2", address: "10.0.0.6"),
                InventoryHost("c3", address: "fd00::7"), InventoryHost("c4", address: "fe80::1%eth0"),
            ])
        #expect(
            file.notes.map(\.description) == [
                "file:10: 10.0.0.5 has a name already in line 7: 'nfs' is left out",
                "file:11: 'c1' has an address already in line 7: fd00::5 is left out",
            ])
    }

    @Test("what is wrong is said, all of it")
    func wrong() {
        #expect(
            faults("c1 10.0.0.5\n10.0.0.300 c2\n10.0.0.7\n10.0.0.8 a/b\n", as: .hosts) == [
                "file:1: 'c1' is no address", "file:2: '10.0.0.300' is no address",
                "file:3: the address 10.0.0.7 has no name",
                "file:4: the host 'a/b': it needs a name of 1 to 60 letters, digits and . _ -, neither . nor - first",
            ])
    }
}

@Suite("NodeName lines of slurm.conf")
struct SlurmNodesTests {
    @Test("ranges, addresses, hardware, features and partitions")
    func whole() throws {
        let file = try read(
            """
            ClusterName=lab          # more of slurm.conf
            SlurmctldHost=head(10.0.0.1)
            NodeName=DEFAULT RealMemory=64000 State=UNKNOWN
            nodename=c[01-03] NodeAddr=10.0.0.[11-13] CPUs=64 \\
              Gres=gpu:a100:4(S:0-1),gpu:2,license:3 Feature=big,fast Weight=10
            NodeName=d1 Sockets=2 CoresPerSocket=8 ThreadsPerCore=2 RealMemory=32000 TmpDisk=1000 Reason="it is new"
            NodeName=e[1-9] State=FUTURE
            PartitionName=gpu Nodes=c[01-02],d1 Default=YES
            PartitionName=rest Nodes=c03,x9
            PartitionName=every Nodes=ALL
            """)
        #expect(file.form == .slurm)
        let hosts = file.inventory.hosts
        #expect(hosts.map(\.name) == ["c01", "c02", "c03", "d1"])
        #expect(hosts.map(\.address) == ["10.0.0.11", "10.0.0.12", "10.0.0.13", nil])
        #expect(
            hosts.map(\.groups) == [
                ["every", "gpu"], ["every", "gpu"], ["every", "rest"], ["every", "gpu"],
            ])
        #expect(hosts[2].hardware.milliCPU == 64_000)
        #expect(hosts[2].hardware.memoryBytes == 64_000 << 20)
        #expect(
            hosts[2].hardware.devices == [
                .init(type: .gpu, count: 4, model: "a100"), .init(type: .gpu, count: 2),
            ])
        #expect(hosts[2].labels == ["big": "true", "fast": "true"])
        #expect(hosts[3].hardware.milliCPU == 32_000)
        #expect(hosts[3].hardware.memoryBytes == 32_000 << 20)
        #expect(hosts[3].hardware.diskBytes == 1_000 << 20)
        #expect(
            file.notes.map(\.description) == [
                "file:4: 'license:3' of Gres is no GPU or NPU with a number and is left out",
                "file:7: 'e[1-9]' is to come only (State=FUTURE) and is left out",
                "file:9: the partition 'rest' names 'x9', which is no node of this file",
            ])
    }

    @Test(
        "what is wrong is said with its line",
        arguments: [
            ("NodeName=c[1-", "file:1: 'c[1-' is no list of nodes, such as c[01-04]"),
            ("NodeName=c[1-3] NodeAddr=10.0.0.[1-2]", "'10.0.0.[1-2]' does not give 3 addresses"),
            ("NodeName=c1 CPUs=many", "file:1: 'cpus': 'many' is no whole number"),
            ("NodeName=c1 CPUs=0", "'cpus': 0 is not in 1…"),
            ("NodeName=c1 CPUs=4 cpus=5", "file:1: 'cpus' is given more than once"),
            ("\nNodeName=c1\nNodeName=c[1-2]", "file:3: the host 'c1' is there already in line 2"),
            ("NodeName=c1 Reason=\"x", "file:1: quotes that begin in this line do not end"),
            ("NodeName=c1 big", "file:1: 'big' is no NAME=VALUE"),
            (
                "NodeName=c1 Boards=1000000 SocketsPerBoard=1000000 CoresPerSocket=1000000",
                "are more than any node has"
            ),
        ])
    func wrong(text: String, fault: String) {
        let found = faults(text)
        #expect(found.contains { $0.contains(fault) }, "\(found)")
    }
}

@Suite("Ansible's inventories")
struct AnsibleTests {
    private let ini = """
        ; ungrouped
        head ansible_host=10.0.0.1 ansible_connection=ssh

        [worker]
        c[01:03]
        d-[a:b]:2222 ansible_user="bob"

        [gpu]
        c01 mortise_cpus=64 mortise_labels='{ rack: r1 }' # the big one

        [worker:vars]
        ansible_user = ada
        mortise_memory='16GB'

        [compute:children]
        worker
        [all:vars]
        ansible_port=2200
        secret=x
        """

    private let yaml = """
        all:
          vars: { ansible_port: "2200", secret: x }
          hosts:
            head: { ansible_host: 10.0.0.1, ansible_connection: ssh }
          children:
            compute:
              children:
                worker:
                  vars: { ansible_user: ada, mortise_memory: 16GB }
                  hosts:
                    c[01:03]:
                    d-[a:b]: { ansible_user: bob, ansible_port: 2222 }
            gpu:
              hosts:
                c01: { mortise_cpus: 64, mortise_labels: { rack: r1 } }
        """

    @Test("both forms say the same", arguments: [false, true])
    func whole(isYAML: Bool) throws {
        let file = try read(isYAML ? yaml : ini)
        #expect(file.form == (isYAML ? .ansible : .ansibleINI))
        let hosts = file.inventory.hosts
        #expect(hosts.map(\.name) == ["head", "c01", "c02", "c03", "d-a", "d-b"])
        #expect(hosts.map(\.address) == ["10.0.0.1", nil, nil, nil, nil, nil])
        #expect(hosts.map(\.user) == [nil, "ada", "ada", "ada", "bob", "bob"])
        #expect(hosts.map(\.port) == [2_200, 2_200, 2_200, 2_200, 2_222, 2_222])
        #expect(hosts.map(\.groups).prefix(3) == [[], ["compute", "gpu", "worker"], ["compute", "worker"]])
        #expect(hosts[1].hardware.milliCPU == 64_000 && hosts[2].hardware.milliCPU == nil)
        #expect(hosts[1].labels == ["rack": "r1"])
        #expect(hosts[4].hardware.memoryBytes == 16_000_000_000)
        #expect(
            file.notes.map(\.message) == [
                "variables that mean nothing to a host of Mortise are left out: ansible_connection, secret"
            ])
    }

    @Test("of groups that say different things the inner one wins, then the later one of the alphabet")
    func precedence() throws {
        let file = try read(
            """
            [b]
            c1
            [a]
            c1
            [outer:children]
            a
            [a:vars]
            ansible_user=a
            ansible_port=1
            [b:vars]
            ansible_user=b
            [outer:vars]
            ansible_user=outer
            ansible_port=2
            ansible_host=outer
            [all:vars]
            ansible_host=all
            """)
        let host = try #require(file.inventory.hosts.first)
        // b is directly in all, a within outer.
        #expect(host.user == "a" && host.port == 1 && host.address == "outer")
    }

    @Test(
        "what is wrong is said",
        arguments: [
            ("[a]\nc1\n[a:hosts]\n", "file:3: '[a:hosts]' is no section"),
            ("[a]\nc1 x\n", "file:2: 'x' is no NAME=VALUE"),
            ("[a]\nc1 ansible_port=ssh\n", "file:2: 'c1.port': 'ssh' is no whole number"),
            ("[a]\nc[3:1]\n", "file:2: 'c[3:1]' is no name of a host, or a range such as c[01:04]"),
            ("[a]\nc1 x='y\n", "file:2: quotes that begin in this line do not end"),
            ("[a]\nc1\n[a:vars]\nx\n", "file:4: 'x' is no NAME=VALUE"),
            ("[a]\nc1\n[a:children]\nb\n[b:children]\na\n", "groups are children of each other"),
            ("[a]\nc1 ansible_host={{x}}\n", "file:2: the host 'c1': '{{x}}' is a template"),
            ("a: { hosts: { c1: { ansible_port: x } } }", "file:1:35: 'c1.port': 'x' is no whole number"),
            ("a: { hosts: { c1: 5 } }", "'a.hosts.c1' must be names with values"),
            ("a: { host: { c1: }, vars: {} }", "unknown key 'host' in 'a'; did you mean 'hosts'?"),
            ("a: { hosts: [c1] }", "'a.hosts' must be names with values"),
        ])
    func wrong(text: String, fault: String) {
        let found = faults(text)
        #expect(found.contains { $0.contains(fault) }, "\(found)")
    }

    @Test("hosts that are in very many groups are refused before they take long")
    func memberships() {
        let ini = (1...20).map { "[g\($0)]\nc[1:20000]\n" }.joined()
        #expect(faults(ini) == ["file:22: hosts are in groups more than 200000 times"])
        let around = (1...20).map { "[g\($0):children]\nc\n" }.joined()
        #expect(
            faults("[c]\nc[1:20000]\n" + around).first?.contains("hosts are in groups more than") == true)
        let partitions = (1...20).map { "PartitionName=p\($0) Nodes=ALL\n" }.joined()
        #expect(
            faults("NodeName=c[1-20000]\n" + partitions) == [
                "file:12: nodes are in partitions more than 200000 times"
            ])
    }

    @Test("a variable of a group is wrong once, whoever has it")
    func once() {
        #expect(
            faults("a: { hosts: { c1: , c2: , c3: }, vars: { ansible_port: x } }").count == 1)
    }

    @Test("groups as deep as nobody has them are refused, and do not end the program")
    func depth() {
        let chain = (0..<1_000).map { "[g\($0):children]\ng\($0 + 1)\n" }.joined()
        #expect(faults("[g1000]\nc1\n" + chain).first?.contains("more than 64 deep") == true)
        let open = String(repeating: "a: { children: ", count: 30_000)
        #expect(!faults(open, as: .ansible).isEmpty)
    }
}

@Suite("Mortise's own inventories")
struct OwnFormTests {
    @Test("everything that can be said of a host is read")
    func whole() throws {
        let file = try read(
            """
            hosts:
              head: { address: 10.0.0.1, role: head }
              c1:
                address: c1.lab
                user: alice
                port: 2222
                role: compute
                groups: [worker, gpu, worker]
                labels: { rack: r1, empty: "" }
                environment: { MORTISE_LOCAL_IP_INDEX: "2" }
                cpus: 1.5
                memory: 64GiB
                disk: 1TB
                devices: [{ type: gpu, count: 2, model: NVIDIA A100, memory: 80GB }, { type: npu, count: 1, vendor: huawei }]
              c2:
            """)
        let hosts = file.inventory.hosts
        #expect(hosts.map(\.name) == ["head", "c1", "c2"])
        #expect(hosts[0].role == .head && hosts[2] == InventoryHost("c2"))
        let host = hosts[1]
        #expect(host.address == "c1.lab" && host.user == "alice" && host.port == 2_222)
        #expect(host.groups == ["gpu", "worker"] && host.role == .compute)
        #expect(host.labels == ["rack": "r1", "empty": ""])
        #expect(host.environment == ["MORTISE_LOCAL_IP_INDEX": "2"])
        #expect(host.hardware.milliCPU == 1_500 && host.hardware.memoryBytes == 64 << 30)
        #expect(host.hardware.devices.map(\.count) == [2, 1])
        #expect(host.hardware.devices.map(\.type) == [.gpu, .npu])
        #expect(file.inventory.groups == ["compute", "gpu", "head", "worker"])
        #expect(file.inventory.hosts(in: ["head", "gpu"]).map(\.name) == ["head", "c1"])
    }

    @Test(
        "what is wrong is said with its place",
        arguments: [
            (
                "hosts: { a: { adress: x } }",
                "file:1:15: unknown key 'adress' in 'hosts.a'; did you mean 'address'?"
            ),
            ("hosts: { a: { port: \"22\" } }", "'hosts.a.port' is a number and is written without quotes"),
            ("hosts: { a: { address: 10.0.0 } }", "'10.0.0' is no address"),
            ("hosts: { a: { address: -oProxyCommand=x } }", "'-oProxyCommand=x' is no address"),
            ("hosts: { -a: {} }", "the host '-a': it needs a name"),
            ("hosts: { a: { address: 'a=b' } }", "'a=b' is no address"),
            ("hosts: { a: { address: '{{x}}' } }", "'{{x}}' is a template"),
            ("hosts: { a: { user: '' } }", "'' is no user"),
            ("hosts: { a: { environment: { A-B: x } } }", "'A-B' is no name of a variable"),
            ("hosts: { a: { environment: { A: \"x\\ny\" } } }", "the variable 'A' has a control character"),
            ("hosts: { a: { labels: { b: \"x\\ty\" } } }", "the label 'b' has a control character"),
            ("hosts: { a: { groups: [b c] } }", "'b c' is no name of a group"),
            ("hosts: { a: { memory: 64 } }", "'hosts.a.memory': '64' has no unit"),
            ("hosts: { a: { devices: { type: tpu, count: 1 } } }", "'tpu' is not known; choose gpu, npu"),
            ("hosts: { a: { devices: { type: gpu } } }", "'hosts.a.devices.count' is missing"),
            ("hosts: {}", "there are no hosts in it"),
            (
                "hosts: { a: { address: x }, b: { address: x } }",
                "the host 'b' has the address x, which 'a' has"
            ),
        ])
    func wrong(text: String, fault: String) {
        let found = faults(text, as: .yaml)
        #expect(found.contains { $0.contains(fault) }, "\(found)")
    }
}
