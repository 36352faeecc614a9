import Synchronization

/// Collects what comes from other threads, and lets a test wait for what it expects.
final class Inbox<Element: Sendable>: Sendable {
    private struct Waiter {
        var matches: @Sendable ([Element]) -> Element?
        var continuation: CheckedContinuation<Element, Never>
    }

    private struct State {
        var elements: [Element] = []
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    func append(_ element: Element) {
        let ready = state.withLock { state -> [(CheckedContinuation<Element, Never>, Element)] in
            state.elements.append(element)
            var ready: [(CheckedContinuation<Element, Never>, Element)] = []
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
    func first(where predicate: @escaping @Sendable (Element) -> Bool) async -> Element {
        await wait { elements in elements.first(where: predicate) }
    }

    /// Returns when so many elements have the property.
    func count(_ count: Int, where predicate: @escaping @Sendable (Element) -> Bool) async {
        _ = await wait { elements in
            var found = 0
            for element in elements where predicate(element) {
                found += 1
                if found == count { return element }
            }
            return nil
        }
    }

    private func wait(_ matches: @escaping @Sendable ([Element]) -> Element?) async -> Element {
        await withCheckedContinuation { continuation in
            let found = state.withLock { state -> Element? in
                if let found = matches(state.elements) { return found }
                state.waiters.append(Waiter(matches: matches, continuation: continuation))
                return nil
            }
            if let found { continuation.resume(returning: found) }
        }
    }
}
