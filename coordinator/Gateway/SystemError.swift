#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

enum SystemError {
    static let addressInUse = EADDRINUSE
}

enum WallClock {
    /// Seconds since 1970, to compare with the time of certificates.
    static var seconds: Int64 { Int64(time(nil)) }
}
