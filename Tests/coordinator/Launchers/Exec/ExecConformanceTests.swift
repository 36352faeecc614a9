import ClusterTypes
import CoordinatorCore
import Foundation
import LauncherServers
import PostgresServer
import Testing

@testable import CoordinatorLaunchers

@Suite(
    "The test of launcher programs", .ownThreads,
    .enabled(if: Programs.missing("python3") == nil, "needs python3"))
struct ExecConformanceTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func checks(fault: String, patience: Duration = .seconds(60)) async throws -> [LauncherConformance
        .Check]
    {
        let program = try scratch.program("cloud", FakeCloud.program)
        let options = ExecOptions(command: [program], environment: [EnvironmentVariable("FAULT", fault)])
        return await ExecLauncher(options, Launching.scope).conformance(
            Launching.scope, Launching.start, patience: patience, interval: .milliseconds(10))
    }

    private struct Node: Decodable {
        var name: String
        var gone: Bool
    }

    private func nodes() throws -> [Node] {
        try JSONDecoder().decode([Node].self, from: Data(scratch.read("nodes.json").utf8))
    }

    @Test func `A program that keeps the protocol passes, and what was launched is gone`() async throws {
        let checks = try await checks(fault: "")
        #expect(checks.filter { $0.failure != nil } == [])
        #expect(checks.count == 10)
        let nodes = try nodes()
        #expect(nodes.count == 3 && nodes.allSatisfy(\.gone))
    }

    @Test(arguments: [
        ("other-protocol", "it says who it is", "protocol is 2"),
        ("not-empty", "nothing of this pool is listed before the first launch", "stranger"),
        ("no-capacity", "a launch of 2 is taken", "no_capacity: "),
        ("starts-again", "the same launch again starts nothing", "there are 4"),
        ("list-forgets", "both are listed", "listed are none"),
        (
            "one-pool-one-launch", "a launch with another number gets a node of its own",
            "launch that it was asked for"
        ),
        ("release-all", "one is released, and only that one", "are still there"),
        ("again-fails", "it may be released once more", "not there any more"),
        ("unknown-fails", "a release of what nobody knows is no failure", "no such node"),
    ])
    func `A program that breaks a promise fails at that one, and what was launched is gone`(
        fault: String, name: String, text: String
    ) async throws {
        let checks = try await checks(fault: fault, patience: .milliseconds(300))
        let first = try #require(checks.first { $0.failure != nil })
        #expect(first.name == name)
        #expect(first.failure?.contains(text) == true, "\(first)")
        guard scratch.exists("nodes.json") else { return }
        #expect(try nodes().allSatisfy(\.gone))
    }

    @Test func `Nodes that cannot be released are named at the end`() async throws {
        let checks = try await checks(fault: "keeps", patience: .milliseconds(300))
        let last = try #require(checks.last)
        #expect(last.name == "at the end everything is released and gone")
        #expect(last.failure?.contains("Look after these yourself: i-0000 i-0001 i-0002") == true, "\(last)")
    }
}
