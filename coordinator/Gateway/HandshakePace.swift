import NIOCore
import Synchronization

/// How fast connections are accepted while many are in their handshakes: those that wait their turn in the listen
/// queue cost nothing, while all of 10,000 at once would share the processors until every one of them is too late.
///
/// Above the limit a few more are let in from time to time, so that strangers who never finish keep nobody out.
final class HandshakePace: Sendable {
    /// Let in above the limit …
    private static let allowance = 25
    /// … in this time: 250 a second.
    private static let pause = TimeAmount.milliseconds(100)

    private struct State {
        var open = 0
        var allowance = HandshakePace.allowance
        var listener: (any Channel)?
        var isPaused = false
    }

    private let atOnce: Int
    private let state = Mutex(State())

    init(atOnce: Int) { self.atOnce = atOnce }

    func attach(to listener: any Channel) { state.withLock { $0.listener = listener } }

    func handshakeBegan() {
        let listener = state.withLock { state -> (any Channel)? in
            state.open += 1
            guard state.open > atOnce else { return nil }
            state.allowance -= 1
            guard state.allowance <= 0, !state.isPaused else { return nil }
            state.isPaused = true
            return state.listener
        }
        guard let listener else { return }
        listener.setOption(.autoRead, value: false).whenFailure { _ in }
        listener.eventLoop.scheduleTask(in: Self.pause) { self.resume { _ in true } }
    }

    func handshakeEnded() {
        let limit = atOnce
        resume { state in
            state.open -= 1
            return state.open <= limit
        }
    }

    private func resume(_ isDue: (inout State) -> Bool) {
        let listener = state.withLock { state -> (any Channel)? in
            guard isDue(&state), state.isPaused else { return nil }
            state.isPaused = false
            state.allowance = Self.allowance
            return state.listener
        }
        listener?.setOption(.autoRead, value: true).whenFailure { _ in }
    }
}
