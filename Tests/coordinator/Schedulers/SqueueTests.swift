import Testing

@testable import CoordinatorSchedulers

@Suite("squeue")
struct SqueueTests {
    private let header =
        "             JOBID PARTITION     NAME     USER ST       TIME  NODES NODELIST(REASON)\n"

    private func jobs(_ text: String) throws -> [QueuedJob] {
        let output = try #require(SqueueOutput(parsing: text))
        return try #require(output.jobs)
    }

    @Test("names with blanks, arrays and lists of hosts are read by their columns")
    func columns() throws {
        let jobs = try jobs(
            header + SqueueText.row("4711_[5-16%4]", "cloud", "PD", nodes: 2, "(Resources)", name: "my  job")
                + SqueueText.row("4711_3", "cloud", "R", nodes: 2, "n[1-2]", name: "run of a")
                + SqueueText.row("4712", "gpu2", "CG", nodes: 12, "n[1-3,7],m[01-08]"))
        #expect(jobs.map(\.id) == ["4711_[5-16%4]", "4711_3", "4712"])
        #expect(jobs.map(\.name) == ["my  job", "run of a", "x"])
        #expect(jobs.map(\.user) == ["alice", "alice", "alice"])
        #expect(jobs.map(\.queue) == ["cloud", "cloud", "gpu2"])
        #expect(jobs.map(\.state) == ["PD", "R", "CG"])
        #expect(jobs.map(\.phase) == [.waiting, .active, .active])
        #expect(jobs.map(\.reason) == ["Resources", nil, nil])
        #expect(jobs.map(\.nodes) == [2, 2, 12])
        #expect(jobs[0].tasks?.count == 12 && jobs[0].tasks?.limit == 4 && jobs[0].tasks?.isCut == false)
        #expect(jobs.allSatisfy { !$0.isQueueCut })
    }

    @Test("a header alone is an empty queue, nothing at all is not")
    func empty() throws {
        #expect(try jobs(header) == [])
        #expect(try jobs("CLUSTER: north\n" + header) == [])
        for text in ["", "\n \n", "JOBID\n", "no jobs\n"] {
            #expect(SqueueOutput(parsing: text) == nil, "\(text)")
        }
    }

    @Test("a command that failed has no empty queue")
    func failed() throws {
        let said = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n"
        #expect(SqueueOutput(parsing: said) == nil)
        #expect(SlurmFailure(parsing: said)?.code == "unavailable")
        #expect(SqueueOutput(parsing: header + said)?.jobs == nil)
        #expect(SlurmFailure(parsing: "bash: line 1: squeue: command not found\n")?.code == "tool_missing")
    }

    @Test("a text that ends in the middle is no whole queue")
    func truncated() throws {
        let row = String(SqueueText.row("12", "cloud", "PD", nodes: 2, "(Resources)").dropLast())
        #expect(try jobs(header + row).count == 1, "the end of the last line is no part of it")
        let whole = header + row
        for length in 1..<whole.count where length != header.count {
            // A header that lacks nothing but its end.
            if length == header.count - 1 { continue }
            let text = String(whole.prefix(length))
            #expect(SqueueOutput(parsing: text)?.jobs == nil, "\(length): \(text.suffix(20))")
        }
    }

    @Test("a line that is no row is not passed over")
    func misfit() {
        let text = header + "Segmentation fault\n"
        #expect(SqueueOutput(parsing: text)?.truncation?.contains("Segmentation fault") == true)
    }

    @Test("what the command remarks beside its answer is no row")
    func remark() throws {
        #expect(try jobs("squeue: warning: something\n" + header).isEmpty)
    }

    @Test("a partition that fills its column may have been cut, one that does not is whole")
    func cutPartition() throws {
        let jobs = try jobs(
            header + SqueueText.row("1", "cloud-longer", "PD", "(Resources)")
                + SqueueText.row("2", "cloud", "PD", "(Resources)"))
        #expect(jobs.map(\.isQueueCut) == [true, false])
    }

    @Test("long listings, separators and other columns say the same")
    func layouts() throws {
        let long = """
            Thu Mar 11 14:14:02 2021
                         JOBID PARTITION     NAME     USER    STATE       TIME TIME_LIMI  NODES NODELIST(REASON)
                            70     debug  a  wrap    alice  RUNNING       0:03   1:00:00      1 n1
                            71     debug     wrap    alice  PENDING       0:00   1:00:00      3 (Priority)

            """
        let separated = """
            JOBID|PARTITION|NAME|USER|ST|NODES|NODELIST(REASON)
            70|debug|a  wrap|alice|R|1|n1
            71|debug|wrap|alice|PD|3|(Priority)

            """
        for text in [long, separated] {
            let jobs = try jobs(text)
            #expect(jobs.map(\.id) == ["70", "71"])
            #expect(jobs.map(\.name) == ["a  wrap", "wrap"])
            #expect(jobs.map(\.phase) == [.active, .waiting])
            #expect(jobs.map(\.reason) == [nil, "Priority"])
            #expect(jobs.map(\.nodes) == [1, 3])
        }
        let cut = String(separated.prefix(separated.count - 15))
        #expect(SqueueOutput(parsing: cut)?.jobs == nil)
    }

