import CoordinatorSchedulers
import Testing
import TextForms

@Suite("sinfo, scontrol and sbatch")
struct SinfoTests {
    private func said(_ text: String, form: String? = nil) throws -> JSON {
        try JSON(SavedReader.schedulers.json(of: Array(text.utf8), form: form))
    }

    private func elements(_ value: JSON?) -> [JSON] {
        guard case .array(let elements) = value else { return [] }
        return elements
    }

    @Test("columns that begin alike and columns that end alike stand side by side")
    func table() throws {
        let text = """
            PARTITION      AVAIL  TIMELIMIT  NODES  STATE NODELIST
            a-long-name*      up 7-00:00:00     12   mix- n[01-12]
            b               down   infinite      1 drain* n13

            """
        let rows = elements(try said(text)["rows"])
        #expect(rows.map { $0["partition"] } == [.string("a-long-name"), .string("b")])
        #expect(rows.map { $0["default"] } == [.boolean(true), .boolean(false)])
        #expect(rows.map { $0["timelimit"] } == [.string("7-00:00:00"), .string("infinite")])
        #expect(rows.map { $0["nodes"] } == [.number(12), .number(1)])
        #expect(rows.map { $0["state"] } == [.string("mix-"), .string("drain*")])
    }

    @Test("reasons with blanks stay whole")
    func reasons() throws {
        let text = """
            REASON               USER      TIMESTAMP           NODELIST
            disk  is full        root      2022-05-18T17:20:20 cu201
            down for a while yet alice     2022-05-18T17:22:33 cu[202-204]

            """
        let rows = elements(try said(text)["rows"])
        #expect(rows.map { $0["reason"] } == [.string("disk  is full"), .string("down for a while yet")])
        #expect(rows.map { $0["nodelist"] } == [.string("cu201"), .string("cu[202-204]")])
    }

    @Test("rows without a header say by themselves what they are")
    func bare() throws {
        let pipes = try said("cloud*|up|infinite|4|idle~|c[1-4]\nlocal|up|1:00:00|2|mix|l[1-2]\n")
        #expect(elements(pipes["rows"]).map { $0["nodes"] } == [.number(4), .number(2)])
        #expect(elements(pipes["rows"])[0]["default"] == .boolean(true))
        let words = try said("cloud*  up infinite 4 idle~ c[1-4]\n")
        #expect(elements(words["rows"]) == Array(elements(pipes["rows"]).prefix(1)))
        let states = try said("a1,idle\na2,down*\na1,idle\n")
        #expect(states["rows"] == .number(3) && states["distinct_nodes"] == .number(2))
    }

