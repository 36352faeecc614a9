import ClusterTypes
import Inventory
import Testing
import YAMLSections

@Suite("Cluster files of Scalebox")
struct ScaleboxTests {
    private let inline = """
        version: '1.0.0'
        label: Global Definition Cluster inline-cluster
        specs:
          inline-vm-00:
            num_cores: 4
            mem_gb: 16.0
            disk: 200.0
        clusters:
          inline-cluster:
            parameters:
              base_dir: /gfs
              base_data_dir: /gfs/mydata
              uname: root
              local_ip_index: 2
            comment: inline-cluster
            hosts:
              h0:
                label: head node
                ip_addr: 10.0.6.100
                role: head
                spec: inline-vm-00
                comment: CentOS 8
              n-00: { ip_addr: 10.0.6.101, spec: inline-vm-00 }
              n-01.inline-cluster:
                ip_addr: 10.0.6.102
                uname: scalebox
                port: "2222"
                parameters:
                  port: 2200
                  local_ip_index: 1
                  group_id: 7
                  default_runtime: singularity
                  ssh_cepher: aes128-gcm@openssh.com
        """

    /// One cluster with this as its hosts.
    private func cluster(_ hosts: String, parameters: String = "{}", specs: String = "{}") -> String {
        """
        specs: \(specs)
        clusters:
          main:
            parameters: \(parameters)
            hosts: \(hosts)
        """
    }

