/// A job of a foreign scheduler's queue, as far as its output tells.
package struct QueuedJob: Sendable, Hashable {
    /// What its nodes are to somebody who counts them.
    package enum Phase: Sendable, Hashable {
        /// It has none yet.
        case waiting
        /// It has them, while they start and until they are free again; suspended jobs keep theirs.
        case active
        case over
    }

    /// "12", "12_3", "12_[5-16%4]", "68350.mycluster".
    package var id: String
    /// The partition or queue; several, set apart by commas, where it waits in several. nil: not told.
    package var queue: String?
    /// The name fills its column: it may be longer.
    package var isQueueCut = false
    package var name: String?
    package var user: String?
    /// As printed: "PD", "RUNNING", "Q".
    package var state: String
    package var phase: Phase
    /// Why it waits, without parentheses: "Resources"; nil: not told.
    package var reason: String?
    /// Of each task, at least 1.
    package var nodes: Int
    /// Which tasks of an array this line stands for; nil: it is one job.
    package var tasks: TaskRange?

    package init(
        id: String, queue: String? = nil, name: String? = nil, user: String? = nil, state: String,
        phase: Phase, reason: String? = nil, nodes: Int = 1, tasks: TaskRange? = nil
    ) {
        self.id = id
        self.queue = queue
        self.name = name
        self.user = user
        self.state = state
        self.phase = phase
        self.reason = reason
        self.nodes = max(1, nodes)
        self.tasks = tasks
    }

    /// The number without a task: "12" of "12_[0-3]".
    package var number: String { String(id.prefix { $0 != "_" && $0 != "[" && $0 != "+" }) }
}

/// Tasks of an array, as Slurm and PBS write them: `5-16%4`, `1,3,7-9`, `0-20:5`.
package struct TaskRange: Sendable, Hashable {
    /// How many tasks are meant.
    package var count: Int
    /// So many run at the same time; nil: all.
    package var limit: Int?
    /// Some could not be read, as Slurm cuts long lists: there are more.
    package var isCut: Bool
    /// The numbers themselves, where they are not too many.
    package var indices: [Int]

    /// More are only counted.
    package static let indexLimit = 1 << 16

    /// - Parameter text: without brackets.
    package init?(parsing text: some StringProtocol) {
        let halves = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        guard let list = halves.first, !list.isEmpty else { return nil }
        count = 0
        indices = []
        isCut = false
        limit = halves.count > 1 ? Int(halves[1]).flatMap { $0 > 0 ? $0 : nil } : nil
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            guard let steps = Self.steps(part) else {
                isCut = true
                continue
            }
            let (added, overflow) = count.addingReportingOverflow(steps.count)
            guard !overflow, added <= 1 << 32 else { return nil }
            count = added
            if indices.count + steps.count <= Self.indexLimit { indices += steps.numbers }
        }
        guard count > 0 else { return nil }
    }

    /// What stands in the brackets behind a job's number; a bracket that is not closed was cut.
    package init?(ofJob id: some StringProtocol) {
        guard let open = id.firstIndex(of: "[") else { return nil }
        let inside = id[id.index(after: open)...]
        let list = inside.prefix { $0 != "]" }
        self.init(parsing: list)
        if list.endIndex == inside.endIndex { isCut = true }
    }

    /// Numbers from one to another; how many they are is known without walking them.
    private struct Steps {
        let low: Int
        let high: Int
        let step: Int
        var count: Int { (high - low) / step + 1 }
        var numbers: StrideThrough<Int> { stride(from: low, through: high, by: step) }
    }

    private static func steps(_ part: some StringProtocol) -> Steps? {
        let words = part.split(separator: ":", omittingEmptySubsequences: false)
        let ends = words.first?.split(separator: "-", omittingEmptySubsequences: false) ?? []
        let step = words.count == 2 ? Int(words[1]) ?? 0 : 1
        guard words.count <= 2, ends.count <= 2, step > 0, let low = ends.first.flatMap({ UInt32($0) }),
            let high = ends.last.flatMap({ UInt32($0) }), low <= high
        else { return nil }
        return Steps(low: Int(low), high: Int(high), step: step)
    }
}
