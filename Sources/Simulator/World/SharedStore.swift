import ClusterTypes
import CoordinatorCore
import CoordinatorStore

/// Where the rows are. One coordinator alone has them to itself; several share them as they share a PostgreSQL
/// server: with sessions, one of which has the lock, and the mark of the lead that has had it last.
final class SharedStore {
    let rows = MemoryStore()
    /// Transactions fail: the disk is full.
    var commitsFail = false

    // Of a store that is shared
    /// That are open at the server.
    var sessions: [StoreSession] = []
    var lastSession: UInt64 = 0
    var holder: StoreSession?
    /// The newest lead; each writes its own.
    var mark: UInt64 = 0
    /// Of the newest transaction.
    var revision: UInt64 = 0
    /// Since when the server does not run.
    var awaySince: Int64?
    /// In the middle of the next transaction it will go away, for so long.
    var leavesInTransaction: Int64?
    var isAway: Bool { awaySince != nil }

    /// A driver may lead for so long after the store has said so: `PostgresOptions.leaseSeconds`.
    static let lease = Duration.seconds(10)
    /// The server gives up a connection whose other side is silent: tcp_keepalives_* of the store's sessions.
    static let keepalive: Int64 = 25_000_000
}

/// One connection of a coordinator, as the server has it.
final class StoreSession {
    enum State {
        case idle
        /// nil: it is only to say that it is there.
        case working(Transaction?)
        /// False: nothing was written.
        case answered(Bool)
    }

    let number: UInt64
    let process: CoordinatorProcess
    var isOpen = true
    var state = State.idle
    /// Its process has ended; it ends with what it works on.
    var isOrphaned = false
    /// Nothing comes from the other side.
    var silentSince: Int64?

    init(number: UInt64, process: CoordinatorProcess) {
        self.number = number
        self.process = process
    }
}

/// A coordinator's side of a shared store: the connection that writes, and the thread that waits for its answers.
struct StoreClient {
    enum Call {
        case commit(Transaction)
        case confirm
    }

    enum Outcome {
        case done, failed
        /// Another coordinator has had the store.
        case inUse
    }

    struct Answer {
        let call: Call
        /// When the call began.
        let since: Instant
        let outcome: Outcome
    }

    var session: StoreSession?
    /// Of the store, as last read or committed.
    var revision: UInt64 = 0
    var waiting = Fifo<Call>()
    var current: (call: Call, since: Instant)?
    /// Of the store once `current` is in: it was sent.
    var expected: UInt64?
    /// A planted bug reads before it has the lock.
    var earlySnapshot: Snapshot?
}
