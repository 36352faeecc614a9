import ClusterTypes
import CoordinatorCore
import CoordinatorLaunchers
import CoordinatorSchedulers
import Testing

@Suite("Slurm's commands")
struct SlurmRenderTests {
    private let scope = LaunchScope(cluster: "lab", clusterTag: "1f3a9c20", pool: "cloud")

    private func order(_ count: Int, lifetime: Duration? = nil) -> LaunchOrder {
        LaunchOrder(launch: LaunchID(rawValue: 12), pool: "cloud", count: count, lifetime: lifetime)
    }

    @Test func `All options become arguments, the user's own last`() {
        var options = SlurmOptions()
        options.partition = "gpu"
        options.account = "physics"
        options.qos = "long"
        options.gres = "gpu:a100:4"
        options.constraint = "ib&fast"
        options.cpusPerTask = 8
        options.memory = "16G"
        options.timeLimit = .seconds(7_230)
        options.isExclusive = true
        options.arguments = ["--reservation=us", "--time=5"]
        #expect(options.faults().isEmpty)
        let command = SlurmCommand.submit(order(3, lifetime: .seconds(86_400)), scope, options)
        #expect(command.tool == "sbatch")
        #expect(
            command.arguments == [
                "--parsable", "--job-name=mortise-1f3a9c20-cloud-12", "--array=0-2", "--nodes=1",
                "--ntasks=1",
                "--no-requeue", "--export=MORTISE_JOIN_TOKEN", "--chdir=/", "--output=/dev/null",
                "--signal=B:TERM@60", "--partition=gpu", "--account=physics", "--qos=long",
                "--gres=gpu:a100:4",
                "--constraint=ib&fast", "--cpus-per-task=8", "--mem=16G", "--time=120", "--exclusive",
                "--reservation=us", "--time=5",
            ])
    }

    @Test func `One node is an array too, and the shorter time counts`() {
        let arguments = SlurmCommand.submit(order(1, lifetime: .seconds(3_600)), scope, SlurmOptions())
            .arguments
        #expect(arguments.contains("--array=0-0") && arguments.contains("--time=60"))
        #expect(!arguments.contains { $0.hasPrefix("--partition") || $0.hasPrefix("--mem") })
    }

    @Test func `What is wrong with the options is said by their names`() {
        func faults(_ change: (inout SlurmOptions) -> Void) -> String {
            var options = SlurmOptions()
            change(&options)
            return options.faults().joined(separator: "; ")
        }
        #expect(faults { $0.partition = "a b" }.contains("partition"))
        #expect(faults { $0.gres = "" }.contains("gres"))
        #expect(faults { $0.cpusPerTask = 0 }.contains("cpus"))
        #expect(faults { $0.timeLimit = .seconds(60) }.contains("time"))
        #expect(faults { $0.agent = "-x" }.contains("agent"))
        #expect(faults { $0.stateDirectory = "/a\"b" }.contains("state_directory"))
        for login in ["-oProxyCommand=x", "a b", "", "a;b"] {
            #expect(faults { $0.login = login }.contains("login"), "\(login)")
        }
        #expect(faults { $0.arguments = ["a\nb"] }.contains("arguments"))
        #expect(faults { $0.queryInterval = .seconds(-1) }.contains("query_interval"))
        #expect(faults { $0.programs = "bin" }.contains("programs"))
        #expect(faults { $0.stateDirectory = "${SCRATCH:-/tmp}/$USER" }.isEmpty)
    }

    @Test func `The queue's lines become allocations, other jobs are passed over`() throws {
        let text = """
            12_0|RUNNING|n1|mortise-1f3a9c20-cloud-12|None
            12_1|CONFIGURING|n2|mortise-1f3a9c20-cloud-12|None
            12_[2-3%1]|PENDING||mortise-1f3a9c20-cloud-12|JobArrayTaskLimit
            13_0|TIMEOUT|n3|mortise-1f3a9c20-cloud-13|TimeLimit
            13_1|NODE_FAIL|n4|mortise-1f3a9c20-cloud-13|None
            13_2|COMPLETED|n4|mortise-1f3a9c20-cloud-13|None
            13_3|PREEMPTED|n4|mortise-1f3a9c20-cloud-13|None
            13_4|COMPLETING|n4|mortise-1f3a9c20-cloud-13|None
            14_0|RUNNING|n5|mortise-1f3a9c20-cloud-2-14|None
            15_0|RUNNING|n5|mortise-ffffffff-cloud-15|None
            16|PENDING||a|b|c|Resources
            18_0|FAILED||mortise-1f3a9c20-cloud-18|BadConstraints
            17|PENDING||mortise-1f3a9c20-cloud-0|Resources

            """
        let all = try #require(SlurmLook.allocations(queue: text, scope))
        #expect(all.map(\.name) == ["12_0", "12_1", "12_2", "12_3", "13_0", "13_1", "13_2", "13_3", "13_4"])
        #expect(
            all.map(\.state) == [
                .running, .waiting, .waiting, .waiting, .timedOut, .failed, .completed, .canceled, .running,
            ])
        #expect(all.map(\.host).prefix(3) == ["n1", "n2", nil])
        #expect(all.map(\.reason).prefix(3) == ["", "CONFIGURING", "JobArrayTaskLimit"])
        #expect(all[4].reason == "TIMEOUT: TimeLimit" && all[5].reason == "NODE_FAIL")
        #expect(all.allSatisfy { Allocation.isName($0.name) })
        #expect(SlurmLook.allocations(queue: String(text.dropLast(3)), scope) == nil)
        #expect(SlurmLook.allocations(queue: "", scope) == [])
    }

    @Test func `The accounting tells how jobs have ended, and nothing of those that run`() {
        let text = """
            12_0|CANCELLED by 1000|0:15|n1|mortise-1f3a9c20-cloud-12
            12_1|FAILED|127:0|n2|mortise-1f3a9c20-cloud-12
            12_2|RUNNING|0:0|n3|mortise-1f3a9c20-cloud-12
            12_[3-4]|PENDING|0:0|None assigned|mortise-1f3a9c20-cloud-12
            13_0|TIMEOUT|0:0|n1|somebody's job

            """
        let ended = SlurmLook.ended(accounting: text, scope)
        #expect(ended.map(\.name) == ["12_0", "12_1"])
        #expect(ended.map(\.state) == [.canceled, .failed])
        #expect(ended.map(\.reason) == ["CANCELLED: exit code 0:15", "FAILED: exit code 127:0"])
    }

    @Test(arguments: [
        (
            "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified",
            LaunchFailure.Code.refused, false
        ),
        ("sbatch: error: QOSMaxSubmitJobPerUserLimit", .quota, false),
        ("sbatch: error: AssocMaxSubmitJobLimit", .quota, false),
        (
            "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit)",
            .quota, false
        ),
        (
            "sbatch: error: Batch job submission failed: Required partition not available (inactive or drain)",
            .noCapacity, false
        ),
        (
            "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation",
            .unavailable, true
        ),
        (
            "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
            .unavailable, true
        ),
        ("sbatch: error: Batch job submission failed: Something new", .unavailable, true),
    ])
    func `What sbatch says has a code, and may leave doubt`(
        said: String, code: LaunchFailure.Code, leavesDoubt: Bool
    ) throws {
        let failure = try #require(SlurmFailure(parsing: said + "\n"))
        #expect(failure.launchCode == code)
        #expect(failure.leavesDoubt == leavesDoubt)
    }
}
