import ClusterTypes
import CoordinatorCore
import Foundation
import LauncherServers
import PostgresServer
import Testing

@testable import CoordinatorLaunchers

@Suite("What is said to a container engine and read of it")
struct DockerContainerTests {
    private let order = Launching.order(12, count: 2, lifetime: .seconds(600))

    private func creation(_ change: (inout DockerOptions) -> Void = { _ in }) -> JSONTree {
        var options = DockerOptions(endpoint: .docker, image: "registry.example/agent:1")
        change(&options)
        return DockerContainer.creation("mortise-1f3a9c20-cloud-12-1", order, options, Launching.scope)
    }

    @Test func `A container is asked for with its names, and without the token`() {
        let tree = creation()
        #expect(tree["Image"] == "registry.example/agent:1" && tree["User"] == "0:0")
        #expect(tree["Entrypoint"] == ["mortise-agent"])
        #expect(
            tree["Cmd"]
                == [
                    "run", "--stop-slots", "--directory", "/mortise/agent", "--join-file",
                    "/mortise/join.token",
                ])
        #expect(
            tree["Env"]
                == [
                    "MORTISE_ALLOCATION=mortise-1f3a9c20-cloud-12-1",
                    "MORTISE_NAME=mortise-1f3a9c20-cloud-12-1",
                    "MORTISE_LIFETIME=600s",
                ])
        #expect(
            tree["Labels"]
                == [
                    "mortise.cluster": "lab", "mortise.cluster-tag": "1f3a9c20", "mortise.pool": "cloud",
                    "mortise.launch": "12",
                ])
        #expect(
            tree["HostConfig"]
                == ["Binds": [], "RestartPolicy": ["Name": "no"], "Devices": [], "DeviceRequests": []])
    }

    @Test func `Every option has its place`() {
        let tree = creation { options in
            options.program = .onHost("/opt/mortise/mortise-agent")
            options.devices = ["/dev/davinci0", "/dev/kfd:/dev/kfd0:r"]
            options.deviceRequests = [
                .init(),
                .init(driver: "nvidia", devices: ["GPU-1", "GPU-2"], capabilities: ["gpu", "compute"]),
            ]
            options.milliCPU = 1_500
            options.memoryBytes = 1 << 30
            options.binds = ["/data:/data:ro"]
            options.network = "host"
            options.environment = [EnvironmentVariable("MORTISE_NAME", "mine")]
            options.labels = ["team": "blue", "mortise.pool": "not this one"]
            options.user = ContainerUser(user: 1_000, group: 100)
        }
        #expect(tree["Entrypoint"] == ["/mortise/bin/mortise-agent"] && tree["User"] == "1000:100")
        #expect(tree["Labels"]["team"] == "blue" && tree["Labels"]["mortise.pool"] == "cloud")
        #expect(tree["Env"].list?.first == "MORTISE_NAME=mine" && tree["Env"].list?.count == 3)
        let host = tree["HostConfig"]
        #expect(
            host["Binds"] == ["/data:/data:ro", "/opt/mortise/mortise-agent:/mortise/bin/mortise-agent:ro"])
        #expect(
            host["NanoCpus"] == 1_500_000_000 && host["Memory"] == 1_073_741_824
                && host["NetworkMode"] == "host")
        #expect(
            host["Devices"]
                == [
                    [
                        "PathOnHost": "/dev/davinci0", "PathInContainer": "/dev/davinci0",
                        "CgroupPermissions": "rwm",
                    ],
                    ["PathOnHost": "/dev/kfd", "PathInContainer": "/dev/kfd0", "CgroupPermissions": "r"],
                ])
        #expect(
            host["DeviceRequests"]
                == [
                    ["Driver": "", "Count": -1, "Capabilities": [["gpu"]]],
                    [
                        "Driver": "nvidia", "DeviceIDs": ["GPU-1", "GPU-2"],
                        "Capabilities": [["gpu", "compute"]],
                    ],
                ])
    }

    @Test(.enabled(if: Programs.missing("tar") == nil, "needs tar"))
    func `The files are an archive that tar reads`() throws {
        let scratch = try Scratch()
        let bytes = DockerContainer.files(Launching.start, ContainerUser(user: 1_000, group: 100))
        let path = scratch.path + "/files.tar"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        try PostgresServer.run(
            ["sh", "-c", "tar --numeric-owner -tvf files.tar > listing; tar --no-same-owner -xf files.tar"],
            in: scratch.path)
        let lines = scratch.read("listing").split(separator: "\n").map {
            $0.split(separator: " ").enumerated().filter { ![3, 4].contains($0.offset) }.map(\.element)
                .joined(separator: " ")
        }
        #expect(
            lines == [
                "drwxr-xr-x 1000/100 0 mortise/", "drwx------ 1000/100 0 mortise/agent/",
                "-rw------- 1000/100 19 mortise/join.token",
            ])
        #expect(scratch.read("mortise/join.token") == "join-token-of-tests")
        #expect(bytes.count % 512 == 0)
    }

    private func listed(_ text: String) -> Allocation? {
        let tree = JSONTree(parsing: Array(text.utf8)) ?? .null
        return DockerContainer.listed(tree, Launching.scope).flatMap(DockerContainer.allocation)
    }

    private let labels =
        #""Labels":{"mortise.cluster-tag":"1f3a9c20","mortise.pool":"cloud","mortise.launch":"12"}"#

    @Test(arguments: [
        ("created", Allocation.State.waiting, ""), ("running", .running, ""), ("paused", .running, "paused"),
        ("restarting", .running, "restarting"), ("removing", .canceled, "removing"),
    ])
    func `A container that has not ended is an allocation`(
        word: String, state: Allocation.State, reason: String
    ) {
        let found = listed(#"{"Names":["/mortise-1f3a9c20-cloud-12-1"],"State":"\#(word)",\#(labels)}"#)
        #expect(
            found
                == Allocation(
                    name: "mortise-1f3a9c20-cloud-12-1", launch: LaunchID(12), state: state, reason: reason))
    }

    @Test(arguments: [
        #"{"Names":["/mortise-1f3a9c20-cloud-12-1"],"State":"running","Labels":{}}"#,
        #"{"Names":["/mortise-1f3a9c20-cloud-12-1"],"State":"running","Labels":{"mortise.cluster-tag":"00000000","mortise.pool":"cloud","mortise.launch":"12"}}"#,
        #"{"Names":["/mortise-1f3a9c20-cloud-12-1"],"State":"running","Labels":{"mortise.cluster-tag":"1f3a9c20","mortise.pool":"other","mortise.launch":"12"}}"#,
        #"{"Names":["/mine"],"State":"running","Labels":{"mortise.cluster-tag":"1f3a9c20","mortise.pool":"cloud","mortise.launch":"12"}}"#,
        "7",
    ])
    func `What is not this pool's is nobody's business`(text: String) {
        #expect(listed(text) == nil)
    }

    @Test(arguments: [
        (#"{"ExitCode":0}"#, "", Allocation.State.completed, ""),
        (
            #"{"ExitCode":7,"OOMKilled":false,"Error":""}"#, "no\nroute", .failed,
            "the agent ended with 7: no\nroute"
        ),
        (#"{"ExitCode":137,"OOMKilled":true}"#, "", .failed, "killed for memory"),
        (
            #"{"ExitCode":127,"Error":"exec: not found"}"#, "", .failed,
            "the agent ended with 127: exec: not found"
        ),
    ])
    func `One that has ended says how`(json: String, words: String, state: Allocation.State, reason: String)
        throws
    {
        let container = DockerContainer.Listed(name: "c", launch: LaunchID(1), state: "exited")
        let tree = try #require(JSONTree(parsing: Array(json.utf8)))
        #expect(DockerContainer.allocation(container) == nil)
        let found = DockerContainer.ended(container, tree, words: words)
        #expect(found == Allocation(name: "c", launch: LaunchID(1), state: state, reason: reason))
    }

    @Test func `A log comes in pieces with heads`() {
        let bytes: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 3] + "ab\n".utf8 + [2, 0, 0, 0, 0, 0, 0, 2] + "c\n".utf8
        #expect(DockerContainer.logText(bytes) == "ab\nc\n")
        #expect(DockerContainer.logText([0x61, 0x62]) == "")
    }

    @Test(arguments: [
        ("1000", ContainerUser(user: 1_000, group: 1_000) as ContainerUser?),
        ("0:5", ContainerUser(user: 0, group: 5)),
        ("ada", nil), ("1000:", nil), ("1:2:3", nil), ("-1", nil), ("4294967295", nil), ("", nil),
    ])
    func `A user of a container is two numbers`(text: String, user: ContainerUser?) {
        #expect(ContainerUser(parsing: text) == user)
    }

    @Test func `Options that cannot be are told all at once`() {
        var options = DockerOptions(endpoint: .docker, image: "")
        options.devices = ["davinci0"]
        options.binds = ["/data"]
        options.milliCPU = 0
        options.memoryBytes = 1
        options.graceSeconds = -1
        options.timeout = .zero
        options.environment = [EnvironmentVariable("1", "")]
        #expect(options.faults().count == 8)
        #expect(DockerOptions(endpoint: .docker, image: "a").faults() == [])
    }
}
