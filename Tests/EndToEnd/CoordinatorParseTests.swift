import Foundation
import Testing

/// `mortise-coordinator parse`, which needs no scheduler and no coordinator.
@Suite struct CoordinatorParseTests {
    private struct Reading: Decodable {
        // The keys as they are printed.
        // swift-format-ignore: AlwaysUseLowerCamelCase
        struct Job: Decodable {
            var job_id: String
            var state: String
            var nodes: Int
        }
        var jobs: [Job]?
        var error: String?
    }

    private let header =
        "             JOBID PARTITION     NAME     USER ST       TIME  NODES NODELIST(REASON)\n"

    private func parse(
        _ folder: ScratchFolder, _ arguments: String..., input: String? = nil
    ) async throws -> CommandResult {
        try await folder.run(Programs.coordinator, ["parse"] + arguments, input: input)
    }

    @Test("It reads a file and standard input, and the form may be named")
    func answers() async throws {
        try await ScratchFolder.with { folder in
            let file = try folder.write(
                "queue.txt",
                header + "          12_[0-3]     cloud   my job    alice PD       0:00      2 (Resources)\n")
            for result in [
                try await parse(folder, file), try await parse(folder, "-", input: file),
                try await parse(folder, "--as", "squeue", file),
            ] {
                #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
                let reading: Reading = try result.decoded()
                #expect(reading.jobs?.first?.job_id == "12_[0-3]" && reading.jobs?.first?.nodes == 2)
            }
            let empty = try folder.write("empty.txt", header)
            #expect(try (await parse(folder, empty).decoded() as Reading).jobs?.isEmpty == true)
            let failed = try folder.write(
                "failed.txt", "slurm_load_jobs error: Unable to contact slurm controller\n")
            #expect(try (await parse(folder, failed).decoded() as Reading).error == "unavailable")
        }
    }

    @Test("It says what is wrong and what to do, and prints nothing else")
    func faults() async throws {
        try await ScratchFolder.with { folder in
            let file = try folder.write("queue.txt", header)
            let nothing = try folder.write("nothing.txt", "")
            let half = try folder.write("half.txt", String(header.prefix(40)))
            let letter = try folder.write("letter.txt", "Dear all,\n")
            let cases: [(arguments: [String], status: Int32, words: [String])] = [
                (["--as", "queue", file], 64, ["no form 'queue'", "squeue, "]),
                ([], 64, ["- for standard input"]),
                ([nothing], 65, ["nothing.txt", "is empty"]),
                ([half], 65, ["half.txt", "not a whole output of squeue"]),
                ([letter], 65, ["letter.txt", "no tool that is known", "mortise-coordinator parse --list"]),
                (["--as", "sinfo", letter], 65, ["nothing of the form sinfo"]),
                ([folder.path + "/none"], 66, ["There is no file", "none"]),
            ]
            for (arguments, status, words) in cases {
                let result = try await folder.run(Programs.coordinator, ["parse"] + arguments)
                #expect(result.status == status && result.output.isEmpty, "\(arguments): \(result)")
                #expect(words.allSatisfy { result.errors.contains($0) }, "\(arguments): \(result)")
            }
            let list = try await parse(folder, "--list")
            #expect(list.status == 0 && list.output.contains("qstat-f "))
        }
    }
}
