import ClusterTypes
import Platform
import ProtocolMessages

/// A command that runs, from its start until nothing of it is left. Moments are those of `SteadyClock.sinceBoot`.
final class RunningCommand {
    /// Its process, which also is its process group.
    let process: Int32
    let task: TaskAttempt?
    /// It only looks whether the slot's own command may begin.
    let isLook: Bool
    let output: OutputCapture
    let error: OutputCapture
    let startedAt: Instant
    let startedSinceBoot: Int64
    /// End it then, with code 124.
    var timeoutAt: Int64?
    /// It was told to end; KILL then.
    var killAt: Int64?
    private(set) var isTimedOut = false
    /// Set once the process itself has ended; others that it started may be dying still.
    var exit: Children.Exit?
    /// How long to wait for those.
    var sweepUntil: Int64?

    init(
        process: Int32, task: TaskAttempt?, isLook: Bool = false, output: OutputCapture,
        error: OutputCapture, timeoutAt: Int64?
    ) {
        self.process = process
        self.task = task
        self.isLook = isLook
        self.output = output
        self.error = error
        self.timeoutAt = timeoutAt
        startedAt = Instant(microseconds: SteadyClock.now())
        startedSinceBoot = SteadyClock.sinceBoot()
    }

    /// TERM now, KILL after the grace; said again it can only shorten the grace.
    func terminate(killAt moment: Int64) {
        guard exit == nil else { return }
        if let killAt {
            self.killAt = min(killAt, moment)
        } else {
            killAt = moment
            Children.signalGroup(process, SignalNumber.terminate)
        }
        timeoutAt = nil
    }

    /// Does what is due at this moment.
    func handleTimers(at now: Int64, stopGraceMicroseconds: Int64) {
        guard exit == nil else { return }
        if let timeoutAt, now >= timeoutAt {
            isTimedOut = true
            terminate(killAt: now + stopGraceMicroseconds)
        }
        if let killAt, now >= killAt {
            Children.signalGroup(process, SignalNumber.kill)
            // Once is enough unless its leader has left the group behind.
            self.killAt = now + 1_000_000
        }
    }

    /// The next moment at which something is due.
    var nextTimer: Int64? {
        exit == nil ? [timeoutAt, killAt].compactMap { $0 }.min() : nil
    }

    /// Ends whatever the command has left behind: its process group and the orphans that came to this process.
    func sweep() {
        for child in Children.list() where child != process {
            Children.signal(child, SignalNumber.kill)
        }
    }

    /// 0...255, 128+n for signal n, 124 for a timeout.
    var exitCode: Int32 {
        if isTimedOut { return 124 }
        switch exit {
        case .code(let code): return code
        case .signal(let number): return 128 + number
        case nil: return 128
        }
    }

    /// What went wrong, with the end of stderr; empty for success.
    func reason(timeoutSeconds: UInt32?, note: String?) -> String {
        var text: String
        switch exit {
        case _ where isTimedOut: text = "ended after its timeout of \(timeoutSeconds ?? 0) s"
        case .code(0): return ""
        case .code(let code): text = "exit code \(code)"
        case .signal(let number): text = "killed by signal \(number)\(SignalNumber.name(number))"
        case nil: text = "its end could not be observed"
        }
        if let note { text += " (\(note))" }
        let tail = error.tail
        return tail.isEmpty ? text : text + ": " + tail
    }
}

/// The numbers of the signals that are spoken of here; the same on every Linux of amd64 and arm64.
enum SignalNumber {
    static let interrupt: Int32 = 2
    static let kill: Int32 = 9
    static let terminate: Int32 = 15
    static let childEnded: Int32 = 17
    static let hangUp: Int32 = 1
    static let user1: Int32 = 10
    static let user2: Int32 = 12

    static func of(_ signal: WarningSignal) -> Int32 {
        switch signal {
        case .hup: hangUp
        case .int: interrupt
        case .usr1: user1
        case .usr2: user2
        }
    }

    private static let names: [Int32: String] = [
        1: "HUP", 2: "INT", 3: "QUIT", 4: "ILL", 5: "TRAP", 6: "ABRT", 7: "BUS", 8: "FPE", 9: "KILL",
        10: "USR1", 11: "SEGV", 12: "USR2", 13: "PIPE", 14: "ALRM", 15: "TERM", 24: "XCPU", 25: "XFSZ",
        31: "SYS",
    ]

    /// " (KILL)"; empty for a rare one.
    static func name(_ number: Int32) -> String { names[number].map { " (\($0))" } ?? "" }
}