    @Test("hosts have their specs, the cluster's settings, and what they say themselves")
    func whole() throws {
        let file = try read(inline)
        #expect(file.form == .scalebox)
        let hosts = file.inventory.hosts
        #expect(hosts.map(\.name) == ["h0", "n-00", "n-01"])
        #expect(hosts.map(\.address) == ["10.0.6.100", "10.0.6.101", "10.0.6.102"])
        #expect(hosts.map(\.role) == [.head, .compute, .compute])
        #expect(hosts.map(\.user) == ["root", "root", "scalebox"])
        #expect(hosts.map(\.port) == [nil, nil, 2_200])
        #expect(hosts.map { $0.environment["MORTISE_LOCAL_IP_INDEX"] } == ["2", "2", "1"])
        #expect(hosts.map(\.labels) == [[:], [:], ["default_runtime": "singularity", "group_id": "7"]])
        #expect(hosts[1].hardware.milliCPU == 4_000)
        #expect(hosts[1].hardware.memoryBytes == 16_000_000_000)
        #expect(hosts[1].hardware.diskBytes == 200_000_000_000)
        #expect(hosts[2].hardware == DeclaredHardware())
        #expect(
            file.notes.map(\.message) == [
                "'clusters.inline-cluster.parameters': base_dir, base_data_dir mean nothing to a host of Mortise and "
                    + "are left out",
                "'clusters.inline-cluster.hosts.n-01.inline-cluster.parameters': ssh_cepher mean nothing to a host of "
                    + "Mortise and are left out",
            ])
    }

    @Test("a file may have several clusters, of which one is chosen")
    func severalClusters() throws {
        let text = """
            clusters:
              a: { hosts: { x: { ip_addr: 10.0.0.1 } } }
              b: { hosts: { y: { ip_addr: 10.0.0.2 } } }
            """
        #expect(try read(text, cluster: "b").inventory.hosts.map(\.name) == ["y"])
        #expect(
            faults(text) == ["file:2:3: there are several clusters: choose one of a, b (--cluster)"])
        #expect(faults(text, cluster: "c") == ["file:2:3: there is no cluster 'c'; there are a, b"])
        #expect(faults("clusters: {}") == ["file:1:11: there are no clusters"])
    }

    @Test("a cluster whose nodes a scheduler gives has no hosts to import")
    func external() {
        let text = """
            clusters:
              slurm:
                parameters: { uname: ada, conn_url: "fhpc://h:1", grpc_server: 10.100.1.30 }
                total_resources: { num_cores: 48, total_mem_gb: 256.0, total_disk_tb: 29 }
            """
        let found = faults(text)
        #expect(found.count == 1)
        #expect(
            found.first?.contains("the cluster 'slurm' has no hosts: its nodes come from a scheduler") == true
        )
    }

    @Test(
        "variables come from the options, the environment and files, in this order; also where YAML has braces"
    )
    func variables() throws {
        let text = cluster(
            "{ h0: { ip_addr: ${LOCAL_ADDR}, uname: \"${USER}-x\", port: ${PORT} } }",
            parameters: "{ grpc_server: ${NOT_USED} }")
        let host = try #require(
            read(
                text, variables: ["PORT": "2222"],
                environment: ["LOCAL_ADDR": "10.0.2.21", "USER": "ada", "PORT": "1"]
            ).inventory.hosts.first)
        #expect(host.address == "10.0.2.21" && host.user == "ada-x" && host.port == 2_222)
        var definitions = Definitions()
        definitions.define("LOCAL_ADDR", "10.9.9.9")
        definitions.define("USER", "file")
        definitions.define("PORT", "99")
        let file = try InventoryReader.parse(text, file: "file", environment: { $0 == "USER" ? "ada" : nil })
        {
            definitions
        }
        #expect(file.inventory.hosts.first?.user == "ada-x")
        #expect(file.inventory.hosts.first?.address == "10.9.9.9")
    }

    @Test("a variable that is not defined is named with its place")
    func undefined() {
        let text = cluster("{ h0: { ip_addr: ${LOCAL_ADDR}, uname: ${A B}, port: ${OPEN } }")
        #expect(
            faults(cluster("{ h0: { ip_addr: ${LOCAL_ADDR} } }")) == [
                "file:5:29: 'clusters.main.hosts.h0.ip_addr': the variable ${LOCAL_ADDR} is not defined; define it "
                    + "with --set LOCAL_ADDR=…, in a file of definitions or in the environment"
            ])
        #expect(!faults(text).isEmpty)
        let open = faults(cluster("{ h0: { ip_addr: '${LOCAL' } }"))
        #expect(open == ["file:5:29: 'clusters.main.hosts.h0.ip_addr': '${LOCAL' has a ${ without its }"])
        let other = faults(cluster("{ h0: { ip_addr: '${A:-b}' } }"))
        #expect(
            other == [
                "file:5:29: 'clusters.main.hosts.h0.ip_addr': '${A:-b}' is no variable; write ${NAME}"
            ])
    }

    @Test(
        "what is wrong in a file is said with its place",
        arguments: [
            ("{ n: { spec: vm, ip_addr: 10.0.0.1 } }", "there is no spec 'vm'; there are no specs"),
            ("{ n: { label: x } }", "file:5:14: the host 'n' has no ip_addr"),
            (
                "{ n: { ip_addr: 10.0.0.1 }, m: { ip_addr: 10.0.0.1 } }",
                "the host 'm' has the address 10.0.0.1, which 'n' has in line 5"
            ),
            (
                "{ n: { ip_addr: 10.0.0.1 }, n.main: { ip_addr: 10.0.0.2 } }",
                "the host 'n' is there already in line 5"
            ),
            (
                "{ a: { ip_addr: 10.0.0.1, role: head }, b: { ip_addr: 10.0.0.2, role: head } }",
                "the host 'b' is a head, and so is 'a' in line 5: there is one"
            ),
            ("{ n: { ip_addr: 999.1.1.1 } }", "'999.1.1.1' is no address: four numbers from 0 to 255"),
            ("{ n: { ip_addr: 10.0.0.1, port: 0 } }", "'clusters.main.hosts.n.port': 0 is not in 1…65535"),
            ("{ n: { ip_addr: 10.0.0.1, port: ssh } }", "'clusters.main.hosts.n.port': 'ssh' is no whole"),
            (
                "{ n: { ip_adr: 10.0.0.1 } }",
                "unknown key 'ip_adr' in 'clusters.main.hosts.n'; did you mean 'ip_addr'"
            ),
            ("{ n: { ip_addr: 10.0.0.1, status: OPEN } }", "'OPEN' is not known; choose ON, OFF, READY"),
            ("{ n: { ip_addr: 10.0.0.1, role: main } }", "'main' is not known; choose head, compute"),
            (
                "{ n: { ip_addr: 10.0.0.1, parameters: { local_ip_index: 0 } } }",
                "'clusters.main.hosts.n.parameters.local_ip_index': 0 is not in 1…1000"
            ),
            ("{ 'a b': { ip_addr: 10.0.0.1 } }", "the host 'a b': it needs a name of 1 to 60 letters"),
            ("{ n: 5 }", "'clusters.main.hosts.n' must be keys with values"),
            ("{ n: { ip_addr: 10.0.0.1 }, n: { ip_addr: 10.0.0.2 } }", "the key 'n' is given more than once"),
        ])
    func wrong(hosts: String, fault: String) {
        let found = faults(cluster(hosts))
        #expect(found.contains { $0.contains(fault) }, "\(found)")
    }

    @Test("everything that is wrong is said at once, in the order of the lines")
    func severalFaults() {
        let text = """
            specs:
              vm: { num_cores: many, mem_gb: 16, total_mem_gb: 16 }
            clusters:
              main:
                status: MAYBE
                hosts:
                  a: { ip_addr: 10.0.0.1, spec: wm }
                  b: { ip_addr: 10.0.0.1 }
            """
        let lines = faults(text).map { $0.split(separator: ":")[1] }
        #expect(lines == ["2", "2", "5", "7", "8"])
    }

    @Test("amounts of memory and disk have two names each")
    func aliases() throws {
        func hardware(_ spec: String) throws -> DeclaredHardware? {
            try read(cluster("{ n: { ip_addr: 10.0.0.1, spec: vm } }", specs: "{ vm: \(spec) }")).inventory
                .hosts
                .first?.hardware
        }
        let named = try hardware("{ num_cores: 48, mem_gb: 256.5, disk: 29000 }")
        #expect(named?.memoryBytes == 256_500_000_000)
        #expect(try hardware("{ num_cores: 48, total_mem_gb: 256.5, total_disk_tb: 29 }") == named)
        #expect(
            faults(cluster("{ n: { ip_addr: 10.0.0.1 } }", specs: "{ vm: { mem_gb: N/A } }")).first?
                .contains("'specs.vm.mem_gb': 'N/A' is no number") == true)
    }

    @Test("hosts that are OFF are left out, which is said")
    func off() throws {
        let text = cluster(
            "{ a: { ip_addr: 10.0.0.1, status: OFF }, b: { ip_addr: 10.0.0.2, status: READY } }")
        let file = try read(text)
        #expect(file.inventory.hosts.map(\.name) == ["b"])
        #expect(file.notes.map(\.description) == ["file:5:14: the host 'a' is OFF and is left out"])
    }

    @Test("hosts that share an address behind different ports are two")
    func forwardedPorts() throws {
        let text = cluster(
            "{ a: { ip_addr: 10.0.0.1, port: 2201 }, b: { ip_addr: 10.0.0.1, port: 2202 } }")
        #expect(try read(text).inventory.hosts.count == 2)
    }

    @Test("what else an application's file says is left out")
    func embedded() throws {
        let text = "name: app\njobs: { a: { base_image: x } }\n" + cluster("{ a: { ip_addr: 10.0.0.1 } }")
        #expect(
            try read(text).notes.map(\.description) == [
                "file:1:1: 'name' says nothing about hosts and is left out",
                "file:2:1: 'jobs' says nothing about hosts and is left out",
            ])
    }
}

