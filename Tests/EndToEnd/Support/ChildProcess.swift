import Foundation
import Platform
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A program that a test has started, in a process group of its own. What it prints goes to files.
///
/// It is killed when the test's own process ends, whatever happens to that.
final class ChildProcess: Sendable {
    let process: Int32
    let outputPath: String
    let errorPath: String
    private let ended = Mutex<Int32?>(nil)

    private init(process: Int32, outputPath: String, errorPath: String) {
        self.process = process
        self.outputPath = outputPath
        self.errorPath = errorPath
    }

    /// - Parameters:
    ///   - files: where its output goes: `FILES.out` and `FILES.err`.
    ///   - input: a file for its standard input; nothing to read without one.
    static func start(
        _ program: String, _ arguments: [String], environment: [String: String], folder: String,
        files: String,
        input: String? = nil
    ) async throws -> ChildProcess {
        let outputPath = files + ".out"
        let errorPath = files + ".err"
        let process = try await Starter.shared.perform {
            let input = try open(input ?? "/dev/null", O_RDONLY)
            defer { close(input) }
            let output = try open(outputPath, O_WRONLY | O_CREAT | O_TRUNC)
            defer { close(output) }
            let errors = try open(errorPath, O_WRONLY | O_CREAT | O_TRUNC)
            defer { close(errors) }
            do throws(Program.Failure) {
                return try Program.start(
                    program, arguments: CStringArray([program] + arguments),
                    environment: CStringArray(environment.map { "\($0)=\($1)" }), folder: folder,
                    streams: Program.Streams(input: input, output: output, error: errors))
            } catch {
                throw TestFailure("cannot start \(program): \(error.text)")
            }
        }
        return ChildProcess(process: process, outputPath: outputPath, errorPath: errorPath)
    }

    private static func open(_ path: String, _ flags: Int32) throws -> Int32 {
        #if canImport(Glibc)
            let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o600)
        #elseif canImport(Musl)
            let descriptor = Musl.open(path, flags | O_CLOEXEC, 0o600)
        #else
            let descriptor = Darwin.open(path, flags | O_CLOEXEC, 0o600)
        #endif
        guard descriptor >= 0 else { throw TestFailure("cannot open \(path)") }
        return descriptor
    }

    var output: String { readText(outputPath) }
    /// Standard error; for the daemons, their log.
    var errors: String { readText(errorPath) }

    /// The exit code, 128 + n after signal n; nil while it runs.
    var exitStatus: Int32? {
        ended.withLock { ended in
            if let ended { return ended }
            var status: Int32 = 0
            guard waitpid(process, &status, WNOHANG) == process else { return nil }
            let signal = status & 0x7F
            ended = signal == 0 ? (status >> 8) & 0xFF : 128 + signal
            return ended
        }
    }

    var isRunning: Bool { exitStatus == nil }

    func signal(_ number: Int32) {
        if isRunning { kill(process, number) }
    }

    func waitForExit(within limit: Duration = .seconds(60)) async throws -> Int32 {
        try await eventually("process \(process) ends", within: limit) { self.exitStatus }
    }

    func killNow() async throws {
        signal(SIGKILL)
        _ = try await waitForExit()
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The thread that starts all programs: they are killed when it ends, which is when this process does.
private final class Starter: Sendable {
    static let shared = Starter()
    private let waiting: AsyncWork

    private init() {
        let waiting = AsyncWork()
        self.waiting = waiting
        Thread.detachNewThread { waiting.run() }
    }

    func perform(_ work: @escaping @Sendable () throws -> Int32) async throws -> Int32 {
        try await withCheckedThrowingContinuation { continuation in
            waiting.add { continuation.resume(with: Result { try work() }) }
        }
    }

    private final class AsyncWork: @unchecked Sendable {
        private let condition = NSCondition()
        private var work: [@Sendable () -> Void] = []

        func add(_ item: @escaping @Sendable () -> Void) {
            condition.withLock {
                work.append(item)
                condition.signal()
            }
        }

        func run() {
            while true {
                let item = condition.withLock { () -> (@Sendable () -> Void) in
                    while work.isEmpty { condition.wait() }
                    return work.removeFirst()
                }
                item()
            }
        }
    }
}

func readText(_ path: String) -> String {
    (try? Data(contentsOf: URL(fileURLWithPath: path))).map { String(decoding: $0, as: UTF8.self) } ?? ""
}
