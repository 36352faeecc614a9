import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Sizes of file systems, asked without ever waiting long: a server that is dead keeps `statvfs` for ever, and no
/// signal ends it. The question is asked on a thread of its own; while that has no answer, none is asked again.
package final class FileSystemGauge: Sendable {
    package struct Size: Hashable, Sendable {
        package var totalBytes: Int64
        /// Free for a user without privileges.
        package var availableBytes: Int64
        package var isReadOnly: Bool
    }

    package enum Answer: Hashable, Sendable {
        case size(Size)
        /// There is no such directory, or it may not be looked at.
        case missing
        /// No answer in time; with the last one that there was.
        case silent(last: Size?)

        /// Also an old one.
        package var size: Size? {
            switch self {
            case .size(let size): size
            case .missing: nil
            case .silent(let last): last
            }
        }
    }

    /// Asks the system; `missing` by nil.
    package typealias Question = @Sendable (_ path: String) -> Size?

    private struct State {
        var isAsking = false
        var last: Size?
    }

    /// More paths are not remembered: an agent asks for three.
    private static let pathLimit = 64

    private let patience: Duration
    private let question: Question
    private let states = Mutex<[String: State]>([:])

    /// The answer of one question, which may come when nobody waits for it any more.
    private final class Box: Sendable {
        let answer = Mutex<Answer?>(nil)
    }

    /// - Parameter patience: how long one call waits at most.
    package init(patience: Duration = .milliseconds(500), question: @escaping Question = FileSystemGauge.ask)
    {
        self.patience = patience
        self.question = question
    }

    /// - Parameter patience: nil: the gauge's.
    package func measure(_ path: String, patience: Duration? = nil) -> Answer {
        enum Turn {
            case ask
            case wait(Size?)
        }
        let turn = states.withLock { states -> Turn in
            if let state = states[path], state.isAsking { return .wait(state.last) }
            if states[path] == nil, states.count >= Self.pathLimit { return .wait(nil) }
            states[path, default: State()].isAsking = true
            return .ask
        }
        if case .wait(let last) = turn { return .silent(last: last) }
        let box = Box()
        let done = DispatchGroup()
        done.enter()
        DispatchQueue(label: "file system").async { [self] in
            let size = question(path)
            states.withLock { states in
                states[path] = size == nil ? nil : State(isAsking: false, last: size)
            }
            box.answer.withLock { $0 = size.map { .size($0) } ?? .missing }
            done.leave()
        }
        let milliseconds = Int((patience ?? self.patience) / .milliseconds(1))
        let end = DispatchTime.now() + .milliseconds(milliseconds)
        guard done.wait(timeout: end) == .success, let answer = box.answer.withLock({ $0 }) else {
            return .silent(last: states.withLock { $0[path]?.last })
        }
        return answer
    }

    /// Of a directory, or of the first directory above it that exists.
    package static let ask: Question = { path in
        var status = statvfs()
        var candidate = path
        while statvfs(candidate, &status) != 0 {
            guard let slash = candidate.lastIndex(of: "/"), candidate != "/" else { return nil }
            candidate = slash == candidate.startIndex ? "/" : String(candidate[..<slash])
        }
        let block = Int64(clamping: status.f_frsize)
        func bytes(_ blocks: some BinaryInteger) -> Int64 {
            let product = Int64(clamping: blocks).multipliedReportingOverflow(by: block)
            return product.overflow ? .max : product.partialValue
        }
        return Size(
            totalBytes: bytes(status.f_blocks), availableBytes: bytes(status.f_bavail),
            isReadOnly: UInt(status.f_flag) & UInt(ST_RDONLY) != 0)
    }
}
