import Synchronization
import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Ctrl-C: says what goes on without us, then ends with 130.
enum Interruption {
    private static let lastWords = Mutex("")

    /// What to print if Ctrl-C comes from now on.
    static func say(_ text: String) { lastWords.withLock { $0 = text } }

    /// Gives SIGINT to a thread of its own, so that no signal handler is needed. Call it before any other thread
    /// starts, as they inherit the mask.
    static func watch() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        #if canImport(Darwin)
            var thread: pthread_t?
            pthread_create(&thread, nil, { _ in Interruption.waitForSignal() }, nil)
        #else
            var thread = pthread_t()
            pthread_create(&thread, nil, { _ in Interruption.waitForSignal() }, nil)
        #endif
    }

    private static func waitForSignal() -> UnsafeMutableRawPointer? {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        var received: Int32 = 0
        while sigwait(&signals, &received) != 0 {}
        let words = lastWords.withLock { $0 }
        if !words.isEmpty { StandardStream.writeError("\n\(words)\n") }
        exit(CommandStatus.interrupted.rawValue)
    }
}
