#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Signals are taken by the main thread, in order, and by nobody else.
enum Signals {
    /// For this thread and every thread that is started later.
    static func block(_ signals: [Int32]) {
        var set = make(signals)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Blocks the calling thread until one of them comes.
    static func wait(_ signals: [Int32]) -> Int32 {
        var set = make(signals)
        var signal: Int32 = 0
        while sigwait(&set, &signal) != 0 {}
        return signal
    }

    private static func make(_ signals: [Int32]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        return set
    }
}
