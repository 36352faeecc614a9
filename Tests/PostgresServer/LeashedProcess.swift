import Foundation

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
        let pipe = Pipe()
        leash = pipe.fileHandleForWriting
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", script, "sh"] + command
        shell.environment = [
            "DIRECTORY": directory, "LOG": log, "PATH": "/usr/bin:/bin:/usr/sbin", "LC_ALL": "C.UTF-8",
        ]
        shell.standardInput = pipe
        _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        try shell.run()
    }

    package var isRunning: Bool { shell.isRunning }

    /// - Parameter order: "stop", "kill" or "crash", with the end of a line.
    package func end(with order: String) {
        try? leash.write(contentsOf: Data(order.utf8))
        try? leash.close()
        shell.waitUntilExit()
    }
}
