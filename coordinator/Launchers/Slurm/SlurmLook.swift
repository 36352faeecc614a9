import ClusterTypes
package import CoordinatorCore
import CoordinatorSchedulers
import TextForms

/// What squeue and sacct say of a pool's allocations.
package enum SlurmLook {
    /// - Parameters:
    ///   - output: of `SlurmCommand.look`.
    ///   - scope: jobs of other names are not this pool's.
    /// - Returns: nil where the output ends within a line, so that some may be missing.
    package static func allocations(queue output: String, _ scope: LaunchScope) -> [Allocation]? {
        guard output.isEmpty || output.hasSuffix("\n") else { return nil }
        return output.split(separator: "\n").flatMap { line -> [Allocation] in
            let cells: [Substring] = line.split(
                separator: "|", maxSplits: 4, omittingEmptySubsequences: false)
            guard cells.count == 5, let launch = scope.launch(named: cells[3]) else { return [] }
            // A job that sbatch refused leaves such a record: it never was in the queue.
            let wasRefused = cells[1] == "FAILED" && cells[2].isEmpty && cells[4] == "BadConstraints"
            if wasRefused { return [] }
            return allocations(
                id: String(cells[0]), state: String(cells[1]), hosts: String(cells[2]),
                reason: String(cells[4]), launch: launch)
        }
    }

    /// - Parameter output: of `SlurmCommand.account`.
    /// - Returns: only what is over: of what runs, the controller knows better.
    package static func ended(accounting output: String, _ scope: LaunchScope) -> [Allocation] {
        output.split(separator: "\n").flatMap { line -> [Allocation] in
            let cells: [Substring] = line.split(
                separator: "|", maxSplits: 4, omittingEmptySubsequences: false)
            guard cells.count == 5, let launch = scope.launch(named: cells[4]) else { return [] }
            let exit = cells[2] == "0:0" ? "" : "exit code \(cells[2])"
            return allocations(
                id: String(cells[0]), state: String(cells[1]), hosts: String(cells[3]), reason: exit,
                launch: launch
            ).filter(\.state.isOver)
        }
    }

    private static func allocations(
        id: String, state: String, hosts: String, reason: String, launch: LaunchID
    ) -> [Allocation] {
        guard let known = SlurmJobState(parsing: state) else {
            // A state of a later Slurm: it is there, and nobody knows what it does.
            return names(id).map { Allocation(name: $0, launch: launch, state: .running, reason: state) }
        }
        let own = self.state(known)
        let hosts = HostList.names(hosts) ?? []
        return names(id).map { name in
            Allocation(
                name: name, launch: launch, state: own, reason: text(own, known, reason),
                host: hosts.count == 1 ? hosts[0] : nil)
        }
    }

    /// "12_[0-3]" is four.
    private static func names(_ id: String) -> [String] {
        guard let tasks = TaskRange(ofJob: id) else { return isName(id) ? [id] : [] }
        let number = id.prefix { $0 != "_" }
        return tasks.indices.map { "\(number)_\($0)" }
    }

    /// "12_3", as all allocations are called.
    package static func isName(_ text: some StringProtocol) -> Bool {
        let words = text.split(separator: "_", omittingEmptySubsequences: false)
        return words.count == 2
            && words.allSatisfy { word in
                !word.isEmpty && word.utf8.count <= 18 && word.utf8.allSatisfy { 48...57 ~= $0 }
            }
    }

    private static func state(_ known: SlurmJobState) -> Allocation.State {
        switch known.name {
        case "CONFIGURING": .waiting
        case "COMPLETED": .completed
        case "TIMEOUT", "DEADLINE": .timedOut
        case "CANCELLED", "PREEMPTED", "REVOKED": .canceled
        default:
            switch known.phase {
            case .waiting: .waiting
            case .active: .running
            case .over: .failed
            }
        }
    }

    private static func text(_ state: Allocation.State, _ known: SlurmJobState, _ reason: String) -> String {
        let reason = reason == "None" ? "" : reason
        switch state {
        case .running where known.name == "RUNNING": return ""
        case .waiting where known.name == "PENDING": return reason
        default: return reason.isEmpty ? known.name : "\(known.name): \(reason)"
        }
    }
}