@Suite("Files of definitions")
struct DefinitionTests {
    private func read(_ text: String) -> (definitions: Definitions, faults: [String]) {
        var definitions = Definitions()
        var faults = FaultList(file: "env")
        definitions.read(text, &faults) { $0 == "HOME" ? "/home/ada" : nil }
        return (definitions, faults.faults.map(\.description))
    }

    @Test("they are read as a shell would read them")
    func values() {
        let (definitions, faults) = read(
            """
            # a comment
            export A=one
            B = two
            B=two # and more
            C="three # \\"3\\" ${A}"
            D='${A}' # as it stands
            E=${B}/${HOME}
            F=
            A=later
            """)
        #expect(faults == ["env:3: this line is no NAME=VALUE"])
        let values = ["A", "B", "C", "D", "E", "F"].map(definitions.value)
        #expect(values == ["later", "two", "three # \"3\" one", "${A}", "two//home/ada", ""])
    }

    @Test("what is wrong is said, and values that grow without end are refused")
    func faults() {
        #expect(read("A='x").faults == ["env:1: the quotes of 'A' do not end, or something follows them"])
        #expect(read("A='x' y").faults == ["env:1: the quotes of 'A' do not end, or something follows them"])
        #expect(
            read("A=${B}").faults.first?.hasPrefix("env:1: 'A': the variable ${B} is not defined") == true)
        let growing = "A0=0123456789\n" + (1...60).map { "A\($0)=${A\($0 - 1)}${A\($0 - 1)}\n" }.joined()
        #expect(read(growing).faults.first == "env:14: 'A13': the value is longer than 64 KiB")
    }
}
