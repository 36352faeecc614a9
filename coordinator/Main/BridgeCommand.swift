import ArgumentParser
import ClusterTypes
import CoordinatorBridge
import CoordinatorLaunchers
import CoordinatorSchedulers
import Foundation
import Inventory
import Logging
import Platform
import ServiceLifecycle
import UnixSignals
import YAMLSections

struct BridgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bridge",
        abstract: "Give the queue of another scheduler more nodes while work waits in it.",
        discussion: """
            Watches one partition of Slurm or one queue of Torque or PBS. While jobs wait that more nodes would serve, \
            the launcher program makes machines for names of nodes that the scheduler knows; they join, and are drained \
            and taken away when they have been idle. It needs no coordinator, and runs until SIGTERM or SIGINT: orders \
            that are under way are finished, and nodes stay.

            Examples:
              mortise-coordinator bridge --queue cloud --hosts hosts.json -- /srv/launchers/my-cloud
              mortise-coordinator bridge --environment-file config/env --hosts config/hosts.json -- ./vcp-rest
              mortise-coordinator bridge --queue cloud --hosts hosts.json --dry-run -- /srv/launchers/my-cloud

            Exit status: 0 ended by a signal, or after --dry-run; 1 the scheduler or the launcher program cannot be \
            used; 64 wrong usage.
            """)

    enum Scheduler: String, ExpressibleByArgument, CaseIterable {
        case slurm, torque
    }

    @Option(help: "slurm, or torque for Torque and PBS.")
    var scheduler = Scheduler.slurm
    @Option(help: "The partition or queue. [QUEUE_NAME of the environment file]")
    var queue: String?
    @Option(
        help: ArgumentHelp(
            """
            The nodes that may come and go, in the order in which they are taken: an inventory, such as \
            {"172.30.2.101": "c1"}. There are never more nodes than names.
            """, valueName: "file"))
    var hosts: String
    @Option(
        help: ArgumentHelp(
            """
            NAME=value lines. QUEUE_NAME, CLEANUP_NODE_WAIT_TIME and VC_NAME or VC_GROUP_NAME are for the bridge; the \
            launcher program gets all.
            """, valueName: "file"))
    var environmentFile: String?
    @Option(help: "What the launcher program calls this cluster, if several use one account. [VC_NAME]")
    var cluster: String?
    @Option(help: "So many nodes stay, once they are there.")
    var keep = 0
    @Option(help: "Seconds that a node is idle before it goes. [CLEANUP_NODE_WAIT_TIME, else 600]")
    var idle: Int64?
    @Option(help: "Seconds from the order of a machine until the scheduler uses it.")
    var joinWithin: Int64 = 1_000
    @Option(help: "Seconds between two looks at the queue.")
    var interval: Int64 = 10
    @Option(help: "Seconds for one call of the launcher program.")
    var launchTimeout: Int64 = 1_000
    @Option(help: "Seconds for one command of the scheduler.")
    var timeout: Int64 = 60
    @Option(help: "The host on which the scheduler's commands run, as ssh takes it.")
    var login: String?
    @Option(help: "The configuration of ssh for that; its user's own by default.")
    var loginConfig: String?
    @Option(help: "The folder of the scheduler's commands.")
    var programs: String?
    @Flag(help: "Change nodes through 'sudo -n'.")
    var sudo = false
    @Flag(help: "Nodes register themselves (slurmd -Z), and are deleted when they go.")
    var dynamic = false
    @Flag(help: "Look once, say what would be done, and end.")
    var dryRun = false
    @Option(help: "trace, debug, info, notice, warning, error or critical. [MORTISE_LOG_LEVEL]")
    var logLevel: String?
    @Argument(
        parsing: .postTerminator,
        help: "The launcher program and its arguments, after '--': docs/operating/exec.md.")
    var launcher: [String] = []

    func validate() throws {
        guard !launcher.isEmpty else { throw ValidationError("name the launcher program after '--'") }
        for (name, seconds) in [
            ("--interval", interval), ("--launch-timeout", launchTimeout), ("--timeout", timeout),
        ] where !(1...3_600).contains(seconds) {
            throw ValidationError("\(name) is 1 to 3600 seconds, not \(seconds)")
        }
        for (name, seconds) in [("--idle", idle ?? 600), ("--join-within", joinWithin)]
        where !(1...604_800).contains(seconds) {
            throw ValidationError("\(name) is 1 to 604800 seconds, not \(seconds)")
        }
        if let login, !LoginShell.isHost(login) {
            throw ValidationError("--login is a host as ssh takes it, not '\(login)'")
        }
        if dynamic, scheduler == .torque {
            throw ValidationError("--dynamic is for Slurm: Torque keeps the names of its nodes")
        }
    }

    func run() async throws {
        let logger = try ServeCommand.logger(logLevel)
        let environment = try environmentFile.map { try BridgeEnvironment(path: $0) } ?? BridgeEnvironment()
        let nodes = try nodes()
        let settings = try settings(nodes, environment)
        let scheduler = foreignQueue(settings)
        if dryRun { return try await Self.lookOnce(settings, scheduler) }
        let name = cluster ?? environment.cluster ?? "bridge"
        let machines = LaunchedMachines(
            launcher: try program(environment, BridgeEnvironment.scope(name, settings.queue)),
            pool: settings.queue, nodes: nodes)
        let log = BridgeLog(logger: logger)
        let runner: BridgeRunner
        do throws(BridgeFailure) {
            runner = try BridgeRunner(
                settings, scheduler, machines, now: { Instant(microseconds: SteadyClock.now()) },
                report: { log.note($0) })
        } catch {
            throw Failure(error.description)
        }
        let service = BridgeService(runner: runner, interval: .seconds(interval))
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do { try await group.run() } catch let error as BridgeFailure { throw Failure(error.description) }
    }

    /// All hosts of the file but its head.
    private func nodes() throws -> [SchedulerNode] {
        do throws(FileError) {
            return try InventoryReader.read(path: hosts).inventory.hosts.filter { $0.role != .head }
                .map { SchedulerNode($0.name, address: $0.address) }
        } catch {
            throw Failure(error.description)
        }
    }

    private func settings(_ nodes: [SchedulerNode], _ environment: BridgeEnvironment) throws -> BridgeSettings
    {
        let queue = queue ?? environment.queue(of: scheduler)
        guard let queue else {
            throw Failure(
                "Which queue is to get nodes? Say --queue NAME, or QUEUE_NAME in an environment file.")
        }
        var settings = BridgeSettings(queue: queue, nodes: nodes.map(\.name))
        settings.keep = keep
        settings.isDynamic = dynamic
        settings.joinTimeout = .seconds(joinWithin)
        if let idle = try idle ?? environment.idleSeconds() { settings.idleWait = .seconds(idle) }
        let faults = settings.faults()
        guard faults.isEmpty else {
            throw Failure("The bridge is wrongly described: \(faults.joined(separator: "; ")).")
        }
        return settings
    }

    private func foreignQueue(_ settings: BridgeSettings) -> any ForeignQueue {
        var tools = SchedulerTools(folder: programs)
        tools.login = login.map { LoginShell($0, configuration: loginConfig) }
        tools.changesBySudo = sudo
        tools.timeout = .seconds(timeout)
        switch scheduler {
        case .slurm:
            // The scheduler's commands get a clean environment.
            if login == nil {
                tools.environment = Host.variable("SLURM_CONF").map { ["SLURM_CONF=\($0)"] } ?? []
            }
            return SlurmQueue(settings, tools)
        case .torque: return TorqueQueue(settings, tools)
        }
    }

    private func program(_ environment: BridgeEnvironment, _ scope: LaunchScope) throws -> ExecLauncher {
        var options = ExecOptions(command: launcher, timeout: .seconds(launchTimeout))
        environment.apply(to: &options)
        if let fault = options.faults().first { throw Failure("The launcher program: \(fault).") }
        return ExecLauncher(options, scope)
    }

    /// A node that is idle now is said to be idle since now: what would be taken away is not seen by one look.
    private static func lookOnce(_ settings: BridgeSettings, _ queue: any ForeignQueue) async throws {
        let look: BridgeLook
        do throws(BridgeFailure) {
            print(try queue.version())
            look = try queue.look()
        } catch {
            throw Failure(error.description)
        }
        var bridge = Bridge(settings)
        let orders = bridge.look(look, at: Instant(microseconds: SteadyClock.now()))
        print("queue '\(settings.queue)': \(look.demand.sentence)")
        print("nodes in use: \(bridge.present.isEmpty ? "none" : bridge.present.joined(separator: ", "))")
        for order in orders { print("would \(order.sentence)") }
        if orders.isEmpty { print("nothing would be done") }
    }
}

