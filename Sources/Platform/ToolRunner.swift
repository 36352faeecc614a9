#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Synchronization

/// How a short command ended.
package enum ToolResult: Hashable, Sendable {
    /// - Parameters:
    ///   - code: 0...255, or 128+n when signal n ended it.
    ///   - output: of stdout, the first `outputLimit` bytes.
    ///   - errors: of stderr, the same.
    case exited(code: Int32, output: [UInt8], errors: [UInt8])
    /// Killed at the deadline with everything that it had started; with what it had said by then.
    case timedOut(output: [UInt8], errors: [UInt8])
    /// Not started: an earlier run of the same program was killed and has not ended since.
    case stuck
    /// No such program in the search path.
    case missing
    /// It could not be started, for the reason of this `errno`.
    case failed(errno: Int32)
}

/// Runs short commands (vendor tools) without ever hanging on them: own process group, deadline, bounded output,
/// a clean environment in the C locale, and on stdin what it is given, which is nothing if nothing is said.
///
/// Blocking: call it on a helper thread. A child that survives KILL (stuck in a driver) is left alone and collected
/// later; until then its program is not started again, so that stuck children do not pile up.
package final class ToolRunner: Sendable {
    /// Passed on to children where the agent has them; everything else is left out.
    package static let inheritedVariables = ["PATH", "HOME", "LD_LIBRARY_PATH", "TMPDIR"]
    package static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// How long a program that is being written is tried again.
    private static let busyPatience = Duration.seconds(2)

    private struct Stuck {
        var program: String
        var process: pid_t
    }

    private let stuck = Mutex<[Stuck]>([])

    package init() {}

    /// - Parameters:
    ///   - tool: a path, or a name that is looked up in `PATH` and then in `searchDirectories`.
    ///   - environment: `NAME=value`, over what is inherited.
    ///   - input: what it reads; a file that cannot be opened is a failure with its error number.
    ///   - deadline: counted from the start; at it the whole process group gets KILL.
    ///   - outputLimit: bytes kept of each stream; the rest is read and dropped.
    package func run(
        _ tool: String, _ arguments: [String] = [], environment: [String] = [],
        input: ToolInput = .nothing, searchDirectories: [String] = [], deadline: Duration,
        outputLimit: Int = 16 << 20
    ) -> ToolResult {
        guard let program = Self.locate(tool, in: searchDirectories) else { return .missing }
        if isStuck(program) { return .stuck }
        let end = ContinuousClock.now + deadline
        let busyEnd = ContinuousClock.now + Self.busyPatience
        let environment = Self.environment(adding: environment)
        while true {
            switch Spawned.start(program, arguments, environment: environment, input: input) {
            case .failure(let failure):
                // It is being installed, or a child of another thread still holds the file that was written.
                guard failure.errno == ETXTBSY, ContinuousClock.now < min(end, busyEnd) else {
                    return .failed(errno: failure.errno)
                }
                poll(nil, 0, Spawned.tickMilliseconds)
            case .success(var child):
                let result = child.collect(until: end, outputLimit: outputLimit)
                if child.isStuck {
                    stuck.withLock { $0.append(Stuck(program: program, process: child.process)) }
                }
                return result
            }
        }
    }

    /// The path of a program; nil where there is none that may be executed.
    package static func locate(_ tool: String, in searchDirectories: [String] = []) -> String? {
        if tool.contains("/") { return isProgram(tool) ? tool : nil }
        let path = getenv("PATH").map { String(cString: $0) } ?? defaultPath
        for directory in path.split(separator: ":").map(String.init) + searchDirectories {
            let candidate = directory + "/" + tool
            if isProgram(candidate) { return candidate }
        }
        return nil
    }

    private static func isProgram(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    private static func environment(adding extra: [String]) -> [String] {
        let replaced = Set(extra.map { $0.prefix { $0 != "=" } })
        var environment = ["LC_ALL", "LANG"].filter { !replaced.contains($0[...]) }.map { $0 + "=C" }
        for name in inheritedVariables where !replaced.contains(name[...]) {
            if let value = getenv(name) {
                environment.append("\(name)=\(String(cString: value))")
            } else if name == "PATH" {
                environment.append("PATH=\(defaultPath)")
            }
        }
        return environment + extra
    }

    /// Collects the children that have ended since.
    private func isStuck(_ program: String) -> Bool {
        stuck.withLock { stuck in
            stuck.removeAll { entry in
                var status: Int32 = 0
                return waitpid(entry.process, &status, WNOHANG) != 0
            }
            return stuck.contains { $0.program == program }
        }
    }
}

private struct StartFailure: Error {
    var errno: Int32
}

/// A started child with the reading ends of its pipes.
private struct Spawned {
    let process: pid_t
    private var output: Stream
    private var errors: Stream
    /// It did not even end after KILL.
    private(set) var isStuck = false

    /// While a child runs without output, its end is looked for this often.
    static let tickMilliseconds: Int32 = 10
    /// How long a killed child may take to end.
    private static let killGrace = Duration.milliseconds(500)

    /// Times 64 KiB: more than a pipe holds.
    private static let drainRounds = 32

    static func start(
        _ program: String, _ arguments: [String], environment: [String], input: ToolInput
    ) -> Result<Spawned, StartFailure> {
        let inputFile: Int32?
        do throws(SystemError) { inputFile = try input.open() } catch {
            return .failure(StartFailure(errno: error.code))
        }
        defer { if let inputFile { systemClose(inputFile) } }
        guard let output = Stream.Pipe(), let errors = Stream.Pipe() else {
            return .failure(StartFailure(errno: errno))
        }
        defer {
            output.closeWriting()
            errors.closeWriting()
        }
        var process: pid_t = 0
        let code = spawn(
            program, arguments, environment, input: inputFile, output: output.writing,
            errors: errors.writing, &process)
        guard code == 0 else {
            output.closeReading()
            errors.closeReading()
            return .failure(StartFailure(errno: code))
        }
        return .success(
            Spawned(
                process: process, output: Stream(descriptor: output.reading),
                errors: Stream(descriptor: errors.reading)))
    }

    private static func spawn(
        _ program: String, _ arguments: [String], _ environment: [String], input: Int32?, output: Int32,
        errors: Int32, _ process: inout pid_t
    ) -> Int32 {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
            let extraFlags = POSIX_SPAWN_CLOEXEC_DEFAULT
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
            let extraFlags: Int32 = 0
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags =
            Int32(POSIX_SPAWN_SETPGROUP) | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
            | Int32(extraFlags)
        posix_spawnattr_setflags(&attributes, Int16(truncatingIfNeeded: flags))

        var argumentPointers = ([program] + arguments).map { strdup($0) } + [nil]
        var environmentPointers = environment.map { strdup($0) } + [nil]
        defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
        return posix_spawn(
            &process, program, &actions, &attributes, &argumentPointers, &environmentPointers)
    }

    /// Reads until both pipes are closed and the child has ended, or the deadline.
    ///
    /// When the child has ended, a grandchild that keeps a pipe is not waited for: the group is killed.
    mutating func collect(until end: ContinuousClock.Instant, outputLimit: Int) -> ToolResult {
        defer {
            output.close()
            errors.close()
        }
        while true {
            let hasEnded = hasChildEnded()
            pump(
                waiting: hasEnded ? 0 : waitMilliseconds(until: end),
                limit: outputLimit)
            if hasEnded {
                kill(-process, SIGKILL)
                drain(limit: outputLimit)
                let code = reap()
                return .exited(code: code, output: output.bytes, errors: errors.bytes)
            }
            if ContinuousClock.now >= end { break }
        }
        kill(-process, SIGKILL)
        kill(process, SIGKILL)
        let patience = ContinuousClock.now + Self.killGrace
        while !hasChildEnded() {
            if ContinuousClock.now >= patience {
                isStuck = true
                return .timedOut(output: output.bytes, errors: errors.bytes)
            }
            pump(waiting: Self.tickMilliseconds, limit: outputLimit)
        }
        drain(limit: outputLimit)
        _ = reap()
        return .timedOut(output: output.bytes, errors: errors.bytes)
    }

    private func waitMilliseconds(until end: ContinuousClock.Instant) -> Int32 {
        let left = end - ContinuousClock.now
        let milliseconds =
            left.components.seconds * 1_000 + left.components.attoseconds / 1_000_000_000_000_000
        return Int32(max(0, min(milliseconds + 1, Int64(Self.tickMilliseconds))))
    }

    /// Leaves the child to be collected, so that its process group's number cannot be another's yet.
    private func hasChildEnded() -> Bool {
        var information = siginfo_t()
        while true {
            let result = waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT)
            if result == 0 { return information.si_signo == SIGCHLD }
            if errno != EINTR { return true }
        }
    }

    /// Reads what an ended child has left in its pipes, and not what others may still write into them.
    private mutating func drain(limit: Int) {
        for _ in 0..<Self.drainRounds where !pump(waiting: 0, limit: limit) { return }
    }

    private func reap() -> Int32 {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            // Somebody else took the status: the output is all there is.
            if errno != EINTR { return 0 }
        }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    /// One round of reading; false when nothing was there.
    @discardableResult
    private mutating func pump(waiting milliseconds: Int32, limit: Int) -> Bool {
        var descriptors = [
            pollfd(fd: output.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errors.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&descriptors, 2, milliseconds) > 0 else { return false }
        var hasRead = false
        if descriptors[0].revents != 0 { hasRead = output.read(limit: limit) || hasRead }
        if descriptors[1].revents != 0 { hasRead = errors.read(limit: limit) || hasRead }
        return hasRead
    }
}

/// The reading end of a pipe and what came out of it.
private struct Stream {
    /// -1 once it is closed: `poll` passes over it.
    private(set) var descriptor: Int32
    private(set) var bytes: [UInt8] = []

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// False when nothing came: at the end of the stream it closes itself.
    mutating func read(limit: Int) -> Bool {
        let capacity = 64 << 10
        var count = 0
        withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) { buffer in
            count = systemRead(descriptor, buffer.baseAddress, capacity)
            if count > 0, bytes.count < limit {
                bytes.append(contentsOf: buffer.prefix(min(count, limit - bytes.count)))
            }
        }
        if count > 0 { return true }
        if count == 0 || (errno != EAGAIN && errno != EINTR) { close() }
        return false
    }

    mutating func close() {
        if descriptor >= 0 { systemClose(descriptor) }
        descriptor = -1
    }

    struct Pipe {
        let reading: Int32
        let writing: Int32

        /// Both ends above 2, closed on exec, the reading one non-blocking; nil with `errno` set.
        init?() {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { return nil }
            let low = ends
            defer { for descriptor in low { systemClose(descriptor) } }
            reading = fcntl(low[0], F_DUPFD_CLOEXEC, 3)
            writing = fcntl(low[1], F_DUPFD_CLOEXEC, 3)
            guard reading >= 0, writing >= 0, fcntl(reading, F_SETFL, O_NONBLOCK) >= 0 else {
                if reading >= 0 { systemClose(reading) }
                if writing >= 0 { systemClose(writing) }
                return nil
            }
        }

        func closeReading() { systemClose(reading) }
        func closeWriting() { systemClose(writing) }
    }
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}

private func systemClose(_ descriptor: Int32) { _ = close(descriptor) }
