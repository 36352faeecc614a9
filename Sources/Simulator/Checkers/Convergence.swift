import ClusterTypes
import CoordinatorCore

/// After the healing everything comes to its end within `limit`: all jobs decided, all nodes ready or released, no
/// slot without an owner, nothing left on any machine. For that some coordinator has to lead.
enum Convergence {
    static let name = "convergence"
    static let limit = Duration.seconds(1_800)
    /// Where pools are launched: one whose launches have failed waits for half an hour before the next, and is tried
    /// with one node first.
    static let limitOfPools = Duration.seconds(5_400)
    /// Between two looks, and two rounds of the operators.
    static let pause: Int64 = 5_000_000
}

extension World {
    func checkConvergence(isLast: Bool) {
        let left = whatIsLeft(limit: isLast ? 5 : 1)
        if left.isEmpty, leader?.backlog.isWritten ?? false {
            convergedAt = now
        } else if isLast {
            for sentence in left { report(Convergence.name, sentence) }
            if leader == nil {
                report(Convergence.name, "no coordinator leads")
            } else if left.isEmpty {
                report(Convergence.name, "a transaction does not end")
            }
        } else {
            tidyUp()
            queue.push(.deadline, at: now + Convergence.pause)
        }
    }

    private func whatIsLeft(limit: Int) -> [String] {
        var left: [String] = []
        let rows = checkers.durable
        for job in rows.jobs.values where !job.state.isEnded && left.count < limit {
            left.append(
                "job \(job.job) (\(job.specification.kind)) is \(job.state): \(job.counts.ready) ready, "
                    + "\(job.counts.running) running" + (limit > 1 ? explanation(of: job.job) : ""))
        }
        if left.count < limit { left += whatPoolsLeave().prefix(limit - left.count) }
        for slot in rows.slots.values where left.count < limit {
            left.append("slot \(slot.key) of job \(slot.job) is \(slot.state)")
        }
        for host in hosts where !host.isAbsent && left.count < limit {
            if let supervisor = host.supervisors.first {
                left.append(
                    "\(host.name) keeps \(supervisor.key), \(supervisor.isAlive ? "alive" : "ended")")
            }
            guard let node = host.node, let record = rows.nodes[node] else {
                left.append("\(host.name) has not joined")
                continue
            }
            if host.agent == nil || record.state != .ready {
                left.append(
                    "\(host.name) is \(record.state) \"\(record.reason)\", its agent "
                        + (host.agent == nil ? "does not run" : "runs"))
            }
        }
        return left
    }

    /// As `mortise explain` says it.
    private func explanation(of job: JobID) -> String {
        guard let leader else { return "" }
        var output = Output()
        leader.machine?.handle(
            .commandReceived(RequestID(0), .explainJob(job)), at: leader.time(now), into: &output)
        guard case .reply(_, .explanation(let lines))? = output.actions.last else { return "" }
        return ": " + lines.joined(separator: "; ")
    }

    /// Operators take back their orders; services and open jobs are ended, as they would go on for ever.
    private func tidyUp() {
        let rows = checkers.durable
        tidyUpPools()
        for job in rows.jobs.values where !job.state.isEnded {
            if job.state == .paused { command(.resumeJob(job.job)) }
            if job.specification.kind == .service { command(.cancelJob(job.job)) }
            if job.isOpen { command(.appendTasks(job.job, payloads: [], close: true)) }
        }
        let going = rows.going
        for node in rows.nodes.values where node.isCordoned || node.isDraining {
            if node.state != .released, !going.contains(node.node) { command(.uncordonNode(node.node)) }
        }
    }
}
