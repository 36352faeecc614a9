import CPlatform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Strings as exec(2) takes them. A nil ends the list: what follows it is not seen.
package final class CStringArray {
    private let pointers: UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>

    package init(_ strings: [String?]) {
        pointers = .allocate(capacity: strings.count + 1)
        pointers.initialize(repeating: nil)
        for (position, string) in strings.enumerated() { set(position, string) }
    }

    /// Replaces one string. A NUL inside it would cut it short there.
    package func set(_ position: Int, _ string: String?) {
        precondition(position < pointers.count - 1, "The place is inside the list.")
        free(pointers[position])
        pointers[position] = string.flatMap { strdup($0) }
    }

    deinit {
        for pointer in pointers { free(pointer) }
        pointers.deallocate()
    }

    fileprivate var base: UnsafePointer<UnsafeMutablePointer<CChar>?>? {
        UnsafePointer(pointers.baseAddress)
    }
}

/// Programs as child processes of this one, each in its own process group.
package enum Program {
    /// Why a program did not start.
    package struct Failure: Error, Sendable {
        package enum Stage: Sendable {
            /// No process could be made.
            case fork
            /// It could not join its control group.
            case controlGroup
            /// Its working folder could not be entered.
            case folder
            /// The file could not be run.
            case exec
        }

        package let code: Int32
        package let stage: Stage
        package var text: String { SystemError.text(of: code) }
    }

    /// Where a program's standard streams go: descriptors above 2, or nil for this process's own.
    package struct Streams {
        package var input: Int32?
        package var output: Int32?
        package var error: Int32?

        package init(input: Int32? = nil, output: Int32? = nil, error: Int32? = nil) {
            self.input = input
            self.output = output
            self.error = error
        }
    }

    /// Starts `path` (no search); returns once the program runs or is known not to.
    ///
    /// - Parameters:
    ///   - folder: its working folder; `path` is relative to it.
    ///   - isDetached: in a session of its own, so that it outlives this process. Otherwise KILL ends it when
    ///     the thread that started it ends.
    package static func start(
        _ path: String, arguments: CStringArray, environment: CStringArray, folder: String?, streams: Streams,
        controlGroup: Int32? = nil, isDetached: Bool = false
    ) throws(Failure) -> Int32 {
        var process: pid_t = -1
        var stage: Int32 = 0
        let code = path.withCString { path in
            withOptionalCString(folder) { folder in
                var request = mortise_spawn_request()
                request.path = path
                request.arguments = arguments.base
                request.environment = environment.base
                request.directory = folder
                request.standard_input = streams.input ?? -1
                request.standard_output = streams.output ?? -1
                request.standard_error = streams.error ?? -1
                request.control_group = controlGroup ?? -1
                request.new_session = isDetached ? 1 : 0
                request.ends_with_parent = isDetached ? 0 : 1
                return mortise_spawn(&request, &process, &stage)
            }
        }
        guard code == 0 else { throw Failure(code: code, stage: Failure.Stage(number: stage)) }
        return process
    }
}

extension Program.Failure.Stage {
    fileprivate init(number: Int32) {
        switch number {
        case 1: self = .controlGroup
        case 2: self = .folder
        case 3: self = .exec
        default: self = .fork
        }
    }
}

private func withOptionalCString<Result>(
    _ string: String?, _ body: (UnsafePointer<CChar>?) -> Result
) -> Result {
    guard let string else { return body(nil) }
    return string.withCString(body)
}

/// The child processes of this process.
package enum Children {
    /// How a program ended.
    package enum Exit: Equatable, Sendable {
        case code(Int32)
        case signal(Int32)
    }

    package enum Peek {
        /// Not reaped yet: its number, and that of its group, are still its own.
        case ended(Int32, Exit)
        case allRunning
        case noChildren
    }

    /// Looks for a child that has ended, without waiting.
    package static func peek() -> Peek {
        var process: pid_t = 0
        var isSignal: Int32 = 0
        var status: Int32 = 0
        switch mortise_peek_child(&process, &isSignal, &status) {
        case 1: return .ended(process, isSignal == 1 ? .signal(status) : .code(status))
        case 0: return .allRunning
        default: return .noChildren
        }
    }

    /// Forgets a child that has ended; false while it runs.
    @discardableResult
    package static func reap(_ process: Int32) -> Bool { mortise_reap(process) != 0 }

    /// From now on, descendants whose own parent has ended become children of this process.
    package static func adoptOrphans() throws(SystemError) {
        guard mortise_adopt_orphans() == 0 else { throw .last("cannot adopt orphaned processes") }
    }

    package static func signalGroup(_ process: Int32, _ signal: Int32) { _ = kill(-process, signal) }
    package static func signal(_ process: Int32, _ signal: Int32) { _ = kill(process, signal) }

    /// The children that this process's main thread has now.
    package static func list() -> [Int32] {
        let own = getpid()
        let path = "/proc/self/task/\(own)/children"
        if let bytes = try? AtomicFile.read(path) {
            return String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap { Int32($0) }
        }
        // A kernel without that file: ask every process for its parent.
        return ProcessTable.all().filter { ProcessTable.parent(of: $0) == own }
    }
}

/// The processes of this machine (or container).
package enum ProcessTable {
    package static func all() -> [Int32] {
        ((try? Files.names(in: "/proc")) ?? []).compactMap { Int32($0) }
    }

    package static func parent(of process: Int32) -> Int32? {
        ProcessStat(of: process)?.parent
    }

    /// The processes of any program that were started with exactly these arguments.
    package static func all(withArguments arguments: [String]) -> [Int32] {
        all().filter { process in
            guard let bytes = try? AtomicFile.read("/proc/\(process)/cmdline") else { return false }
            return bytes.split(separator: 0).dropFirst().elementsEqual(arguments.map(\.utf8)) {
                $0.elementsEqual($1)
            }
        }
    }

    /// The processes that were started with exactly this `NAME=value`, where this user may see it.
    package static func all(withVariable variable: String) -> [Int32] {
        let wanted = Array(variable.utf8)
        let own = getpid()
        return all().filter { process in
            guard process != own, let bytes = try? AtomicFile.read("/proc/\(process)/environ") else {
                return false
            }
            return bytes.split(separator: 0).contains { $0.elementsEqual(wanted) }
        }
    }
}
