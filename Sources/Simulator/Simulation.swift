/// Runs worlds: the production machines of coordinator and agents under faults, in virtual time, from one seed.
package enum Simulation {
    /// - Parameter onLine: takes the trace, a line per event; nil writes none.
    package static func run(
        _ options: SimulationOptions, onLine: ((String) -> Void)? = nil
    ) -> SimulationReport {
        World(options, onLine: onLine).run()
    }

    /// Looks for the smallest run that still breaks the same rule: fewer faults, fewer agents and jobs, less time.
    ///
    /// - Parameters:
    ///   - report: of the failing run.
    ///   - attempts: runs at most.
    ///   - onProgress: told of every smaller failing run.
    /// - Returns: the report of the smallest failing run that was found.
    package static func shrink(
        _ report: SimulationReport, attempts: Int = 200, onProgress: (SimulationReport) -> Void = { _ in }
    ) -> SimulationReport {
        guard let rule = report.violations.first?.checker else { return report }
        var smallest = report
        smallest.options.faults = report.faults
        smallest.options.jobs = report.options.jobs ?? report.statistics.jobs
        var left = attempts

        /// - Returns: whether the smaller run breaks the same rule.
        func fails(_ change: (inout SimulationOptions) -> Void) -> Bool {
            guard left > 0 else { return false }
            var options = smallest.options
            change(&options)
            guard options != smallest.options else { return false }
            left -= 1
            let next = run(options)
            guard next.violations.first?.checker == rule else { return false }
            smallest = next
            onProgress(next)
            return true
        }

        var isSmaller = true
        while isSmaller, left > 0 {
            isSmaller = false
            // Half of the faults at a time, then one at a time.
            var width = max(1, (smallest.options.faults?.count ?? 0) / 2)
            while width >= 1, left > 0 {
                var first = 0
                while let faults = smallest.options.faults, first < faults.count, left > 0 {
                    let last = min(first + width, faults.count)
                    let rest = Array(faults[..<first] + faults[last...])
                    if fails({ $0.faults = rest }) { isSmaller = true } else { first += width }
                }
                width /= 2
            }
            while smallest.options.coordinators > 2, fails({ $0.coordinators -= 1 }) { isSmaller = true }
            while smallest.options.agents > 1, fails({ $0.agents /= 2 }) { isSmaller = true }
            while let jobs = smallest.options.jobs, jobs > 1, fails({ $0.jobs = jobs / 2 }) {
                isSmaller = true
            }
            while smallest.options.duration > .seconds(20),
                fails({ $0.duration = .seconds($0.duration.components.seconds / 2) })
            {
                isSmaller = true
            }
        }
        return smallest
    }
}
