import TextForms

/// What a scheduler has given to the process, from its environment and the names of its control groups.
package struct Allocation: Hashable, Sendable {
    package enum Scheduler: String, Hashable, Sendable, CaseIterable {
        case slurm, pbs, lsf, gridEngine = "grid_engine", flux, kubernetes
    }

    package var scheduler: Scheduler
    /// As the scheduler writes it: "4711", "123.head", the uid of a pod.
    package var jobID: String
    /// "0", "batch".
    package var step: String?
    /// Index inside an array of jobs.
    package var arrayIndex: String?
    /// Partition or queue.
    package var queue: String?
    /// Several schedulers of one kind have names.
    package var cluster: String?
    /// When it ends, in seconds since 1970.
    package var endSeconds: Int64?

    package init(
        scheduler: Scheduler, jobID: String, step: String? = nil, arrayIndex: String? = nil,
        queue: String? = nil, cluster: String? = nil, endSeconds: Int64? = nil
    ) {
        self.scheduler = scheduler
        self.jobID = jobID
        self.step = step
        self.arrayIndex = arrayIndex
        self.queue = queue
        self.cluster = cluster
        self.endSeconds = endSeconds
    }

    /// Variables that tell of it.
    package static let variables = [
        "SLURM_JOB_ID", "SLURM_JOBID", "SLURM_STEP_ID", "SLURM_STEPID", "SLURM_ARRAY_TASK_ID",
        "SLURM_JOB_PARTITION", "SLURM_CLUSTER_NAME", "SLURM_JOB_END_TIME", "PBS_JOBID", "PBS_ARRAY_INDEX",
        "PBS_ARRAYID", "PBS_QUEUE", "LSB_JOBID", "LSB_JOBINDEX", "LSB_QUEUE", "JOB_ID", "SGE_TASK_ID",
        "SGE_ROOT", "QUEUE", "FLUX_JOB_ID",
    ]

    /// The environment first: it is inherited from where the agent was started. The names of control groups tell
    /// where that was lost, as behind `sudo`. nil outside of any allocation.
    ///
    /// - Parameters:
    ///   - environment: value of a variable of `variables`.
    ///   - membership: `/proc/self/cgroup`.
    package init?(environment: (String) -> String?, membership: ControlGroupMembership) {
        func value(_ names: String...) -> String? {
            for name in names {
                if let text = environment(name).flatMap({ Scan.identifier($0) }) { return text }
            }
            return nil
        }
        if let job = value("SLURM_JOB_ID", "SLURM_JOBID") {
            self.init(
                scheduler: .slurm, jobID: job, step: value("SLURM_STEP_ID", "SLURM_STEPID"),
                arrayIndex: value("SLURM_ARRAY_TASK_ID"), queue: value("SLURM_JOB_PARTITION"),
                cluster: value("SLURM_CLUSTER_NAME"),
                endSeconds: value("SLURM_JOB_END_TIME").flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil })
        } else if let job = value("PBS_JOBID") {
            self.init(
                scheduler: .pbs, jobID: job, arrayIndex: value("PBS_ARRAY_INDEX", "PBS_ARRAYID"),
                queue: value("PBS_QUEUE"))
        } else if let job = value("LSB_JOBID") {
            // Index 0 is a job outside of any array.
            self.init(
                scheduler: .lsf, jobID: job,
                arrayIndex: value("LSB_JOBINDEX").flatMap { $0 == "0" ? nil : $0 },
                queue: value("LSB_QUEUE"))
        } else if let job = value("JOB_ID"), value("SGE_ROOT", "SGE_TASK_ID") != nil {
            self.init(
                scheduler: .gridEngine, jobID: job,
                arrayIndex: value("SGE_TASK_ID").flatMap { $0 == "undefined" ? nil : $0 },
                queue: value("QUEUE"))
        } else if let job = value("FLUX_JOB_ID") {
            self.init(scheduler: .flux, jobID: job)
        } else {
            self.init(membership)
        }
    }

    /// `…/slurm/uid_1000/job_4711/step_0/…`, `…/slurmstepd.scope/job_4711/step_batch/…`, `/torque/123.head`,
    /// `/pbs_jobs.service/jobid/123.head`, `/lsf/cluster/job.4711.…`.
    private init?(_ membership: ControlGroupMembership) {
        for entry in membership.entries {
            let names = entry.path.split(separator: "/").map(String.init)
            func behind(_ isMark: (String) -> Bool) -> ArraySlice<String>? {
                names.firstIndex(where: isMark).map { names[($0 + 1)...] }
            }
            if let rest = behind({ $0.hasPrefix("slurm") || $0.hasSuffix("_slurmstepd.scope") }),
                let job = rest.first(where: { $0.hasPrefix("job_") }).flatMap({
                    Scan.identifier($0.dropFirst(4))
                })
            {
                let step = rest.first { $0.hasPrefix("step_") }
                self.init(
                    scheduler: .slurm, jobID: job, step: step.flatMap { Scan.identifier($0.dropFirst(5)) })
                return
            }
            if let job = behind({ $0 == "jobid" || $0 == "torque" })?.first,
                names.contains("torque") || names.contains(where: { $0.hasPrefix("pbs") }),
                Self.isNumbered(job)
            {
                self.init(scheduler: .pbs, jobID: job)
                return
            }
            if let job = behind({ $0 == "lsf" })?.first(where: { $0.hasPrefix("job.") }) {
                let number = job.dropFirst(4).prefix { $0.isASCII && $0.isNumber }
                if !number.isEmpty {
                    self.init(scheduler: .lsf, jobID: String(number))
                    return
                }
            }
        }
        return nil
    }

    private static func isNumbered(_ name: String) -> Bool {
        name.first.map { $0.isASCII && $0.isNumber } == true && Scan.identifier(name) != nil
    }
}
