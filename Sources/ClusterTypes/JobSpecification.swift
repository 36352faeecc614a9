/// What a user asks for: a slot template, how many slots, and the rules for its tasks.
///
/// The job file (YAML), the API (JSON) and the database (JSON) all carry this one value.
package struct JobSpecification: Hashable, Sendable, Codable {
    /// Named group of jobs.
    package var app: String
    /// The job's name; need not be unique.
    package var job: String
    package var kind: JobKind
    package var command: JobCommand
    /// `NAME=value`, in the order given; a later one wins.
    package var environment: [String]
    /// Absolute working directory on the node; nil is a fresh directory of the slot.
    package var directory: String?
    package var runtime: Runtime
    package var resources: ResourceRequest
    package var constraints: [Constraint]
    package var slots: SlotCount
    /// `tasks` only: indices instead of payloads. nil where payloads are given or will be appended.
    package var array: TaskArray?
    /// `tasks` only: more tasks may be appended until the job is closed.
    package var isOpen: Bool
    /// A task (kind `tasks`) or the command (kind `batch`) is ended after this time. 1...31,536,000 s; nil never.
    package var timeoutSeconds: UInt32?
    /// Between TERM and KILL. 0...3600 s.
    package var stopGraceSeconds: UInt32
    package var retries: RetryPolicy
    /// Higher goes first. -1000...1000.
    package var priority: Int32
    package var onDisconnect: DisconnectPolicy
    package var onLost: LossPolicy
    /// Per stream (stdout, stderr) of a task or command: the newest bytes that are kept. 4 KiB...1 GiB.
    package var outputLimitBytes: Int64
    /// A task (kind `tasks`) or the command (kind `batch`) fails when so many of its executions went down with their
    /// node or supervisor. 0...100; 0 never.
    package var crashLimit: UInt32
    /// How long a task (kind `tasks`) or the command (kind `batch`) takes: a node whose time ends sooner is not
    /// given it. 1...31,536,000 s; nil: unknown.
    package var timeRequestSeconds: UInt32?
    /// Sent to what runs when its node's time is about to end; nil: nothing is.
    package var warningSignal: WarningSignal?
    /// What a slot runs uses only processors of the NUMA nodes that its devices are near to, where these are known.
    package var bindsProcessors: Bool
    /// nil: its commands and tasks begin wherever they are placed.
    package var admission: Admission?
    package var placement: PlacementRules

    package init(app: String, job: String, kind: JobKind, command: JobCommand) {
        self.app = app
        self.job = job
        self.kind = kind
        self.command = command
        environment = []
        directory = nil
        runtime = .process
        resources = ResourceRequest()
        constraints = []
        slots = SlotCount(minimum: 1, maximum: 1)
        array = nil
        isOpen = false
        timeoutSeconds = nil
        stopGraceSeconds = 5
        retries = RetryPolicy()
        priority = 0
        onDisconnect = .stop
        onLost = .requeue
        outputLimitBytes = 16 << 20
        crashLimit = 3
        timeRequestSeconds = nil
        warningSignal = nil
        bindsProcessors = false
        admission = nil
        placement = PlacementRules()
    }
}

extension JobSpecification {
    /// A service that runs on every node that may hold it, those that join later included.
    package var isEverywhere: Bool { kind == .service && slots.maximum >= SlotCount.unlimited }
}

package enum JobCommand: Hashable, Sendable, Codable {
    /// Run as is, without a shell. `{}` in any argument becomes the task's index or payload.
    case argv([String])
    /// Run by `/bin/sh`, from a file; starts with `#!` to choose another interpreter. Tasks read `$MORTISE_TASK`.
    case script(String)
}

package enum Runtime: String, Hashable, Sendable, Codable, CaseIterable {
    case process
}

/// How many slots run at once: a fixed count has minimum = maximum.
package struct SlotCount: Hashable, Sendable, Codable {
    package var minimum: UInt32
    /// For `tasks`: never more than there are tasks to run.
    package var maximum: UInt32

    /// As `maximum`: as many as fit.
    package static let unlimited: UInt32 = 1_000_000

    package init(minimum: UInt32, maximum: UInt32) {
        self.minimum = minimum
        self.maximum = maximum
    }
}

/// `first-last:step`; the indices become the tasks' numbers.
package struct TaskArray: Hashable, Sendable, Codable {
    package var first: TaskIndex
    package var last: TaskIndex
    package var step: UInt32

    package init(first: TaskIndex, last: TaskIndex, step: UInt32 = 1) {
        self.first = first
        self.last = last
        self.step = step
    }

    package var count: Int { last < first || step == 0 ? 0 : Int((last - first) / step) + 1 }
    package func index(at position: Int) -> TaskIndex { first + TaskIndex(position) * step }
    package func position(of index: TaskIndex) -> Int? {
        guard index >= first, index <= last, (index - first) % step == 0 else { return nil }
        return Int((index - first) / step)
    }
}

/// Which nodes may hold the slots.
package enum Constraint: Hashable, Sendable, Codable {
    case architecture(Architecture)
    case pool(String)
    case label(key: String, value: String)
    /// The label has one of these values.
    case labelAmong(key: String, values: [String])
    /// The label is there, whatever its value.
    case hasLabel(String)
    case lacksLabel(String)
    case node(String)
    /// The whole name fits a regular expression. Of several such constraints one must hold, and the first that does
    /// says how many of the job's slots the node may hold; nil: any number.
    case nodes(pattern: String, slots: UInt32?)
    /// A slot of that job of the same app is on the node.
    case with(job: String)
    /// None is.
    case apart(job: String)
}

/// How often a task (or a batch command) is tried again after a failure, by exit code.
///
/// An exact code wins over `any`; where neither stands, there is no retry. Losing a node is no failure.
package struct RetryPolicy: Hashable, Sendable, Codable {
    package struct Rule: Hashable, Sendable, Codable {
        package var exitCode: Int32
        package var count: UInt32
        package init(exitCode: Int32, count: UInt32) {
            self.exitCode = exitCode
            self.count = count
        }
    }

    /// Exact codes, each once.
    package var rules: [Rule]
    /// For every other code (`*`).
    package var any: UInt32

    package init(any: UInt32 = 0, rules: [Rule] = []) {
        self.any = any
        self.rules = rules
    }

    /// - Parameter exitCode: as reported: 0...255, 128+n for signal n, 124 for a timeout.
    package func count(forExitCode exitCode: Int32) -> UInt32 {
        rules.first { $0.exitCode == exitCode }?.count ?? any
    }
}

/// Signals that a command may choose to be warned by: those that programs are free to handle as they like.
package enum WarningSignal: String, Hashable, Sendable, Codable, CaseIterable {
    case hup = "HUP"
    case int = "INT"
    case usr1 = "USR1"
    case usr2 = "USR2"
}

package enum DisconnectPolicy: String, Hashable, Sendable, Codable, CaseIterable {
    /// The slot stops before the lease is over, and is placed again elsewhere.
    case stop
    /// The slot runs on without the coordinator; it is not placed again until its node returns or is removed.
    case keep
}

package enum LossPolicy: String, Hashable, Sendable, Codable, CaseIterable {
    /// Work that was lost with its node runs again.
    case requeue
    /// It fails: executed at most once (with `retries: 0`).
    case fail
}