    @Test("the states of nodes are understood with their signs")
    func states() {
        func state(_ text: String) -> SlurmNodeState? { SlurmNodeState(parsing: text) }
        #expect(state("idle")?.isUsable == true)
        #expect(state("mix-")?.isUsable == true && state("alloc")?.hasJobs == true)
        #expect(state("idle*")?.isUsable == false && state("idle*")?.isResponding == false)
        #expect(state("idle~")?.isDown == true && state("alloc#")?.isUsable == true)
        #expect(state("IDLE+CLOUD+DRAIN")?.isDraining == true && state("IDLE+DRAIN")?.hasJobs == false)
        #expect(state("MIXED+DRAIN")?.hasJobs == true && state("draining@")?.hasJobs == true)
        #expect(state("DOWN*+CLOUD")?.isDown == true && state("down$")?.isDown == true)
        for sign in "*~#!%$@^-" { #expect(state("idle\(sign)")?.base == "IDLE", "\(sign)") }
        for text in ["", "hello", "idle?", "+", "n1"] { #expect(state(text) == nil, "\(text)") }
    }

    @Test("records have values with blanks and signs of equality")
    func records() throws {
        let text = """
            NodeName=n1 Arch=x86_64 CoresPerSocket=8
               CPUAlloc=4 CPUTot=16 CPULoad=0.10
               Gres=gpu:a100:4(S:0-1)
               NodeAddr=10.0.0.1 NodeHostName=n1 Version=23.11.4
               OS=Linux 6.1 #1 SMP PREEMPT x=1
               RealMemory=64000 AllocMem=0 FreeMem=1 Sockets=2 Boards=1
               State=IDLE+DRAIN ThreadsPerCore=1
               Partitions=a,b
               Reason=disk=full, Please=wait [root@2024-01-01T00:00:00]

            NodeName=n2 CPUTot=8
               State=IDLE

            """
        let (nodes, truncation) = try #require(ScontrolNode.nodes(parsing: text))
        #expect(truncation == nil && nodes.map(\.name) == ["n1", "n2"])
        #expect(nodes[0].reason == "disk=full, Please=wait [root@2024-01-01T00:00:00]")
        #expect(nodes[0].partitions == ["a", "b"] && nodes[0].memoryMiB == 64_000)
        #expect(nodes[0].version == "23.11.4" && nodes[1].version == nil)
        let cut = try #require(text.firstRange(of: "   State=IDLE\n")?.lowerBound)
        #expect(throws: SavedReader.Fault.self) { try said(String(text[..<cut])) }
    }

    @Test("jobs with blanks in their names, and tasks of arrays, are told")
    func jobs() throws {
        let text = """
            JobId=13 ArrayJobId=12 ArrayTaskId=3 JobName=my job = best
               UserId=alice(1000) GroupId=alice(1000)
               JobState=RUNNING Reason=None Dependency=(null)
               NumNodes=1 NumCPUs=2
               NodeList=n1

            JobId=12 ArrayJobId=12 ArrayTaskId=4-9%2 JobName=my job
               JobState=PENDING Reason=Priority Dependency=(null)

            """
        let (jobs, truncation) = try #require(ScontrolJob.jobs(parsing: text))
        #expect(truncation == nil && jobs.map(\.arrayID) == ["12_3", "12_[4-9%2]"])
        #expect(jobs.map(\.name) == ["my job = best", "my job"])
        #expect(jobs.map(\.reason) == ["None", "Priority"])
        #expect(elements(try said(text)["jobs"]).count == 2)
    }

    @Test("what sbatch and salloc answer")
    func submission() throws {
        #expect(try said("Submitted batch job 24 on cluster north\n")["cluster"] == .string("north"))
        #expect(try said("sbatch: lua: hello\nSubmitted batch job 24\n")["job_id"] == .string("24"))
        #expect(SlurmSubmission(parsable: "24;north\n")?.cluster == "north")
        #expect(SlurmSubmission(parsable: "sbatch: warning: x\n24\n")?.jobID == "24")
        #expect(SlurmSubmission(parsable: "no\n") == nil && SlurmSubmission(parsable: "") == nil)
        #expect(try said("24\n", form: "sbatch")["job_id"] == .string("24"))
        #expect(
            try said("salloc: Pending job allocation 7\nsalloc: Granted job allocation 7\n")["job_id"]
                == .string("7"))
    }

    @Test(
        "what went wrong has a stable code",
        arguments: [
            ("sbatch: error: Batch job submission failed: Invalid qos specification\n", "invalid_qos"),
            (
                "sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job violates "
                    + "accounting/QOS policy (job submit limit, user's size and/or time limits)\n",
                "policy_limit"
            ),
            (
                "sbatch: error: Batch job submission failed: Required partition not available (inactive or drain)\n",
                "partition_down"
            ),
            (
                "sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)\n",
                "time_limit_invalid"
            ),
            ("slurm_load_jobs error: Invalid job id specified\n", "unknown_job"),
            (
                "scancel: error: Kill job error on job id 9: Access/permission denied\n",
                "insufficient_permissions"
            ),
            ("sinfo: error: nobody knows\n", "unknown_error"),
            ("qstat: cannot connect to server master (errno=111) Connection refused\n", "unavailable"),
            ("qstat: Unknown queue destination cloud\n", "unknown_queue"),
        ])
    func failures(text: String, code: String) throws {
        #expect(try said(text)["error"] == .string(code))
        #expect(elements(try said(text)["devices"]).isEmpty)
    }

    @Test("what is empty or no output of a scheduler is refused, whatever form is named")
    func refused() throws {
        for text in ["", "\n\n"] { #expect(throws: SavedReader.Fault.isEmpty) { try said(text) } }
        for text in ["hello\n", "a,b\nc,d\n", "-\n", "{}\n", "[1]\n", "1 2 3\n", "12\n"] {
            #expect(throws: SavedReader.Fault.isNotRecognized, "\(text)") { try said(text) }
        }
        for form in SavedReader.schedulers.forms.map(\.name) {
            #expect(throws: SavedReader.Fault.isEmpty, "\(form)") { try said("", form: form) }
            #expect(throws: SavedReader.Fault.isNot(form: form), "\(form)") {
                try said("hello\n", form: form)
            }
        }
    }

    @Test("each form has a name of its own and is documented, with its command")
    func documented() throws {
        let names = SavedReader.schedulers.forms.map(\.name)
        #expect(Set(names).count == names.count && names.count > 12)
        let page = try SchedulerPages.text("docs/cli.md")
        for form in SavedReader.schedulers.forms {
            #expect(page.contains("\n| `\(form.name)` | `\(form.command)` |"), "\(form.name)")
        }
    }
}
