import CoordinatorSchedulers
import Testing

@Suite("qstat and pbsnodes")
struct QstatTests {
    private let header = """
        Job ID                    Name             User            Time Use S Queue
        ------------------------- ---------------- --------------- -------- - -----

        """

    private func jobs(_ text: String) throws -> [QueuedJob] {
        let output = try #require(QstatOutput(parsing: text))
        return try #require(output.jobs)
    }

    @Test("the default table is read by its rules, with its header and without")
    func summary() throws {
        let rows = """
            12.master                  my job           alice           00:01:40 R cloud
            13[].master                x                bob                    0 Q cloud
            14.master                  y                bob                    0 H other

            """
        for text in [header + rows, rows] {
            let jobs = try jobs(text)
            #expect(jobs.map(\.id) == ["12.master", "13[].master", "14.master"])
            #expect(jobs.map(\.name) == ["my job", "x", "y"])
            #expect(jobs.map(\.user) == ["alice", "bob", "bob"])
            #expect(jobs.map(\.queue) == ["cloud", "cloud", "other"])
            #expect(jobs.map(\.phase) == [.active, .waiting, .waiting])
            #expect(jobs.map(\.reason) == [nil, nil, "JobHeld"])
        }
        #expect(try jobs(header) == [])
        #expect(QstatOutput(parsing: "") == nil)
        #expect(QstatOutput(parsing: header + "12.master       my job     al")?.jobs == nil)
    }

    @Test("-a tells nodes, and hosts below a row are no job")
    func all() throws {
        let text = """

            master:
                                                                        Req'd  Req'd   Elap
            Job ID          Username Queue    Jobname    SessID NDS TSK Memory Time  S Time
            --------------- -------- -------- ---------- ------ --- --- ------ ----- - -----
            11.master       alice    cloud    my job      18685   4   8    4gb 01:00 R 00:10
               n1/0*2+n2/0*2
            12.master       bob      cloud    x             --    2   4    --    --  Q   --

            """
        let jobs = try jobs(text)
        #expect(jobs.map(\.id) == ["11.master", "12.master"])
        #expect(jobs.map(\.nodes) == [4, 2])
        #expect(jobs.map(\.name) == ["my job", "x"])
        #expect(jobs.map(\.phase) == [.active, .waiting])
        let cut = try #require(text.firstRange(of: "    --    --  Q")?.lowerBound)
        #expect(QstatOutput(parsing: String(text[..<cut]))?.jobs == nil)
    }

    @Test("-f tells what is left of an array, and joins lines that go on")
    func full() throws {
        let text = """
            Job Id: 12[].master
                Job_Name = a = b
                Job_Owner = alice@head
                job_state = B
                queue = cloud
                exec_host = n1/0+n2/
            \t0
                Resource_List.nodect = 2
                array_indices_remaining = 3-6

            Job Id: 13.master
                Job_Name = x
                job_state = R
                queue = cloud

            """
        let jobs = try jobs(text)
        #expect(jobs.map(\.id) == ["12[].master", "13.master"])
        #expect(jobs[0].name == "a = b" && jobs[0].user == "alice")
        #expect(jobs[0].phase == .waiting && jobs[0].tasks?.count == 4 && jobs[0].nodes == 2)
        #expect(QstatOutput(parsing: String(text.dropLast(40)))?.jobs == nil)
    }

    @Test("nodes of both systems are read, a record without its state is not whole")
    func nodes() throws {
        let torque = """
            n1
                 state = down,offline
                 np = 8
                 ntype = cluster
                 status = opsys=linux,physmem=2048kb
                 gpus = 1

            n2
                 state = free
                 np = 8
                 ntype = cluster
                 jobs = 0/12.master

            """
        let (nodes, truncation) = try #require(PbsNode.nodes(parsing: torque))
        #expect(truncation == nil)
        #expect(nodes.map(\.name) == ["n1", "n2"] && nodes.map(\.state) == ["down,offline", "free"])
        #expect(nodes.map(\.memoryKiB) == [2_048, nil] && nodes.map(\.deviceCount) == [1, nil])
        #expect(nodes.map(\.jobs) == [nil, "0/12.master"])
        #expect(PbsNode.nodes(parsing: torque + "\nn3\n")?.truncation != nil)
    }
}
