/// What the jobs of one partition or queue need of nodes that could be added to it.
package struct SchedulerDemand: Sendable, Hashable {
    /// Jobs that wait for what no node brings, by why.
    package struct SetAside: Sendable, Hashable {
        /// "Dependency"
        package var reason: String
        package var jobs: Int

        package init(reason: String, jobs: Int) {
            self.reason = reason
            self.jobs = jobs
        }
    }

    /// Nodes that the waiting jobs would use if they were there: each task of an array counts, and each node of a job.
    package var waitingNodes = 0
    /// The jobs, and tasks of arrays, that need them.
    package var waitingJobs = 0
    /// Jobs that have nodes: those that run, start, end, or are suspended.
    package var runningJobs = 0
    /// Nodes that they have; where several jobs share one, it counts several times.
    package var runningNodes = 0
    /// In the order in which they were met.
    package var setAside: [SetAside] = []
    /// The output did not name all tasks of an array: more wait than are counted.
    package var isLowerBound = false

    /// Why an output does not tell the demand of a queue.
    package enum Fault: Error, Sendable, Hashable {
        /// The layout does not say in which queue this job is.
        case noQueue(job: String)
        /// The layout has cut the name of the queue to this: nobody knows whether it is the one that was asked for.
        case queueIsCut(String)
    }

    package init() {}

    /// - Parameters:
    ///   - jobs: of all queues, those of others are passed over.
    ///   - queue: the partition's or queue's whole name.
    ///   - isDynamic: its nodes register themselves, so that it knows only those that are there.
    package init(of jobs: [QueuedJob], queue: String, isDynamic: Bool = false) throws(Fault) {
        var own: [QueuedJob] = []
        for job in jobs where try Self.isIn(queue, job) { own.append(job) }
        for job in own {
            switch job.phase {
            case .over: break
            case .active:
                runningJobs += 1
                runningNodes = Self.sum(runningNodes, job.nodes)
                // PBS tells of an array that has begun, and not how many of its tasks have.
                if job.state == "B" { isLowerBound = true }
            case .waiting: add(job, own, isDynamic: isDynamic)
            }
        }
    }

    private static func isIn(_ queue: String, _ job: QueuedJob) throws(Fault) -> Bool {
        guard let name = job.queue else { throw .noQueue(job: job.id) }
        let names = name.split(separator: ",")
        // Of several names only the last one can have been cut; also one that is as long as the column.
        let whole = job.isQueueCut ? names.dropLast() : names[...]
        if whole.contains(queue[...]) { return true }
        guard job.isQueueCut, job.phase != .over, let last = names.last, queue.hasPrefix(last) else {
            return false
        }
        throw .queueIsCut(name)
    }

    private mutating func add(_ job: QueuedJob, _ jobs: [QueuedJob], isDynamic: Bool) {
        let isHeld = SlurmJobState(parsing: job.state)?.isHeld ?? false
        guard !isHeld, SlurmReason.isServable(job.reason, isDynamic: isDynamic) else {
            return setAside(
                job.reason.flatMap { $0 == "None" ? nil : $0 } ?? job.state, tasks: job.tasks?.count ?? 1)
        }
        var tasks = job.tasks?.count ?? 1
        if let range = job.tasks {
            if range.isCut { isLowerBound = true }
            if let limit = range.limit {
                // `%4`: no more than four at a time, those that run included.
                let running = jobs.count { $0.phase == .active && $0.number == job.number }
                let free = max(0, limit - running)
                if tasks > free { setAside("JobArrayTaskLimit", tasks: tasks - free) }
                tasks = min(tasks, free)
            }
        }
        waitingJobs += tasks
        let nodes = tasks.multipliedReportingOverflow(by: job.nodes)
        waitingNodes = Self.sum(waitingNodes, nodes.overflow ? Int.max : nodes.partialValue)
    }

    private static func sum(_ left: Int, _ right: Int) -> Int {
        let sum = left.addingReportingOverflow(right)
        return sum.overflow ? Int.max : sum.partialValue
    }

    private mutating func setAside(_ reason: String, tasks: Int) {
        if let place = setAside.firstIndex(where: { $0.reason == reason }) {
            setAside[place].jobs += tasks
        } else {
            setAside.append(SetAside(reason: reason, jobs: tasks))
        }
    }
}
