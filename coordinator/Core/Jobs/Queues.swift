import ClusterTypes
import CoordinatorPlacement

/// Whose turn it is: the job with the highest priority; of equal ones that of the virtual cluster which has had least for
/// its weight, of its users that of the one who has had least, of his jobs the oldest. Asked for again after each slot,
/// as that counts at once.
struct Queues {
    private struct Queue {
        var jobs: [(priority: Int32, job: JobID)] = []
        /// How many of these are done.
        var done = 0
        let virtualCluster: Int
        var userUsage = 0.0

        var head: (priority: Int32, job: JobID)? { done < jobs.count ? jobs[done] : nil }
    }

    private struct Party: Hashable {
        let user: String
        let virtualCluster: String?
    }

    private var queues: [Queue] = []
    private var positions: [Party: Int] = [:]
    private var virtualClusters: [String?: Int] = [:]
    private var clusterUsage: [Double] = []
    /// Of the queue whose turn it is.
    private var current: Int?

    /// The job whose turn it is; nil: none is left.
    private(set) var next: JobID?
    private var areSeveral: Bool { queues.count > 1 }

    mutating func add(_ job: JobID, _ priority: Int32, of user: String, in virtualCluster: String?) {
        let party = Party(user: user, virtualCluster: virtualCluster)
        if let position = positions[party] {
            queues[position].jobs.append((priority, job))
            return
        }
        let cluster = virtualClusters[virtualCluster] ?? clusterUsage.count
        if cluster == clusterUsage.count {
            virtualClusters[virtualCluster] = cluster
            clusterUsage.append(0)
        }
        positions[party] = queues.count
        queues.append(Queue(jobs: [(priority, job)], virtualCluster: cluster))
    }

    /// - Parameter standing: of the job's user and virtual cluster.
    mutating func sort(by standing: (JobID) -> Standing) {
        for position in queues.indices {
            queues[position].jobs.sort { ($1.priority, $0.job) < ($0.priority, $1.job) }
            guard areSeveral, let job = queues[position].head?.job else { continue }
            set(standing(job), of: position)
        }
        choose()
    }

    /// The job has had its turn: the next one may be another's.
    ///
    /// - Parameters:
    ///   - isDone: it wants nothing more in this round.
    ///   - standing: as `sort`.
    mutating func goOn(isDone: Bool, _ standing: (JobID) -> Standing) {
        guard let current, let job = next else { return }
        if areSeveral { set(standing(job), of: current) }
        if isDone { queues[current].done += 1 }
        choose()
    }

    private mutating func set(_ standing: Standing, of position: Int) {
        queues[position].userUsage = standing.userUsage
        clusterUsage[queues[position].virtualCluster] = standing.clusterUsage
    }

    private mutating func choose() {
        var best: (position: Int, priority: Int32, usage: (Double, Double), job: JobID)?
        for position in queues.indices {
            guard let head = queues[position].head else { continue }
            let usage = (clusterUsage[queues[position].virtualCluster], queues[position].userUsage)
            if let best {
                if best.priority != head.priority {
                    if best.priority > head.priority { continue }
                } else if best.usage != usage {
                    if best.usage < usage { continue }
                } else if best.job < head.job {
                    continue
                }
            }
            best = (position, head.priority, usage, head.job)
        }
        current = best?.position
        next = best?.job
    }
}
