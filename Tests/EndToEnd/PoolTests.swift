import APITypes
import ClusterTypes
import Foundation
import Testing

/// Nodes that come because work waits, and go when none does.
@Suite struct PoolTests {
    /// Gets agents as processes of this machine, each with a folder of its own.
    private static let launcher = #"""
        import json, os, signal, subprocess, sys

        base, agent = os.environ["ALLOCATIONS"], os.environ["AGENT"]
        verb, request = sys.argv[1], json.load(sys.stdin)

        def read(name, file):
            with open(os.path.join(base, name, file)) as text:
                return text.read()

        def write(name, file, text):
            with open(os.path.join(base, name, file), "w") as output:
                output.write(text)

        def runs(name):
            try:
                with open("/proc/%s/stat" % read(name, "pid")) as stat:
                    return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
            except OSError:
                return False

        def allocations():
            return [{"name": name, "launch": int(read(name, "launch")), "state": "running" if runs(name) else "completed"}
                    for name in sorted(os.listdir(base))]

        def start(name):
            os.mkdir(os.path.join(base, name))
            write(name, "launch", str(request["launch"]))
            environment = dict(os.environ, MORTISE_JOIN_TOKEN=request["join_token"], MORTISE_ALLOCATION=name,
                               MORTISE_NAME=name)
            with open(os.path.join(base, name, "log"), "w") as log:
                process = subprocess.Popen(
                    [agent, "run", "--directory", os.path.join(base, name, "agent"), "--stop-slots", "--no-tools"],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=environment)
            write(name, "pid", str(process.pid))

        if os.path.exists(os.path.join(os.path.dirname(base), "sold-out")) and verb == "launch":
            print(json.dumps({"error": {"code": "no_capacity", "message": "nothing is left in this zone"}}))
            sys.exit()
        if verb == "launch":
            for number in range(request["count"]):
                name = "l%d-%d" % (request["launch"], number)
                if not os.path.exists(os.path.join(base, name)):
                    start(name)
        if verb == "release":
            for name in request["names"]:
                if runs(name):
                    os.kill(int(read(name, "pid")), signal.SIGTERM)
        print(json.dumps({"allocations": allocations()}))
        """#

    private func describe(_ cluster: TestCluster, _ more: String = "") throws {
        try FileManager.default.createDirectory(
            atPath: cluster.path("allocations"), withIntermediateDirectories: true)
        _ = try cluster.write(cluster.path("launcher.py"), Self.launcher)
        _ = try cluster.write(
            cluster.path("head/pools.yaml"),
            """
            pools:
              burst:
                launcher:
                  exec:
                    command: [python3, \(cluster.path("launcher.py"))]
                    environment: { ALLOCATIONS: \(cluster.path("allocations")), AGENT: \(Programs.agent) }
                nodes: { max: 2 }
                idle: 5s
                start_up: 5s
            \(more)
            """)
    }

    private func pool(_ cluster: TestCluster) async throws -> PoolView {
        try await cluster.get("/v1/pools/burst")
    }

    @Test("Work that waits brings nodes, a restart changes nothing, and idle nodes go for good")
    func growAndShrink() async throws {
        try await TestCluster.run { cluster in
            try describe(cluster)
            try await cluster.stopCoordinator()
            try await cluster.startCoordinator()
            #expect(try await pool(cluster).launcher == "exec")
            let job = try await cluster.submit(
                "--array", "1-3", "--slots", "1", "--", "sh", "-c", "sleep 0.2")
            // Its launch is asked for, or its agent joins: another coordinator knows either.
            try await eventually("a node is launched") {
                try await pool(cluster).nodes + pool(cluster).starting > 0
            }
            try await cluster.killCoordinator()
            try await cluster.startCoordinator()
            #expect(try await cluster.mortise("job", "wait", "\(job)").status == 0)
            let launches: Page<LaunchView> = try await cluster.get("/v1/launches")
            #expect(launches.items.map(\.count) == [1], "\(launches)")
            let shown = try await cluster.mortise("launch", "show", "1")
            #expect(shown.output.contains("l1-0") && shown.output.contains("node 1"), "\(shown)")
            try await eventually("the idle node is released") { try await pool(cluster).nodes == 0 }
            try await eventually("the launch has ended") {
                let launch: LaunchView = try await cluster.get("/v1/launches/1")
                return launch.state == "ended" && launch.allocations.map(\.state) == ["completed"]
            }
            let tokens = try await cluster.coordinatorCommand("token", "list")
            let rows = tokens.output.split(separator: "\n").filter { $0.contains("launch 1") }
            #expect(!rows.isEmpty && rows.allSatisfy { $0.contains("revoked") }, "\(tokens)")
        }
    }

    @Test(
        "Where capacity is sold out, people are told, others' work goes on, and a paused pool launches nothing"
    )
    func soldOut() async throws {
        try await TestCluster.run { cluster in
            try describe(cluster)
            try cluster.touch("sold-out")
            try await cluster.stopCoordinator()
            try await cluster.startCoordinator()
            let job = try await cluster.submit("--", "true")
            try await eventually("two launches have failed") { try await pool(cluster).failures >= 2 }
            let explained = try await cluster.mortise("pool", "explain", "burst")
            #expect(explained.output.contains("nothing is left in this zone"), "\(explained)")
            let why = try await cluster.mortise("explain", "job", "\(job)")
            #expect(why.output.contains("pool 'burst'"), "\(why)")
            #expect(try await cluster.mortise("pool", "pause", "burst").status == 0)
            #expect(try await pool(cluster).paused)
            let refused = try await cluster.mortise("pool", "scale", "burst", "--min", "3")
            #expect(refused.status == 2 && refused.errors.contains("cannot have at least 3"), "\(refused)")
        }
    }

    @Test("A pool file that is wrong is refused with every fault, at the start and when it is read again")
    func wrongFile() async throws {
        try await TestCluster.run { cluster in
            try describe(cluster, "    pric: 3")
            let checked = try await cluster.run(
                Programs.coordinator, ["pools", "check", cluster.path("head/pools.yaml")])
            #expect(checked.status == 1 && checked.errors.contains("did you mean 'price'?"), "\(checked)")
            try await cluster.stopCoordinator()
            let served = try await cluster.run(Programs.coordinator, cluster.serveArguments())
            #expect(served.status == 1 && served.errors.contains("did you mean 'price'?"), "\(served)")
            try describe(cluster)
            try await cluster.startCoordinator()
            #expect(try await pool(cluster).maximum == 2)
        }
    }
}
