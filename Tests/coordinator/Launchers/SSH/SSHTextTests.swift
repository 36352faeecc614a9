import ClusterTypes
import CoordinatorCore
import LauncherServers
import Platform
import PostgresServer
import Testing

@testable import CoordinatorLaunchers

@Suite("What is said to hosts by ssh and read of them")
struct SSHTextTests {
    @Test(arguments: ["", "plain", "it's", "''", "a b\"$(c)`d`\\", "-o x"])
    func `A quoted text is one word of a shell`(text: String) throws {
        let scratch = try Scratch()
        try SSHServers.run("printf %s \(LoginShell.quoted(text)) > word", in: scratch)
        #expect(scratch.read("word") == text)
    }

    @Test func `Scripts are good for a plain shell`() throws {
        let scratch = try Scratch()
        let start = SSHScript.Start(
            name: "mortise-1f3a9c20-cloud-1-a", prefix: "mortise-1f3a9c20-cloud-", sha256: "00", token: "t",
            labels: ["a=it's"], variables: [EnvironmentVariable("A", "b c")])
        let scripts = [
            SSHScript.status("state", prefix: "p-", programs: [("x86_64", "00")]),
            SSHScript.start(start, in: "state"), SSHScript.release(["a", "b"], in: "state", graceSeconds: 3),
        ]
        for script in scripts {
            try scratch.write("script", script)
            try SSHServers.run("sh -n script", in: scratch)
        }
    }

    @Test func `Programs do not go into a status that nobody launches with`() {
        #expect(!SSHScript.status("state", prefix: "p-", programs: []).contains(") sha="))
    }

    private let host = SSHHost("node-07")

    private func said(_ lines: String...) -> SSHReport? {
        SSHReport(Array(lines.map { $0 + "\n" }.joined().utf8))
    }

    @Test func `What is on a host is read, whatever a login prints before`() throws {
        let prefix = Launching.scope.prefix
        let report = try #require(
            said(
                "Welcome!", "mortise-ssh 1", "machine aarch64", "program 00ff", "running \(prefix)1-node-07",
                "ended \(prefix)2-node-07 0 bye", "ended \(prefix)3-node-07 72 the node is  removed",
                "gone \(prefix)4-node-07", "starting \(prefix)5-node-07", "broken \(prefix)6-node-07",
                "running \(prefix)7-node-08", "running \(prefix)b-8-node-07", "mortise-ssh end"))
        #expect(report.machine == "aarch64" && report.program == "00ff" && report.failure == nil)
        func allocation(_ number: UInt64, _ state: Allocation.State, _ reason: String = "") -> Allocation {
            Allocation(
                name: "\(prefix)\(number)-node-07", launch: LaunchID(number), state: state, reason: reason,
                host: "node-07")
        }
        #expect(
            report.allocations(host, Launching.scope) == [
                allocation(1, .running), allocation(2, .completed),
                allocation(3, .failed, "the agent ended with 72: the node is  removed"),
                allocation(4, .failed, "the agent is gone: it was killed, or the machine was started again"),
                allocation(5, .waiting), allocation(6, .failed, SSHReport.brokenReason),
            ])
    }

    @Test func `What is not whole is no report`() {
        #expect(said("mortise-ssh 1", "machine x86_64") == nil)
        #expect(said("machine x86_64", "mortise-ssh end") == nil)
        #expect(said() == nil)
    }

    @Test func `What a host did not do is read with its reason`() {
        #expect(
            said("mortise-ssh 1", "failed the disk is full, really", "mortise-ssh end")?.failure
                == "the disk is full, really")
    }

    @Test(arguments: [
        (
            """
            @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r
            @    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r
            @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r
            IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\r
            Offending ED25519 key in /root/.ssh/known_hosts:3\r
            Host key verification failed.\r

            """,
            "node-07 shows another host key than the one that is known, so it was refused (Offending ED25519 key in /root/.ssh/known_hosts:3). If"
        ),
        (
            "No ED25519 host key is known for node-07 and you have requested strict checking.\r\nHost key verification failed.\r\n",
            "The host key of node-07 is not known here."
        ),
        (
            "ada@node-07: Permission denied (publickey).\r\n",
            "node-07 lets this user not in: ada@node-07: Permission denied"
        ),
        (
            "ssh: connect to host node-07 port 22: Connection refused\r\n",
            "node-07 cannot be reached: ssh: connect to host node-07 port 22: Connection refused"
        ),
        (
            "ssh: Could not resolve hostname node-07: Name or service not known\r\n",
            "node-07 cannot be reached: ssh: Could not resolve hostname node-07"
        ),
        ("", "node-07 cannot be reached: ssh says nothing."),
    ])
    func `What ssh complains of is said with what can be done`(said: String, text: String) {
        let message = SSHComplaint.explain(Array(said.utf8), host)
        #expect(message.hasPrefix(text), "\(message)")
    }

    @Test func `Options that cannot be are told all at once`() {
        var options = SSHOptions(hosts: [], agents: [])
        options.directory = "~/x y"
        options.concurrency = 0
        options.timeout = .zero
        options.graceSeconds = 601
        #expect(options.faults().count == 6)
        options = SSHOptions(
            hosts: [
                SSHHost("a"), SSHHost("a"), SSHHost("b c"), SSHHost("d", address: "-oProxyCommand=x"),
                SSHHost("e", port: 0), SSHHost("f", parameters: [EnvironmentVariable("1", "a\nb")]),
            ], agents: [SSHAgentProgram(machine: "x86_64) ;;", path: "/a")])
        #expect(options.faults().count == 8)
        options = SSHOptions(hosts: [SSHHost("a")], agents: [SSHAgentProgram(machine: "x86_64", path: "/a")])
        #expect(options.faults() == [])
    }
}
