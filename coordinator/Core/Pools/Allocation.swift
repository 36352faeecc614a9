package import ClusterTypes

/// What one node of a launch runs in, as its launcher sees it: a batch job, a pod, a container, a machine.
package struct Allocation: Sendable, Hashable {
    /// What launchers know of it; what an agent in it does is the node's state.
    package enum State: String, Sendable, Hashable, CaseIterable {
        /// In a scheduler's queue, or being made.
        case waiting
        case running
        /// Over, and as it should be.
        case completed
        case failed
        /// Its time was over.
        case timedOut = "timed_out"
        /// Somebody has ended it.
        case canceled

        package var isOver: Bool {
            switch self {
            case .waiting, .running: false
            case .completed, .failed, .timedOut, .canceled: true
            }
        }
    }

    /// The launcher's own name of it, which no other of the pool ever has: `1234_5`, `i-0abc`, `node-07`. At most
    /// `nameBytes` of `A-Z a-z 0-9 . _ - : /`.
    package var name: String
    package var launch: LaunchID
    package var state: State
    /// For people, in the launcher's words: why it waits, or how it ended.
    package var reason: String
    /// A name or an address of its machine, where the launcher knows one: how an agent that does not know in which
    /// allocation it runs is found.
    package var host: String?

    package static let nameBytes = 128

    package init(
        name: String, launch: LaunchID, state: State = .waiting, reason: String = "", host: String? = nil
    ) {
        self.name = name
        self.launch = launch
        self.state = state
        self.reason = reason
        self.host = host
    }

    package static func isName(_ text: String) -> Bool {
        (1...nameBytes).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: ".-_:/".utf8.contains(byte)
                }
            }
    }
}

/// Nodes that a launcher is asked for.
package struct LaunchOrder: Sendable, Hashable {
    /// Asked for once more, it starts nothing twice.
    package var launch: LaunchID
    package var pool: String
    /// At least 1.
    package var count: Int
    /// How long each of them may live; nil: for ever.
    package var lifetime: Duration?

    package init(launch: LaunchID, pool: String, count: Int, lifetime: Duration? = nil) {
        self.launch = launch
        self.pool = pool
        self.count = count
        self.lifetime = lifetime
    }
}

/// Why a launcher did not do what it was asked for.
package struct LaunchFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// It cannot be reached, or did not answer in time; nobody knows whether it has begun.
        case unavailable
        /// It has no more such nodes now.
        case noCapacity = "no_capacity"
        /// What its user may have is used up.
        case quota
        /// It will never do this: the pool's configuration has to be changed.
        case refused
        /// What it answers cannot be understood.
        case invalidAnswer = "invalid_answer"
    }

    package var code: Code
    /// What was tried, on what, what it said, and what can be done.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
