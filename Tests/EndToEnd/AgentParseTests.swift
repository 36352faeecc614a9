import Foundation
import Testing

/// `mortise-agent parse`, which needs no agent and no coordinator.
@Suite struct AgentParseTests {
    private struct Reading: Decodable, Equatable {
        struct Device: Decodable, Equatable {
            var index: Int?
            var name: String?
            var uuid: String?
        }
        var devices: [Device]
        var error: String?
    }

    private let output = "GPU 3: NVIDIA L4 (UUID: GPU-5b0e6a1d-0000-1111-2222-333344445555)\n"
    private let reading = Reading(
        devices: [.init(index: 3, name: "NVIDIA L4", uuid: "GPU-5b0e6a1d-0000-1111-2222-333344445555")])

    private func parse(
        _ folder: ScratchFolder, _ arguments: String..., input: String? = nil
    ) async throws -> CommandResult {
        try await folder.run(Programs.agent, ["parse"] + arguments, input: input)
    }

    @Test("It reads a file and standard input, and the form may be named")
    func answers() async throws {
        try await ScratchFolder.with { folder in
            let file = try folder.write("gpus.txt", output)
            for result in [
                try await parse(folder, file), try await parse(folder, "-", input: file),
                try await parse(folder, "--as", "nvidia-smi-list", file),
            ] {
                #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
                #expect(try result.decoded() == reading)
            }
            let number = try folder.write("memory.max", "1073741824\n")
            #expect(try await parse(folder, number).output.contains("\"memory_limit_bytes\": 1073741824"))
        }
    }

    @Test("It lists the forms, each with the command that prints it")
    func list() async throws {
        try await ScratchFolder.with { folder in
            let result = try await parse(folder, "--list")
            #expect(result.status == 0, "\(result)")
            let lines = result.output.split(separator: "\n")
            #expect(lines.contains { $0.hasPrefix("nvidia-smi-xml ") && $0.hasSuffix("  nvidia-smi -q -x") })
            #expect(lines.contains { $0.hasPrefix("npu-smi-info ") && $0.hasSuffix("  npu-smi info") })
            let help = try await parse(folder, "--help")
            #expect(help.status == 0 && help.output.contains("nvidia-smi -q -x | mortise-agent parse -"))
        }
    }

    @Test("It says what is wrong and what to do, and prints nothing else")
    func faults() async throws {
        try await ScratchFolder.with { folder in
            let file = try folder.write("gpus.txt", output)
            let letter = try folder.write("letter.txt", "Dear all,\n\nthe machine is broken.\n")
            let zeros = folder.path + "/zeros"
            try Data(count: 4_096).write(to: URL(fileURLWithPath: zeros))
            let large = folder.path + "/large"
            try Data().write(to: URL(fileURLWithPath: large))
            #expect(truncate(large, off_t(8 << 20) + 1) == 0)

            let cases: [(arguments: [String], status: Int32, words: [String])] = [
                (["--as", "nvidia", file], 64, ["no form 'nvidia'", "nvidia-smi-xml, "]),
                ([], 64, ["- for standard input"]),
                ([letter], 65, ["letter.txt", "no tool that is known", "--as"]),
                (["-"], 65, ["standard input"]),
                (["--as", "npu-smi-info", letter], 65, ["nothing of the form npu-smi-info"]),
                ([zeros], 65, ["is no text"]),
                ([large], 65, ["more than 8 MiB"]),
                ([folder.path + "/none"], 66, ["There is no file", "none"]),
                ([folder.path], 66, ["cannot read", "directory"]),
            ]
            for (arguments, status, words) in cases {
                let result = try await folder.run(Programs.agent, ["parse"] + arguments)
                #expect(result.status == status && result.output.isEmpty, "\(arguments): \(result)")
                #expect(words.allSatisfy { result.errors.contains($0) }, "\(arguments): \(result)")
            }
        }
    }
}
