import TextForms

@testable import CoordinatorSchedulers

// What schedulers print.

extension FuzzTarget {
    /// Every form reads every text, and what is told of a queue can be counted.
    static var schedulers: FuzzTarget {
        FuzzTarget(name: "schedulers", inputBytes: 4_096) { bytes in
            let text = text(bytes)
            let output = SavedOutput(text: text, fileName: "")
            for form in ToolForm.schedulers {
                _ = form.recognizes(output)
                precondition(!JSONText.write(form.read(output).json).isEmpty, form.name)
            }
            let lists = [SqueueOutput(parsing: text)?.jobs, QstatOutput(parsing: text)?.jobs].compactMap {
                $0
            }
            for jobs in lists {
                for job in jobs {
                    precondition(job.nodes >= 1 && job.tasks.map { $0.count >= 1 } ?? true, "\(job)")
                    guard let demand = try? SchedulerDemand(of: jobs, queue: job.queue ?? "") else {
                        continue
                    }
                    precondition(
                        demand.waitingNodes >= demand.waitingJobs && demand.runningJobs >= 0, "\(demand)")
                    precondition(demand.setAside.allSatisfy { $0.jobs >= 1 }, "\(demand)")
                    break
                }
            }
            if let names = HostList.names(text) {
                precondition(names.count <= HostList.limit, "\(names.count)")
            }
            if let tasks = TaskRange(parsing: text) {
                precondition(tasks.indices.count <= tasks.count && tasks.count >= 1, "\(tasks)")
            }
            _ = SlurmNodeState(parsing: text)
            _ = SlurmSubmission(parsable: text)
        }
    }
}
