import Foundation

/// Lets so many clusters run at once: each is three or more processes, and a small machine has other tests to run.
/// `MORTISE_TEST_CLUSTERS` sets how many.
actor Gate {
    static let shared = Gate(
        places: ProcessInfo.processInfo.environment["MORTISE_TEST_CLUSTERS"].flatMap { Int($0) } ?? 3)

    private var places: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(places: Int) { self.places = places }

    func enter() async {
        if places > 0 {
            places -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        if waiting.isEmpty {
            places += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}
