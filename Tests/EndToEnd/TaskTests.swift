import APITypes
import ClusterTypes
import Foundation
import Testing

/// Case 5: what commands do to the node, and the node to commands.
@Suite struct TaskTests {
    @Test("A command that does not exist ends with 127, and its message is kept")
    func missingCommand() async throws {
        try await TestCluster.run { cluster in
            try await cluster.startAgent("birch")
            let result = try await cluster.mortise(
                "run", "--array", "1-1", "--wait", "--", "/no/such/program", "{}")
            #expect(result.status == 1, "\(result)")
            let show = try await cluster.mortise("task", "show", "1", "1")
            #expect(show.output.contains("127"), "\(show)")
            #expect(
                show.output.contains("cannot run '/no/such/program': no such file or directory"), "\(show)")
            let batch = try await cluster.mortise("run", "--wait", "--", "no-such-program")
            #expect(batch.status == 1, "\(batch)")
            #expect(
                batch.errors.contains("cannot run 'no-such-program': no such file or directory"), "\(batch)")
        }
    }

    @Test("What no node can ever hold is refused at once with what the largest offers")
    func impossibleResources() async throws {
        try await TestCluster.run { cluster in
            try await cluster.startAgent("birch")
            let result = try await cluster.mortise("run", "--cpus", "100000", "--", "true")
            #expect(result.status == 4, "\(result)")
            let offered = try #require(try await cluster.node("birch")).capacity.resources.milliCPU / 1_000
            #expect(result.errors.contains("no node could ever hold a slot of this job"), "\(result)")
            #expect(result.errors.contains("the largest offer is \(offered) CPUs"), "\(result)")
            let jobs: Page<JobView> = try await cluster.get("/v1/jobs")
            #expect(jobs.items.isEmpty)
        }
    }

    @Test("A gigabyte of output fills no node: its end is kept and the task succeeds")
    func muchOutput() async throws {
        try await TestCluster.run { cluster in
            try await cluster.startAgent("birch")
            let job = try await cluster.submit(
                "--array", "1-1", "--output-limit", "1MiB", "--", "sh", "-c",
                "yes 0123456789abcdef | head -c 1000000000; echo; echo the end")
            let waited = try await cluster.mortise("job", "wait", "\(job)")
            #expect(waited.status == 0, "\(waited)")
            let tail = try await cluster.mortise("task", "logs", "\(job)", "1", "--tail", "100B")
            #expect(tail.output.utf8.count == 100 && tail.output.hasSuffix("\nthe end\n"), "\(tail)")
            let all = try await cluster.mortise("task", "logs", "\(job)", "1")
            #expect(all.output.utf8.count > 400_000 && all.output.utf8.count <= 1 << 20)
            #expect(all.output.hasSuffix("\nthe end\n"))
            let files = FileManager.default.enumerator(atPath: cluster.agentDirectory("birch") + "/slots")
            var bytes: UInt64 = 0
            while files?.nextObject() != nil { bytes += (files?.fileAttributes?[.size] as? UInt64) ?? 0 }
            #expect(bytes > 0 && bytes < 2 << 20, "\(bytes) bytes are kept on the node")
        }
    }

    @Test("A task that ignores TERM is killed after its timeout and grace, and ends with 124")
    func timeout() async throws {
        try await TestCluster.run { cluster in
            try await cluster.startAgent("birch")
            let ledger = Ledger(path: cluster.path("ledger"))
            let script = try cluster.script(
                "stubborn",
                """
                told() { \(ledger.append("term")); }
                trap told TERM
                (trap '' TERM; exec sleep 600) &
                while :; do sleep 0.05; done
                """)
            let result = try await cluster.mortise(
                "run", "--array", "1-1", "--timeout", "1s", "--stop-grace", "1s", "--wait", "--", "sh", script
            )
            #expect(result.status == 1, "\(result)")
            let task = try await cluster.task(1, of: JobID(1))
            #expect(task.exitCode == 124)
            #expect(task.reason.contains("ended after its timeout of 1 s"), "\(task.reason)")
            #expect(try #require(task.durationSeconds) >= 2)
            #expect(ledger.lines == ["term"])
            try await eventually("the slot has ended") {
                try await cluster.slots(of: JobID(1)).allSatisfy { $0.state.isEnded }
            }
            // Neither the command nor what it started in the background is left.
            try await eventually("nothing of the task is left") {
                Leftovers.processes(of: cluster.agentDirectory("birch") + "/slots").isEmpty
            }
        }
    }

    @Test("Payloads arrive byte for byte on standard input, up to the limit; what cannot is refused")
    func payloads() async throws {
        try await TestCluster.run { cluster in
            try await cluster.startAgent("birch")
            let printable = (0..<1 << 20).map { (number: Int) -> UInt8 in
                UInt8(32 + (number * 7 + number / 95) % 95)
            }
            let large = String(decoding: printable, as: UTF8.self)
            let payloads = [
                "two\nlines\n", "", "'single' \"double\" `back` $HOME \\ {}", " blanks\tand tabs ",
                "Zoë 漢字 🧵\u{7F}\u{1B}",
                "\r\n", large,
            ]
            let file = try cluster.write(
                cluster.path("payloads.json"),
                String(decoding: try JSONEncoder().encode(payloads), as: UTF8.self))
            try FileManager.default.createDirectory(
                atPath: cluster.path("out"), withIntermediateDirectories: false)
            let job = try await cluster.submit(
                "--from-json", file, "--", "sh", "-c", "cat > \(cluster.path("out"))/$MORTISE_TASK_INDEX")
            let waited = try await cluster.mortise("job", "wait", "\(job)")
            #expect(waited.status == 0, "\(waited)")
            for (index, payload) in payloads.enumerated() {
                let arrived = try Data(contentsOf: URL(fileURLWithPath: cluster.path("out/\(index)")))
                #expect(arrived == Data(payload.utf8), "payload \(index)")
            }
            // As an argument too, without a shell between.
            let short = try cluster.write(
                cluster.path("short.json"),
                String(decoding: try JSONEncoder().encode(Array(payloads.dropLast())), as: UTF8.self))
            let arguments = try await cluster.submit(
                "--from-json", short, "--", "sh", "-c",
                "printf %s \"$1\" > \(cluster.path("out"))/a$MORTISE_TASK_INDEX", "sh", "{}")
            #expect(try await cluster.mortise("job", "wait", "\(arguments)").status == 0)
            for (index, payload) in payloads.dropLast().enumerated() {
                let arrived = try Data(contentsOf: URL(fileURLWithPath: cluster.path("out/a\(index)")))
                #expect(arrived == Data(payload.utf8), "argument \(index)")
            }

            for (name, payload, word) in [
                ("nul", "a\u{0}b", "NUL"), ("long", large + "x", "longer than 1048576"),
            ] {
                let reply = try await cluster.send(
                    "POST", "/v1/jobs", body: Self.request(payload), token: try cluster.apiToken())
                #expect(reply.status == 400 && reply.text.contains(word), "\(name): \(reply)")
            }
        }
    }

    private static func request(_ payload: String) -> SubmitRequest {
        SubmitRequest(
            specification: JobSpecification(app: "a", job: "j", kind: .tasks, command: .argv(["true"])),
            payloads: [payload])
    }
}
