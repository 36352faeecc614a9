import Foundation
import Platform
import Testing

/// The agent in a real container reports what it may use, not what the machine has.
@Suite struct ContainerTests {
    private struct Machine: Decodable {
        var container: String?
        var usableMilliCPU: Int64
        var memoryTotalBytes: Int64
        var memoryLimitBytes: Int64?
        var memoryAvailableBytes: Int64
    }

    private func status(
        _ folder: ScratchFolder, _ limits: ContainerEngine.Limits
    ) async throws -> Machine {
        let arguments = ["status", "--json", "--probe", "--no-tools"]
        let result = try await ContainerEngine(folder: folder).run(Programs.agent, arguments, limits)
        try #require(result.status == 0, "\(result)")
        return try result.decoded()
    }

    private func status(_ folder: ScratchFolder) async throws -> Machine {
        let arguments = ["status", "--json", "--probe", "--no-tools"]
        return try await folder.run(Programs.agent, arguments).decoded()
    }

    private func withLimits(
        _ limits: ContainerEngine.Limits, _ body: (ScratchFolder) async throws -> Void
    ) async throws {
        try await ScratchFolder.with { folder in
            if let obstacle = try await ContainerEngine.obstacle(folder, limits) {
                try Test.cancel("\(obstacle)")
            }
            try await body(folder)
        }
    }

    @Test("In a container of podman the agent reports its quota and its memory limit, and who runs it")
    func quota() async throws {
        let limits = ContainerEngine.Limits(options: ["--cpus", "0.75", "--memory", "192m"])
        try await withLimits(limits) { folder in
            let machine = try await status(folder)
            let limited = try await status(folder, limits)
            #expect(limited.container == "podman")
            #expect(limited.usableMilliCPU == 750 && machine.usableMilliCPU >= 1_000)
            #expect(limited.memoryLimitBytes == 192 << 20)
            #expect(limited.memoryAvailableBytes <= 192 << 20)
            // The machine's own memory is told beside it.
            #expect(limited.memoryTotalBytes == machine.memoryTotalBytes)
        }
    }

    @Test("It counts the processors that the container was given")
    func processors() async throws {
        let processor = try #require(Self.firstProcessor)
        let limits = ContainerEngine.Limits(options: ["--cpuset-cpus", processor])
        try await withLimits(limits) { folder in
            let machine = try await status(folder)
            let limited = try await status(folder, limits)
            #expect(limited.usableMilliCPU == min(1_000, machine.usableMilliCPU))
            #expect(limited.memoryLimitBytes != 192 << 20)
        }
    }

    @Test("Without limits it reports those of the machine")
    func free() async throws {
        try await withLimits(.none) { folder in
            let machine = try await status(folder)
            let contained = try await status(folder, .none)
            #expect(contained.container == "podman")
            #expect(contained.usableMilliCPU == machine.usableMilliCPU)
            #expect(contained.memoryLimitBytes == machine.memoryLimitBytes)
        }
    }

    /// Of those that this process may use.
    private static var firstProcessor: String? {
        let line = readText("/proc/self/status").split(separator: "\n").first {
            $0.hasPrefix("Cpus_allowed_list:")
        }
        return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }?
            .prefix { $0.isNumber }.description
    }
}
