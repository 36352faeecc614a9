import CoordinatorSchedulers
import FoundationEssentials
import Testing

/// How many nodes a queue needs, and what must not add nodes or hide that some are used.
@Suite("Demand of a scheduler's queue")
struct SchedulerDemandTests {
    private let header =
        "             JOBID PARTITION     NAME     USER ST       TIME  NODES NODELIST(REASON)\n"

    private func demand(_ rows: String, _ queue: String = "cloud") throws -> SchedulerDemand {
        let output = try #require(SqueueOutput(parsing: SqueueText.header + rows))
        let jobs = try #require(output.jobs)
        return try SchedulerDemand(of: jobs, queue: queue)
    }

    @Test("three that wait and one that runs in the queue, another queue's do not count")
    func oracle() throws {
        let demand = try demand(
            SqueueText.row("1", "cloud", "PD", "(Resources)")
                + SqueueText.row("2", "cloud", "PD", "(Priority)")
                + SqueueText.row("3", "cloud", "PD", "(None)")
                + SqueueText.row("4", "xxxxx", "PD", "(Resources)")
                + SqueueText.row("5", "cloud", "R", "c1"))
        #expect(demand.waitingNodes == 3 && demand.waitingJobs == 3)
        #expect(demand.runningJobs == 1 && demand.runningNodes == 1)
        #expect(demand.setAside.isEmpty && !demand.isLowerBound)
    }

    @Test("of a partition whose nodes register themselves, too few of them is what nodes would end")
    func dynamic() throws {
        let rows = SqueueText.row("1", "cloud", "PD", "(PartitionConfig)")
        #expect(try demand(rows).setAside == [.init(reason: "PartitionConfig", jobs: 1)])
        let jobs = try #require(SqueueOutput(parsing: SqueueText.header + rows)?.jobs)
        #expect(try SchedulerDemand(of: jobs, queue: "cloud", isDynamic: true).waitingNodes == 1)
    }

