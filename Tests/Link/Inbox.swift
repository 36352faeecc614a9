import Synchronization

/// Collects what comes from other threads, and lets a test wait for what it expects.
final class Inbox<Element: Sendable>: Sendable {
    private struct Waiter {
        var number: Int
        var matches: @Sendable ([Element]) -> Element?
        var continuation: CheckedContinuation<Element, any Error>
    }

    private struct State {
        var elements: [Element] = []
        var waiters: [Waiter] = []
        var waited = 0
    }

    private let state = Mutex(State())

    func append(_ element: Element) {
        let ready = state.withLock { state -> [(CheckedContinuation<Element, any Error>, Element)] in
            state.elements.append(element)
            var ready: [(CheckedContinuation<Element, any Error>, Element)] = []
            state.waiters.removeAll { waiter in
                guard let found = waiter.matches(state.elements) else { return false }
                ready.append((waiter.continuation, found))
                return true
            }
            return ready
        }
        for (continuation, element) in ready { continuation.resume(returning: element) }
    }

    var all: [Element] { state.withLock { $0.elements } }

    /// The first element that has come or will come with this property; the suite's time limit ends the waiting.
    func first(where predicate: @escaping @Sendable (Element) -> Bool) async throws -> Element {
        try await wait { elements in elements.first(where: predicate) }
    }

    /// Returns when so many elements have the property.
    func count(_ count: Int, where predicate: @escaping @Sendable (Element) -> Bool) async throws {
        _ = try await wait { elements in
            var found = 0
            for element in elements where predicate(element) {
                found += 1
                if found == count { return element }
            }
            return nil
        }
    }

    private func wait(_ matches: @escaping @Sendable ([Element]) -> Element?) async throws -> Element {
        let number = state.withLock { state in
            state.waited += 1
            return state.waited
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let found = state.withLock { state -> Element? in
                    if let found = matches(state.elements) { return found }
                    state.waiters.append(Waiter(number: number, matches: matches, continuation: continuation))
                    return nil
                }
                if let found { continuation.resume(returning: found) }
                if Task.isCancelled { giveUp(number) }
            }
        } onCancel: {
            giveUp(number)
        }
    }

    /// The error shows what did come.
    private func giveUp(_ number: Int) {
        let (waiter, elements) = state.withLock { state -> (Waiter?, [Element]) in
            guard let index = state.waiters.firstIndex(where: { $0.number == number }) else {
                return (nil, [])
            }
            return (state.waiters.remove(at: index), state.elements)
        }
        waiter?.continuation.resume(throwing: NothingCame(instead: elements.suffix(20).map { "\($0)" }))
    }
}

/// What a test waited for did not come.
struct NothingCame: Error {
    var instead: [String]
}
