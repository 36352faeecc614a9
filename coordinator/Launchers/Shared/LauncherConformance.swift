package import CoordinatorCore

/// Asks a launcher for what the coordinator asks it for, and holds it against what `Launcher` promises. It really starts
/// nodes (three); whatever it has started is released at the end, after a failure too.
package struct LauncherConformance: Sendable {
    /// One promise, and how it was broken.
    package struct Check: Sendable, Hashable, Codable {
        package var name: String
        /// nil: it was kept.
        package var failure: String?
    }

    let launcher: any Launcher
    let scope: LaunchScope
    let start: AgentStart
    /// For what a launcher only has to have ordered when it answers: nodes that come or go.
    let patience: Duration
    let interval: Duration

    /// - Parameters:
    ///   - start: with a token that lets nobody join: the agents end by themselves, and are allocations all the same.
    ///   - patience: how long a launch may take to be listed, and a release to take effect.
    ///   - interval: between two looks.
    package init(
        _ launcher: any Launcher, _ scope: LaunchScope, _ start: AgentStart, patience: Duration,
        interval: Duration
    ) {
        self.launcher = launcher
        self.scope = scope
        self.start = start
        self.patience = patience
        self.interval = interval
    }

    /// - Parameters:
    ///   - first: checks of this kind of launcher alone, before all others.
    ///   - report: gets each check as soon as it is done.
    /// - Returns: all checks that were made. After a failure only the cleaning up follows.
    package func run(
        first: [(name: String, check: @Sendable () async -> LaunchFailure?)] = [],
        report: (Check) -> Void = { _ in }
    ) async -> [Check] {
        let course = ConformanceCourse(self)
        var checks: [Check] = []
        func note(_ name: String, _ failure: String?) -> Bool {
            let check = Check(name: name, failure: failure)
            checks.append(check)
            report(check)
            return failure == nil
        }
        var goesOn = true
        for (name, check) in first where goesOn {
            goesOn = note(name, await check().map { "\($0.code.rawValue): \($0.message)" })
        }
        for step in ConformanceCourse.Step.allCases where goesOn && !Task.isCancelled {
            do throws(BrokenPromise) {
                try await course.take(step)
                goesOn = note(step.rawValue, nil)
            } catch {
                goesOn = note(step.rawValue, error.text)
            }
        }
        await cleanUp(course) { _ = note("at the end everything is released and gone", $0) }
        return checks
    }

    /// Also where the checks were canceled: nodes that nobody knows of cost money.
    private func cleanUp(_ course: ConformanceCourse, _ note: (String?) -> Void) async {
        do throws(BrokenPromise) {
            try await course.releaseAll()
            note(nil)
        } catch {
            let names = course.known.sorted().joined(separator: " ")
            note("\(error.text)" + (names.isEmpty ? "" : " Look after these yourself: \(names)"))
        }
    }
}
