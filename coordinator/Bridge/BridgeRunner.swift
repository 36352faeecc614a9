package import ClusterTypes
package import CoordinatorSchedulers
import Synchronization

/// Looks at a queue again and again, and does what the bridge decides. What takes long (machines) goes on beside it.
package final class BridgeRunner: Sendable {
    /// Runs what blocks, and returns when it is done.
    package typealias Worker = @Sendable (@escaping @Sendable () -> Void) async -> Void

    /// What has been done, for a log.
    package enum Report: Sendable, Hashable {
        case started(version: String, machines: [String])
        case looked(SchedulerDemand, present: [String])
        case done(BridgeOrder)
        case failed(BridgeOrder, String)
        /// Nothing was decided.
        case lookFailed(String)
    }

    private let queue: any ForeignQueue
    private let machines: any BridgeMachines
    private let report: @Sendable (Report) -> Void
    private let now: @Sendable () -> Instant
    private let bridge: Mutex<Bridge>

    /// - Parameter now: of a steady clock.
    package init(
        _ settings: BridgeSettings, _ queue: any ForeignQueue, _ machines: any BridgeMachines,
        now: @escaping @Sendable () -> Instant, report: @escaping @Sendable (Report) -> Void
    ) throws(BridgeFailure) {
        if let fault = settings.faults().first {
            throw BridgeFailure("The bridge is wrongly described: \(fault).")
        }
        self.queue = queue
        self.machines = machines
        self.now = now
        self.report = report
        bridge = Mutex(Bridge(settings))
    }

    /// Until it is canceled. Machines that are being made or taken away then are waited for.
    ///
    /// - Parameters:
    ///   - interval: between two looks.
    ///   - onThread: runs what blocks; commands of the scheduler.
    package func run(
        every interval: Duration, onThread: @escaping Worker
    ) async throws {
        let version = Mutex<Result<String, BridgeFailure>?>(nil)
        await onThread {
            version.withLock { $0 = Result { () throws(BridgeFailure) in try self.queue.version() } }
        }
        guard let version = try version.withLock({ $0 })?.get() else { return }
        let there = try await machines.list()
        bridge.withLock { $0.found(there, at: now()) }
        report(.started(version: version, machines: there))
        try await withThrowingDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let slow = Mutex<[BridgeOrder]>([])
                await onThread { slow.withLock { $0 = self.pass() } }
                for order in slow.withLock({ $0 }) {
                    group.addTask { await self.perform(order, onThread: onThread) }
                }
                do { try await Task.sleep(for: interval) } catch { return }
            }
        }
    }

    /// One look and what can be done at once. Blocks.
    ///
    /// - Returns: what takes long.
    func pass() -> [BridgeOrder] {
        let look: BridgeLook
        do throws(BridgeFailure) { look = try queue.look() } catch {
            report(.lookFailed(error.description))
            return []
        }
        let (orders, present) = bridge.withLock { bridge in (bridge.look(look, at: now()), bridge.present) }
        report(.looked(look.demand, present: present))
        return performAtOnce(orders)
    }

    /// - Returns: those that take long.
    @discardableResult
    private func performAtOnce(_ orders: [BridgeOrder]) -> [BridgeOrder] {
        orders.filter { order in
            switch order {
            case .add, .remove: return true
            case .join(let node): finish(order) { () throws(BridgeFailure) in try queue.join(node) }
            case .drain(let node): finish(order) { () throws(BridgeFailure) in try queue.drain(node) }
            case .resume(let node): finish(order) { () throws(BridgeFailure) in try queue.resume(node) }
            }
            return false
        }
    }

    private func finish(_ order: BridgeOrder, _ work: () throws(BridgeFailure) -> Void) {
        do throws(BridgeFailure) {
            try work()
            report(.done(order))
            _ = bridge.withLock { $0.finished(order, succeeded: true, at: now()) }
        } catch {
            report(.failed(order, error.description))
            _ = bridge.withLock { $0.finished(order, succeeded: false, at: now()) }
        }
    }

    /// A machine, and what follows when it is there or gone.
    func perform(_ order: BridgeOrder, onThread: @escaping Worker) async {
        var order = order
        while true {
            var succeeded = true
            do {
                switch order {
                case .add(let node): try await machines.add(node)
                case .remove(let node):
                    try await machines.remove(node)
                    try await forget(node, onThread)
                case .join, .drain, .resume: break
                }
                report(.done(order))
            } catch {
                succeeded = false
                report(.failed(order, "\(error)"))
            }
            let next = bridge.withLock { $0.finished(order, succeeded: succeeded, at: now()) }
            await onThread { self.performAtOnce(next) }
            guard case .remove(let node)? = next.first else { return }
            order = .remove(node)
        }
    }

    private func forget(_ node: String, _ onThread: Worker) async throws(BridgeFailure) {
        let failure = Mutex<BridgeFailure?>(nil)
        await onThread {
            do throws(BridgeFailure) { try self.queue.forget(node) } catch { failure.withLock { $0 = error } }
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
    }
}
