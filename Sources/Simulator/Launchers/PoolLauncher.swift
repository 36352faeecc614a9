import ClusterTypes
import CoordinatorAutoscale
import CoordinatorCore
import ProtocolMessages

/// A pool as its operator describes it, and the launcher that gets its nodes: what there is stands with it alone, whoever
/// asks.
final class PoolLauncher {
    /// Position in `World.launchers`.
    let index: Int
    let configuration: PoolConfiguration
    /// Of each of its machines.
    let hardware: HardwareReport
    /// In the order in which they were made; what is over stays.
    private(set) var allocations: [LaunchedAllocation] = []
    /// Asked for once more, they start nothing. Looked up, never iterated.
    private(set) var begun: Set<LaunchID> = []
    var soldOutUntil: Int64 = 0
    var unreachableUntil: Int64 = 0

    var name: String { configuration.name }

    init(index: Int, _ configuration: PoolConfiguration, _ hardware: HardwareReport) {
        self.index = index
        self.configuration = configuration
        self.hardware = hardware
    }

    /// - Returns: positions of those that are new.
    func begin(_ order: LaunchOrder, count: Int, secretHash: String) -> Range<Int> {
        guard count > 0, begun.insert(order.launch).inserted else { return 0..<0 }
        let first = allocations.count
        for number in 0..<count {
            allocations.append(
                LaunchedAllocation(
                    name: "\(name)-\(order.launch).\(number)", launch: order.launch, secretHash: secretHash))
        }
        return first..<allocations.count
    }

    func allocations(of launch: LaunchID) -> [Allocation] {
        allocations.filter { $0.launch == launch }.map(\.allocation)
    }

    /// What is there, and what has ended lately.
    func list(at now: Int64) -> [Allocation] {
        allocations.filter { now - ($0.endedAt ?? now) < Self.remembered }.map(\.allocation)
    }

    private static let remembered: Int64 = 120_000_000

    /// As many as the options say, or none, one or two.
    static func draw(_ options: SimulationOptions) -> [PoolLauncher] {
        var dice = Dice(seed: options.seed, stream: 8)
        let count = dice.chance(50) ? Int(1 + dice.below(2)) : 0
        return (0..<(options.pools ?? count)).map { draw(index: $0, &dice) }
    }

    /// A pool of its own kind each.
    private static func draw(index: Int, _ dice: inout Dice) -> PoolLauncher {
        let name = "cloud\(index)"
        var limits = PoolLimits(max: 4 + Int(dice.below(5)))
        limits.min = dice.chance(20) ? 1 : 0
        limits.batch = Int(1 + dice.below(4))
        limits.perMinute = dice.chance(20) ? 4 : nil
        limits.idle = .microseconds(dice.spread(10_000_000, 120_000_000))
        limits.registrationDeadline = .microseconds(dice.spread(60_000_000, 300_000_000))
        // The first job of all has to find a place there.
        let processors = Int64(4) << dice.below(3)
        let hardware = HardwareReport.simulated(
            name: name, processors: processors, devices: dice.chance(40) ? 2 : 0, architecture: .amd64)
        var configuration = PoolConfiguration(name: name, launcher: "simulated", limits: limits)
        configuration.template = dice.chance(70) ? hardware.capacity(labels: []) : nil
        configuration.startUp = .seconds(60)
        configuration.holdFailed =
            dice.chance(30) ? .microseconds(dice.spread(10_000_000, 120_000_000)) : .zero
        configuration.policy = dice.chance(20) ? .queueIdle() : .demand()
        return PoolLauncher(index: index, configuration, hardware)
    }
}

/// What one machine of a pool runs in.
final class LaunchedAllocation {
    let name: String
    let launch: LaunchID
    /// Of the token that its agent was given.
    let secretHash: String
    var state = Allocation.State.waiting
    var reason = ""
    var endedAt: Int64?
    /// Its machine, once it runs; position in `World.hosts`.
    var host: Int?

    init(name: String, launch: LaunchID, secretHash: String) {
        self.name = name
        self.launch = launch
        self.secretHash = secretHash
    }

    var allocation: Allocation {
        Allocation(
            name: name, launch: launch, state: state, reason: reason, host: state == .waiting ? nil : name)
    }
}

/// What a coordinator's process asks of a launcher.
final class LauncherCall {
    enum Order {
        case launch(LaunchOrder)
        case list(asked: Instant)
        case release([String])
    }

    let number: UInt64
    let order: Order
    let launcher: PoolLauncher
    let process: CoordinatorProcess
    /// What the process tells its machine in the end; a release comes to nothing.
    var answer: Command?
    /// It is done, and its answer on the way.
    var isDone = false
    /// Its process is gone; it is carried out all the same.
    var isOrphaned = false

    init(number: UInt64, _ order: Order, _ launcher: PoolLauncher, _ process: CoordinatorProcess) {
        self.number = number
        self.order = order
        self.launcher = launcher
        self.process = process
    }

    var secretHash: String { "launcher call \(number)" }
}
