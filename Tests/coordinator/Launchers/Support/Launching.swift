import ClusterTypes
import CoordinatorCore
import Testing

@testable import CoordinatorLaunchers

/// What tests of all launchers launch with.
enum Launching {
    static let scope = LaunchScope(cluster: "lab", clusterTag: "1f3a9c20", pool: "cloud")
    static let start = AgentStart(joinToken: "join-token-of-tests")

    static func order(_ launch: UInt64 = 1, count: Int = 1, lifetime: Duration? = nil) -> LaunchOrder {
        LaunchOrder(launch: LaunchID(launch), pool: scope.pool, count: count, lifetime: lifetime)
    }

    /// The failure of a call; records an issue where there is none.
    static func failure<Value>(
        _ call: () async throws(LaunchFailure) -> Value, sourceLocation: SourceLocation = #_sourceLocation
    ) async -> LaunchFailure {
        do throws(LaunchFailure) {
            let value = try await call()
            Issue.record("no failure, but \(value)", sourceLocation: sourceLocation)
            return LaunchFailure(.refused, "")
        } catch {
            return error
        }
    }

    /// Everything that `Launcher` promises.
    static func expectConformance(
        _ launcher: any Launcher, _ scope: LaunchScope = scope, start: AgentStart = start,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let test = LauncherConformance(
            launcher, scope, start, patience: .seconds(60), interval: .milliseconds(20))
        let checks = await test.run()
        #expect(checks.filter { $0.failure != nil } == [], sourceLocation: sourceLocation)
        #expect(checks.count == 9, sourceLocation: sourceLocation)
    }
}