    @Test("the same of Torque: two wait, one runs; one that is held does not count")
    func torque() throws {
        let text = """
            Job ID                    Name             User            Time Use S Queue
            ------------------------- ---------------- --------------- -------- - -----
            1.master                   x                alice                  0 Q cloud
            2.master                   x                alice                  0 Q cloud
            3.master                   x                alice           00:00:10 R cloud
            4.master                   x                alice                  0 H cloud
            5.master                   x                alice                  0 Q batch

            """
        let jobs = try #require(QstatOutput(parsing: text)?.jobs)
        let demand = try SchedulerDemand(of: jobs, queue: "cloud")
        #expect(demand.waitingNodes == 2 && demand.runningJobs == 1)
        #expect(demand.setAside == [.init(reason: "JobHeld", jobs: 1)])
        #expect(
            try SchedulerDemand(of: try #require(QstatOutput(parsing: text)?.jobs), queue: "none") == .init())
    }

    @Test(
        "a job that waits for no node adds none",
        arguments: [
            "Dependency", "DependencyNeverSatisfied", "AssocGrpCpuLimit", "QOSMaxJobsPerUserLimit",
            "AssocMaxJobsLimit", "JobArrayTaskLimit", "BeginTime", "JobHeldUser", "JobHeldAdmin",
            "Reservation",
            "Licenses", "PartitionTimeLimit", "PartitionDown", "BadConstraints", "InvalidQOS",
            "launch failed requeued held", "NeverHeardOf", "ReqNodeNotAvail, Reserved for maintenance",
        ])
    func reasons(reason: String) throws {
        let demand = try demand(
            SqueueText.row("1", "cloud", "PD", nodes: 4, "(\(reason))")
                + SqueueText.row("2", "cloud", "PD", "(Priority)"))
        #expect(demand.waitingNodes == 1)
        #expect(demand.setAside == [.init(reason: reason, jobs: 1)])
    }

    @Test("nodes that are down or not there yet are what new ones replace")
    func unavailable() throws {
        let demand = try demand(
            SqueueText.row("1", "cloud", "PD", "(ReqNodeNotAvail, UnavailableNodes:c[1-4])")
                + SqueueText.row(
                    "2", "cloud", "PD",
                    "(Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions)"
                ))
        #expect(demand.waitingNodes == 2)
    }

    @Test("each node of a job and each task of an array counts")
    func sizes() throws {
        let demand = try demand(
            SqueueText.row("1", "cloud", "PD", nodes: 5, "(Resources)")
                + SqueueText.row("18_[1-100]", "cloud", "PD", nodes: 2, "(Priority)"))
        #expect(demand.waitingNodes == 205 && demand.waitingJobs == 101)
    }

    @Test("of an array with a limit no more count than may run beside those that do")
    func limits() throws {
        let demand = try demand(
            SqueueText.row("18_[5-16%4]", "cloud", "PD", "(Resources)")
                + SqueueText.row("18_3", "cloud", "R", "c1")
                + SqueueText.row("19_1", "cloud", "R", "c2"))
        #expect(demand.waitingNodes == 3)
        #expect(demand.setAside == [.init(reason: "JobArrayTaskLimit", jobs: 9)])
    }

    @Test("an array whose tasks the column has cut is at least so large, and says so")
    func cutArray() throws {
        let demand = try demand(SqueueText.row("123456_[1,3,5-7,9,11]", "cloud", "PD", "(Resources)"))
        #expect(demand.isLowerBound && demand.waitingNodes >= 4)
    }

    @Test("a name that was cut to fit is no answer, one that cannot be meant is")
    func cutQueue() throws {
        let rows = SqueueText.row("1", "cloud-longer", "PD", "(Resources)")
        #expect(throws: SchedulerDemand.Fault.queueIsCut("cloud-lon")) { try demand(rows, "cloud-longer") }
        #expect(try demand(rows, "other").waitingNodes == 0)
        #expect(try demand(rows, "cloud").waitingNodes == 0)
    }

    @Test("blanks in a name move no column")
    func names() throws {
        let demand = try demand(SqueueText.row("1", "cloud", "PD", "(Resources)", name: "a b R c"))
        #expect(demand.waitingNodes == 1)
    }

    @Test(
        "jobs that start, end or are suspended use their nodes",
        arguments: ["R", "CF", "CG", "S", "ST", "SO"])
    func active(state: String) throws {
        let demand = try demand(SqueueText.row("1", "cloud", state, nodes: 3, "c[1-3]"))
        #expect(demand.runningJobs == 1 && demand.runningNodes == 3 && demand.waitingNodes == 0)
    }

    @Test("a job that waits in several partitions waits in each of them")
    func several() throws {
        #expect(try demand(SqueueText.row("1", "a,cloud", "PD", "(Resources)")).waitingNodes == 1)
        #expect(try demand(SqueueText.row("1", "a,clouds", "PD", "(Resources)")).waitingNodes == 0)
        #expect(throws: SchedulerDemand.Fault.self) {
            try demand(SqueueText.row("1", "gpu,clouds", "PD", "(Resources)"))
        }
    }

    @Test("each count is of one look alone")
    func fresh() throws {
        let rows = SqueueText.row("1", "cloud", "PD", "(Resources)")
        #expect(try demand(rows) == demand(rows))
        #expect(try demand("") == SchedulerDemand())
    }

    @Test("a layout without queues is no answer")
    func missing() throws {
        let output = try #require(SqueueOutput(parsing: "JOBID|ST|REASON\n1|PD|Resources\n"))
        let jobs = try #require(output.jobs)
        #expect(throws: SchedulerDemand.Fault.noQueue(job: "1")) {
            try SchedulerDemand(of: jobs, queue: "cloud")
        }
    }
}

/// squeue's default layout.
enum SqueueText {
    static let header =
        "             JOBID PARTITION     NAME     USER ST       TIME  NODES NODELIST(REASON)\n"

    static func row(
        _ id: String, _ queue: String, _ state: String, nodes: Int = 1, _ place: String, name: String = "x"
    ) -> String {
        func right(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text.prefix(width)
        }
        return right(id, 18) + " " + right(queue, 9) + " " + right(name, 8) + "    alice " + right(state, 2)
            + "       0:00 " + right("\(nodes)", 6) + " " + place + "\n"
    }
}

enum SchedulerPages {
    /// A page of the repository, four folders above this file.
    static func text(_ path: String) throws -> String {
        let root = String(#filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 })
        let data = try #require(FileManager.default.contents(atPath: root + "/" + path))
        return String(decoding: data, as: UTF8.self)
    }
}
