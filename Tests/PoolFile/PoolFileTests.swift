import ClusterTypes
import CoordinatorAutoscale
import CoordinatorCore
import CoordinatorLaunchers
import PoolFile
import Testing
import YAMLSections

@Suite("The pool file")
struct PoolFileTests {
    private func faults(_ text: String) -> [String] {
        do throws(FileError) {
            _ = try PoolFileReader.parse(text, file: "pools.yaml")
            return []
        } catch {
            return error.faults.map(\.description)
        }
    }

    @Test("Everything that can be said about a pool is read")
    func whole() throws {
        let pools = try PoolFileReader.parse(
            """
            pools:
              cloud:
                launcher:
                  exec:
                    command: [/srv/launchers/aws-ec2, --region, eu-west-1]
                    environment: { AWS_REGION: eu-west-1 }
                    secrets: { AWS_KEY: { file: /etc/key }, TOKEN: { command: [pass, show, token] } }
                    timeout: 90s
                nodes: { min: 1, max: 20, spares: 2, keep: 3 }
                node:
                  cpus: 16
                  memory: 64GiB
                  architecture: arm64
                  labels: { zone: b, tier: spot }
                  devices: { type: gpu, count: 2, model: NVIDIA H100, vendor: nvidia, memory: 80GB }
                price: 3.25
                weight: 5
                start_up: 4m
                lifetime: 1d
                idle: 5m
                batch: 10
                launches_per_minute: 30
                cool_down: { launch: 10s, release: 1m }
                budget: { node_hours: 1000, money: 500.5, period: 7d }
                scale_in: whole-pool
                join_within: 20m
                policy: queue-idle
                dry_run: true
                hold_failed: 1h
              rack: {}
              hourly: { launcher: { exec: { command: [cloud] } }, nodes: { max: 2 }, billing_period: 1h }
            """, file: "pools.yaml")
        #expect(pools.map(\.configuration.name) == ["cloud", "rack", "hourly"])
        #expect(pools[2].configuration.limits.billingPeriod == .seconds(3_600))
        let cloud = try #require(pools.first)
        var limits = PoolLimits(max: 20)
        limits.min = 1
        limits.warmSpares = 2
        limits.keepAtLeast = 3
        limits.batch = 10
        limits.perMinute = 30
        limits.nodeHours = 1_000
        limits.money = 500.5
        limits.idle = .seconds(300)
        limits.launchCoolDown = .seconds(10)
        limits.releaseCoolDown = .seconds(60)
        limits.scaleIn = .wholePool
        limits.registrationDeadline = .seconds(1_200)
        #expect(cloud.configuration.limits == limits)
        #expect(cloud.configuration.launcher == "exec")
        #expect(cloud.configuration.pricePerHour == 3.25)
        #expect(cloud.configuration.weight == 5)
        #expect(cloud.configuration.startUp == .seconds(240))
        #expect(cloud.configuration.lifetime == .seconds(86_400))
        #expect(cloud.configuration.budgetPeriod == .seconds(7 * 86_400))
        #expect(cloud.configuration.policy == .queueIdle())
        #expect(cloud.configuration.isDryRun)
        #expect(cloud.configuration.holdFailed == .seconds(3_600))
        let template = try #require(cloud.configuration.template)
        #expect(template.resources.milliCPU == 16_000)
        #expect(template.resources.memoryBytes == 64 << 30)
        #expect(template.architecture == .arm64)
        #expect(template.labels == [Label("tier", "spot"), Label("zone", "b")])
        #expect(template.devices.map(\.model) == ["NVIDIA H100", "NVIDIA H100"])
        #expect(
            cloud.launcher
                == .exec(
                    ExecOptions(
                        command: ["/srv/launchers/aws-ec2", "--region", "eu-west-1"],
                        environment: [EnvironmentVariable("AWS_REGION", "eu-west-1")],
                        secrets: [
                            SecretVariable("AWS_KEY", .file("/etc/key")),
                            SecretVariable("TOKEN", .command(["pass", "show", "token"])),
                        ], timeout: .seconds(90))))
        #expect(pools[1].launcher == nil)
        #expect(pools[1].configuration.launcher == nil)
    }

    @Test("Slurm on a login node is read")
    func slurm() throws {
        let pools = try PoolFileReader.parse(
            """
            pools:
              burst:
                launcher:
                  slurm: { partition: gpu, login: alice@head, login_config: /etc/mortise/ssh_config, time: 8h }
                nodes: { max: 4 }
            """, file: "pools.yaml")
        guard case .slurm(let slurm) = pools.first?.launcher else {
            Issue.record("no launcher of Slurm")
            return
        }
        var expected = SlurmOptions()
        expected.partition = "gpu"
        expected.login = "alice@head"
        expected.loginConfiguration = "/etc/mortise/ssh_config"
        expected.timeLimit = .seconds(28_800)
        #expect(slurm == expected)
    }

    @Test("Hosts for ssh and containers of an engine are read")
    func others() throws {
        let pools = try PoolFileReader.parse(
            """
            pools:
              lab:
                launcher:
                  ssh:
                    hosts:
                      n1: { address: 10.0.0.5, user: ada, port: 2222, labels: { rack: r1 } }
                      n2: {}
                    agents: { x86_64: /srv/agent-amd64, aarch64: /srv/agent-arm64 }
                    accept_new: true
                    grace: 5s
                nodes: { max: 2 }
              box:
                launcher:
                  docker:
                    socket: /run/podman/podman.sock
                    image: lab/agent:1
                    gpus: -1
                    cpus: 2.5
                    memory: 4GiB
                    user: "1000:1000"
                nodes: { max: 4 }
            """, file: "pools.yaml")
        guard case .ssh(let ssh) = pools.first?.launcher, case .docker(let docker) = pools.last?.launcher
        else {
            Issue.record("they are \(pools)")
            return
        }
        #expect(ssh.hosts.map(\.name) == ["n1", "n2"])
        #expect(ssh.hosts.first?.address == "10.0.0.5")
        #expect(ssh.hosts.first?.user == "ada")
        #expect(ssh.hosts.first?.port == 2222)
        #expect(ssh.hosts.first?.labels == ["rack=r1"])
        #expect(ssh.agents.map(\.machine) == ["x86_64", "aarch64"])
        #expect(ssh.acceptsNewHostKeys)
        #expect(ssh.graceSeconds == 5)
        #expect(docker.endpoint == .socket("/run/podman/podman.sock"))
        #expect(docker.deviceRequests.map(\.count) == [-1])
        #expect(docker.milliCPU == 2_500)
        #expect(docker.memoryBytes == 4 << 30)
        #expect(docker.user == ContainerUser(parsing: "1000:1000"))
    }

    @Test(
        "What is wrong is said with its place and what would be right",
        arguments: [
            ("", "pools.yaml: the file is empty; it needs at least 'pools'"),
            ("pool: {}", "unknown key 'pool'; did you mean 'pools'?"),
            ("pools:\n  a b: {}", "2:3: 'a b' is no name of a pool"),
            ("pools:\n  a: { launcher: { exec: { command: [x] } } }", "'pools.a.nodes.max' is missing"),
            (
                "pools:\n  a: { launcher: { exec: { command: [x] } }, nodes: { mn: 1 } }",
                "unknown key 'mn' in 'pools.a.nodes'; did you mean 'min'?"
            ),
            (
                "pools:\n  a: { launcher: { exec: { command: [x] } }, nodes: { min: 3, max: 2 } }",
                "'pools.a.nodes.min' is more than 'max'"
            ),
            ("pools:\n  a: { launcher: { exe: {} }, nodes: { max: 2 } }", "did you mean 'exec'?"),
            ("pools:\n  a: { launcher: {}, nodes: { max: 2 } }", "'pools.a.launcher' needs one of"),
            (
                "pools:\n  a: { launcher: { exec: {} }, nodes: { max: 2 } }",
                "'pools.a.launcher.exec.command' is missing"
            ),
            (
                "pools:\n  a: { launcher: { exec: { command: [x], timeout: 0s } }, nodes: { max: 2 } }",
                "'pools.a.launcher.exec': timeout: 0 s is not 1 s to one hour"
            ),
            ("pools:\n  a: { nodes: { max: 30000 } }", "'pools.a.nodes.max': 30000 is not in 0…20000"),
            ("pools:\n  a: { price: cheap }", "'pools.a.price': 'cheap' is no amount; write 3, 3.5 or 0.125"),
            ("pools:\n  a: { node: { cpus: 4 } }", "'pools.a.node.memory' is missing"),
            (
                "pools:\n  a: { policy: greedy }",
                "'greedy' is not known; choose demand, threshold, queue-idle"
            ),
            ("pools:\n  a: { idle: 10 }", "'pools.a.idle'"),
            ("pools:\n  a: { billing_period: 60s }", "'pools.a.billing_period' is at least 10m"),
            (
                "pools:\n  a: { billing_period: 1h, scale_in: whole-pool }",
                "'pools.a.billing_period' does not go with 'scale_in: whole-pool'"
            ),
        ])
    func faults(text: String, fault: String) {
        let found = faults(text)
        #expect(found.contains { $0.contains(fault) }, "\(found)")
    }
}
