import Inventory
import Testing
import YAMLSections

@Suite("hosts.json of st-kilda-pier")
struct StKildaPierTests {
    @Test("labels are an array of objects")
    func array() throws {
        let file = try read(
            """
            {"c01": {"ipv4": "10.0.0.4",
                     "labels": [{"registry":"enable"},{"spark-master":"enable"},{"kafka":"disable"}],
                     "groups": ["master","manager"]},
             "c02": {"ipv4":"10.0.0.5","labels":[],"groups":["worker"]}}
            """)
        #expect(file.form == .stKildaPier)
        let hosts = file.inventory.hosts
        #expect(hosts.map(\.name) == ["c01", "c02"])
        #expect(hosts.map(\.address) == ["10.0.0.4", "10.0.0.5"])
        #expect(hosts[0].labels == ["kafka": "disable", "registry": "enable", "spark-master": "enable"])
        #expect(hosts.map(\.groups) == [["manager", "master"], ["worker"]])
        #expect(file.inventory.groups == ["manager", "master", "worker"])
        #expect(file.inventory.hosts(in: ["manager", "x"]).map(\.name) == ["c01"])
    }

    @Test("labels are an object, and groups are called roles")
    func map() throws {
        let file = try read(
            #"{"c01": {"ipv4": "10.0.0.4", "labels": {"registry": "enable", "n": 1}, "roles": ["worker"]}}"#)
        #expect(file.inventory.hosts.first?.labels == ["registry": "enable", "n": "1"])
        #expect(file.inventory.hosts.first?.groups == ["worker"])
    }

    @Test(
        "what is wrong is said",
        arguments: [
            (
                #"{"a": {"ipv4": "10.0.0.1"}, "a": {"ipv4": "10.0.0.2"}}"#,
                "the key 'a' is given more than once"
            ),
            (#"{"a": {"ipv4": "10.0.0.1", "ipv4": "10.0.0.2"}}"#, "the key 'ipv4' is given more than once"),
            (#"{"a": {"ipv4": "fe80::1"}}"#, "'a.ipv4': 'fe80::1' is no IPv4 address"),
            (#"{"a": {"ipv4": "10.0.0.256"}}"#, "'a.ipv4': '10.0.0.256' is no IPv4 address"),
            (#"{"a": {"labels": {}}, "b": {"ipv4": "10.0.0.1"}}"#, "file:1:2: the host 'a' has no ipv4"),
            (#"{"a": {"ipv4": "10.0.0.1", "labels": ["x"]}}"#, "'a.labels' must be names with values"),
            (
                #"{"a": {"ipv4": "10.0.0.1", "label": {}}}"#,
                "unknown key 'label' in 'a'; did you mean 'labels'?"
            ),
            (
                #"{"a": {"ipv4": "10.0.0.1", "labels": [{"x":"1"},{"x":"2"}]}}"#,
                "'a.labels': 'x' is '1' and '2'"
            ),
            (#"{"a": {"ipv4": "10.0.0.1", "labels": {"x=y":"1"}}}"#, "'x=y' is no key of a label"),
            (#"{"a": {"ipv4": "10.0.0.1", "groups": ["all"]}}"#, "'all' cannot be a group"),
        ])
    func wrong(text: String, fault: String) {
        let found = faults(text)
        #expect(found.contains { $0.contains(fault) }, "\(found)")
    }
}

@Suite("hosts.json of the Hybrid Cloud scripts")
struct HybridCloudTests {
    @Test("addresses have names, and their number was the limit of nodes")
    func whole() throws {
        let file = try read(#"{"172.30.2.101": "c1", "172.30.2.102": "c2"}"#)
        #expect(file.form == .hybridCloud)
        #expect(
            file.inventory.hosts == [
                InventoryHost("c1", address: "172.30.2.101"), InventoryHost("c2", address: "172.30.2.102"),
            ])
        #expect(
            file.notes.map(\.message) == [
                "the number of entries was the limit of nodes: give the pool nodes: { max: 2 }"
            ])
    }

    @Test(
        "what is wrong is said",
        arguments: [
            (#"{"10.0.0.1": "c1", "10.0.0.2": "c1"}"#, "the host 'c1' is there already in line 1"),
            (#"{"10.0.0.1": "c1", "10.0.0.1": "c2"}"#, "the key '10.0.0.1' is given more than once"),
            (#"{"10.0.0.1": ["c1"]}"#, "'10.0.0.1' must be a single value"),
            (#"{"10.0.0.1": null}"#, "'10.0.0.1' has no value"),
            (#"{"10.0.0.1": "c1", "c2": "10.0.0.2"}"#, "'c2' is no address"),
            (#"{"10.0.0.1": "c1""#, "this is no YAML"),
            ("{}", "there are no hosts in it"),
            ("", "the file is empty"),
        ])
    func wrong(text: String, fault: String) {
        let found = faults(text, as: .hybridCloud)
        #expect(found.contains { $0.contains(fault) }, "\(found)")
    }
}