    @Test("rows without a header say by themselves what they are")
    func bare() throws {
        let rows = """
                70     debug  a  wrap    alice  R       0:03      1 n1
            71_[0-9]   debug     wrap    alice PD       0:00      3 (Priority)

            """
        #expect(try jobs(rows).map(\.name) == ["a wrap", "wrap"])
        #expect(try jobs(rows).map(\.tasks?.count) == [nil, 10])
        let separated = "70^R^None^debug\n71_[0-9]^PD^Dependency^debug\n"
        #expect(try jobs(separated).map(\.reason) == ["None", "Dependency"])
        #expect(SqueueOutput(parsing: separated + "72^PD\n")?.jobs == nil)
    }

    @Test("several clusters are told apart, and of several looks the last one counts")
    func sections() throws {
        let row = { (id: Int) in "                \(id)      main        x    alice  R       0:01      1 n1\n"
        }
        let clusters = "CLUSTER: north\n\(header)\(row(11))\nCLUSTER: south\n\(header)\(row(12))"
        let queue = try #require(SqueueOutput(parsing: clusters))
        #expect(queue.clusters == ["north", "south"] && queue.jobs?.map(\.id) == ["11", "12"])
        let looks =
            "Thu Mar 11 14:14:02 2021\n\(header)\(row(11))\nThu Mar 11 14:14:12 2021\n\(header)\(row(12))"
        #expect(try jobs(looks).map(\.id) == ["12"])
    }

    @Test("JSON of all releases says the same")
    func json() throws {
        let old = """
            {"meta": {"plugin": {}}, "errors": [], "jobs": [
              {"job_id": 12, "array_job_id": 12, "array_task_id": null, "array_task_string": "0-3%2", "name": "a b",
               "partition": "cloud", "job_state": "PENDING", "state_reason": "Resources", "node_count": 2, "nodes": "",
               "user_name": "alice"},
              {"job_id": 15, "array_job_id": 0, "name": "x", "partition": "cloud", "job_state": "RUNNING",
               "state_reason": "None", "node_count": 1, "nodes": "n1", "user_name": "bob"}]}

            """
        let new = """
            {"jobs": [
              {"job_id": 12, "array_job_id": {"set": true, "infinite": false, "number": 12},
               "array_task_id": {"set": false, "infinite": false, "number": 0}, "array_task_string": "0-3%2",
               "name": "a b", "partition": "cloud", "job_state": ["PENDING"], "state_reason": "Resources",
               "node_count": {"set": true, "infinite": false, "number": 2}, "nodes": "", "user_name": "alice"},
              {"job_id": 15, "array_job_id": {"set": true, "infinite": false, "number": 0}, "name": "x",
               "partition": "cloud", "job_state": ["RUNNING"], "state_reason": "None",
               "node_count": {"set": true, "infinite": false, "number": 1}, "nodes": "n1", "user_name": "bob"}],
             "meta": {"slurm": {}}, "errors": []}

            """
        for text in [old, new] {
            let jobs = try jobs(text)
            #expect(jobs.map(\.id) == ["12_[0-3%2]", "15"])
            #expect(jobs.map(\.phase) == [.waiting, .active])
            #expect(jobs.map(\.nodes) == [2, 1])
            #expect(jobs[0].tasks?.count == 4 && jobs[0].tasks?.limit == 2 && jobs[0].name == "a b")
            #expect(SqueueOutput(parsing: String(text.dropLast(30)))?.jobs == nil)
        }
        #expect(try jobs("{\"meta\": {}, \"jobs\": [], \"errors\": []}\n") == [])
    }

    @Test("tasks of arrays are counted, also where a column has cut them")
    func tasks() {
        #expect(TaskRange(ofJob: "12") == nil)
        #expect(TaskRange(ofJob: "12_[1,3,7-9]")?.indices == [1, 3, 7, 8, 9])
        #expect(TaskRange(ofJob: "12_[0-20:5]")?.indices == [0, 5, 10, 15, 20])
        #expect(TaskRange(ofJob: "12_[5-16%4]")?.limit == 4)
        #expect(TaskRange(ofJob: "12_[1,3,5-")?.isCut == true)
        #expect(TaskRange(ofJob: "12_[1,3,...]")?.isCut == true)
        #expect(TaskRange(ofJob: "12_[0-4294967295]")?.count == 1 << 32)
        #expect(TaskRange(ofJob: "12_[9-1]") == nil && TaskRange(ofJob: "12_[]") == nil)
    }
}
