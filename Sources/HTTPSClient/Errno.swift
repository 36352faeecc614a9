#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The system's error numbers that have a sentence of their own.
enum Errno {
    static let connectionRefused = ECONNREFUSED
    static let connectionReset = ECONNRESET
    static let brokenPipe = EPIPE
    static let timedOut = ETIMEDOUT
}
