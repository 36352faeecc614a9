import ClusterTypes
import CoordinatorCore
import ProtocolMessages

/// What checkers see of a world: what really happens on machines, what is durable, and what others are told.
enum Observation {
    case slotStarted(Supervisor, on: Host)
    /// No process of it is left.
    case slotEnded(Supervisor, on: Host)
    /// nil: the command of a batch slot.
    case executionStarted(TaskAttempt?, of: Supervisor, on: Host)
    /// Without an exit code: it was stopped or killed.
    case executionEnded(TaskAttempt?, exitCode: Int32?, of: Supervisor, on: Host)
    /// An execution has taken down its supervisor.
    case supervisorCrashed(TaskAttempt?, of: Supervisor, on: Host)
    case hostSuspended(Host)
    case hostResumed(Host)
    /// These rows are in the store: what became of a transaction.
    case committed([Write], Transaction)
    /// The store is this coordinator's from now on.
    case ledBy(CoordinatorProcess)
    /// It answers the hello of an agent.
    case welcomes(Link)
    /// An agent has received it.
    case delivered(CoordinatorMessage, to: Host)
    /// A client has received it.
    case replied(Client.Request, Reply)
    /// A coordinator is about to ask the pool's launcher for it.
    case ordered(LauncherCall.Order, of: String)
    /// A launcher has taken it.
    case launched(LaunchOrder, by: PoolLauncher)
    /// A launcher was told to end what is alive.
    case released(LaunchedAllocation, of: PoolLauncher)
}

/// One rule that has to hold after every event.
protocol Checker {
    static var name: String { get }
    /// - Returns: a sentence for each way in which the rule is broken.
    mutating func observe(_ observation: Observation, _ world: World) -> [String]
    /// The run is over, healed and converged (or has already failed).
    mutating func finish(_ world: World) -> [String]
}

extension Checker {
    mutating func finish(_ world: World) -> [String] { [] }
}

/// All of them, each in its file.
struct Checkers {
    /// First: the others compare with what is durable.
    var durable = DurableRows()
    var incarnations = OneIncarnation()
    var capacity = CapacityOfHosts()
    var outcomes = OutcomesOnce()
    var executions = AtMostOnce()
    var accepted = NothingForgotten()
    var generations = NoStaleGeneration()
    var visibility = DurableBeforeVisible()
    var losses = StallsBlameNobody()
    var leases = LeasesAreOver()
    var crashes = CrashLimit()
    var brake = BrakeHolds()
    var leads = OneLeader()
    var adoption = KeepsWhatRuns()
    var maximum = PoolMaximum()
    var releases = ReleasedEmpty()

    mutating func observe(_ observation: Observation, _ world: World) -> [Violation] {
        var found: [Violation] = []
        Self.ask(&leads, observation, world, &found)
        Self.ask(&generations, observation, world, &found)
        Self.ask(&outcomes, observation, world, &found)
        Self.ask(&losses, observation, world, &found)
        Self.ask(&leases, observation, world, &found)
        Self.ask(&durable, observation, world, &found)
        Self.ask(&incarnations, observation, world, &found)
        Self.ask(&capacity, observation, world, &found)
        Self.ask(&executions, observation, world, &found)
        Self.add(crashes.observe(observation, durable), of: CrashLimit.name, world, &found)
        Self.ask(&brake, observation, world, &found)
        Self.ask(&accepted, observation, world, &found)
        Self.add(adoption.observe(observation, durable), of: KeepsWhatRuns.name, world, &found)
        Self.add(maximum.observe(observation, durable), of: PoolMaximum.name, world, &found)
        Self.add(releases.observe(observation, world, durable), of: ReleasedEmpty.name, world, &found)
        Self.add(
            visibility.observe(observation, durable), of: DurableBeforeVisible.name, world, &found)
        return found
    }

    private static func ask(
        _ checker: inout some Checker, _ observation: Observation, _ world: World,
        _ found: inout [Violation]
    ) {
        add(checker.observe(observation, world), of: type(of: checker).name, world, &found)
    }

    private static func add(
        _ messages: [String], of name: String, _ world: World, _ found: inout [Violation]
    ) {
        for message in messages {
            found.append(
                Violation(at: Instant(microseconds: world.now), checker: name, message: message))
        }
    }

    mutating func finish(_ world: World) -> [Violation] {
        guard world.convergedAt != nil else { return [] }
        var found: [Violation] = []
        Self.add(accepted.finish(world, durable), of: NothingForgotten.name, world, &found)
        Self.add(durable.finish(world), of: DurableRows.name, world, &found)
        return found
    }
}
