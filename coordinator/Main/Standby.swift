import CoordinatorAPI
import CoordinatorStore
import Foundation
import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// A coordinator that waits to lead: it answers that it stands by, and tries the store until it is free.
struct Standby {
    /// Between two tries: what a fail-over takes, beside what the store takes to notice that its holder is gone.
    private static let pause = Duration.milliseconds(250)

    private let open: @Sendable () throws -> any Store
    private let api: APIServer
    private let leader: Leader
    private let logger: Logger

    /// Where the API of the coordinator is that leads, as the store has said last.
    private final class Leader: Sendable {
        let url = Mutex<String?>(nil)
    }

    /// - Parameters:
    ///   - open: throws `StoreError`; `inUse` while another coordinator has it.
    ///   - api: makes the server that answers meanwhile, of a way to ask where the leader is.
    init(
        open: @escaping @Sendable () throws -> any Store, logger: Logger,
        api: (@escaping @Sendable () -> String?) -> APIServer
    ) {
        let leader = Leader()
        self.open = open
        self.logger = logger
        self.leader = leader
        self.api = api { leader.url.withLock { $0 } }
    }

    /// - Parameters:
    ///   - canWait: false makes a store that another coordinator has an error.
    ///   - rest: before the first try, so that another coordinator may lead.
    /// - Returns: the store; nil when the standby was told to end.
    func openOrWait(canWait: Bool, after rest: Duration? = nil) async throws -> (any Store)? {
        if let rest { return try await waitToLead(after: rest) }
        do {
            return try open()
        } catch let error as StoreError where error.code == .inUse && canWait {
            return try await waitToLead(after: .zero)
        }
    }

    /// Returns once the store is this coordinator's, and the port of the API free again; nil when it was told to end.
    private func waitToLead(after rest: Duration) async throws -> (any Store)? {
        logger.notice(
            rest == .zero ? "standing by: another coordinator leads" : "standing by: another one may lead now"
        )
        let opened = Mutex<(any Store)?>(nil)
        let waiting = Waiting(
            open: open, rest: rest, leader: leader, logger: logger,
            onOpened: { store in opened.withLock { $0 = store } })
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: ([api, waiting] as [any Service]).map {
                    .init(
                        service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .gracefullyShutdownGroup)
                },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do {
            try await group.run()
        } catch {
            try opened.withLock { $0 }?.close()
            throw error
        }
        return opened.withLock { $0 }
    }

    private struct Waiting: Service {
        let open: @Sendable () throws -> any Store
        let rest: Duration
        let leader: Leader
        let logger: Logger
        let onOpened: @Sendable (any Store) -> Void

        func run() async throws {
            try await cancelWhenGracefulShutdown { try await waitForStore() }
        }

        private func waitForStore() async throws {
            var isOutageTold = false
            try? await Task.sleep(for: rest)
            while !Task.isCancelled {
                switch await attempt() {
                case .success(let store):
                    // Who was told to end meanwhile does not lead.
                    return Task.isCancelled ? try store.close() : onOpened(store)
                case .failure(let error as StoreError) where error.code == .inUse:
                    leader.url.withLock { $0 = error.leader }
                    isOutageTold = false
                case .failure(let error):
                    if !isOutageTold {
                        logger.warning("cannot open the store", metadata: ["error": "\(error)"])
                    }
                    isOutageTold = true
                }
                try? await Task.sleep(for: Standby.pause)
            }
        }

        /// On a thread of its own: it may wait for the network.
        private func attempt() async -> Result<any Store, any Error> {
            await withCheckedContinuation { continuation in
                Thread.detachNewThread { continuation.resume(returning: Result { try open() }) }
            }
        }
    }
}
