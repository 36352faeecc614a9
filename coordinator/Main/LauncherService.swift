import CoordinatorCore
import CoordinatorDriver
import CoordinatorLaunchers
import ClusterTypes
import Logging
import ServiceLifecycle
import Synchronization
import TLSIdentity
import UnixSignals

/// Carries the driver's orders to the launchers of pools, one at a time for each pool, and tells the driver what they came to.
///
/// Nothing is lost when it ends in the middle of a call: launchers are idempotent, and the next coordinator asks again.
final class LauncherService: LaunchDesk, Service {
    private enum Order: Sendable {
        case launch(LaunchOrder)
        case list(asked: Instant)
        case release([String])
    }

    /// What it needs of the coordinator that it serves.
    struct Coordinator: Sendable {
        var submit: @Sendable (Command) async -> Reply
        /// The token's text, of which only the secret's hash is kept.
        var joinToken: @Sendable (Secret) throws -> String
    }

    private let launchers = Mutex<[String: any Launcher]>([:])
    private let coordinator = Mutex<Coordinator?>(nil)
    private let orders: AsyncStream<(pool: String, order: Order)>
    private let queue: AsyncStream<(pool: String, order: Order)>.Continuation
    private let source: PoolSource
    private let logger: Logger

    init(source: PoolSource, logger: Logger) {
        self.source = source
        self.logger = logger
        // The machine asks nothing twice before it is answered.
        (orders, queue) = AsyncStream.makeStream()
    }

    /// Tells this coordinator which pools there are, and carries out what it orders.
    func serve(_ coordinator: Coordinator) async {
        self.coordinator.withLock { $0 = coordinator }
        await describe(source.first, to: coordinator)
    }

    private func describe(_ pools: PoolSet, to coordinator: Coordinator) async {
        let known = await known(to: coordinator)
        let made = pools.launchers.map { name, launcher in
            (name, launcher.description.launcher(of: launcher.scope, known: known[name] ?? []))
        }
        launchers.withLock { $0 = Dictionary(uniqueKeysWithValues: made) }
        _ = await coordinator.submit(.configurePools(pools.configurations))
        guard !pools.configurations.isEmpty else { return }
        logger.notice(
            "pools are described",
            metadata: ["pools": "\(pools.configurations.map(\.name).joined(separator: " "))"])
    }

    /// By pool, what is not over as far as the coordinator knows.
    private func known(to coordinator: Coordinator) async -> [String: [Allocation]] {
        guard case .launches(let launches) = await coordinator.submit(.listLaunches(pool: nil)) else {
            return [:]
        }
        return launches.reduce(into: [:]) { known, launch in
            known[launch.pool, default: []] += launch.allocations.filter { !$0.state.isOver }.map {
                Allocation(
                    name: $0.name, launch: launch.launch, state: $0.state, reason: $0.reason, host: $0.host)
            }
        }
    }

    /// A file that is wrong changes nothing.
    private func readAgain() async {
        guard let coordinator = coordinator.withLock({ $0 }) else { return }
        do {
            await describe(try source.read(), to: coordinator)
        } catch {
            logger.error("the pool file is wrong: nothing is changed", metadata: ["error": "\(error)"])
        }
    }

    // MARK: The driver's side

    func launch(_ order: LaunchOrder) { queue.yield((order.pool, .launch(order))) }
    func list(_ pool: String, asked: Instant) { queue.yield((pool, .list(asked: asked))) }
    func release(_ allocations: [String], of pool: String) { queue.yield((pool, .release(allocations))) }

    // MARK: The launchers' side

    func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sighup) { await self.readAgain() }
            }
            var pools: [String: AsyncStream<Order>.Continuation] = [:]
            for await (pool, order) in orders.cancelOnGracefulShutdown() {
                if pools[pool] == nil {
                    let (stream, continuation) = AsyncStream.makeStream(of: Order.self)
                    pools[pool] = continuation
                    group.addTask { for await order in stream { await self.perform(order, for: pool) } }
                }
                pools[pool]?.yield(order)
            }
            group.cancelAll()
        }
    }

    private func perform(_ order: Order, for pool: String) async {
        guard let coordinator = coordinator.withLock({ $0 }) else { return }
        let launcher = launchers.withLock { $0[pool] }
        switch order {
        case .launch(let order):
            let command = await launch(order, by: launcher, coordinator)
            if let command { await tell(command, coordinator) }
        case .list(let asked):
            let found = await Self.unlessCancelled { () async -> Result<[Allocation], LaunchFailure> in
                guard let launcher else { return .failure(Self.undescribed(pool)) }
                do throws(LaunchFailure) { return .success(try await launcher.list()) } catch {
                    return .failure(error)
                }
            }
            if let found { await tell(.noteListed(pool: pool, found, asked: asked), coordinator) }
        case .release(let allocations):
            let failure = await Self.unlessCancelled { () async -> LaunchFailure? in
                guard let launcher else { return Self.undescribed(pool) }
                do throws(LaunchFailure) { try await launcher.release(allocations) } catch { return error }
                return nil
            }
            // What is still there when it is listed is released again.
            if case .some(.some(let failure)) = failure {
                logger.warning(
                    "cannot release allocations", metadata: ["pool": "\(pool)", "error": "\(failure)"])
            }
        }
    }

    /// - Returns: nil where nobody waits for the answer any more.
    private func launch(
        _ order: LaunchOrder, by launcher: (any Launcher)?, _ coordinator: Coordinator
    ) async -> Command? {
        guard let launcher else { return .noteLaunchFailed(order.launch, Self.undescribed(order.pool)) }
        let secret = Secret.generate()
        let reply = await coordinator.submit(
            .createLaunchToken(order.launch, secretHash: Secret.hash(secret.text)))
        guard case .token = reply else {
            guard case .refused(let refusal) = reply else { return nil }
            return .noteLaunchFailed(order.launch, LaunchFailure(.unavailable, refusal.message))
        }
        let start: AgentStart
        do {
            start = AgentStart(joinToken: try coordinator.joinToken(secret))
        } catch {
            return .noteLaunchFailed(
                order.launch, LaunchFailure(.unavailable, "its nodes' join token cannot be made: \(error)"))
        }
        return await Self.unlessCancelled {
            do throws(LaunchFailure) {
                return .noteLaunched(order.launch, try await launcher.launch(order, start))
            } catch {
                return .noteLaunchFailed(order.launch, error)
            }
        }
    }

    private static func undescribed(_ pool: String) -> LaunchFailure {
        LaunchFailure(.refused, "the pool file says no launcher of pool '\(pool)'")
    }

    private func tell(_ command: Command, _ coordinator: Coordinator) async {
        if case .noteLaunchFailed(let launch, let failure) = command {
            logger.warning("a launch failed", metadata: ["launch": "\(launch)", "error": "\(failure)"])
        }
        _ = await coordinator.submit(command)
    }

    /// - Returns: nil when the service ends before: a call of a launcher may take minutes.
    private static func unlessCancelled<Value: Sendable>(
        _ body: @escaping @Sendable () async -> Value
    ) async -> Value? {
        let (stream, continuation) = AsyncStream.makeStream(of: Value.self)
        Task {
            continuation.yield(await body())
            continuation.finish()
        }
        for await value in stream { return value }
        return nil
    }
}
