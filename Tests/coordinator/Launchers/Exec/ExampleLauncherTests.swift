import ClusterTypes
import CoordinatorCore
import Foundation
import LauncherServers
import PostgresServer
import Synchronization
import Testing

@testable import CoordinatorLaunchers

/// The shipped launcher programs, against imitations of what they reach.
@Suite(
    "Shipped launcher programs", .ownThreads, .timeLimit(.minutes(5)),
    .enabled(
        if: Programs.missing("bash", "jq", "python3", "curl") == nil,
        "\(Programs.missing("bash", "jq", "python3", "curl") ?? "")"))
struct ExampleLauncherTests {
    private let scratch: Scratch
    private let scope = Launching.scope

    init() throws { scratch = try Scratch() }

    private func launcher(
        _ name: String, _ environment: [EnvironmentVariable], secrets: [SecretVariable] = []
    ) -> ExecLauncher {
        ExecLauncher(
            ExecOptions(
                command: [Checkout.path("Examples/launchers/" + name)], environment: environment,
                secrets: secrets),
            scope)
    }

    private func expectConformance(
        _ launcher: ExecLauncher, sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let checks = await launcher.conformance(
            scope, Launching.start, patience: .seconds(60), interval: .milliseconds(20))
        #expect(checks.filter { $0.failure != nil } == [], sourceLocation: sourceLocation)
        #expect(checks.count == 10, sourceLocation: sourceLocation)
    }

    private func failure(_ launcher: ExecLauncher) async -> LaunchFailure {
        await Launching.failure { () async throws(LaunchFailure) in
            try await launcher.launch(Launching.order(), Launching.start)
        }
    }

    @Test(arguments: ["aws-ec2", "azure", "openstack", "vcp-rest"])
    func `A program is good bash, says who it is, and refuses a word that it does not know`(name: String)
        async throws
    {
        let path = Checkout.path("Examples/launchers/" + name)
        try PostgresServer.run(["bash", "-n", path], in: scratch.path)
        let description = try await launcher(name, []).describe()
        #expect(description.protocolNumber == 1 && !description.name.isEmpty)
        try PostgresServer.run(
            ["sh", "-c", "echo '{}' | '\(path)' no-such-word 2> said; test $? = 64 && grep -q usage: said"],
            in: scratch.path)
    }

    // MARK: - Amazon

    private func withMoto(
        _ body: (_ environment: [EnvironmentVariable]) async throws -> Void
    ) async throws {
        if let missing = Programs.missing("moto_server", "aws") { try Test.cancel("\(missing)") }
        let moto = try MotoServer(scratch)
        defer { moto.stop() }
        let image = try moto.image()
        try await body([
            EnvironmentVariable("AWS_ENDPOINT_URL", moto.url),
            EnvironmentVariable("AWS_ACCESS_KEY_ID", "test"),
            EnvironmentVariable("AWS_SECRET_ACCESS_KEY", "test"),
            EnvironmentVariable("AWS_DEFAULT_REGION", "us-east-1"),
            EnvironmentVariable("MORTISE_EC2_IMAGE", image),
            EnvironmentVariable("MORTISE_EC2_TYPE", "t3.micro"),
            // The imitation starts the least of what it is asked for.
            EnvironmentVariable("MORTISE_EC2_LEAST", "2"),
        ])
    }

    @Test func `aws-ec2 keeps the protocol with an imitation of EC2`() async throws {
        try await withMoto { environment in
            await expectConformance(launcher("aws-ec2", environment))
            let list = try await launcher("aws-ec2", environment).list()
            #expect(list.count == 3 && list.allSatisfy { $0.state == .canceled && $0.name.hasPrefix("i-") })
        }
    }

    @Test(arguments: [
        ("InsufficientInstanceCapacity", LaunchFailure.Code.noCapacity), ("VcpuLimitExceeded", .quota),
        ("InstanceLimitExceeded", .quota), ("UnauthorizedOperation", .refused),
        ("InvalidAMIID.NotFound", .refused),
        ("RequestLimitExceeded", .unavailable),
    ])
    func `aws-ec2 says why EC2 gave nothing`(code: String, expected: LaunchFailure.Code) async throws {
        try scratch.program(
            "aws",
            """
            #!/bin/sh
            case "$*" in
            *describe-instances*) echo '{"Reservations":[]}' ;;
            *) echo "An error occurred (\(code)) when calling the RunInstances operation: sorry" >&2; exit 254 ;;
            esac
            """)
        let failure = await failure(
            launcher(
                "aws-ec2",
                [
                    path, EnvironmentVariable("MORTISE_EC2_IMAGE", "ami-1"),
                    EnvironmentVariable("MORTISE_EC2_TYPE", "t3.micro"),
                ]))
        #expect(failure.code == expected && failure.message.contains("sorry"), "\(failure)")
    }

