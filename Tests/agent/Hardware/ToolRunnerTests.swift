import AgentHardware
import FoundationEssentials
import Platform
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite("Tool runner")
struct ToolRunnerTests {
    private func shell(
        _ script: String, deadline: Duration = .seconds(60), limit: Int = 1 << 20, environment: [String] = []
    ) -> ToolResult {
        ToolRunner().run(
            "sh", ["-c", script], environment: environment, deadline: deadline, outputLimit: limit)
    }

    private func text(_ result: ToolResult) -> String? {
        guard case .exited(_, let output, _) = result else { return nil }
        return String(decoding: output, as: UTF8.self)
    }

    @Test("output, errors and the exit code come back apart")
    func plainRun() {
        #expect(
            shell("echo out; echo err >&2; exit 3")
                == .exited(code: 3, output: Array("out\n".utf8), errors: Array("err\n".utf8)))
    }

    @Test("a signal is 128 and its number")
    func signalled() {
        #expect(shell("kill -TERM $$") == .exited(code: 143, output: [], errors: []))
    }

    @Test("a program that is not there is missing")
    func missing() {
        let runner = ToolRunner()
        #expect(runner.run("no-such-tool-anywhere", deadline: .seconds(60)) == .missing)
        #expect(runner.run("/no/such/tool", deadline: .seconds(60)) == .missing)
        #expect(runner.run("/", deadline: .seconds(60)) == .missing)
        #expect(runner.run("/etc/passwd", deadline: .seconds(60)) == .missing)
    }

    @Test("a program is also found in the directories that are named")
    func searchDirectories() {
        #expect(ToolRunner.locate("sh", in: ["/nowhere"]) != nil)
        #expect(ToolRunner.locate("version", in: ["/proc"]) == nil)
    }

    @Test("a file that cannot be executed fails with its error number")
    func cannotStart() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("broken", "#!/no/such/interpreter\n", isProgram: true)
        #expect(ToolRunner().run(path, deadline: .seconds(60)) == .failed(errno: ENOENT))
    }

    #if os(Linux)
        @Test("a program that is being written is tried again until it can be started")
        func busyProgram() throws {
            let directory = try TemporaryDirectory()
            let path = try directory.write("tool", "#!/bin/sh\nexit 0\n", isProgram: true)
            let descriptor = open(path, O_WRONLY | O_CLOEXEC)
            // Some kernels do not mind.
            let done = ToolResult.exited(code: 0, output: [], errors: [])
            let busy = ToolRunner().run(path, deadline: .milliseconds(50))
            #expect(
                busy == .failed(errno: ETXTBSY) || busy == done || busy == .timedOut(output: [], errors: []))
            close(descriptor)
            #expect(ToolRunner().run(path, deadline: .seconds(60)) == done)
        }
    #endif

    @Test("at the deadline the whole group is killed and what was said is kept")
    func deadline() throws {
        let directory = try TemporaryDirectory()
        let script =
            "echo started; (sleep 600; echo late > \(directory.path)/late) & echo $! > \(directory.path)/pid; wait"
        let result = shell(script, deadline: .milliseconds(700))
        #expect(result == .timedOut(output: Array("started\n".utf8), errors: []))
        let process = try #require(Int32(directory.read("pid").split(separator: "\n").first ?? ""))
        #expect(isGone(process))
    }

    @Test("a child that ignores TERM is killed")
    func stubborn() {
        #expect(
            shell("trap '' TERM INT HUP; while :; do sleep 1; done", deadline: .milliseconds(300))
                == .timedOut(output: [], errors: []))
    }

    @Test("a grandchild that keeps the pipe does not hold the answer back")
    func grandchildKeepsPipe() {
        #expect(text(shell("sleep 600 & echo done")) == "done\n")
    }

    @Test(
        "a grandchild of another session that keeps writing does not hold the answer back",
        .enabled(if: ToolRunner.locate("setsid") != nil))
    func grandchildWrites() throws {
        let directory = try TemporaryDirectory()
        let script =
            "setsid sh -c 'echo $$ > \(directory.path)/pid; exec yes' & "
            + "while ! test -s \(directory.path)/pid; do :; done; exit 0"
        guard case .exited(0, let output, _) = shell(script, limit: 4_096) else {
            Issue.record("the child did not end by itself")
            return
        }
        #expect(output.count <= 4_096)
        let process = try #require(Int32(directory.read("pid").split(separator: "\n").first ?? ""))
        kill(process, SIGKILL)
    }

    @Test("output beyond the limit is read and dropped")
    func boundedOutput() {
        guard
            case .exited(0, let output, let errors) = shell(
                "head -c 3000000 /dev/zero; echo end >&2", limit: 1_000)
        else {
            Issue.record("the child did not end by itself")
            return
        }
        #expect(output.count == 1_000)
        #expect(errors == Array("end\n".utf8))
    }

    @Test("both streams are read at once")
    func bothStreams() {
        let script = "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2"
        guard case .exited(0, let output, let errors) = shell(script) else {
            Issue.record("the child did not end by itself")
            return
        }
        #expect([output.count, errors.count] == [300_000, 600_000])
    }

    @Test("the environment is clean and in the C locale")
    func cleanEnvironment() {
        let kept = ToolRunner.inheritedVariables + ["LC_ALL", "LANG", "PWD", "OLDPWD", "SHLVL", "_"]
        let foreign = ProcessInfo.processInfo.environment.keys.filter { !kept.contains($0) }
        let names =
            text(shell("env", environment: ["EXTRA=a=b", "HOME=/other"]))?.split(separator: "\n") ?? []
        #expect(names.contains("LC_ALL=C"))
        #expect(names.contains("EXTRA=a=b"))
        #expect(names.contains("HOME=/other"))
        #expect(names.filter { $0.hasPrefix("HOME=") }.count == 1)
        #expect(!names.contains { name in foreign.contains { name.hasPrefix($0 + "=") } })
        #expect(names.contains { $0.hasPrefix("PATH=") })
    }

    @Test("nothing is on stdin")
    func noInput() {
        #expect(text(shell("cat; echo end")) == "end\n")
    }

    @Test("bytes are on stdin, more than a pipe holds and for as long as the program likes")
    func input() {
        let bytes = [UInt8](repeating: 7, count: 3_000_000)
        let runner = ToolRunner()
        let copied = runner.run("cat", input: .bytes(bytes), deadline: .seconds(60))
        #expect(copied == .exited(code: 0, output: bytes, errors: []))
        // By its name, as a program does that takes a path.
        let named = runner.run("cat", ["/dev/stdin"], input: .bytes([65, 66]), deadline: .seconds(60))
        #expect(named == .exited(code: 0, output: [65, 66], errors: []))
    }

    @Test("a program that reads nothing of its stdin ends as it likes")
    func unreadInput() {
        let bytes = [UInt8](repeating: 7, count: 3_000_000)
        let result = ToolRunner().run(
            "sh", ["-c", "head -c 2; exit 4"], input: .bytes(bytes), deadline: .seconds(60))
        #expect(result == .exited(code: 4, output: [7, 7], errors: []))
    }

    @Test("a file is on stdin, and one that is not there is a failure")
    func fileInput() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("text", "from a file\n")
        let runner = ToolRunner()
        #expect(
            runner.run("cat", input: .file(path), deadline: .seconds(60))
                == .exited(code: 0, output: Array("from a file\n".utf8), errors: []))
        #expect(
            runner.run("cat", input: .file(path + "-not"), deadline: .seconds(60)) == .failed(errno: ENOENT))
    }

    #if os(Linux)
        @Test("a program gets none of this process's other descriptors")
        func noDescriptors() {
            // Copies of standard input that exec would leave open.
            let leaks = (0..<4).map { _ in dup(0) }
            defer { for descriptor in leaks { close(descriptor) } }
            // What `ls` has itself: the folder that it reads.
            #expect(text(shell("ls /proc/$$/fd")) == "0\n1\n2\n")
        }
    #endif

    @Test("many runs leave no descriptors and no children behind")
    func noLeaks() {
        func count() -> Int {
            (0..<1_024).count { fcntl(Int32($0), F_GETFD) >= 0 }
        }
        _ = shell("true")
        let before = count()
        for _ in 0..<20 { _ = shell("true") }
        // Other tests run beside this one: a leak would be two descriptors a run.
        #expect(count() < before + 30)
    }

    /// KILL is asynchronous for a process that is not our own child; nobody may collect it.
    private func isGone(_ process: Int32) -> Bool {
        for _ in 0..<5_000 {
            guard let status = FileSource.machine().read("/proc/\(process)/stat") else { return true }
            if status.split(separator: ")").last?.hasPrefix(" Z") == true { return true }
            poll(nil, 0, 2)
        }
        return false
    }
}
