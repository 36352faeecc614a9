import Foundation
import Synchronization

/// A process that ends with the one that started it, however that ends.
package final class LeashedProcess: Sendable {
    private let shell = Process()
    /// Its end, also by the end of this process, ends the other one.
    private let leash: FileHandle

    /// - Parameters:
    ///   - command: becomes the process, by its path or found in PATH.
    ///   - directory: is removed when this process has ended without ending the other one.
    package init(_ command: [String], log: String, directory: String) throws {
        // The shell becomes the program. Beside it a process of its own waits for an order or for our end, and ends the
        // program by its number. It cannot be the program's parent: threads of a test have SIGCHLD blocked, and a shell
        // that inherits that waits for ever.
        let script = """
            exec >>"$LOG" 2>&1
            server=$$
            ( {
                read -r order
                case "$order" in kill) signal=KILL ;; crash) signal=QUIT ;; *) signal=INT ;; esac
                kill -$signal $server
                [ -n "$order" ] && exit
                tries=0
                while kill -0 $server; do
                    tries=$((tries + 1))
                    [ $tries -gt 100 ] && kill -KILL $server
                    sleep 0.1
                done
                rm -rf "$DIRECTORY"
            } <&3 3<&- & ) 3<&0
            exec "$@" </dev/null
            """
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", script, "sh"] + command
        shell.environment = [
            "DIRECTORY": directory, "LOG": log, "PATH": "/usr/bin:/bin:/usr/sbin", "LC_ALL": "C.UTF-8",
        ]
        leash = try ProcessStart.alone { [shell] in
            let pipe = Pipe()
            shell.standardInput = pipe
            _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
            try Self.withoutBlockedSignals { try shell.run() }
            return pipe.fileHandleForWriting
        }
    }

    /// A child has the blocked signals of the thread that starts it, and the threads that tests block on have nearly all:
    /// a program that does not change that would never end by INT or TERM.
    private static func withoutBlockedSignals(_ start: () throws -> Void) rethrows {
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try start()
    }

    package var isRunning: Bool { shell.isRunning }

    /// - Parameter order: "stop", "kill" or "crash", with the end of a line.
    package func end(with order: String) {
        try? leash.write(contentsOf: Data(order.utf8))
        try? leash.close()
        shell.waitUntilExit()
    }
}

/// Starts of processes by Foundation, one at a time: between the making of a pipe and the start of its process, another
/// process that is started would get a copy of the pipe's ends, and whoever waits for its end would wait for that process.
enum ProcessStart {
    private static let turn = Mutex(())

    static func alone<Value>(_ start: () throws -> Value) rethrows -> sending Value {
        try turn.withLock { _ in try start() }
    }
}