    @Test func `aws-ec2 asks for its settings, and is unavailable where nobody answers`() async throws {
        try scratch.program(
            "aws", "#!/bin/sh\ncase $FAIL in yes) exit 255 ;; esac; echo '{\"Reservations\":[]}'\n")
        let failure = await failure(launcher("aws-ec2", [path]))
        #expect(failure.code == .refused && failure.message.contains("set MORTISE_EC2_IMAGE"))
        let list = await Launching.failure { () async throws(LaunchFailure) in
            try await launcher("aws-ec2", [path, EnvironmentVariable("FAIL", "yes")]).list()
        }
        #expect(list.code == .unavailable)
    }

    /// With the imitations of this test in front.
    private var path: EnvironmentVariable {
        EnvironmentVariable("PATH", scratch.path + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? ""))
    }

    // MARK: - Others

    @Test func `azure keeps the protocol with an imitation of its command line`() async throws {
        try scratch.program("az", FakeCommands.azure)
        let environment = [
            path, EnvironmentVariable("MORTISE_AZURE_GROUP", "nodes"),
            EnvironmentVariable("MORTISE_AZURE_IMAGE", "i"),
            EnvironmentVariable("MORTISE_AZURE_SIZE", "s"),
        ]
        await expectConformance(launcher("azure", environment))
        #expect(scratch.read("user-data").contains("\njoin-token-of-tests\n"))
        #expect(scratch.read("user-data").contains("MORTISE_ALLOCATION='\(scope.prefix)2-1'"))
        for (said, code) in [
            ("(SkuNotAvailable) x", LaunchFailure.Code.noCapacity), ("(QuotaExceeded) x", .quota),
            ("(AuthorizationFailed) x", .refused), ("x", .unavailable),
        ] {
            let failure = await failure(launcher("azure", environment + [EnvironmentVariable("FAIL", said)]))
            #expect(failure.code == code, "\(failure)")
        }
    }

    @Test func `openstack keeps the protocol with an imitation of its command line`() async throws {
        try scratch.program("openstack", FakeCommands.openstack)
        let environment = [
            path, EnvironmentVariable("MORTISE_OPENSTACK_IMAGE", "i"),
            EnvironmentVariable("MORTISE_OPENSTACK_FLAVOR", "f"),
            EnvironmentVariable("MORTISE_OPENSTACK_NETWORK", "n"),
        ]
        await expectConformance(launcher("openstack", environment))
        #expect(scratch.read("user-data").contains("\njoin-token-of-tests\n"))
        for (said, code) in [
            ("No valid host was found", LaunchFailure.Code.noCapacity),
            ("Quota exceeded for cores (HTTP 403)", .quota), ("bad (HTTP 400)", .refused),
            ("x", .unavailable),
        ] {
            let failure = await failure(
                launcher("openstack", environment + [EnvironmentVariable("FAIL", said)]))
            #expect(failure.code == code, "\(failure)")
        }
    }

    @Test func `vcp-rest keeps the protocol with a small REST service`() async throws {
        let service = RestService()
        let server = try await FakeServer { service.answer($0) }
        try scratch.write("key", "the-access-key\n")
        let environment = [EnvironmentVariable("VCP_URL", "http://127.0.0.1:\(server.port)/v1")]
        let secrets = [SecretVariable("VCP_ACCESSKEY", .file(scratch.path + "/key"))]
        await expectConformance(launcher("vcp-rest", environment, secrets: secrets))
        #expect(service.userData.contains("\njoin-token-of-tests\n"))
        for (status, code) in [
            (503, LaunchFailure.Code.noCapacity), (429, .quota), (403, .refused), (500, .unavailable),
        ] {
            service.refuse(with: status)
            let failure = await failure(launcher("vcp-rest", environment, secrets: secrets))
            #expect(failure.code == code && failure.message.contains("answered \(status)"), "\(failure)")
        }
        await server.stop()
        let gone = await failure(launcher("vcp-rest", environment, secrets: secrets))
        #expect(gone.code == .unavailable && !gone.message.contains("the-access-key"), "\(gone)")
    }

    @Test func `vcp-rest makes the machine of a scheduler's node, which mounts what is to be there`()
        async throws
    {
        let service = RestService()
        let server = try await FakeServer { service.answer($0) }
        let environment = [
            ("VCP_URL", "http://127.0.0.1:\(server.port)/v1"), ("VCP_ACCESSKEY", "the-access-key"),
            ("PROVIDER_NAME", "aws"), ("NFS_MOUNT_POINT", "172.30.2.194:/export"),
        ].map { EnvironmentVariable($0.0, $0.1) }
        let launcher = launcher("vcp-rest", environment)
        let node = SchedulerNode("c1", address: "172.30.2.101")
        #expect(try await launcher.launch(Launching.order(7), node).map(\.host) == ["c1"])
        #expect(try await launcher.list().map(\.host) == ["c1"])
        let lines = service.userData.split(separator: "\n").map(String.init)
        #expect(
            lines == [
                "#!/bin/bash", "set -e", "hostname 'c1'", "mkdir -p /mnt",
                "mount -t nfs 172.30.2.194:/export /mnt", "systemctl start munge slurmd",
            ])
        #expect(service.addresses == ["172.30.2.101"])
        await server.stop()
    }
}

