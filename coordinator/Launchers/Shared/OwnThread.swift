import Foundation

/// Blocking work on a thread of its own: the threads that async code runs on are few, and nothing else may wait for a
/// program or a host. Who calls it bounds how many there are at once.
enum OwnThread {
    static func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: work()) }
            thread.name = "mortise-launcher"
            thread.start()
        }
    }
}
