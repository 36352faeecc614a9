import CoordinatorCore

extension ExecLauncher {
    /// As `LauncherConformance.run`, and that the program says who it is.
    package func conformance(
        _ scope: LaunchScope, _ start: AgentStart, patience: Duration, interval: Duration,
        report: (LauncherConformance.Check) -> Void = { _ in }
    ) async -> [LauncherConformance.Check] {
        let test = LauncherConformance(self, scope, start, patience: patience, interval: interval)
        return await test.run(
            first: [
                (
                    "it says who it is",
                    {
                        do throws(LaunchFailure) {
                            _ = try await describe()
                            return nil
                        } catch {
                            return error
                        }
                    }
                )
            ], report: report)
    }
}