/// Looks until it is told to end; then it finishes what is under way.
private struct BridgeService: Service {
    let runner: BridgeRunner
    let interval: Duration

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await runner.run(every: interval) { work in
                await withCheckedContinuation { done in
                    Thread.detachNewThread {
                        work()
                        done.resume()
                    }
                }
            }
        }
    }
}

/// What a bridge does, in a log: each change once.
private struct BridgeLog: Sendable {
    let logger: Logger

    func note(_ report: BridgeRunner.Report) {
        switch report {
        case .started(let version, let machines):
            logger.notice(
                "the bridge looks at the queue",
                metadata: ["scheduler": "\(version)", "machines": "\(machines.joined(separator: " "))"])
        case .looked(let demand, let present):
            logger.info("\(demand.sentence)", metadata: ["nodes": "\(present.joined(separator: " "))"])
        case .done(let order): logger.notice("\(order.sentence)")
        case .failed(let order, let why):
            logger.warning("cannot \(order.sentence)", metadata: ["error": "\(why)"])
        case .lookFailed(let why):
            logger.warning("nothing is decided: the queue cannot be seen", metadata: ["error": "\(why)"])
        }
    }
}

extension BridgeOrder {
    fileprivate var sentence: String {
        switch self {
        case .add(let node): "make a machine for \(node)"
        case .join(let node): "let the scheduler use \(node)"
        case .drain(let node): "drain \(node)"
        case .resume(let node): "resume \(node)"
        case .remove(let node): "take the machine of \(node) away"
        }
    }
}

extension SchedulerDemand {
    fileprivate var sentence: String {
        let aside = setAside.map { "\($0.jobs) for \($0.reason)" }
        return "\(waitingJobs) jobs wait for \(waitingNodes) nodes\(isLowerBound ? " at least" : ""), "
            + "\(runningJobs) run"
            + (aside.isEmpty ? "" : "; no node would serve \(aside.joined(separator: ", "))")
    }
}
