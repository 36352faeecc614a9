import ClusterTypes
import CoordinatorCore

/// A promise that was not kept.
struct BrokenPromise: Error {
    var text: String
    init(_ text: String) { self.text = text }
}

/// One run of the checks, and what was started in it so far.
final class ConformanceCourse {
    private let test: LauncherConformance
    private let order: LaunchOrder
    private var released: String?
    /// Names of everything that has ever been seen.
    private(set) var known: Set<String> = []

    init(_ test: LauncherConformance) {
        self.test = test
        order = LaunchOrder(
            launch: LaunchID(1), pool: test.scope.pool, count: 2, lifetime: .seconds(3_600))
    }

    /// In this order.
    enum Step: String, CaseIterable {
        case startsEmpty = "nothing of this pool is listed before the first launch"
        case launchTwo = "a launch of 2 is taken"
        case repeatLaunch = "the same launch again starts nothing"
        case listBoth = "both are listed"
        case launchAnother = "a launch with another number gets a node of its own"
        case releaseOne = "one is released, and only that one"
        case releaseAgain = "it may be released once more"
        case releaseUnknown = "a release of what nobody knows is no failure"
    }

    func take(_ step: Step) async throws(BrokenPromise) {
        switch step {
        case .startsEmpty: try await startsEmpty()
        case .launchTwo: try await launch(order)
        case .repeatLaunch: try await repeatLaunch()
        case .listBoth: try await listBoth()
        case .launchAnother: try await launchAnother()
        case .releaseOne: try await releaseOne()
        case .releaseAgain: try await release([released ?? ""])
        case .releaseUnknown: try await releaseUnknown()
        }
    }

    private func startsEmpty() async throws(BrokenPromise) {
        let live = try await list().filter { !$0.state.isOver }
        guard live.isEmpty else {
            throw BrokenPromise("it lists \(Self.names(live)) of a pool that nothing was launched for")
        }
    }

    private func repeatLaunch() async throws(BrokenPromise) {
        try await launch(order)
        let all = try await list().filter { $0.launch == order.launch }
        guard all.count <= 2 else {
            throw BrokenPromise("after the second request there are \(all.count): \(Self.names(all))")
        }
    }

    private func listBoth() async throws(BrokenPromise) {
        let launch = order.launch
        try await wait("two allocations of launch \(launch) are listed") { all in
            all.count { $0.launch == launch } == 2
        }
    }

    private func launchAnother() async throws(BrokenPromise) {
        let before = known
        let other = LaunchID(2)
        try await launch(
            LaunchOrder(launch: other, pool: test.scope.pool, count: 1, lifetime: .seconds(3_600)))
        try await wait("an allocation of launch \(other) is listed beside two of launch \(order.launch)") {
            all in
            all.count { $0.launch == other } == 1 && all.count { $0.launch == LaunchID(1) } == 2
        }
        guard known.count == before.count + 1 else {
            throw BrokenPromise("there have been \(known.count) names for 3 nodes: \(known.sorted())")
        }
    }

    private func releaseOne() async throws(BrokenPromise) {
        guard let one = try await list().map(\.name).min() else { throw BrokenPromise("nothing is listed") }
        released = one
        let others = known.subtracting([one])
        try await release([one])
        try await wait("\(one) is over or no longer listed, and \(others.sorted()) are still there") { all in
            all.allSatisfy { $0.name != one || $0.state.isOver }
                && others.isSubset(of: all.map(\.name))
        }
    }

    private func releaseUnknown() async throws(BrokenPromise) {
        // One that looks like theirs: a service may refuse a name for its form alone.
        let similar = known.min().map { Self.similar(to: $0) }
        try await release(
            [similar.flatMap { known.contains($0) ? nil : $0 }, "no-such-allocation"].compactMap(\.self))
        let all = try await list()
        let others = known.subtracting([released ?? ""])
        guard others.isSubset(of: all.map(\.name)) else {
            throw BrokenPromise("then only \(Self.names(all)) were there, and not \(others.sorted())")
        }
    }

    func releaseAll() async throws(BrokenPromise) {
        // What was started and never told of is found by the list.
        do throws(BrokenPromise) { _ = try await list() } catch {}
        do throws(BrokenPromise) {
            if !known.isEmpty { try await release(known.sorted()) }
        } catch {
            // One name may be what it does not bear.
            for name in known.sorted() { do throws(BrokenPromise) { try await release([name]) } catch {} }
        }
        try await wait("nothing waits or runs any more") { all in all.allSatisfy(\.state.isOver) }
        known = []
    }

    // MARK: - Calls

    private func launch(_ order: LaunchOrder) async throws(BrokenPromise) {
        do throws(LaunchFailure) {
            let allocations = try await test.launcher.launch(order, test.start)
            known.formUnion(allocations.map(\.name))
            if let foreign = allocations.first(where: { $0.launch != order.launch }) {
                throw LaunchFailure(
                    .invalidAnswer, "\(foreign.name) is said to be of launch \(foreign.launch)")
            }
            if allocations.count > order.count {
                throw LaunchFailure(
                    .invalidAnswer, "\(order.count) were asked for, and there are \(Self.names(allocations))")
            }
        } catch {
            throw BrokenPromise("launch: \(error.code.rawValue): \(error.message)")
        }
    }

    private func list() async throws(BrokenPromise) -> [Allocation] {
        do throws(LaunchFailure) {
            let allocations = try await test.launcher.list()
            known.formUnion(allocations.map(\.name))
            return allocations
        } catch {
            throw BrokenPromise("list: \(error.code.rawValue): \(error.message)")
        }
    }

    private func release(_ names: [String]) async throws(BrokenPromise) {
        do throws(LaunchFailure) {
            try await test.launcher.release(names)
        } catch {
            throw BrokenPromise("release: \(error.code.rawValue): \(error.message)")
        }
    }

    /// Looks until it is so.
    private func wait(
        _ what: String, _ isSo: ([Allocation]) -> Bool
    ) async throws(BrokenPromise) {
        let end = ContinuousClock.now + test.patience
        while true {
            let all = try await list()
            if isSo(all) { return }
            guard ContinuousClock.now < end else {
                throw BrokenPromise(
                    "within \(test.patience.secondsText) it was not so that \(what); listed are "
                        + "\(Self.names(all))")
            }
            try? await Task.sleep(for: test.interval)
        }
    }

    private static func names(_ allocations: [Allocation]) -> String {
        if allocations.isEmpty { return "none" }
        return allocations.map { "\($0.name) (launch \($0.launch), \($0.state.rawValue))" }
            .joined(separator: ", ")
    }

    /// A name of the same form.
    private static func similar(to name: String) -> String {
        guard let last = name.last else { return "x" }
        return name.dropLast() + (last == "9" ? "8" : "9")
    }
}