/// An imitation of EC2, on a port of its own.
private final class MotoServer: Sendable {
    private let server: LeashedProcess
    let url: String
    private let scratch: Scratch

    init(_ scratch: Scratch) throws {
        self.scratch = scratch
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let home = ProcessInfo.processInfo.environment["HOME"] ?? "/"
        server = try LeashedProcess(
            [
                "env", "PATH=\(path)", "HOME=\(home)", "PYTHONUNBUFFERED=1", "moto_server", "-H", "127.0.0.1",
                "-p", "0",
            ],
            log: scratch.path + "/moto.log", directory: scratch.path)
        let deadline = ContinuousClock.now + .seconds(120)
        while true {
            if let place = scratch.read("moto.log").firstMatch(of: /http:\/\/127\.0\.0\.1:([0-9]+)/) {
                url = String(place.output.0)
                return
            }
            guard server.isRunning, ContinuousClock.now < deadline else {
                server.end(with: "kill\n")
                throw ServerFailure(message: "moto does not start: \(scratch.read("moto.log"))")
            }
            usleep(20_000)
        }
    }

    /// One that it knows.
    func image() throws -> String {
        try PostgresServer.run(
            [
                "sh", "-c",
                "PATH=\(ProcessInfo.processInfo.environment["PATH"] ?? "") HOME=\(ProcessInfo.processInfo.environment["HOME"] ?? "/") "
                    + "AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b AWS_DEFAULT_REGION=us-east-1 "
                    + "aws --endpoint-url \(url) ec2 describe-images --query 'Images[0].ImageId' --output text > image",
            ], in: scratch.path)
        return scratch.read("image").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func stop() { server.end(with: "stop\n") }
}

/// Nodes behind a REST interface as `vcp-rest` assumes it.
private final class RestService: Sendable {
    private struct Node: Codable {
        var name: String
        var labels: [String: String]
        var state: String?
        var address: String?
        var userData: String?

        enum CodingKeys: String, CodingKey {
            case name, labels, state, address
            case userData = "user_data"
        }
    }

    private let nodes = Mutex<[Node]>([])
    private let refusal = Mutex<Int?>(nil)

    func refuse(with status: Int) { refusal.withLock { $0 = status } }
    var addresses: [String] { nodes.withLock { $0.compactMap(\.address) } }
    var userData: String { lastUserData.withLock { $0 } }
    private let lastUserData = Mutex("")

    func answer(_ request: FakeServer.Request) -> FakeServer.Answer {
        guard request.header("Authorization") == "Bearer the-access-key" else {
            return FakeServer.Answer(status: 401, body: "who are you?")
        }
        switch request.method {
        case "GET":
            guard request.path == "/v1/nodes?label=mortise-1f3a9c20-cloud-" else {
                return FakeServer.Answer(status: 404, body: request.path)
            }
            let body = nodes.withLock { (try? JSONEncoder().encode($0)) ?? Data() }
            return FakeServer.Answer(status: 200, body: String(decoding: body, as: UTF8.self))
        case "POST":
            if let status = refusal.withLock({ $0 }) { return FakeServer.Answer(status: status, body: "no") }
            guard var node = try? JSONDecoder().decode(Node.self, from: Data(request.body.utf8)) else {
                return FakeServer.Answer(status: 400, body: "no node")
            }
            lastUserData.withLock { $0 = node.userData ?? "" }
            node.state = "RUNNING"
            node.address = node.address ?? "10.1.0.9"
            return nodes.withLock { nodes in
                if nodes.contains(where: { $0.name == node.name }) { return FakeServer.Answer(status: 409) }
                nodes.append(node)
                return FakeServer.Answer(status: 201, body: "{}")
            }
        case "DELETE":
            let name = request.path.split(separator: "/").last ?? ""
            return nodes.withLock { nodes in
                let count = nodes.count
                nodes.removeAll { $0.name == name }
                return FakeServer.Answer(status: nodes.count == count ? 404 : 204)
            }
        default: return FakeServer.Answer(status: 405)
        }
    }
}
